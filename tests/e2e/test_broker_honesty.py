#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the node tells the broker about itself is there, is true, and is set right."""

import json

from harness import conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.scenario import Online
from harness.waiting import until
from harness.world import World

BASE = f"mqttnode/{conf.CLIENT_ID}"


@case("info is retained, health comes at its interval, a wrong status is corrected")
def tells():
    with World() as world:
        online = Online(world, conf.lesson(mqtt={"health_interval": 1}))
        early = world.further(Client(world.wire.broker, [f"{BASE}/info"], name="early"))
        early.wait(f"{BASE}/info", 5)
        late = world.further(Client(world.wire.broker, [f"{BASE}/#"], name="late"))
        message = late.wait(f"{BASE}/info", 5)[0]
        info = json.loads(message.payload)
        assert message.retain
        assert info["address"] == online.address and info["client_id"] == conf.CLIENT_ID, info
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            assert info["boot_id"] == file.read().strip().replace("-", ""), info
        assert info["since"].endswith("Z") and info["version"], info

        health = [json.loads(each.payload) for each in late.wait(f"{BASE}/health", 10, count=3)]
        rungs = {rung["rung"]: rung["state"] for rung in health[0]["ladder"]}
        assert rungs["connack"] == "ok" and rungs["tls"] == "unused", rungs
        assert health[2]["mqtt"]["published"] > health[0]["mqtt"]["published"]
        assert not any(each.retain for each in late.of(f"{BASE}/health"))

        # As the will of an earlier connection that the broker gave up late.
        with online.ping_goes_on():
            mark = late.mark()
            online.observer.publish(f"{BASE}/status", "offline", retain=True)
            words = [each.payload for each in late.wait(f"{BASE}/status", 5, mark, 2)]
            assert words == [b"offline", b"online"], words
            assert online.node.status()["mqtt"]["status_corrected"] == 1
        mark = late.mark()
        online.node.stop()
        until(lambda: late.of(f"{BASE}/status", mark), 2, "the last word")
        assert [each.payload for each in late.of(f"{BASE}/status", mark)] == [b"offline"]


if __name__ == "__main__":
    main()
