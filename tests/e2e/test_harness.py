#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The harness itself: what the other tests rely on is there, and its checks can fail."""

import os
import select
import signal
import socket
import struct
import subprocess
import threading
import time
from unittest import mock

from harness import build, delays, sandbox, waiting
from harness.capture import Capture, Comparison
from harness.cases import LANES, Case, case, lane, main, run_side_by_side
from harness.decoy import Decoy
from harness.mqtt import Client
from harness.network import Namespace, connect
from harness.ping import Pinger
from harness.process import Process
from harness.services import Broker, Dhcp, Dns, MuteDns, SynDropper, query
from harness.stream import Stream
from harness.systemd import Journal, Manager, Udev, parse_entry
from harness.waiting import hold, until
from harness.world import World


class TwoRooms:
    """Two namespaces with a cable between them, 192.0.2.1 and 192.0.2.2."""

    def __enter__(self):
        self.here, self.there = Namespace("here"), Namespace("there")
        connect(self.here, "a0", self.there, "b0")
        self.here.ip("address", "add", "192.0.2.1/24", "dev", "a0")
        self.there.ip("address", "add", "192.0.2.2/24", "dev", "b0")
        return self

    def __exit__(self, *_):
        self.here.delete()
        self.there.delete()


def assert_fails(check, what=""):
    """@check() must find fault with what it is shown: @what."""
    try:
        check()
    except AssertionError:
        return
    raise AssertionError(f"nothing was found to be wrong: {what}")


@case("the sandbox has its own /run, /etc, host name and processes")
def private():
    assert os.getpid() == 1
    assert socket.gethostname() == sandbox.HOSTNAME
    assert os.stat("/dev/net/tun").st_mode & 0o777 == 0o666
    assert not os.path.exists("/run/systemd")
    sandbox.replace_file("/etc/resolv.conf", "nameserver 192.0.2.53\n")
    with open("/etc/resolv.conf", encoding="ascii") as file:
        assert file.read() == "nameserver 192.0.2.53\n"


@case("a condition that never comes true is reported, and one that stops being true too")
def conditions():
    for wait in (lambda: until(lambda: False, 0.05, "a miracle"),
                 lambda: hold(lambda: False, 1, "a promise")):
        try:
            wait()
        except AssertionError as error:
            assert "a miracle" in str(error) or "a promise" in str(error)
        else:
            raise AssertionError("was not reported")


class Halting:
    """A clock of a machine that stands still for a minute in each of the first turns."""

    def __init__(self, turns):
        self.turns = turns
        self._now = 0.0

    def monotonic(self):
        return self._now

    def sleep(self, seconds):
        self._now += seconds + (60 if self.turns > 0 else 0)
        self.turns -= 1


@case("a wait does not count the time for which the machine stood still, and ends all the same")
def stood_still():
    clock = Halting(3)
    with mock.patch.object(waiting, "time", clock):
        until(lambda: clock.turns <= -10, 1, "the machine goes on")
        assert_fails(lambda: until(lambda: False, 1, "a miracle"))


@case("a TAP opened inside a namespace moves frames, and goes on when it is moved to another")
def tap():
    with TwoRooms() as rooms:
        fd = rooms.here.open_tap("t0")
        for room in (rooms.here, rooms.there):
            room.no_ipv6("default")
            if room is rooms.there:
                rooms.here.ip("link", "set", "t0", "netns", "there")
            room.ip("link", "set", "t0", "up")
            with room.inside():
                packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88B5))
            packets.bind(("t0", 0x88B5))
            frame = b"\xff" * 6 + b"\x02" * 6 + struct.pack("!H", 0x88B5) + bytes(46)
            packets.send(frame)
            until(lambda: select.select([fd], [], [], 0)[0], 2, "the frame arrives")
            while True:
                got = os.read(fd, 2048)
                if got[12:14] == b"\x88\xb5":
                    break
            assert got == frame
            os.write(fd, frame)
            packets.settimeout(2)
            assert packets.recv(2048) == frame
            packets.close()
        os.close(fd)


@case("dnsmasq answers as told, and a mute name server takes queries only")
def names():
    with TwoRooms() as rooms:
        dns = Dns(rooms.there, "192.0.2.2")
        dns.start({"mq.tongxinmao.com": "192.0.2.7"})
        with rooms.here.inside():
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(2)
        client.sendto(query("mq.tongxinmao.com"), ("192.0.2.2", 53))
        answer = client.recv(512)
        assert answer.endswith(socket.inet_aton("192.0.2.7")), answer
        client.sendto(query("example.org"), ("192.0.2.2", 53))
        assert client.recv(512)[3] & 15 == 3, "NXDOMAIN"
        dns.stop()
        mute = MuteDns(rooms.there, "192.0.2.2")
        mute.start()
        client.sendto(query("example.org"), ("192.0.2.2", 53))
        until(mute.asked, 2, "the mute server was asked")
        mute.stop()
        client.close()


