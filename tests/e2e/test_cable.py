#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cable is pulled, plugged in again, and taken to another network."""

import re
import time

from harness import conf
from harness.cases import case, main
from harness.delays import took
from harness.mqtt import Client
from harness.scenario import Online
from harness.screen import shows
from harness.waiting import until
from harness.world import Wire, World

KEPT_S = 2  # a session is kept for so long without a link


@case("cable out is known within 500 ms, back in it publishes again within 5 s")
def out_and_in():
    with World() as world:
        online = Online(world)
        node = online.node
        notes = []
        for _ in range(2):
            mark = node.lines.mark()
            out = time.monotonic()
            node.board.cable(False)
            known = node.wait_rung("link", "failed", 5, "No cable on the W5500")
            notes.append(took(out, known, 0.5, "until the missing cable is known"))
            node.wait_log("link failed: No cable on the W5500", 5, mark)
            node.wait_status("link: No cable on the W5500", 5)
            until(lambda: shows(node.board, "No cable"), 5, "the cause on the screen")
            until(lambda: not node.status()["online"] and time.monotonic() > out + KEPT_S + 1, 10,
                  "offline for a while")

            plugged, answered = time.monotonic(), online.pinger.answered("node")
            node.board.cable(True)
            until(lambda: online.pinger.answered("node") > answered, 5, "the ping is answered")
            notes.append(took(plugged, time.monotonic(), 0.8, "from cable in to the ping's reply"))
            again = online.wait_published(15)
            notes.append(took(plugged, again, 5.0, "from cable in to the publication"))
            node.wait_online()
            assert node.address() == online.address
        node.check_watchdog(node.manager.ready, time.monotonic())
        return notes


@case("a cable that was out for a second keeps the session")
def short_cut():
    with World() as world:
        online = Online(world)

        def cut():
            """Whether the session went on; it may end only where the machine took its time."""
            connections = world.wire.broker.connections(conf.CLIENT_ID)
            out = time.monotonic()
            online.node.board.cable(False)
            online.node.wait_rung("link", "failed", 5)
            online.node.board.cable(True)
            known = online.node.wait_rung("link", "ok", 5)
            online.wait_published(10)
            if world.wire.broker.connections(conf.CLIENT_ID) == connections:
                return True
            assert known - out > KEPT_S, f"the session ended, out for {known - out:.2f} s"
            return False
        until(cut, 60, "a cut that is short")


@case("messages of QoS 1 that fall due while the cable is out arrive afterwards, none missing")
def queued():
    publish = [{"topic": conf.OUT, "text": "Hello 01Studio!", "interval": 1.0},
               {"topic": "sure", "text": "{seq}", "interval": 0.1, "qos": 1}]
    with World() as world:
        online = Online(world, conf.lesson(publish=publish))
        online.observer.wait("sure", 5, count=5)
        online.node.board.cable(False)
        until(lambda: online.node.status()["mqtt"]["backlog"] >= 30, 10, "30 messages wait")
        mark = online.observer.mark()
        online.node.board.cable(True)
        online.observer.wait("sure", 20, mark, count=50)  # with some that fell due afterwards
        numbers = [int(message.payload) for message in online.observer.of("sure")]
        missing = set(range(numbers[0], max(numbers) + 1)) - set(numbers)
        assert not missing, f"missing: {sorted(missing)}"
        assert list(dict.fromkeys(numbers)) == sorted(set(numbers)), "out of order"


def move(world, node, there):
    """Takes the cable to another network and waits until the node publishes there."""
    node.board.cable(False)
    node.wait_rung("link", "failed", 5)
    world.move_cable(there)
    there.stop()
    there.start()
    observer = world.further(Client(there.broker, [conf.OUT]))
    node.board.cable(True)
    observer.wait(conf.OUT, 25)
    there.dhcp.check_lease(node.address())
    until(lambda: shows(node.board, node.address(), y=20), 5, "the new address on the screen")


def known_networks(world):
    """The networks of which something is left on mqtt0 or in the node's own table and rules. Those
    for the node's own questions to a name server stay as long as a lookup may last.
    """
    rules = world.namespace.ip("rule", "show", "table", "7700").splitlines()
    texts = world.namespace.ip("address", "show", "dev", "mqtt0") + \
        world.namespace.ip("route", "show", "table", "all", "dev", "mqtt0") + \
        "\n".join(rule for rule in rules if "uidrange" not in rule)
    return set(re.findall(r"\b10\.\d+\.0\.", texts))


@case("a cable moved to another network and back: new address and broker, nothing old is left")
def moved():
    with World() as world:
        node = Online(world).node
        other = world.further(Wire("wire2", "10.88.0.1"))
        for there, network in ((other, "10.88.0."), (world.wire, "10.77.0.")):
            move(world, node, there)
            assert known_networks(world) == {network}, known_networks(world)
        node.stop()


@case("SIGTERM with the cable out ends within 3 s")
def terminate():
    with World() as world:
        online = Online(world)
        online.node.board.cable(False)
        online.node.wait_rung("link", "failed", 5)
        online.node.stop()


@case("SIGTERM right after the start ends within 3 s, also without a cable")
def terminate_at_once():
    with World() as world:
        world.wire.start()
        for words in ("link=down", "link=up"):
            node = world.node(board=words)
            node.wait_ready()
            node.stop()


if __name__ == "__main__":
    main(side_by_side=True)
