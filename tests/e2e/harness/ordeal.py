# SPDX-License-Identifier: MIT
"""Numbered messages, everything that goes wrong on their way, and who has seen which."""

import glob
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import time

from . import conf
from .mqtt import Client
from .waiting import until

ADDRESS = "10.77.0.50"
STATE, RUNTIME = "/run/state-mqttnode", "/run/mqttnode"
BLOCK = 1000  # numbers are reserved in blocks: a crash may leave the rest of one out

_ENDS_OF_FAULTS = {"broker killed": "_start_broker", "broker frozen": "_thaw_broker",
                   "cable pulled": "_plug_in_cable", "nothing": "_do_nothing"}


def seed():
    """A new seed for each run, or that of $E2E_SEED, printed for whoever wants to see it again."""
    value = int(os.environ.get("E2E_SEED", time.time_ns() % 1000000))
    print(f"# E2E_SEED={value}", flush=True)
    return value


def config(topics, interval=0.01, **mqtt):
    """A node with a fixed address and as many numbered publications, every @interval seconds."""
    return conf.text(
        network={"method": "static", "address": f"{ADDRESS}/24", "gateway": "10.77.0.1"},
        oled={"i2c": ""},
        mqtt={"host": "10.77.0.1", "port": conf.PORT, "client_id": "node", "keepalive": 5,
              "reconnect_max": 1, "status": False, "info": False, "health_interval": 0,
              "publish": [{"topic": f"n/{topic}", "text": "{seq}", "interval": interval, "qos": 1}
                          for topic in range(topics)],
              **mqtt})


def new_machine():
    """Nothing is left of the cases before: empties state and runtime directory."""
    for directory in (STATE, RUNTIME):
        shutil.rmtree(directory, ignore_errors=True)
        os.mkdir(directory, 0o755)


def contents(directory):
    """What the next start would find in the spool of a directory: the (topic, number) of each
    message, and topic to the highest number that may have been used. Of a copy: nothing there is
    touched.
    """
    with tempfile.TemporaryDirectory() as copy:
        for path in glob.glob(os.path.join(directory, "spool.db*")):
            shutil.copy(path, copy)
        path = os.path.join(copy, "spool.db")
        if not os.path.exists(path):
            return set(), {}
        database = sqlite3.connect(path)
        try:
            return ({(topic, int(payload)) for topic, payload in
                     database.execute("SELECT topic, payload FROM message")},
                    dict(database.execute("SELECT name, reserved FROM number")))
        except sqlite3.OperationalError as error:
            assert "no such table" in str(error), error  # killed before it was made
            return set(), {}
        finally:
            database.close()