@case("dnsmasq grants leases")
def leases():
    with TwoRooms() as rooms:
        dhcp = Dhcp(rooms.there, "b0", "192.0.2.2")
        dhcp.start()
        client = Process("udhcpc", rooms.here.command(
            "busybox", "udhcpc", "-f", "-q", "-n", "-i", "a0", "-s", "/bin/true"))
        assert client.wait(15)[0] == 0, client.lines.texts()
        lease = until(dhcp.lease, 2, "the lease is written down")
        assert 50 <= int(lease.rsplit(".", 1)[1]) <= 60
        dhcp.stop()


@case("mosquitto and the client: QoS, retained messages, a password that is refused")
def broker():
    with TwoRooms() as rooms:
        server = Broker(rooms.there, "127.0.0.1")
        server.start(users={"node": "secret"})
        client = Client(server, ["#"], user=("node", "secret"))
        client.publish("a/b", "kept", qos=1, retain=True)
        client.publish("a/c", b"\0" * 300000, qos=0)
        assert client.wait("a/b", 2)[0].payload == b"kept"
        assert len(client.wait("a/c", 5)[0].payload) == 300000
        late = Client(server, ["a/#"], name="late", user=("node", "secret"))
        assert late.wait("a/b", 2)[0].retain
        try:
            Client(server, name="nobody", user=("node", "wrong"))
        except ConnectionRefusedError:
            pass
        else:
            raise AssertionError("a wrong password was accepted")
        until(lambda: server.lines.count("not authorised"), 2, "the refusal is in the log")
        assert server.connections("late") == 1
        for each in (client, late):
            each.close()
        server.freeze()
        server.stop()


@case("a SYN to the full port is dropped without an answer")
def syn_dropped():
    with TwoRooms() as rooms:
        dropper = SynDropper(rooms.there, "192.0.2.2", 18830)
        dropper.start()
        with rooms.here.inside():
            client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.settimeout(1.5)
        try:
            client.connect(("192.0.2.2", 18830))
        except socket.timeout:
            pass
        else:
            raise AssertionError("connected")
        client.close()
        dropper.stop()


@case("the decoy notices a query, a connection and a single frame")
def decoy():
    with TwoRooms() as rooms:
        lure = Decoy(rooms.there, "b0", "192.0.2.2")
        lure.frames()
        lure.assert_untouched()
        with rooms.here.inside():
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            caller = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.settimeout(2)
        client.sendto(query("mq.tongxinmao.com"), ("192.0.2.2", 53))
        assert client.recv(512).endswith(socket.inet_aton("192.0.2.2"))
        caller.connect(("192.0.2.2", 18830))
        until(lambda: lure.connections, 2, "the connection was noticed")
        assert lure.queries and lure.frames()
        assert_fails(lure.assert_untouched)
        for each in (client, caller, lure):
            each.close()


@case("a ping that pauses is told from one that does not")
def pings():
    with TwoRooms() as rooms:
        rooms.there.ip("address", "add", "192.0.2.3/24", "dev", "b0")
        pinger = Pinger(rooms.here, {"node": "192.0.2.2", "control": "192.0.2.3"})
        until(lambda: pinger.answered("node") > 3, 5, "replies")
        rooms.there.ip("address", "delete", "192.0.2.2/24", "dev", "b0")
        rooms.there.ip("address", "add", "192.0.2.3/24", "dev", "b0", check=False)
        with pinger.watch() as watch:
            before = pinger.answered("control")
            until(lambda: pinger.answered("control") > before + 20, 10, "the control goes on")
        assert watch.pause("node") - watch.pause("control") > 0.3, \
            (watch.pause("node"), watch.pause("control"))
        for lost, least, most in ((0, 0.3, 60), (60, -60, 0)):
            with mock.patch.object(delays, "lost", return_value=lost):
                assert least < watch.excess("node", "control") < most
        pinger.close()


@case("systemd's socket takes READY, STATUS and WATCHDOG; a stalled journal blocks its sender")
def systemd():
    manager = Manager("/run/notify-test")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.connect(manager.path)
        client.send(b"READY=1\nSTATUS=online as 10.0.0.5")
        client.send(b"WATCHDOG=1")
        until(lambda: manager.watchdog, 2, "WATCHDOG=1")
    assert manager.ready and manager.status.texts() == ["online as 10.0.0.5"]
    start = manager.watchdog[0]
    assert manager.silences(start - 1, start + 0.5) == [(start - 1, start), (start, start + 0.5)]
    manager.close()

    journal = Journal()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.connect(journal.PATH)
        client.send(b"MESSAGE\n" + struct.pack("<Q", 3) + b"a\nb\nPRIORITY=6\n")
        until(lambda: journal.entries, 2, "the entry")
        journal.stall()
        client.setblocking(False)
        for _ in range(5000):
            try:
                client.send(b"MESSAGE=x\n")
            except BlockingIOError:
                break
        else:
            raise AssertionError("a stalled journal takes everything")
        journal.resume()
    assert journal.entries[0] == {"MESSAGE": b"a\nb", "PRIORITY": b"6"}
    assert parse_entry(b"A=1\nB=2\n") == {"A": b"1", "B": b"2"}
    journal.close()


