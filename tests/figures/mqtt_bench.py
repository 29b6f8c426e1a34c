# SPDX-License-Identifier: MIT
"""mqtt_bench.py — the MQTT side beside mosquitto_pub and mosquitto_sub, on a loopback broker

Both are run in turn, several times, against the same broker; what counts is the median. Rates
depend on the machine and its load, their ratio hardly does.
"""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

TOPIC = 'bench/x'
PAYLOAD = 64
RUNS = 5
MESSAGES = {0: 100000, 1: 20000}
STEADY = 100 # publications, and as many subscriptions
STEADY_SECONDS = 5
LATE_MS = 50 # more than this beyond a bare timer is a failure


def find(name, tools):
    for place in (tools / 'mosquitto/usr/sbin', tools / 'mosquitto/usr/bin'):
        if (place / name).exists():
            return str(place / name)
    path = shutil.which(name, path=f'{os.environ["PATH"]}:/usr/sbin')
    if not path:
        raise SystemExit(f'bench: {name} is missing (package mosquitto or mosquitto-clients)')
    return path


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Bench:
    """A broker of our own, and what is measured against it."""

    def __init__(self, build, tools, directory):
        self.program = build / 'tests/figures/mqtt_figures'
        self.pub, self.sub = find('mosquitto_pub', tools), find('mosquitto_sub', tools)
        self.directory = pathlib.Path(directory)
        self.port = free_port()
        self.broker = self.start_broker(find('mosquitto', tools))

    def start_broker(self, program):
        conf = self.directory / 'broker.conf'
        conf.write_text(f'listener {self.port} 127.0.0.1\nallow_anonymous true\n'
                        'max_queued_messages 0\nmax_queued_bytes 0\nlog_type error\nuser root\n',
                        encoding='utf-8')
        broker = subprocess.Popen([program, '-c', conf])
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(('127.0.0.1', self.port), 1).close()
                return broker
            except OSError:
                if broker.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit('bench: the broker does not start') from None
                time.sleep(0.02)

    def rest(self):
        """Until the broker has nothing to do any more: its processor time stands still."""
        used = None
        while True:
            stat = pathlib.Path(f'/proc/{self.broker.pid}/stat').read_text(encoding='ascii')
            now = stat.rpartition(')')[2].split()[11:13]
            if now == used:
                return
            used = now
            time.sleep(0.1)

    def stop(self):
        self.broker.terminate()
        self.broker.wait()

    def conf(self, publish='', subscribe=''):
        path = self.directory / 'node.conf'
        path.write_text(f'mqtt: {{ host = "127.0.0.1"; port = {self.port}; status = false;\n'
                        f'client_id = "bench"; publish: ( {publish} );\n'
                        f'subscribe: ( {subscribe} ); }};\nlog_level = "warning";\n',
                        encoding='utf-8')
        return path

    @contextlib.contextmanager
    def node(self, conf, *arguments):
        """Our program, from the moment that it has a session; its result is in result[0]."""
        result = []
        with subprocess.Popen([self.program, conf, *map(str, arguments)],
                              stdout=subprocess.PIPE, text=True) as process:
            if process.stdout.readline() != 'ready\n':
                raise SystemExit('bench: no session with the broker')
            yield result
            result.append(json.loads(process.stdout.read()))

    def addressed(self, program, qos):
        return [program, '-h', '127.0.0.1', '-p', str(self.port), '-t', TOPIC, '-q', str(qos)]

    def lines(self, n):
        path = self.directory / f'lines-{n}'
        if not path.exists():
            path.write_text(('x' * PAYLOAD + '\n') * n, encoding='ascii')
        return path

    def peer_publish(self, qos, n):
        """mosquitto_pub, from its start to its end: it connects in about a millisecond."""
        with open(self.lines(n), 'rb') as lines:
            begin = time.monotonic()
            subprocess.run([*self.addressed(self.pub, qos), '-l'], stdin=lines, check=True)
            return n / (time.monotonic() - begin)

    def our_publish(self, qos, n):
        with self.node(self.conf(), 'publish', TOPIC, qos, n) as result:
            pass
        return result[0]['per_s']

    def peer_receive(self, qos, n):
        with subprocess.Popen([*self.addressed(self.sub, qos), '-C', str(n)],
                              stdout=subprocess.DEVNULL) as process:
            time.sleep(0.3) # until it has subscribed, which it does not tell
            begin = time.monotonic()
            self.peer_publish(qos, n)
            process.wait()
            return n / (time.monotonic() - begin)

    def our_receive(self, qos, n):
        subscribe = f'{{ topic = "{TOPIC}"; qos = {qos}; actions = [ "oled" ]; }}'
        with self.node(self.conf(subscribe=subscribe), 'receive', n) as result:
            time.sleep(0.3)
            begin = time.monotonic()
            self.peer_publish(qos, n)
        took = time.monotonic() - begin
        lost = n - result[0]['received']
        if lost > 0:
            raise SystemExit(f'bench: {lost} messages did not arrive: {result[0]}')
        return n / took

    def beside(self, ours, peer, qos):
        """Medians of several runs, one of each in turn."""
        rates = []
        for _ in range(RUNS):
            self.rest()
            rate = ours(qos, MESSAGES[qos])
            self.rest()
            rates.append((rate, peer(qos, MESSAGES[qos])))
        node, other = (statistics.median(rate) for rate in zip(*rates))
        return {'per_s': round(node, 1), 'peer_per_s': round(other, 1),
                'ratio': round(node / other, 3)}

    def steady(self):
        """So many publications, ten times a second each, and a subscription to each of them."""
        publish = ', '.join(f'{{ topic = "bench/{i}"; text = "{{time}} {{seq}}"; '
                            'interval = 0.1; }' for i in range(STEADY))
        subscribe = ', '.join(f'{{ topic = "bench/{i}"; actions = [ "oled" ]; }}'
                              for i in range(STEADY))
        with self.node(self.conf(publish, subscribe), 'steady', STEADY_SECONDS) as result:
            pass
        late = result[0]['late_ms'] - result[0]['control_late_ms']
        if late > LATE_MS:
            raise SystemExit(f'bench: publications are {late:.1f} ms later than a bare timer')
        return result[0]


def measure(build, tools, progress=lambda text: None):
    figures = {}
    # In memory, as runtime directories are.
    with tempfile.TemporaryDirectory(dir='/dev/shm') as directory:
        bench = Bench(build, tools, directory)
        try:
            for qos in MESSAGES:
                progress(f'MQTT, QoS {qos}')
                figures[f'mqtt_publish_qos{qos}'] = bench.beside(
                    bench.our_publish, bench.peer_publish, qos)
                figures[f'mqtt_receive_qos{qos}'] = bench.beside(
                    bench.our_receive, bench.peer_receive, qos)
            progress(f'MQTT, {STEADY} publications and subscriptions')
            figures['mqtt_steady'] = bench.steady()
        finally:
            bench.stop()
    return figures