class Ordeal:
    """A node that publishes numbers, a broker and an observer, in a World."""

    def __init__(self, world, text, value, power=False):
        """@text: the configuration. @value: the seed. @power: every SIGKILL is a power failure."""
        self.world = world
        self.text = text
        self.random = random.Random(value)
        self.power = power
        self.stored = set()
        self._runs = []  # of each run: how many messages it has kept, the last numbers by topic
        self._seen = []  # by observers of brokers that are gone
        self._fault = "nothing"
        self._observer = None
        new_machine()
        world.wire.namespace.ip("route", "add", "blackhole", ADDRESS)
        self._start_broker()
        self.node = self._start(text)

    def _start(self, text):
        board = f"lossy=/run/state-,seed={self.random.randrange(1 << 31)}" if self.power else ""
        return self.world.node(text, board=board)

    # What is seen

    def messages(self):
        """Every message that the broker has accepted."""
        return self._seen + (self._observer.messages if self._observer else [])

    def count(self):
        return len(self._seen) + (self._observer.mark() if self._observer else 0)

    def wait_count(self, count, limit=60):
        until(lambda: self.count() >= count, limit, f"{count} messages", interval=0.05)

    def wait_different(self, count, limit):
        """As above, without what came again."""
        until(lambda: len({(each.topic, each.payload) for each in self.messages()}) >= count,
              limit, f"{count} different messages", interval=0.5)

    # What goes wrong

    def _start_broker(self):
        """Nobody but the observer reaches it before the observer has subscribed."""
        broker = self.world.wire.broker
        broker.start()
        self._observer = Client(broker, ["n/#"], qos=0)
        self.world.wire.namespace.ip("route", "del", "blackhole", ADDRESS)

    def _kill_broker(self):
        self.world.wire.broker.kill()
        self._observer.drain()
        self._seen += self._observer.messages
        self._observer = None
        self.world.wire.namespace.ip("route", "add", "blackhole", ADDRESS)

    def _thaw_broker(self):
        self.world.wire.broker.thaw()

    def _plug_in_cable(self):
        if self.node.process.alive():
            self.node.board.cable(True)

    def _do_nothing(self):
        pass

    def begin(self, fault):
        """Lets a fault happen; end_fault() mends it."""
        self._fault = fault
        if fault == "broker killed":
            self._kill_broker()
        elif fault == "broker frozen":
            self.world.wire.broker.freeze()
        elif fault == "cable pulled":
            self.node.board.cable(False)

    def end_fault(self):
        getattr(self, _ENDS_OF_FAULTS[self._fault])()
        self._fault = "nothing"

    def some_time(self, most):
        time.sleep(self.random.uniform(0, most))

    def _kept(self):
        """How many messages this run has said to have stored, be they acknowledged by now."""
        try:
            counters = self.node.status()["mqtt"]
        except OSError:
            return 0  # it has just been started
        assert counters["dropped_handover"] == 0, counters
        self.node.wait_log("address ok", 5)  # a line after the one that we look for
        left = self.node.lines.find(r"(\d+) messages of an earlier run wait")
        return (counters["published"] + counters["spool"]["messages"] -
                (int(left[1][1]) if left else 0))

    def kill(self):
        """SIGKILL; what is stored at that moment is noted."""
        kept, last = self._kept(), {}
        self.node.process.send(signal.SIGKILL)
        self.node.process.wait(5)
        self.node.check_sanitizers()
        if self.power:
            for path in glob.glob(f"{self.node.runtime}/spool.db*"):
                os.unlink(path)
        for directory in (self.node.runtime, self.node.state):
            messages, reserved = contents(directory)
            self.stored |= messages
            last = {topic: max(last.get(topic, 0), reserved.get(topic, 0))
                    for topic in {*last, *reserved}}
        self._runs.append((kept, last))
        self.world.nodes.remove(self.node)
        self.node.close()

    def cycle(self, fault, count):
        """A fault at some moment of the next @count messages, and a kill in it or after it."""
        start = self.count()
        self.wait_count(start + self.random.randrange(count))
        self.begin(fault)
        self.some_time(1.2)
        if self.random.random() < 0.5:
            self.end_fault()
            self.some_time(0.6)
        self.kill()
        self.end_fault()
        self.node = self._start(self.text)

    def finish(self):
        """Everything that waits is delivered by a node that publishes nothing more."""
        self.kill()
        self.node = self._start(config(0, spool={"rate": 100000}))
        self.node.wait_online()
        until(lambda: self.node.status()["mqtt"]["spool"]["messages"] == 0, 60,
              "the spool is empty", interval=0.1)
        self.node.stop()
        self._observer.close()

    # What must hold

    def check(self):
        """Returns how many messages have arrived, and what there is to say."""
        arrived, repeated = {}, 0
        for message in self.messages():
            seen = arrived.setdefault(message.topic, {})
            number = int(message.payload)
            repeated += number in seen
            if number in seen:
                continue
            last = next(reversed(seen), 0)
            assert number > last, f"{message.topic}: {number} arrived after {last}"
            seen[number] = True
        lost = sorted(each for each in self.stored if each[1] not in arrived.get(each[0], {}))
        assert not lost, f"{len(lost)} messages were stored and never arrived: {lost[:20]}"
        self._check_runs(arrived)
        gaps = sum(_check_gaps(topic, list(seen), len(self._runs))
                   for topic, seen in arrived.items())
        total = sum(map(len, arrived.values()))
        return total, (f"{total} messages, {len(self._runs)} kills: the {len(self.stored)} that "
                       f"were found in the spools have arrived, and all others that were stored; "
                       f"{repeated} came again, {gaps} gaps")

    def _check_runs(self, arrived):
        """Of each run as many have arrived as it had said to have stored."""
        before = {}
        for number, (kept, last) in enumerate(self._runs, 1):
            came = sum(sum(1 for each in seen if before.get(topic, 0) < each <= last.get(topic, 0))
                       for topic, seen in arrived.items())
            assert came >= kept, f"{came} of {kept} messages of run {number} have arrived"
            before = {topic: max(last.get(topic, 0), before.get(topic, 0))
                      for topic in {*last, *before}}


def _check_gaps(topic, numbers, kills):
    """Only a kill loses numbers that were not stored yet, and then a new block begins."""
    gaps = 0
    for before, after in zip([0] + numbers, numbers):
        if after != before + 1:
            gaps += 1
            assert after % BLOCK == 1, f"{topic}: {after} follows {before}"
    assert gaps <= kills, f"{topic}: {gaps} gaps"
    return gaps
