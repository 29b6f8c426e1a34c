#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rest of the machine: its other NIC, its routes and its resolver; a second daemon."""

import subprocess

from harness import conf, stage
from harness.cases import case, main
from harness.mqtt import Client
from harness.node import Node
from harness.scenario import Online
from harness.waiting import until
from harness.world import WIRE, Wire, World


def lookup(namespace, name):
    """What another program of the machine gets for a name."""
    done = subprocess.run(namespace.command("getent", "ahostsv4", name), capture_output=True,
                          text=True, check=False)
    return done.stdout.split()[0] if done.stdout else None


@case("other programs keep their resolver and their route while the node uses its own")
def others():
    with World() as world:
        online = Online(world)
        world.check_host()
        route = world.namespace.ask("route", "get", "198.51.100.9")[0]
        assert route["dev"] == "eth0", route
        assert lookup(world.namespace, conf.BROKER) == world.decoy.address
        queries = list(world.decoy.queries)
        assert queries
        online.wait_published(count=3)
        assert len(world.decoy.queries) == len(queries), "the node asked the wrong resolver"
        world.decoy.queries.clear()
        world.decoy.frames()


@case("everything of the lesson works with eth0 in the same subnet, with the same addresses in it")
def same_subnet():
    with World(same_subnet=True) as world:
        online = Online(world)
        world.check_host()
        node = online.node
        world.wire.broker.stop()
        node.wait_log("Offline", 10)
        world.wire.broker.start()
        online.observe_again()
        online.wait_published(40)
        node.board.cable(False)
        node.wait_rung("link", "failed", 5)
        until(lambda: not node.status()["online"], 10, "offline")
        node.board.cable(True)
        online.wait_published(15)
        world.check_host()
        # The same server, asked by another program, is the one behind eth0.
        assert lookup(world.namespace, "elsewhere.example") == world.decoy.address
        until(lambda: world.decoy.queries, 2, "the query came by eth0")
        assert all(peer[0] == "10.77.0.200" for peer, _ in world.decoy.queries)
        world.decoy.queries.clear()
        world.decoy.frames()


@case("broker and name server beyond the gateway are reached by the lease's gateway, not by eth0")
def beyond_the_gateway():
    # Two addresses: the way to the name server is no way to the broker.
    names, broker = "203.0.113.53", "203.0.113.5"
    for same_subnet in (False, True):
        with World(same_subnet=same_subnet) as world:
            for address in (names, broker):
                world.wire.namespace.ip("address", "add", f"{address}/32", "dev", "lo")
            world.wire.dhcp.start(dns=names)
            world.wire.dns.address = names
            world.wire.dns.start({conf.BROKER: broker})
            world.wire.broker.start()
            node = world.node()
            node.wait_online()
            world.wire.dns.lines.wait(rf"query\[A\] {conf.BROKER} from {node.address()}", 5)
            observer = world.further(Client(world.wire.broker, [conf.OUT]))
            observer.wait(conf.OUT, 5, count=2)
            world.check_host()


@case("the main table gets routes of metric 4096 only, the rest is in the private table")
def routes():
    with World() as world:
        online = Online(world)
        table = world.namespace.ask("route", "show", "dev", "mqtt0")
        assert table and all(route.get("metric") == 4096 for route in table), table
        private = world.namespace.ask("route", "show", "table", "7700")
        assert {route["dst"] for route in private} == {"default", "10.77.0.0/24"}, private
        assert all(route["dev"] == "mqtt0" for route in private)
        rules = [rule for rule in world.namespace.ask("rule", "show") if rule["priority"] == 7700]
        assert {rule["src"] for rule in rules} == {online.address, "all"}, rules
        stats = online.node.board.stats()["wire"]["from_node"]
        assert stats["ipv6"] == 0, "IPv6 is off"


@case("rules left behind by a crash are removed at the next start, others are not touched")
def leftovers():
    with World() as world:
        online = Online(world)
        online.node.process.send(9)
        online.node.process.wait(5)
        left = [rule for rule in world.namespace.ask("rule", "show") if rule["priority"] == 7700]
        assert left, "a crash leaves rules behind"
        world.namespace.ip("rule", "add", "from", "203.0.113.9", "table", "7700",
                           "priority", "7700")
        online.node.board.violations.clear()
        node = world.node()
        node.wait_online(30)
        now = [rule["src"] for rule in world.namespace.ask("rule", "show")
               if rule["priority"] == 7700]
        assert now.count(node.address()) == 1 and now.count("all") == 1, now
        assert "203.0.113.9" in now, "somebody else's rule was removed"
        node.stop()
        world.namespace.ip("rule", "delete", "from", "203.0.113.9", "table", "7700",
                           "priority", "7700")


