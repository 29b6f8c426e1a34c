#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""MQTT 5 with a real broker: what it says, what it keeps back, and a client id used twice."""

from harness import conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.scenario import Online
from harness.waiting import hold, until
from harness.world import World

V5 = {"protocol": "5", "keepalive": 5, "reconnect_max": 2}


@case("publications and subscriptions; a message that is too large stays at the broker")
def works():
    with World() as world:
        online = Online(world, conf.lesson(mqtt=V5))
        assert online.node.rungs()["connack"]["text"].endswith(", MQTT 5")
        with online.ping_goes_on():
            received = online.node.status()["mqtt"]["received"]
            online.observer.publish(conf.IN, bytes(5 << 20))
            mark = online.node.lines.mark()
            online.observer.publish(conf.IN, "after the large one")
            online.node.wait_log("after the large one", 10, mark)
            counters = online.node.status()["mqtt"]
            assert counters["received"] == received + 1 and not counters["received_oversize"]
        online.node.stop()
        online.observer.wait(f"mqttnode/{conf.CLIENT_ID}/status", 5)


@case("a refused password has its sentence, and works once it is right")
def refused():
    with World() as world:
        world.wire.start(broker=False)
        world.wire.broker.start(users={"node": "right"})
        node = world.node(conf.lesson(mqtt={**V5, "username": "node",
                                            "password_credential": "password"}),
                          credentials={"password": "wrong"})
        node.wait_rung("connack", "failed", 20, "Refused: not authorised .user .node.: check")
        world.wire.broker.stop()
        world.wire.broker.start(users={"node": "wrong"})
        node.wait_online(20)


@case("a client id that is used twice is told as such, in both versions")
def taken_over():
    with World() as world:
        online = Online(world, conf.lesson(mqtt=V5))
        guess = "The broker closed the connection: is the client id used twice"
        for config, sentence in (
                # mosquitto before 2.0.15 does not say why, even in MQTT 5.
                (None, f"(Another client connected with our client id|{guess})"),
                (conf.lesson(mqtt={"reconnect_max": 2}), guess)):
            if config:
                online.node.stop()
                online.node = world.node(config)
                online.node.wait_online()
            mark = online.node.lines.mark()
            with online.ping_goes_on():
                other = Client(world.wire.broker, name=conf.CLIENT_ID)
                online.node.wait_log(f"connack failed: {sentence}", 5, mark)
                online.node.wait_online(10)
                other.close()
                hold(lambda: online.node.status()["online"], 0.5, "it stays online")
        until(lambda: online.node.status()["mqtt"]["disconnects"] == 1, 2, "one end of a session")


if __name__ == "__main__":
    main()
