#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The broker is absent, restarted, frozen, says no, or does not even answer a SYN: and comes back.

All the time a ping through the interface goes on. What is said in each of these states, and their
end by SIGTERM, is in test_failures.py.
"""

import time

from harness import conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.scenario import Online, ping_goes_on
from harness.services import SynDropper
from harness.waiting import hold, until
from harness.world import World

BACKOFF_CAP = 30  # mqtt.reconnect_max
QUICK = {"keepalive": 5, "reconnect_max": 2}
# mosquitto answers a wrong password with code 5 ("not authorised"), others with code 4.
REFUSED = r'Refused: (bad user name or password|not authorised \(user "node": check user name)'
STATUS = f"mqttnode/{conf.CLIENT_ID}/status"


def start_without_broker(world, config=None):
    """A node that has everything but a broker, and pings through it."""
    world.wire.start(broker=False)
    node = world.node(config)
    node.wait_rung("name", "ok", 20)
    address = node.address()
    pinger = world.pinger(address)
    until(lambda: pinger.answered("node"), 5, "replies")
    return node, pinger


@case("no broker: the cause is told, the ping goes on, the node connects when there is one")
def absent():
    with World() as world:
        node, pinger = start_without_broker(world)
        with ping_goes_on(pinger):
            node.wait_rung("tcp", "failed", 10, "refused")
            node.wait_status("tcp: .*refused", 5)
            failures = node.status()["mqtt"]["connect_failures"]
            # Each pause is of any length up to twice the one before, at most the cap.
            until(lambda: node.status()["mqtt"]["connect_failures"] >= failures + 2,
                  2 * BACKOFF_CAP + 5, "further attempts")
            world.wire.broker.start()
            node.wait_online(BACKOFF_CAP + 5)
        observer = world.further(Client(world.wire.broker, [conf.OUT]))
        observer.wait(conf.OUT, 5)


@case("a restarted broker gets subscription and retained birth message again")
def restarted():
    with World() as world:
        online = Online(world, conf.lesson(mqtt=QUICK))
        with online.ping_goes_on():
            for _ in range(2):
                mark = online.node.lines.mark()
                world.wire.broker.stop()
                online.node.wait_log("Offline", 5, mark)
                world.wire.broker.start()
                online.observe_again()
                online.wait_published(15)
                online.observer.wait(STATUS, 5)
                late = world.further(Client(world.wire.broker, [STATUS], name="late"))
                birth = late.wait(STATUS, 5)[0]
                assert (birth.payload, birth.retain) == (b"online", True), birth
                mark = online.node.lines.mark()
                online.node.wait_rung("suback", "ok", 5)
                online.observer.publish(conf.IN, "once more")
                online.node.wait_log("once more", 5, mark)


@case("a frozen broker is noticed, the ping goes on; thawed, everything goes on")
def frozen():
    with World() as world:
        online = Online(world, conf.lesson(mqtt=QUICK))
        with online.ping_goes_on():
            mark = online.node.lines.mark()
            world.wire.broker.freeze()
            online.node.wait_log("Offline", 20, mark)
            # Connections are still taken by the kernel: TCP works, CONNACK does not come.
            online.node.wait_rung("connack", "failed", 20)
            online.node.check_watchdog(online.node.manager.ready, time.monotonic())
            world.wire.broker.thaw()
            online.node.wait_online(20)
            online.observe_again()
            online.wait_published(15)


@case("SIGTERM with a broker that is frozen ends within 3 s")
def terminate_frozen():
    with World() as world:
        online = Online(world)
        world.wire.broker.freeze()
        mark = time.monotonic()
        until(lambda: time.monotonic() > mark + 2.5, 5, "two publications are on their way")
        online.node.stop()


@case("a refused password is told as such, tried again, and works once it is right")
def refused():
    config = conf.lesson(mqtt={**QUICK, "username": "node", "password_credential": "password"})
    with World() as world:
        world.wire.start(broker=False)
        world.wire.broker.start(users={"node": "right"})
        node = world.node(config, credentials={"password": "wrong"})
        node.wait_rung("connack", "failed", 20, REFUSED)
        node.wait_status(f"connack: {REFUSED}", 5)
        pinger = world.pinger(node.address())
        until(lambda: pinger.answered("node"), 5, "replies")
        with ping_goes_on(pinger):
            seen = world.wire.broker.lines.count("not authorised")
            until(lambda: world.wire.broker.lines.count("not authorised") >= seen + 2, 20,
                  "two more attempts")
        assert not any("wrong" in line for line in node.lines.texts())
        world.wire.broker.stop()
        world.wire.broker.start(users={"node": "wrong"})
        node.wait_online(BACKOFF_CAP + 5)


@case("dropped SYNs: the ping goes on, the attempt has a deadline, then everything goes on")
def syn_dropped():
    with World() as world:
        online = Online(world, conf.lesson(mqtt=QUICK))
        dropper = world.further(SynDropper(world.wire.namespace, world.wire.address, conf.PORT))
        dropper.close = dropper.stop
        with online.ping_goes_on():
            world.wire.broker.stop()
            dropper.start()
            online.node.wait_rung("tcp", "failed", 30)
            online.node.check_watchdog(online.node.manager.ready, time.monotonic())
            dropper.stop()
            world.wire.broker.start()
            online.node.wait_online(30)
            online.observe_again()
            online.wait_published(10)


@case("while it is offline nothing piles up and every message dropped is counted")
def counted():
    with World() as world:
        publish = [{"topic": "fast", "text": "{seq}", "interval": 0.05}]
        online = Online(world, conf.lesson(mqtt=QUICK, publish=publish + [
            {"topic": conf.OUT, "text": "Hello 01Studio!", "interval": 1.0}]))
        world.wire.broker.stop()
        dropped = online.node.status()["mqtt"]["dropped_offline"]
        until(lambda: online.node.status()["mqtt"]["dropped_offline"] > dropped + 20, 10,
              "drops are counted")
        assert online.node.status()["mqtt"]["backlog"] == 0
        last = int(online.observer.of("fast")[-1].payload)
        world.wire.broker.start()
        online.observe_again()
        first = int(online.observer.wait("fast", 15)[0].payload)
        assert first > last + 20, "numbers of dropped messages are spent"
        hold(lambda: online.node.status()["online"], 1, "the node stays online")


if __name__ == "__main__":
    main(side_by_side=True)
