#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Messages that nobody expects: empty, huge, binary, made to confuse a terminal."""

import re

from harness import conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.scenario import Online
from harness.screen import shows
from harness.systemd import Journal
from harness.waiting import until
from harness.world import World

RAW = re.compile(r"[\x00-\x1f\x7f-\x9f\u202e]")

HOSTILE = {
    "0 bytes": b"",
    "NULs": b"a\0b\0\0c",
    "invalid UTF-8": b"bad \xff\xfe\xc0\xaf\xed\xa0\x80 end",
    "a cut character": "ends in é".encode()[:-1],
    "escape sequences": b"\x1b[2J\x1b]0;title\x07\x1b[31mred\x1bc",
    "C1 controls": "csi \u009b31m end".encode(),
    "carriage returns": b"first\rsecond\r\nthird\bx",
    "journal fields": b"x\nMESSAGE=forged\nPRIORITY=0\n_UID=0\n\nMESSAGE=forged\n",
    "binary journal fields": b"x\nPRIORITY\n\1\0\0\0\0\0\0\0" b"0\n",
    "right-to-left": "abc \u202e fed".encode(),
    "formats": b"%s%n%x {ip} {{",
    "a long line": b"x" * 60000,
    "Chinese": "点亮 OLED".encode(),
}


def received(node):
    return node.status()["mqtt"]["received"]


@case("hostile payloads never reach terminal or screen raw, and none is lost")
def hostile():
    with World() as world:
        online = Online(world)
        with online.ping_goes_on():
            for name, payload in HOSTILE.items():
                before = received(online.node)
                mark = online.node.lines.mark()
                online.observer.publish(conf.IN, payload)
                until(lambda: received(online.node) > before, 5, f"{name} is received")
                online.node.wait_log(re.escape(conf.IN), 5, mark)
        for line in online.node.lines.texts():
            assert not RAW.search(line), repr(line)
        assert online.node.lines.find(r"\\x1b|\\033|\\e"), "escapes are shown as text"
        online.observer.publish(conf.IN, "still here")
        until(lambda: shows(online.node.board, "still here"), 5, "the next message is shown")


@case("hostile payloads never reach the journal raw, and forge no field")
def journal():
    with World() as world:
        book = world.further(Journal())
        online = Online(world, journal=book)
        for payload in HOSTILE.values():
            online.observer.publish(conf.IN, payload)
        online.observer.publish(conf.IN, "the last one")
        online.node.wait_log("the last one", 5)
        entries = [entry for entry in book.entries if entry.get("MQTT_TOPIC")]
        assert len(entries) == len(HOSTILE) + 1, len(entries)
        for entry in entries:
            assert entry.keys() == entries[-1].keys(), entry
            assert entry["PRIORITY"] == entries[-1]["PRIORITY"], entry
            assert entry["MESSAGE"].startswith(b"Message on "), entry
        for entry in book.entries:
            for name, value in entry.items():
                assert not RAW.search(value.decode("utf-8")), (name, value)


@case("a payload of 5 MB is dropped and counted, the connection stays")
def huge():
    with World() as world:
        online = Online(world)
        with online.ping_goes_on():
            online.observer.publish(conf.IN, bytes(5 << 20), qos=1)
            until(lambda: online.node.status()["mqtt"]["received_oversize"] == 1, 60,
                  "it is counted")
        online.node.wait_log(r"5242880", 5)
        mark = online.node.lines.mark()
        online.observer.publish(conf.IN, "small")
        online.node.wait_log("small", 5, mark)
        assert world.wire.broker.connections(conf.CLIENT_ID) == 1


@case("a flood of messages leaves the node alive and its own publications going")
def flood():
    with World() as world:
        online = Online(world)
        for _ in range(3000):
            online.observer.publish(conf.IN, b"y" * 200, qos=0)
        online.wait_published(15, count=3)
        assert online.node.status()["online"]


@case("topics with wildcards: what arrives is shown under its own topic, hostile or not")
def topics():
    with World() as world:
        online = Online(world, conf.lesson(subscribe=[{"topic": "in/#"}, {"topic": "in/+/x"}]))
        for topic in ("in", "in/a/x", "in//x", "in/\u202e/x", "in/" + "t" * 3000, "in/点/x"):
            before = received(online.node)
            online.observer.publish(topic, "hello")
            until(lambda: received(online.node) > before, 5, f"{topic[:20]} is received")
        for line in online.node.lines.texts():
            assert not RAW.search(line), repr(line)


@case("QoS 2 with overlapping filters and retained messages arrive once each")
def once():
    with World() as world:
        world.wire.start()
        early = world.further(Client(world.wire.broker, name="early"))
        early.publish(conf.IN, "kept for you", retain=True)
        online = Online(world, conf.lesson(subscribe=[{"topic": conf.IN, "qos": 2}]), start=False)
        online.node.wait_log("kept for you", 5)
        online.observer.publish(conf.IN, "exactly once", qos=1)
        online.node.wait_log("exactly once", 5)
        online.wait_published(count=2)
        assert online.node.lines.count("exactly once") == 1


if __name__ == "__main__":
    main()
