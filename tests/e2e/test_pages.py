#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pages of the configuration: what topics say, in turn, and what takes their place."""

from harness import conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.scenario import Online
from harness.screen import contains, settled, shows
from harness.waiting import hold, until
from harness.world import World

ROOM = {"show": "items", "title": "Room", "items": [
    {"label": "Door", "topic": "home/door"},
    {"label": "Count", "topic": "home/count", "text": "no. {value}"},
    {"show": "bar", "label": "Tank", "topic": "home/tank", "max": 50},
]}
COUNT = {"topic": "home/count", "text": "{seq}", "interval": 0.5}
CHINESE = "温度 25°C"


def lit(rows, y):
    return rows[y].count("#")


def share(rows):
    """How much of the bar on the screen is filled: between two full rows that are its frame."""
    frame = [y for y, row in enumerate(rows) if "." not in row]
    if len(frame) < 2:
        return -1  # it is not drawn yet
    return (lit(rows, frame[-2] + 2) - 2) / (len(rows[0]) - 4)


@case("a page shows what topics say, others' and the node's own, and how full a bar is")
def items():
    with World() as world:
        online = Online(world, conf.lesson(oled={"pages": [ROOM]}, publish=[
            {"topic": conf.OUT, "text": "Hello 01Studio!", "interval": 1.0}, COUNT]))
        board, observer = online.node.board, online.observer
        until(lambda: shows(board, "Door: -"), 5, "nothing is known of the door")
        until(lambda: shows(board, "Count: no. "), 5, "what the node publishes itself")
        observer.publish("home/door", "open")
        until(lambda: shows(board, "Door: open"), 5, "the door")
        observer.publish("home/door", "shut\n")
        until(lambda: shows(board, "Door: shut"), 5, "the door again")
        # A bar is as wide as the panel: the picture cannot be moved, and can be measured.
        observer.publish("home/tank", "12.5 l")
        until(lambda: abs(share(board.screen()) - 0.25) < 0.02, 5, "a quarter")
        observer.publish("home/tank", "999")
        until(lambda: share(board.screen()) == 1, 5, "more than full is full")


@case("pages take turns; a message and a failure interrupt them, and they come back")
def turns():
    with World() as world:
        online = Online(world, conf.lesson(oled={"page_time": 1, "message_time": 2, "pages": [
            {"show": "address"}, {"show": "ladder"},
            {"items": [{"label": "Page", "text": "three"}]}]}))
        board = online.node.board
        for text in ("IP/Subnet/GW:", "online", "Page: three", "IP/Subnet/GW:"):
            until(lambda: shows(board, text), 8, f"the page with {text}")
        online.observer.publish(conf.IN, "Hello pages")
        until(lambda: shows(board, "Hello pages"), 5, "the message")
        until(lambda: not shows(board, "Hello pages"), 5, "its time is over")
        board.cable(False)
        until(lambda: shows(board, "No cable"), 5, "the cause")
        hold(lambda: shows(board, "No cable"), 3, "no page takes its place", interval=0.5)
        board.cable(True)
        until(lambda: shows(board, "Page: three"), 20, "the pages are back")


def seen(world, payload, charset):
    """(the screen, the journal's words) for a payload that is shown as a message."""
    node = world.node(conf.lesson(mqtt={"fallback_charset": charset} if charset else {},
                                  oled={"message_time": 600}))
    node.wait_online()
    client = world.further(Client(world.wire.broker, ["#"]))
    client.publish(conf.IN, payload)
    line = node.wait_log(f"{conf.IN}: .*", 5)[1].group()
    until(lambda: not contains(node.board.screen(), "IP/Subnet"), 5, "the message is shown")
    rows = settled(node.board)
    node.stop()
    return rows, line


@case("GB18030 is read as text if the configuration says so, and else shown as it is")
def gb18030():
    with World() as world:
        world.wire.start()
        rows, line = seen(world, CHINESE.encode(), None)
        assert CHINESE in line, line
        assert seen(world, CHINESE.encode("gb18030"), "gb18030")[0] == rows
        rows, line = seen(world, CHINESE.encode("gb18030"), None)
        assert CHINESE not in line and "\\x" in line, line
        assert contains(rows, "\\xce"), "\n".join(rows)


if __name__ == "__main__":
    main()
