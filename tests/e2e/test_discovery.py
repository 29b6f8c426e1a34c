#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Home Assistant learns about the node, that it is true, and that it can be forgotten."""

import json

from harness import conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.scenario import Online
from harness.waiting import until
from harness.world import World

BASE = f"mqttnode/{conf.CLIENT_ID}"
CONFIGURATION = {
    "mqtt": {"discovery": "homeassistant", "discovery_restart": True},
    "publish": [{"topic": conf.OUT, "text": "{uptime}", "interval": 0.2, "name": "Uptime",
                 "unit": "s", "device_class": "duration", "json": True},
                {"topic": "once", "text": "kept", "trigger": ["connect"], "retain": True,
                 "name": "Once"}],
    "subscribe": [{"topic": "relay/set", "actions": ["gpio"], "gpio": "GPIO27"},
                  {"topic": conf.IN}]}


def announcements(observer, mark=0):
    return [message for message in observer.messages[mark:]
            if message.topic.startswith("homeassistant/device/mqttnode_")]


@case("each session announces the device; its topics are those that are used")
def announced():
    with World() as world:
        online = Online(world, conf.lesson(**{**CONFIGURATION, "mqtt": {
            **CONFIGURATION["mqtt"], "health_interval": 1}}))
        first = until(lambda: announcements(online.observer), 5, "the device is announced")[0]
        assert first.topic.endswith("/config"), first
        parts = json.loads(first.payload)["components"]

        def entity(key, topic):
            return next(entity for entity in parts.values() if entity.get(key) == topic)

        assert entity("state_topic", conf.OUT)["platform"] == "sensor"
        status = entity("state_topic", f"{BASE}/status")
        relay = entity("command_topic", "relay/set")
        value = json.loads(online.observer.wait(conf.OUT, 5)[-1].payload)
        assert value["unit"] == "s" and isinstance(value["value"], int), value
        for topic in {parts["address"]["state_topic"], parts["link"]["state_topic"],
                      status["state_topic"], relay["state_topic"]}:
            online.observer.wait(topic, 5)
        assert online.observer.of(relay["state_topic"])[-1].payload == b"off"
        online.observer.publish(relay["command_topic"], relay["payload_on"])
        until(lambda: online.node.board.stats()["gpio"]["line27"] == 1, 5, "the line is on")
        until(lambda: online.observer.of(relay["state_topic"])[-1].payload == b"on", 5,
              "its state is told")
        online.observer.publish(conf.IN, "news")
        last = json.loads(online.observer.wait(parts["message"]["state_topic"], 5)[-1].payload)
        assert last["topic"] in (conf.IN, "relay/set"), last
        online.observer.publish(parts["screen"]["command_topic"], "for the display")
        world.wire.broker.stop()
        world.wire.broker.start()
        online.observe_again()
        until(lambda: announcements(online.observer), 20,
              "it is announced again to a broker that forgot")


@case("when Home Assistant starts all of it is told again; its button restarts the connection")
def birth():
    with World() as world:
        online = Online(world, conf.lesson(**CONFIGURATION))
        observer = online.observer
        observer.wait("once", 5)
        mark = observer.mark()
        observer.publish("homeassistant/status", "online")
        until(lambda: announcements(observer, mark), 8, "it is announced again")
        for topic in ("status", "info", "health", "output/GPIO27"):
            observer.wait(f"{BASE}/{topic}", 5, mark)
        observer.wait("once", 5, mark)
        mark = observer.mark()
        observer.publish(f"{BASE}/restart", "restart")
        online.node.wait_log("Connecting to the broker again on request", 5)
        words = observer.wait(f"{BASE}/status", 10, mark, count=2)
        assert [word.payload for word in words[:2]] == [b"offline", b"online"], words
        until(lambda: online.node.status()["mqtt"]["connects"] == 2, 5, "that is counted")


@case("entities that a reload takes away while the cable is out go when it is back")
def reloaded_offline():
    with World() as world:
        online = Online(world, conf.lesson(**CONFIGURATION))
        node, observer = online.node, online.observer
        until(lambda: announcements(observer), 5, "the device is announced")
        node.board.cable(False)
        until(lambda: node.status()["mqtt"]["disconnects"] == 1, 10, "the session is given up")
        node.reload(conf.lesson(**{**CONFIGURATION, "mqtt": {"discovery": "homeassistant"}}))
        mark = observer.mark()
        node.board.cable(True)
        told = until(lambda: len(announcements(observer, mark)) >= 2 and
                     announcements(observer, mark), 15, "it is announced in two steps")
        first, second = [json.loads(each.payload)["components"] for each in told[:2]]
        assert first["restart"] == {"platform": "button"}, first
        assert "restart" not in second and second == {
            key: entity for key, entity in first.items() if key != "restart"}, second


def restart(online, config):
    """Restarts the daemon with another configuration; returns since when it is another one."""
    mark = online.observer.mark()
    online.node.stop()
    online.observer.wait(f"{BASE}/status", 5, mark)
    mark = online.observer.mark()
    online.node = online.world.node(config)
    return mark


@case("entities that a restart takes away are removed once, and discovery with all of them")
def restarted():
    fewer = {**CONFIGURATION, "mqtt": {"discovery": "homeassistant"}}
    with World() as world:
        online = Online(world, conf.lesson(**CONFIGURATION))
        observer = online.observer
        until(lambda: announcements(observer), 5, "the device is announced")
        for count in (2, 1):
            mark = restart(online, conf.lesson(**fewer))
            observer.wait(f"{BASE}/output/GPIO27", 15, mark)  # is told behind the announcement
            told = announcements(observer, mark)
            assert len(told) == count, told
            parts = [json.loads(each.payload)["components"] for each in told]
            if count == 2:
                assert parts[0].pop("restart") == {"platform": "button"}, parts[0]
                assert parts[0] == parts[1], parts
            assert "restart" not in parts[-1] and len(parts[-1]) > 5, parts
        mark = restart(online, conf.lesson(**{**fewer, "mqtt": {}}))
        told = until(lambda: announcements(observer, mark), 15, "it is announced no more")
        assert [each.payload for each in told] == [b""], told


@case("\"mqttnode forget\" leaves nothing at the broker, of an earlier configuration neither")
def forgotten():
    with World() as world:
        online = Online(world, conf.lesson(publish=[
            {"topic": "earlier", "text": "1", "trigger": ["connect"], "retain": True},
            {"topic": conf.OUT, "text": "Hello", "interval": 0.5}]))
        online.observer.wait("earlier", 5)
        online.node.reload(conf.lesson(**CONFIGURATION))
        device = until(lambda: announcements(online.observer), 10, "it is announced")[0].topic
        kept = ("earlier", "once", device, f"{BASE}/status", f"{BASE}/info",
                f"{BASE}/output/GPIO27")
        for topic in kept:
            online.observer.wait(topic, 10)
        before = world.further(Client(world.wire.broker, ["#"], name="before"))
        for topic in kept:
            assert before.wait(topic, 5)[0].retain, topic
        assert "are empty now" in online.node.run("forget")
        status, _ = online.node.process.wait(10)
        assert status == 0, status
        late = world.further(Client(world.wire.broker, ["#"], name="late"))
        late.publish("marker", "x")
        late.wait("marker", 5)
        left = [message.topic for message in late.messages if message.retain]
        assert not left, f"the broker still has {left}"


if __name__ == "__main__":
    main()