@case("the control knows what time a busy machine takes, and the bars beside it can fail")
def control():
    begin = time.monotonic()
    running = delays.Control()
    until(lambda: time.monotonic() > begin + 0.3, 2, "time passes")
    assert 0 <= running.lost(begin, begin + 0.3) < time.monotonic() - begin
    running.close()

    turns, end = delays.Turns(100.0), 100.0
    for late in (0.0, 0.0, 0.1, 0.0, 0.05):
        end += delays.TURN + late
        turns.add_turn(end)
    inside = end - 0.01  # the turn that ended last, which was late
    assert 0.149 < turns.lost(100.0, inside) < 0.151
    assert 0.049 < turns.lost(inside, inside) < 0.051
    with mock.patch.object(delays, "_control", turns):
        assert len(delays.spaced([100.0, 100.1, end], 0.1, 0.02, "events")) == 2
        if not build.is_plain():
            return
        for wrong in (lambda: delays.took(end - 5, end, 3, "too slow"),
                      lambda: delays.spaced([end - 5, end], 1.0, 0.1, "too far apart"),
                      lambda: delays.spaced([end - 0.1, end], 1.0, 0.1, "too near")):
            assert_fails(wrong)


def touch(world, what):
    """What a node must never do to the machine, one thing of each kind."""
    ip = world.namespace.ip
    if what == "address":
        ip("address", "add", "192.0.2.9/32", "dev", "eth0")
    elif what == "address removed":
        ip("address", "flush", "dev", "eth0")
    elif what == "route":
        ip("route", "add", "198.51.100.0/24", "via", world.decoy.address)
    elif what == "default route":
        ip("route", "change", "default", "via", world.decoy.address, "metric", "100",
           "mtu", "1400")
    elif what == "route removed":
        ip("route", "delete", "default")
    elif what == "rule removed":
        ip("rule", "delete", "from", "all", "table", "default")
    elif what == "resolver":
        with open("/etc/resolv.conf", encoding="ascii") as file:
            sandbox.replace_file("/etc/resolv.conf", file.read())
    else:
        assert what in ("query", "connection"), what
        kind = socket.SOCK_DGRAM if what == "query" else socket.SOCK_STREAM
        with world.namespace.inside():
            program = socket.socket(socket.AF_INET, kind)
        with program:
            # Not bound to the address of the node's interface: the kernel takes eth0.
            program.connect(("10.77.0.1", 53 if what == "query" else 18830))
            if what == "query":
                program.send(query("mq.tongxinmao.com"))
                until(lambda: world.decoy.queries, 2, "the query is seen")


@case("whatever a node does to the machine's other NIC, routes, rules or resolver is noticed")
def untouched():
    for same_subnet in (False, True):
        for what in ("address", "address removed", "route", "default route", "route removed",
                     "rule removed", "resolver", "query", "connection"):
            if what in ("query", "connection") and not same_subnet:
                continue  # 10.77.0.1 is not behind eth0 then
            world = World(same_subnet=same_subnet)
            try:
                world.check_host()
                touch(world, what)
                assert_fails(world.check_host, what)
            finally:
                world.close()


@case("frames that come twice, overtake others, are spoiled or lost are told from good ones")
def comparison():
    def path(came):
        sent = [(b"%d" % number, 100) for number in range(4)]
        return Comparison(sent, [(key, 100) for key in came])

    good = path([b"0", b"1", b"2", b"3"])
    assert (good.twice, good.overtaken, good.foreign, good.lost_bytes) == (0, 0, 0, 0)
    assert path([b"early", b"0", b"1", b"2", b"3"]).foreign == 0
    bad = path([b"1", b"0", b"spoiled", b"3", b"3"])
    assert (bad.twice, bad.overtaken, bad.foreign, bad.lost_bytes) == (1, 1, 1, 100)


@case("a capture sees frames of both directions once each, as they are")
def capture():
    with TwoRooms() as rooms:
        here, there = Capture(rooms.here, "a0"), Capture(rooms.there, "b0")
        pinger = Pinger(rooms.here, {"node": "192.0.2.2"})
        until(lambda: pinger.answered("node") >= 5, 5, "replies")
        pinger.close()
        until(lambda: len(here.into) == len(there.out) and len(here.out) == len(there.into), 5,
              "all frames are seen at both ends")
        for sent, received in ((here.out, there.into), (there.out, here.into)):
            path = Comparison(sent, received)
            assert len(received) >= 5
            assert (path.twice, path.overtaken, path.foreign, path.lost_bytes) == (0, 0, 0, 0)
        for each in (here, there):
            each.check_complete()
            each.close()


