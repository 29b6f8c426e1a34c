#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The interface as a port of a bridge: who is behind it, who is on the wire, and the node itself."""

import socket
import struct

from harness import conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.network import Namespace, connect
from harness.ping import Pinger
from harness.waiting import until
from harness.world import WIRE, World

MDNS = ("224.0.0.251", 5353)
BRIDGE = "10.77.0.20"
BEHIND = "10.77.0.30"


def configuration():
    return conf.lesson(mqtt={"host": "10.77.0.1"}, ethernet={"promiscuous": True},
                       network={"method": "none"})


class Bridge:
    """br0 of the machine with its own address, and a host behind another port of it."""

    def __init__(self, world):
        self.namespace = world.namespace
        self.behind = Namespace("behind")
        connect(self.namespace, "port0", self.behind, "host0")
        self.namespace.ip("link", "add", "br0", "address", "02:00:00:00:00:20", "type", "bridge")
        self.namespace.no_ipv6("br0")
        self.namespace.ip("link", "set", "port0", "master", "br0")
        self.namespace.ip("link", "set", "br0", "up")
        self.namespace.ip("address", "add", f"{BRIDGE}/24", "dev", "br0")
        self.behind.ip("address", "add", f"{BEHIND}/24", "dev", "host0")
        world.set_up()

    def add_node(self):
        self.namespace.ip("link", "set", "mqtt0", "master", "br0")

    def close(self):
        self.namespace.ip("link", "delete", "br0", check=False)
        self.namespace.ip("link", "delete", "port0", check=False)
        self.behind.delete()


def multicast(namespace, address):
    """A socket that sends to and receives from the mDNS group by way of @address."""
    with namespace.inside():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(MDNS)
    member = socket.inet_aton(MDNS[0]) + socket.inet_aton(address)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    sock.settimeout(0.2)
    return sock


def hears(sender, receiver):
    """Whether what one sends to the group comes to the other."""
    question = b"mdns" + struct.pack("!I", id(sender) & 0xFFFF)

    def heard():
        sender.sendto(question, MDNS)
        try:
            return receiver.recv(100) == question
        except socket.timeout:
            return False
    return until(heard, 5, "a multicast")


@case("hosts behind a bridge and hosts on the wire reach each other, with multicast; so does the node")
def bridge():
    with World() as world:
        world.wire.start(dhcp=False, dns=False)
        port = world.further(Bridge(world))
        node = world.node(configuration())
        node.wait_rung("link", "ok", 10)
        node.wait_rung("address", "failed", 5, "mqtt0 is not a port of a bridge")
        port.add_node()
        node.wait_rung("address", "unused", 5, "Port of br0")
        node.wait_online()
        observer = world.further(Client(world.wire.broker, [conf.OUT]))
        observer.wait(conf.OUT, 5, count=2)
        until(lambda: node.rungs()["tcp"]["text"].endswith(f"from {BRIDGE}"), 5, "from the bridge")

        pinger = world.further(Pinger(world.wire.namespace, {"behind": BEHIND, "bridge": BRIDGE}))
        for name in ("behind", "bridge"):
            until(lambda name=name: pinger.answered(name) > 5, 10, f"{name} answers a ping")
        with multicast(world.wire.namespace, world.wire.address) as wire, \
                multicast(port.behind, BEHIND) as behind:
            hears(wire, behind)
            hears(behind, wire)
        assert node.status()["node"]["address"] is None
        assert node.status()["chip"]["counters"]["rx_dropped_filter"] == 0
        rules = [rule for rule in world.namespace.ask("rule", "show") if rule["priority"] >= 7700
                 and rule["priority"] <= 7701]
        assert not rules, rules
        # The connection depends on the machine's routes, not on this cable.
        node.board.cable(False)
        node.wait_rung("link", "failed", 5)
        node.board.cable(True)
        node.wait_online()
        node.stop()


@case("without a bridge the node hears multicast, and nothing that is for others")
def alone():
    with World() as world:
        world.wire.start(dhcp=False, dns=False)
        node = world.node(conf.lesson(mqtt={"host": "10.77.0.1"}, network={
            "method": "static", "address": f"{BRIDGE}/24", "dns": "system"}))
        node.wait_online()
        with multicast(world.wire.namespace, world.wire.address) as wire, \
                multicast(world.namespace, BRIDGE) as here:
            hears(wire, here)
            hears(here, wire)
        stranger = "02:00:00:00:00:99"
        world.wire.namespace.ip("neigh", "add", "10.77.0.99", "lladdr", stranger, "dev", WIRE)
        with world.wire.namespace.inside():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sock:
            for _ in range(20):
                sock.sendto(b"not for the node", ("10.77.0.99", 9))
        until(lambda: node.board.stats()["chip"]["rx_dropped_filter"] >= 20, 5,
              "the chip keeps what is for others")
        assert node.status()["chip"]["counters"]["rx_dropped_filter"] == 0


if __name__ == "__main__":
    main()
