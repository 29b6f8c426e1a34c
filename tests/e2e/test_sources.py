#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is published from files: sensors, changes, and files that are not there."""

import os

from harness import conf
from harness.cases import case, main
from harness.scenario import Online
from harness.world import World

HELLO = {"topic": conf.OUT, "text": "Hello 01Studio!", "interval": 0.1}


def write(path, content):
    """Replaces a file at once, readable for the daemon's user."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(content)
    os.chmod(path + ".new", 0o644)
    os.rename(path + ".new", path)


def payloads(observer, topic):
    return [message.payload.decode() for message in observer.messages if message.topic == topic]


@case("a sensor's file is published scaled and rounded, and again only when it changed")
def sensor():
    with World() as world:
        path = "/run/mqttnode-sensor"
        write(path, "45123\n")
        online = Online(world, conf.lesson(publish=[HELLO, {
            "topic": "temp", "file": path, "interval": 0.05, "scale": 0.001, "decimals": 1,
            "dead_band": 0.3, "trigger": ["change", "connect"], "qos": 1, "retain": True}]))
        online.observer.wait("temp", 5, 0)
        write(path, "45300\n")
        online.wait_published(count=5)
        write(path, "46000\n")
        online.observer.wait("temp", 5, count=2)
        write(path, "broken\n")
        online.node.wait_log(r'Nothing to publish on temp: found "broken", which is not a number',
                             5)
        write(path, "47000\n")
        online.node.wait_log("Publishing on temp again", 5)
        online.observer.wait("temp", 5, count=3)
        assert payloads(online.observer, "temp") == ["45.1", "46.0", "47.0"], \
            payloads(online.observer, "temp")
        assert online.node.status()["publications"]["failed"] > 0
        os.unlink(path)


@case("a file that is not there is told once and delays nothing")
def missing():
    with World() as world:
        online = Online(world, conf.lesson(publish=[HELLO, {
            "topic": "none", "file": "/nowhere", "interval": 0.01}]))
        online.node.wait_log("Nothing to publish on none: cannot read /nowhere: "
                             "No such file or directory", 5)
        online.wait_published(count=10)
        assert online.node.lines.count("Nothing to publish on none") == 1


@case("a command runs with no privilege of the daemon's and is killed when it takes too long")
def command():
    with World() as world:
        online = Online(world, conf.lesson(publish=[HELLO, {
            "topic": "caps", "command": ["grep", "^Cap", "/proc/self/status"], "whole": True,
            "interval": 0.5}, {
            "topic": "env", "command": ["env"], "whole": True, "interval": 0.5}, {
            "topic": "slow", "command": ["sleep", "1000"], "interval": 0.1, "timeout": 0.5}]))
        caps = online.observer.wait("caps", 5)[0].payload.decode()
        for line in caps.splitlines():
            name, bits = line.split()
            assert name == "CapBnd:" or int(bits, 16) == 0, caps
        env = online.observer.wait("env", 5)[0].payload.decode()
        assert [line.split("=")[0] for line in env.splitlines()] == ["PATH"], env
        online.node.wait_log("Nothing to publish on slow: sleep took too long and was killed", 5)
        online.wait_published(count=10)


@case("a GPIO line is published when it changes, debounced, and at the begin of a session")
def gpio():
    with World() as world:
        online = Online(world, conf.lesson(publish=[HELLO, {
            "topic": "door", "gpio": "GPIO17", "bias": "pull-up", "active_low": True, "retain": True,
            "qos": 1, "debounce": 0.3}]))  # longer than a busy test lets the line rest
        online.observer.wait("door", 5)
        for count, level in enumerate((0, 1, 0), 2):
            for bounce in range(10):
                online.node.board.ask(f"set gpio line17 {(level + bounce + 1) % 2}")
            online.node.board.ask(f"set gpio line17 {level}")
            online.observer.wait("door", 5, count=count)
        online.wait_published(count=5)
        assert payloads(online.observer, "door") == ["0", "1", "0", "1"], \
            payloads(online.observer, "door")


if __name__ == "__main__":
    main()
