# SPDX-License-Identifier: MIT
"""The networks around a node, and the promise that the other one stays untouched."""

import os
import threading

from . import build, conf, delays, stage
from .cases import lane
from .decoy import Decoy
from .network import Namespace, connect
from .node import Node
from .ping import Pinger
from .sandbox import replace_file
from .services import Broker, Dhcp, Dns, Service
from .systemd import Udev

WIRE = "wire0"
LAN_SEPARATE = ("192.168.50.1", "192.168.50.2")
LAN_SAME_SUBNET = ("10.77.0.1", "10.77.0.200")
CONTROL = ("198.18.0.1", "198.18.0.2")

_one_by_one = threading.Lock()  # what worlds share: the tree, /etc/resolv.conf


class Wire:
    """A network in which the cable can end: an address, and its servers."""

    def __init__(self, name="wire", address="10.77.0.1"):
        self.namespace = Namespace(name)
        self.address = address
        self.dhcp = Dhcp(self.namespace, WIRE, address)
        self.dns = Dns(self.namespace, address)
        self.broker = Broker(self.namespace, address)

    def attach(self):
        """The TAP is in this namespace now: give the network its address there."""
        self.namespace.no_ipv6(WIRE)
        self.namespace.ip("address", "add", f"{self.address}/24", "dev", WIRE)
        self.namespace.ip("link", "set", WIRE, "up")

    def start(self, dhcp=True, dns=True, broker=True):
        if dhcp:
            self.dhcp.start()
        if dns:
            self.start_dns()
        if broker:
            self.broker.start()

    def start_dns(self):
        self.dns.start({conf.BROKER: self.address})

    def stop(self):
        for service in (self.broker, self.dns, self.dhcp):
            service.stop()

    def close(self):
        self.stop()
        self.namespace.delete()


