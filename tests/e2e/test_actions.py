#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What messages do: lines with a safe state, programs, files; and what they must not do."""

import os
import signal

from harness import conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.scenario import Online
from harness.waiting import until
from harness.world import World

RELAY = {"topic": "relay/set", "actions": ["gpio"], "gpio": "GPIO27", "pulse": 0.3, "qos": 1}


def level(node):
    return node.board.stats()["gpio"].get("line27")


def wait_level(node, value, seconds=5):
    until(lambda: level(node) == value, seconds, f"the line is {value}")


@case("a line is switched, and goes to its safe state when the connection is lost")
def line():
    with World() as world:
        online = Online(world, conf.lesson(subscribe=[RELAY]))
        wait_level(online.node, 0)
        online.observer.publish("relay/set", "on")
        wait_level(online.node, 1)
        online.observer.publish("relay/set", "nonsense")
        online.node.wait_log("valid is on, off, toggle or pulse", 5)
        assert level(online.node) == 1
        online.node.board.cable(False)
        wait_level(online.node, 0, 10)
        online.node.board.cable(True)
        online.node.wait_rung("suback", "ok", 15)
        assert level(online.node) == 0
        online.observer.publish("relay/set", "pulse")
        wait_level(online.node, 1)
        wait_level(online.node, 0)


@case("a line goes to its safe state when the broker dies or falls silent, and stays there")
def broker_lost():
    with World() as world:
        online = Online(world, conf.lesson(mqtt={"keepalive": 5}, subscribe=[RELAY]))
        broker = world.wire.broker
        for lose, seconds, bring_back in ((broker.kill, 5, broker.start),
                                          (broker.freeze, 20, broker.thaw)):
            wait_level(online.node, 0)
            online.observer.publish("relay/set", "on")
            wait_level(online.node, 1)
            with online.ping_goes_on():  # the cable is there
                lose()
                try:
                    wait_level(online.node, 0, seconds)
                finally:
                    bring_back()
            online.node.wait_rung("suback", "ok", 15)
            online.observe_again()
            assert level(online.node) == 0


@case("SIGTERM puts a line into its safe state first, whatever the broker does")
def stop():
    with World() as world:
        online = Online(world, conf.lesson(subscribe=[{**RELAY, "safe": "on"}]))
        wait_level(online.node, 1)
        online.observer.publish("relay/set", "off")
        wait_level(online.node, 0)
        world.wire.broker.freeze()
        try:
            online.node.process.send(signal.SIGTERM)
            wait_level(online.node, 1, 1.2)
        finally:
            world.wire.broker.thaw()


@case("a retained order is ignored, a shared subscription works")
def retained():
    with World() as world:
        world.wire.start()
        early = world.further(Client(world.wire.broker, name="early"))
        early.publish("relay/set", "on", retain=True)
        online = Online(world, conf.lesson(subscribe=[
            RELAY, {"topic": "$share/group/shared/+"}]), start=False)
        until(lambda: online.node.status()["actions"]["actions_retained"] == 1, 5,
              "the retained order is counted")
        assert level(online.node) == 0
        online.observer.publish("shared/one", "for one of us")
        online.node.wait_log("Message on shared/one: for one of us", 5)


ATTACKS = (b"", b"a\0b", b"\xff\xfe\xc0\xaf", b"\x1b[2J\x1b]0;t\x07",
           b"x\nMESSAGE=forged\nPRIORITY=0", b"; rm -rf / `reboot` $(reboot) && reboot",
           b"../../etc/passwd", b"%s%n", bytes(65536))


@case("payloads reach a program and a file as they are, and nothing else")
def payloads():
    with World() as world:
        online = Online(world, conf.lesson(subscribe=[
            {"topic": "in/#", "qos": 1, "actions": ["journal", "file", "command"],
             "file": "last.bin", "command": ["cp", "/dev/stdin", "/run/state-mqttnode/copy.bin"]},
            {"topic": "env", "actions": ["command"], "qos": 1, "command": [
                "sh", "-c", "env > /run/state-mqttnode/env; grep ^Cap /proc/self/status "
                            ">> /run/state-mqttnode/env"]}]))
        state = online.node.state

        def content(name):
            try:
                with open(os.path.join(state, name), "rb") as file:
                    return file.read()
            except FileNotFoundError:
                return None

        for number, attack in enumerate(ATTACKS):
            online.observer.publish(f"in/{number};$(reboot)", attack)
            until(lambda want=attack: content("last.bin") == want == content("copy.bin"), 10,
                  f"attack {number} is in both files")
        with online.ping_goes_on():
            online.observer.publish("in/huge", bytes(5 << 20))
            until(lambda: online.node.status()["mqtt"]["received_oversize"] == 1, 60,
                  "5 MB are counted")
        assert content("last.bin") == ATTACKS[-1]
        online.observer.publish("env", "x")
        until(lambda: b"CapAmb" in (content("env") or b""), 5, "the program has run")
        for row in content("env").decode().splitlines():
            name, _, value = row.partition("=" if "=" in row else ":")
            assert name in ("PATH", "PWD", "SHLVL", "_", "OLDPWD", "MQTT_TOPIC", "MQTT_QOS",
                            "MQTT_RETAIN", "CapBnd") or int(value, 16) == 0, row
        left = {name for name in os.listdir(state) if name.startswith("last")}
        assert left == {"last.bin"}, left
        for text in online.node.lines.texts():
            assert "\x1b" not in text and "\0" not in text, repr(text)
        assert online.node.status()["actions"]["actions_failed"] == 0


if __name__ == "__main__":
    main()
