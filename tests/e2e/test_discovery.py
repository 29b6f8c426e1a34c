#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Home Assistant learns about the node, and that what it learns is true."""

import json

from harness import conf
from harness.cases import case, main
from harness.scenario import Online
from harness.waiting import until
from harness.world import World


@case("each session announces the device; its topics are those that are used")
def announced():
    with World() as world:
        online = Online(world, conf.lesson(
            mqtt={"discovery": "homeassistant"},
            publish=[{"topic": conf.OUT, "text": "{uptime}", "interval": 0.2, "name": "Uptime",
                      "unit": "s", "device_class": "duration", "json": True}],
            subscribe=[{"topic": "relay/set", "actions": ["gpio"], "gpio": "GPIO27"}]))

        def announcements():
            return [message for message in online.observer.messages
                    if message.topic.startswith("homeassistant/device/mqttnode_")]

        first = until(announcements, 5, "the device is announced")[0]
        assert first.retain and first.topic.endswith("/config"), first
        device = json.loads(first.payload)
        entities = {entity["platform"]: entity for entity in device["components"].values()}
        assert set(entities) == {"binary_sensor", "sensor", "switch"}, entities
        assert entities["sensor"]["state_topic"] == conf.OUT
        value = json.loads(online.observer.wait(conf.OUT, 5)[-1].payload)
        assert value["unit"] == "s" and isinstance(value["value"], int), value
        status = entities["binary_sensor"]["state_topic"]
        online.observer.wait(status, 5)
        switch = entities["switch"]
        online.observer.publish(switch["command_topic"], switch["payload_on"])
        until(lambda: online.node.board.stats()["gpio"]["line27"] == 1, 5, "the line is on")
        world.wire.broker.stop()
        world.wire.broker.start()
        online.observe_again()
        until(announcements, 20, "it is announced again to a broker that forgot")


if __name__ == "__main__":
    main()