class World:
    """Namespaces "node", "wire" and "lan" with everything in them; use it in a with block."""

    def __init__(self, same_subnet=None):
        """@same_subnet: eth0 is in the subnet of the wire; None: as the variant says. In a lane
        (cases.py) the names of its namespaces and of its node end in the number of that.
        """
        suffix = "" if lane() is None else f"-{lane()}"
        with _one_by_one:
            stage.install()
            delays.start()
        if same_subnet is None:
            same_subnet = build.variant() == "same-subnet"
        self.nodes = []
        self._others = []
        self.instance = f"mqttnode{suffix}"
        self.namespace = Namespace(f"node{suffix}")
        self.wire = Wire(f"wire{suffix}")
        self._cable_in = self.wire
        self.tap = self.wire.namespace.open_tap(WIRE)
        self.wire.attach()
        self.lan = Namespace(f"lan{suffix}")
        there, here = LAN_SAME_SUBNET if same_subnet else LAN_SEPARATE
        connect(self.namespace, "eth0", self.lan, "lan0")
        self.lan.ip("address", "add", f"{there}/24", "dev", "lan0")
        # Not even ARP asks the node for an answer, as it would 5 s after a query of others.
        self.lan.sysctl("ipv4/neigh/lan0/delay_first_probe_time", 3600)
        self.namespace.ip("address", "add", f"{here}/24", "dev", "eth0")
        self.namespace.ip("route", "add", "default", "via", there, "metric", "100")
        self.replace_resolver(f"nameserver {there}\n")
        self.decoy = Decoy(self.lan, "lan0", there)
        connect(self.namespace, "ctl0", self.wire.namespace, "ctl1")
        for namespace, name, address in ((self.wire.namespace, "ctl1", CONTROL[0]),
                                         (self.namespace, "ctl0", CONTROL[1])):
            namespace.ip("address", "add", f"{address}/30", "dev", name)
        self.udev = Udev(self.namespace, stage.TREE)
        self.set_up()

    def set_up(self):
        """The machine is as it should stay: to be told again by a test that changed it."""
        self.decoy.frames()
        self._before = self.namespace.snapshot()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.finish()
            elif isinstance(error, Exception):
                error.evidence = list(self._evidence())
        finally:
            self.close()

    def node(self, config=None, own_wire=True, **how):
        """Starts a daemon with a configuration text (None: the lesson's, word for word)."""
        node = Node(self.namespace, stage.tutorial() if config is None else config,
                    self.tap if own_wire else None, **{"instance": self.instance, **how})
        self.nodes.append(node)
        return node

    def further(self, thing):
        """@thing.close() is called at the end."""
        self._others.append(thing)
        return thing

    def pinger(self, address):
        """Pings to the node's @address through the wire and, as "control", over a veth."""
        return self.further(Pinger(self.wire.namespace,
                                   {"node": address, "control": CONTROL[1]}))

    def replace_resolver(self, text):
        """Somebody, not the node, puts a new /etc/resolv.conf in the place of the old one."""
        with _one_by_one:
            if not _contains("/etc/resolv.conf", text):
                replace_file("/etc/resolv.conf", text)
            self._resolver = _state("/etc/resolv.conf")

    def move_cable(self, other):
        """Takes the far end of the cable (which is out) to another Wire, or back."""
        self._cable_in.namespace.ip("link", "set", WIRE, "netns", other.namespace.name)
        other.attach()
        self._cable_in = other

    def check_host(self):
        """The machine's other NIC, routes, rules and resolver are as they were, and unused."""
        now = self.namespace.snapshot(but=("mqtt0",))
        for what in ("addresses", "routes"):
            changed = now[what] ^ self._before[what]
            assert not changed, f"{what} of the host changed: {sorted(changed)}"
        gone = self._before["rules"] - now["rules"]
        assert not gone, f"rules of the host are gone: {sorted(gone)}"
        self.decoy.assert_untouched()
        assert _state("/etc/resolv.conf") == self._resolver, "/etc/resolv.conf was written"

    def finish(self):
        """Stops what runs and checks that nothing is left and nothing else was touched."""
        for node in self.nodes:
            if node.process.alive():
                node.stop()
        self.check_host()
        now = self.namespace.snapshot()
        for what, before in self._before.items():
            left = now[what] - before
            assert not left, f"{what} left behind: {sorted(left)}"
        assert not self.namespace.has_interface("mqtt0"), "mqtt0 was left behind"
        for node in self.nodes:
            assert not os.path.exists(os.path.join(node.runtime, "control")), \
                "the control socket was left behind"

    def _interfaces(self):
        """What the kernel has counted at both ends of the cable."""
        for namespace in (self.namespace, self._cable_in.namespace):
            yield from namespace.ip("-statistics", "link", "show", check=False).splitlines()

    def _evidence(self):
        """What happened, for whoever looks at a failed test."""
        for node in self.nodes:
            yield from _titled(f"log of {node.instance}", node.lines.texts())
            if node.journal:
                yield from _titled(f"stderr of {node.instance}", node.process.lines.texts())
            yield from _titled("STATUS=", node.manager.status.texts())
            try:
                node.board.observe()
                yield from _titled("violations", map(str, node.board.violations))
                yield from _titled("board", [str(node.board.stats())])
                status = node.ask("status")
                yield from _titled("ladder", map(str, status["ladder"]))
                yield from _titled("counters", [str(status["chip"]["counters"])])
                yield from _titled("interfaces", self._interfaces())
            except (OSError, AssertionError, KeyError, ValueError) as error:
                yield f"the board or the daemon does not answer: {error}"
        servers = (self.wire.dhcp, self.wire.dns, self.wire.broker)
        for service in (*servers, *(each for each in self._others if isinstance(each, Service))):
            if service.process:
                yield from _titled(service.name, service.lines.texts()[-30:])
        yield from _titled("addresses, routes and rules of the node",
                           "".join(self.namespace.ip(*words, check=False) for words in (
                               ("address", "show"), ("route", "show", "table", "all"),
                               ("rule", "show"))).splitlines())

    def close(self):
        """Ends everything, whatever state it is in."""
        for thing in self._others + self.nodes + [self.decoy, self.udev]:
            thing.close()
        os.close(self.tap)
        self.wire.close()
        for namespace in (self.lan, self.namespace):
            namespace.delete()


def _contains(path, text):
    with open(path, encoding="utf-8") as file:
        return file.read() == text


def _state(path):
    """What changes when a file is written or replaced, be it with the same contents."""
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns, found.st_size


def _titled(title, lines):
    yield f"--- {title}"
    yield from lines
