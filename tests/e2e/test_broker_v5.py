#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""MQTT 5 with a real broker: what it keeps back. What it says: test_failures.py."""

from harness import conf
from harness.cases import case, main
from harness.scenario import Online
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


if __name__ == "__main__":
    main()
