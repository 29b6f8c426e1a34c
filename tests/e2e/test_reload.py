#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SIGHUP: another configuration takes effect, and what has nothing to do with it goes on."""

import contextlib

from harness import conf
from harness.cases import case, main
from harness.scenario import Online
from harness.screen import contains, is_dark, shows
from harness.waiting import until
from harness.world import World

BASE = f"mqttnode/{conf.CLIENT_ID}"
HELLO = {"topic": conf.OUT, "text": "Hello 01Studio!", "interval": 0.2}
RELAY = {"topic": "relay/set", "qos": 1, "actions": ["gpio"], "gpio": "GPIO27"}


@contextlib.contextmanager
def undisturbed(online, sessions=0):
    """In the block no ping pauses, the chip stays as it is, and so many sessions begin."""
    before = online.node.status()
    with online.ping_goes_on():
        yield
    after = online.node.status()
    assert after["mqtt"]["connects"] == before["mqtt"]["connects"] + sessions, after["mqtt"]
    for counter in ("link_changes", "tap_lost", "recover_soft_reset", "recover_reopen"):
        assert after["chip"]["counters"][counter] == before["chip"]["counters"][counter], counter
    assert after["node"] == before["node"], (before["node"], after["node"])


@case("publications are exchanged in a session that goes on")
def publications():
    with World() as world:
        online = Online(world, conf.lesson(publish=[
            {"topic": "once", "text": "first", "trigger": ["connect"]}, HELLO]))
        mark = online.observer.mark()
        with undisturbed(online):
            lines = online.node.reload(conf.lesson(publish=[
                {"topic": "once", "text": "first", "trigger": ["connect"]},
                {"topic": "new", "text": "second", "trigger": ["connect"]},
                {"topic": "number", "text": "{seq}", "interval": 0.1, "qos": 1}, HELLO]))
            assert any("changed: publications" in line for line in lines), lines
            assert online.observer.wait("new", 5)[0].payload == b"second"
            online.observer.wait("number", 5, count=3)
            with undisturbed(online):
                online.node.reload(conf.lesson(publish=[
                    {"topic": "number", "text": "{seq}", "interval": 0.1, "qos": 1}, HELLO]))
            online.wait_published(count=3)
        assert not online.observer.of("once", mark), "what did not change is not published again"
        beats = [message.moment for message in online.observer.of("number")]
        numbers = [int(message.payload) for message in online.observer.of("number")]
        assert numbers == list(range(1, len(numbers) + 1)), numbers
        assert len(beats) >= 3


@case("subscriptions are exchanged in a session that goes on; a line that stays keeps its level")
def subscriptions():
    with World() as world:
        online = Online(world, conf.lesson(publish=[HELLO], subscribe=[
            RELAY, {"topic": "old/#"}, {"topic": "both"}]))
        node, observer = online.node, online.observer
        observer.publish("relay/set", "on")
        until(lambda: node.board.stats()["gpio"]["line27"] == 1, 5, "the line is on")
        with undisturbed(online):
            lines = node.reload(conf.lesson(publish=[HELLO], subscribe=[
                {"topic": "both"}, {"topic": "new/+"}, RELAY]))
            assert any("changed: subscriptions" in line for line in lines), lines
            node.wait_rung("suback", "ok", 5, "3 subscriptions")
            world.wire.broker.lines.wait("UNSUBSCRIBE", 5)
            world.wire.broker.lines.wait(r"new/\+ \(QoS 0\)", 5)
            mark = node.lines.mark()
            for topic in ("old/1", "new/1", "both"):
                observer.publish(topic, f"to {topic}")
            node.wait_log("Message on both: to both", 5, mark)
            node.wait_log("Message on new/1: to new/1", 5, mark)
            assert not node.lines.find("to old/1", mark)
            assert node.status()["mqtt"]["received_unexpected"] == 0
            assert node.board.stats()["gpio"]["line27"] == 1, "the line has kept its level"
            observer.publish("relay/set", "off")
            until(lambda: node.board.stats()["gpio"]["line27"] == 0, 5, "the line is off")
            mark = node.lines.mark()
            node.reload(conf.lesson(publish=[HELLO], subscribe=[{"topic": "both"}]))
            until(lambda: node.status()["actions"] is None, 5, "nothing acts any more")
            observer.publish("both", "again")
            node.wait_log("Message on both: again", 5, mark)


@case("another session begins after \"offline\", with another base topic too")
def broker():
    with World() as world:
        online = Online(world, conf.lesson(publish=[{**HELLO, "qos": 1, "text": "{seq}"}]))
        node, observer = online.node, online.observer
        observer.wait(f"{BASE}/status", 5)
        mark = observer.mark()
        with undisturbed(online, sessions=1):
            lines = node.reload(conf.lesson(publish=[{**HELLO, "qos": 1, "text": "{seq}"}],
                                            mqtt={"keepalive": 33}))
            assert any("changed: broker" in line for line in lines), lines
            world.wire.broker.lines.wait(r"as 01Studio-pyBoard \(p2, c1, k33\)", 5)
            node.wait_online()
            online.wait_published()
        words = [each.payload for each in observer.wait(f"{BASE}/status", 5, mark, count=2)]
        assert words == [b"offline", b"online"], words
        mark = observer.mark()
        with undisturbed(online, sessions=1):
            node.reload(conf.lesson(publish=[{**HELLO, "qos": 1, "text": "{seq}"}],
                                    mqtt={"keepalive": 33, "base_topic": "home/node"}))
            observer.wait("home/node/status", 5, mark)
            observer.wait("home/node/info", 5, mark)
            online.wait_published()
        words = [each.payload for each in observer.of(f"{BASE}/status", mark)]
        assert words == [b"offline"], words
        numbers = [int(message.payload) for message in observer.of(conf.OUT)]
        assert sorted(set(numbers)) == list(range(numbers[0], numbers[-1] + 1)), numbers


