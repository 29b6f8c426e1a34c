#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""network.method = "external": somebody else puts the address on the interface."""

import contextlib

from harness import conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.waiting import until
from harness.world import World

ADDRESS = "10.77.0.77"


def external(**network):
    return conf.lesson(network={"method": "external", **network}, mqtt={"reconnect_max": 2})


@contextlib.contextmanager
def a_node(config):
    """A world with its servers (none for DHCP), and a node whose interface can send."""
    with World() as world:
        world.wire.start(dhcp=False)
        node = world.node(config)
        node.wait_rung("link", "ok", 10)
        yield world, node


class Administrator:
    """Plain "ip": what NetworkManager or systemd-networkd would do on mqtt0."""

    def __init__(self, world):
        self.ip = world.namespace.ip

    def give(self, address=ADDRESS, metric="50"):
        self.ip("address", "add", f"{address}/24", "dev", "mqtt0")
        self.ip("route", "add", "default", "via", "10.77.0.1", "dev", "mqtt0", "metric", metric)

    def take(self, address=ADDRESS):
        self.ip("address", "delete", f"{address}/24", "dev", "mqtt0")


def wait_published(world):
    observer = world.further(Client(world.wire.broker, [conf.OUT]))
    observer.wait(conf.OUT, 10)


@case("it waits for an address, climbs with it, and adds nothing itself")
def climbs():
    with a_node(external(dns=["10.77.0.1"])) as (world, node):
        node.wait_rung("address", "trying", 5, "No address yet")
        Administrator(world).give()
        node.wait_rung("address", "ok", 5, rf"{ADDRESS}/24 \(external\)")
        node.wait_rung("route", "ok", 5, "Gateway 10.77.0.1 answers")
        node.wait_online()
        wait_published(world)
        now = world.namespace.snapshot()
        assert not [each for each in now["rules"] | now["routes"] if "7700" in each], now


@case("after a while without an address it says who should give one")
def nobody():
    with a_node(external(dns=["10.77.0.1"])) as (_, node):
        node.wait_rung("address", "failed", 15, "Nobody has put an address on mqtt0")


@case("an address that is taken away ends the session, another one begins the next")
def changes():
    with a_node(external(dns=["10.77.0.1"])) as (world, node):
        administrator = Administrator(world)
        administrator.give()
        node.wait_online()
        administrator.take()
        node.wait_rung("address", "trying", 5, "No address yet")
        until(lambda: not node.status()["online"], 5, "offline")
        assert node.address() is None, node.address()
        administrator.give("10.77.0.78")
        node.wait_online()
        assert node.address() == "10.77.0.78", node.address()


@case("without network.dns the resolver of the system is asked, as its file says then")
def resolver():
    with a_node(external()) as (world, node):
        world.replace_resolver("nameserver 10.77.0.1\n")
        Administrator(world).give()
        node.wait_online(20)
        world.wire.dns.lines.wait(rf"query\[A\] {conf.BROKER} from {ADDRESS}", 5)


@case("a connection that leaves by another interface is told")
def other_way():
    with a_node(external(dns=["10.77.0.1"])) as (world, node):
        elsewhere = "203.0.113.5"
        world.wire.namespace.ip("address", "add", f"{elsewhere}/32", "dev", "lo")
        world.wire.namespace.ip("route", "add", "192.0.2.2/32", "dev", "ctl1")
        world.namespace.ip("address", "add", "192.0.2.2/32", "dev", "ctl0")
        world.namespace.ip("route", "add", f"{elsewhere}/32", "via", "198.18.0.1", "src",
                           "192.0.2.2")
        world.wire.dns.stop()
        world.wire.dns.start({conf.BROKER: elsewhere})
        Administrator(world).give()
        node.wait_online(20)
        node.wait_log(f"does not leave by the W5500 \\(from 192.0.2.2, not {ADDRESS}\\)", 5)
        world.namespace.ip("route", "delete", f"{elsewhere}/32")
        world.namespace.ip("address", "delete", "192.0.2.2/32", "dev", "ctl0")


@case("a TAP that another program made to stay is joined, and is still there in the end")
def joined():
    with World() as world:
        world.wire.start(dhcp=False)
        world.namespace.ip("tuntap", "add", "dev", "mqtt0", "mode", "tap", "user", "64999")
        world.namespace.ip("link", "set", "mqtt0", "up")
        node = world.node(external(dns=["10.77.0.1"]))
        Administrator(world).give()
        node.wait_online(20)
        node.stop()
        assert world.namespace.has_interface("mqtt0")
        world.namespace.ip("link", "delete", "mqtt0")


if __name__ == "__main__":
    main()
