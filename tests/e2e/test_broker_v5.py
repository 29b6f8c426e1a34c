#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""MQTT 5 with a real broker: what it keeps back, and what MQTT 3.1.1 cannot say of that. What it
says: test_failures.py."""

from harness import conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.scenario import Online
from harness.waiting import until
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


@case("what is too large for the broker is dropped, named and counted, and the rest goes on")
def too_large():
    with World() as world:
        world.wire.start(broker=False)
        world.wire.broker.start(packet_max=10000)
        with open("/run/large", "w", encoding="ascii") as file:
            file.write("x" * 20000)
        large = {"topic": "test/large", "file": file.name, "whole": True, "interval": 1}
        node = world.node(conf.lesson(mqtt=V5, publish=[
            {"topic": conf.OUT, "text": "Hello 01Studio!", "interval": 0.2, "qos": 1},
            {**large, "qos": 1}, {**large, "qos": 0}]))
        node.wait_online()
        node.wait_log("A message of 20000 bytes on test/large is dropped: "
                      "the broker takes no packet of more than 10000 bytes", 10)
        observer = world.further(Client(world.wire.broker, ["#"]))
        until(lambda: node.status()["mqtt"]["dropped_unfit"] >= 4, 10, "both kinds are counted")
        observer.wait(conf.OUT, 10, observer.mark(), count=3)
        counters = node.status()["mqtt"]
        assert counters["disconnects"] == 0 and not observer.of("test/large"), counters

        # A broker without that limit takes it, after one more connection.
        world.wire.broker.stop()
        world.wire.broker.start()
        observer = world.further(Client(world.wire.broker, ["#"], name="again"))
        assert len(observer.wait("test/large", 20)[0].payload) == 20000
        node.wait_log("the broker has other limits than before", 5)


@case("MQTT 3.1.1: what ends every connection is found, dropped and named, and the rest goes on")
def poison():
    with World() as world:
        world.wire.start(broker=False)
        world.wire.broker.start(packet_max=10000)
        with open("/run/large", "w", encoding="ascii") as file:
            file.write("x" * 20000)
        node = world.node(conf.lesson(mqtt={"reconnect_max": 1}, publish=[
            {"topic": "test/large", "file": file.name, "whole": True, "interval": 3600, "qos": 1},
            {"topic": conf.OUT, "text": "Hello 01Studio!", "interval": 0.2, "qos": 1}]))
        node.wait_online()
        world.wire.broker.lines.wait("disconnected due to oversize packet", 10)
        node.wait_log("A message of 20000 bytes on test/large is dropped: the broker ended the "
                      "connection each time when one of 20000 bytes was sent there", 60)
        # What the ladder said meanwhile, which is no guess about another client.
        assert node.lines.find("The broker ends the connection before it acknowledges a message"), (
            node.lines.texts())
        observer = world.further(Client(world.wire.broker, ["#"]))
        observer.wait(conf.OUT, 10, observer.mark(), count=3)
        counters = node.status()["mqtt"]
        assert counters["dropped_unfit"] == 1 and not observer.of("test/large"), counters


if __name__ == "__main__":
    main()