@case("another broker: what waits for the old one goes to the new one")
def elsewhere():
    with World() as world:
        online = Online(world, conf.lesson(publish=[{**HELLO, "qos": 1, "text": "{seq}"}]))
        node = online.node
        world.wire.broker.stop()
        node.wait_rung("tcp", "failed", 10)
        until(lambda: node.status()["mqtt"]["backlog"] >= 5, 10, "messages wait")
        world.wire.broker.port = 1999
        world.wire.broker.start()
        with online.ping_goes_on():
            node.reload(conf.lesson(publish=[{**HELLO, "qos": 1, "text": "{seq}"}],
                                    mqtt={"port": 1999}))
            node.wait_online()
        until(lambda: node.status()["mqtt"]["backlog"] == 0, 10, "nothing waits any more")
        node.stop()


@case("the screen is exchanged: other pages, another side up, no display, a display again")
def screen():
    with World() as world:
        online = Online(world)
        node = online.node
        until(lambda: shows(node.board, online.address, y=20), 5, "the address on the screen")
        with undisturbed(online):
            lines = node.reload(conf.lesson(oled={"pages": [
                {"title": "Fresh", "items": [{"label": "Up", "text": "{uptime}"}]}]}))
            assert any("changed: screen" in line for line in lines), lines
            until(lambda: not shows(node.board, online.address, y=20) and not is_dark(node.board),
                  5, "the new page")
            node.reload(conf.lesson(oled={"rotate": 180}))
            until(lambda: contains([row[::-1] for row in reversed(node.board.screen())],
                                   online.address), 5, "the address upside down")
            node.reload(conf.lesson(oled={"i2c": ""}))
            until(lambda: not node.board.ask("screen")["lit"], 5, "the panel is dark")
            until(lambda: node.status()["display"] is None, 5, "there is no display")
            online.observer.publish(conf.IN, "nobody sees this")
            node.wait_log("nobody sees this", 5)
            node.reload(conf.lesson())
            until(lambda: shows(node.board, online.address, y=20), 5, "the address again")
            online.observer.publish(conf.IN, "Seen!")
            until(lambda: contains(node.board.screen(), "Seen!"), 5, "the message")


@case("a bad file leaves everything as it is and says where the mistake is")
def refused():
    with World() as world:
        online = Online(world, conf.lesson(publish=[HELLO]))
        node = online.node
        with undisturbed(online):
            lines = node.reload("mqtt: {\n  host = \"other\";\n  port = 99999;\n};\n",
                                refused=True)
            assert any(f"{node.config}:3: mqtt.port: found 99999" in line for line in lines), lines
            lines = node.reload(conf.lesson(mqtt={"username": "u",
                                                  "password_file": "/run/absent"}), refused=True)
            assert any("/run/absent" in line for line in lines), lines
            online.wait_published(count=3)
            node.reload(conf.lesson(publish=[HELLO]))
        assert node.status()["online"]


@case("keys that need a restart are named, each by itself, and the rest takes effect")
def restart():
    with World() as world:
        online = Online(world, conf.lesson(publish=[HELLO]))
        node = online.node
        with undisturbed(online):
            lines = node.reload(conf.lesson(
                publish=[{**HELLO, "topic": "elsewhere"}], log_level="debug",
                ethernet={"spi_speed_hz": 8000000}, network={"default_route": False}))
            for key in ("ethernet.spi_speed_hz", "network.default_route"):
                named = [line for line in lines if f"{key} was changed: it takes effect" in line]
                assert len(named) == 1, (key, lines)
            online.observer.wait("elsewhere", 5)
            lines = node.reload(conf.lesson(publish=[HELLO]))
            assert not any("takes effect with the next restart" in line for line in lines), lines
            online.wait_published()


@case("many reloads one after the other, and a stop in the middle of one")
def often():
    with World() as world:
        online = Online(world, conf.lesson(publish=[HELLO], subscribe=[RELAY]))
        node = online.node
        with online.ping_goes_on():
            for number in range(6):
                node.reload(conf.lesson(
                    publish=[{**HELLO, "text": f"{number}"}],
                    subscribe=[RELAY, {"topic": f"in/{number}"}],
                    mqtt={"keepalive": 20 + number}, oled={"contrast": 100 + number}))
            node.wait_online()
            until(lambda: online.observer.of(conf.OUT)[-1].payload == b"5", 5, "the last one")
            node.wait_rung("suback", "ok", 5, "2 subscriptions")
        node.reload(conf.lesson(mqtt={"keepalive": 60}))
        node.stop()


if __name__ == "__main__":
    main()