@case("a second daemon with the same configuration says what is wrong and disturbs nothing")
def second():
    with World() as world:
        online = Online(world)
        for other, sentence in (("mqttnode", "Another mqttnode is running"),
                                ("other", "mqtt0 exists already")):
            node = world.node(own_wire=False, instance=other)
            status, _ = node.process.wait(10)
            assert status == 1, status
            assert node.lines.find(sentence), node.lines.texts()
        with online.ping_goes_on():
            online.wait_published(count=2)
        assert online.node.status()["online"]


@case("two daemons with an interface, a table and a directory each work side by side")
def two():
    with World() as world:
        first = Online(world)
        other = world.further(Wire("wire2", "10.88.0.1"))
        tap = other.namespace.open_tap(WIRE)
        other.attach()
        other.start()
        second_node = Node(world.namespace, conf.lesson(
            mqtt={"client_id": "second"},
            ethernet={"interface": "mqtt1", "spi": "/dev/spidev1.0"},
            network={"table": 7701}), tap, board="spi=/dev/spidev1.0", instance="second")
        world.nodes.append(second_node)
        second_node.wait_online(20)
        observer = world.further(Client(other.broker, [conf.OUT]))
        observer.wait(conf.OUT, 5, count=2)
        first.wait_published(count=2)
        second_node.stop()
        first.wait_published(count=2)
        first.node.stop()


@case("a foreign interface of the same name is left alone, with a clear message")
def foreign():
    with World() as world:
        world.wire.start()
        for words, sentence in (
                (("tuntap", "add", "mqtt0", "mode", "tap"), "mqtt0 exists already"),
                (("link", "add", "mqtt0", "type", "veth", "peer", "name", "other0"),
                 "another network interface")):
            world.namespace.ip(*words)
            node = world.node()
            status, _ = node.process.wait(10)
            assert status == 1, status
            assert node.lines.find(sentence), node.lines.texts()
            assert world.namespace.has_interface("mqtt0"), "the foreign interface is still there"
            world.namespace.ip("link", "delete", "mqtt0")


@case("an interface that somebody deletes or sets down, or its rules: told and repaired")
def deleted():
    with World() as world:
        online = Online(world)
        world.namespace.ip("link", "delete", "mqtt0")
        online.node.wait_log("was deleted by somebody", 5)
        online.wait_published(20, count=2)  # one may have been on its way
        mark = online.node.lines.mark()
        world.namespace.ip("link", "set", "mqtt0", "down")
        online.node.wait_log("was set down by somebody", 5, mark)
        world.namespace.ip("link", "set", "mqtt0", "up")
        online.wait_published(20, count=2)
        mark = online.node.lines.mark()
        # Not "flush": that looks whether all are gone, and the node is quicker.
        address = f"{online.node.address()}/24"
        world.namespace.ip("address", "delete", address, "dev", "mqtt0")
        online.node.wait_log("was removed from mqtt0 by somebody", 5, mark)
        online.wait_published(20, count=2)
        rules = world.namespace.snapshot()["rules"]
        for priority in ("7700", "7701"):
            world.namespace.ip("rule", "delete", "priority", priority)
        until(lambda: world.namespace.snapshot()["rules"] == rules, 5, "the rules put back")
        online.node.wait_log("removed routing rules of mqtt0", 5, mark)
        online.wait_published(20)


@case("without /dev/net/tun the daemon says what to do and ends")
def no_tun():
    with World() as world:
        with open("/run/no-tun.conf", "w", encoding="ascii") as file:
            file.write(conf.lesson())
        hide_tun = 'mount -t tmpfs none /dev/net && exec "$@"'
        done = subprocess.run(
            world.namespace.command("unshare", "--mount", "sh", "-c", hide_tun, "sh",
                                    stage.PROGRAM, "run", "-c", "/run/no-tun.conf"),
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "MQTTNODE_BOARD": "link=up",
                 "RUNTIME_DIRECTORY": "/run"},
            capture_output=True, text=True, check=False, timeout=20)
        assert done.returncode == 1, (done.returncode, done.stderr)
        assert "modprobe tun" in done.stderr, done.stderr


if __name__ == "__main__":
    main()
