#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""IPv6: addresses from router advertisements, names and a broker of that family, neighbours."""

import subprocess

from harness import build, conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.services import RouterAdvertisements
from harness.waiting import until
from harness.world import WIRE, World

PREFIX = "fd77::"
ROUTER = "fd77::1"


def start(world, broker=ROUTER):
    """The wire with a router of IPv6, a name server that knows the @broker's address, and it."""
    world.wire.namespace.sysctl(f"ipv6/conf/{WIRE}/disable_ipv6", 0)
    world.wire.namespace.ip("address", "add", f"{ROUTER}/64", "dev", WIRE, "nodad")
    router = world.further(RouterAdvertisements(world.wire.namespace, WIRE, ROUTER))
    router.start(names={conf.BROKER: broker})
    world.wire.broker.start(addresses=("0.0.0.0", "::"))
    return router


def addresses(node):
    return node.status()["node"]["addresses6"]


def routes(world, table):
    found = world.namespace.ask("-6", "route", "show", "table", table, "dev", "mqtt0")
    return {(route["dst"], route.get("gateway"), route.get("metric")) for route in found}


def rules(world):
    return {rule["src"] for rule in world.namespace.ask("-6", "rule", "show")
            if rule["priority"] == 7700}


def answers(world, address):
    ping = (build.tool("ping", "iputils-ping"), "-6", "-c", "1", "-W", "1", address)
    done = subprocess.run(world.wire.namespace.command(*ping), capture_output=True, check=False)
    return done.returncode == 0


@case("a node without IPv4 gets an address, finds the broker's name and publishes, and is pinged")
def only():
    with World() as world:
        router = start(world)
        node = world.node(conf.lesson(network={"ipv6": True}))
        node.wait_online(20)
        # The kernel may be later to find out that the link-local one is nobody else's.
        best, link_local = until(lambda: addresses(node)[1:] and addresses(node), 5,
                                 "two addresses")
        assert best.startswith(PREFIX) and link_local.startswith("fe80::"), addresses(node)
        node.wait_rung("route", "ok", 5, "^Gateway fe80::")  # the broker needs no gateway
        rungs = node.rungs()
        assert rungs["address"]["text"].startswith(best), rungs["address"]
        assert rungs["name"]["text"] == f"{conf.BROKER} is {ROUTER}", rungs["name"]
        assert rungs["tcp"]["text"].endswith(f"from {best}"), rungs["tcp"]
        observer = world.further(Client(world.wire.broker, [conf.OUT]))
        observer.wait(conf.OUT, 5, count=2)
        until(lambda: answers(world, best), 5, "the node answers a ping")
        until(lambda: answers(world, f"{link_local.split('%', maxsplit=1)[0]}%{WIRE}"), 5,
              "and one to its link-local address")
        router.lines.wait(rf"query\[AAAA\] {conf.BROKER} from {best}", 5)

        # The machine goes on as before; what the kernel would do by itself it did not.
        private = routes(world, "7700")
        assert {dst for dst, _, _ in private} == {"default", f"{PREFIX}/64", "fe80::/64"}, private
        assert all(metric == 4096 for _, _, metric in routes(world, "main")), routes(world, "main")
        assert best in rules(world), rules(world)
        node.stop()


@case("IPv4 and IPv6 side by side, through a cable that is out for a while")
def both():
    with World() as world:
        world.wire.start(broker=False, dns=False)
        start(world)
        node = world.node(conf.lesson(network={"ipv6": True}, mqtt={"host": ROUTER}))
        node.wait_online(20)
        until(lambda: node.address() and len(addresses(node)) == 2, 10, "both addresses")
        node.board.cable(False)
        node.wait_rung("link", "failed", 5)
        until(lambda: not node.status()["online"], 10, "offline")
        node.board.cable(True)
        node.wait_online(20)
        until(lambda: len(addresses(node)) == 2, 5, "both addresses of IPv6")
        assert node.rungs()["tcp"]["text"].startswith(f"Connected to [{ROUTER}]:")
        node.stop()


@case("a prefix that ends takes the address, its routes and its rules along; a new one is used")
def renumbered():
    with World() as world:
        router = start(world)
        node = world.node(conf.lesson(network={"ipv6": True}))
        node.wait_online(20)
        before = addresses(node)[0]
        router.stop()
        world.wire.namespace.ip("address", "add", "fd78::1/64", "dev", WIRE, "nodad")
        router.address = "fd78::1"
        router.start(names={conf.BROKER: ROUTER})
        until(lambda: any(each.startswith("fd78::") for each in addresses(node)), 15,
              "an address of the new prefix")
        assert before in addresses(node), "the old one is valid for a while"
        node.stop()


@case("IPv6 that is not asked for stays off, whatever a router says")
def off():
    with World() as world:
        world.wire.start(broker=False, dns=False)
        start(world, broker=world.wire.address)
        node = world.node()
        node.wait_online(15)
        assert addresses(node) == []
        assert not world.namespace.ask("-6", "address", "show", "dev", "mqtt0")
        assert node.board.stats()["wire"]["from_node"]["ipv6"] == 0
        assert not rules(world)
        node.stop()


if __name__ == "__main__":
    main()