@case("a stream arrives whole, and one that is spoiled or cut off is noticed")
def stream():
    with TwoRooms() as rooms:
        def start(name, least=1 << 20):
            return Stream(name, rooms.here, rooms.there, "192.0.2.2", 5001, least)

        good = start("good")
        good.flows(1 << 16, 5)
        good.finish(10)
        assert good.received >= 1 << 20
        good.close()
        spoiled = start("spoiled")
        spoiled.spoil()
        assert_fails(lambda: spoiled.finish(10))
        spoiled.close()
        cut = start("cut off", 1 << 50)  # it cannot be through before it is cut
        cut.flows(1 << 16, 5)
        cut.close()
        assert_fails(lambda: cut.finish(0.1))


@case("udev's part: the sysctl snippet is applied when the interface appears")
def udev():
    os.makedirs("/run/tree/usr/lib/sysctl.d")
    with open("/run/tree/usr/lib/sysctl.d/50-test.conf", "w", encoding="ascii") as file:
        file.write("# a comment\nnet.ipv4.conf.mqtt0.arp_ignore = 1\n"
                   "-net/ipv4/conf/mqtt*/arp_announce=2\n")
    namespace = Namespace("node")
    watcher = Udev(namespace, "/run/tree")
    fd = namespace.open_tap("mqtt0")
    until(lambda: len(watcher.applied) == 2, 2, "both lines are applied")
    with namespace.inside():
        with open("/proc/sys/net/ipv4/conf/mqtt0/arp_ignore", encoding="ascii") as file:
            assert file.read() == "1\n"
    watcher.close()
    os.close(fd)
    namespace.delete()


@case("a changed route, rule or address of the host is seen in a snapshot")
def snapshots():
    with TwoRooms() as rooms:
        for words in (("address", "add", "192.0.2.9/32", "dev", "a0"),
                      ("route", "add", "198.51.100.0/24", "via", "192.0.2.2"),
                      ("rule", "add", "from", "192.0.2.9", "table", "7700")):
            before = rooms.here.snapshot()
            rooms.here.ip(*words)
            assert rooms.here.snapshot() != before, words
            rooms.here.ip(words[0], "delete", *words[2:])
            assert rooms.here.snapshot() == before, words


@case("what a test leaves on the machine is found by the look for traces")
def traces():
    before = sandbox.traces()
    node = Namespace("node")
    tap = Namespace("elsewhere").open_tap("mqtt0")
    subprocess.run(["ip", "rule", "add", "from", "10.77.0.5", "table", "7700"], check=True)
    with open("/run/mqttnode-1.conf", "w", encoding="ascii"):
        pass
    found = sandbox.traces() - before
    assert "namespace node" in found and "/run/mqttnode-1.conf" in found, found
    assert any(each.startswith("rule ") for each in found), found
    assert not any("elsewhere" in each or "mqtt0" in each for each in found), found
    os.close(tap)
    node.delete()


class Room:
    """A site; that of lane 1 cannot be cleaned up."""

    entered = []

    def __enter__(self):
        Room.entered.append(self)
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            assert lane() != 1, "dirt was left behind"


@case("cases in sites run side by side: of those that fail all are told, the others go on")
def sites():
    met = threading.Barrier(LANES)

    def meet(_room):
        met.wait(10)

    def fail(_room):
        raise AssertionError("this one is bad")

    functions = [meet] * LANES + [fail] * 3 + [lambda _room: [f"in lane {lane()}"]] * 3
    results = run_side_by_side([(number, Case(str(number), function, False, Room))
                                for number, function in enumerate(functions)])
    assert len(results) == len(functions)
    bad = {number for number, result in results.items() if not result.good}
    assert bad >= {LANES, LANES + 1, LANES + 2}, bad
    # That of lane 1 that cannot be cleaned up counts to who was there last.
    assert len(bad) <= 4 and len(Room.entered) >= LANES, (bad, len(Room.entered))


@case("a process that ignores SIGTERM is ended all the same")
def stubborn():
    process = Process("stubborn", ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"])
    process.lines.wait("ready", 2)
    process.stop()
    assert not process.alive()
    status = subprocess.run(["sh", "-c", "kill -0 $1", "sh", str(process.pid)],
                            stderr=subprocess.DEVNULL, check=False).returncode
    assert status != 0 and process.popen.returncode == -signal.SIGKILL


if __name__ == "__main__":
    main()
