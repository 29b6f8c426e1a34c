#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The display is unplugged, plugged in again, stuck, or was never there."""

import time

from harness import conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.scenario import Online, seconds
from harness.screen import contains, picture, shows
from harness.waiting import hold, until
from harness.world import World


@case("a display unplugged for 10 s disturbs nothing and shows the screen again")
def unplugged():
    with World() as world:
        online = Online(world)
        node = online.node
        until(lambda: shows(node.board, online.address, y=20), 5, "the address on the screen")
        with online.ping_goes_on():
            node.board.oled(False)
            out = time.monotonic()
            until(lambda: not node.status()["display"]["present"], 5, "the loss is noticed")
            online.wait_published(count=3)
            until(lambda: time.monotonic() > out + seconds(10, 4), 12, "time passes")
            node.board.oled(True)
            until(lambda: all(contains(rows, *line) for rows in [node.board.screen()]
                              for line in (("IP/Subnet/GW:", 0), (online.address, 20))), 5,
                  "the screen is back")


@case("a display that loses power for a moment is set up again")
def glitch():
    with World() as world:
        online = Online(world)
        until(lambda: shows(online.node.board, online.address, y=20), 5, "the address")
        online.node.board.ask("oled glitch")
        until(lambda: shows(online.node.board, online.address, y=20), 5, "the screen is back")


@case("SIGTERM with the display unplugged ends within 3 s")
def terminate_unplugged():
    with World() as world:
        online = Online(world)
        online.node.board.oled(False)
        until(lambda: not online.node.status()["display"]["present"], 5, "the loss is noticed")
        online.node.stop()


@case("a stuck I2C bus (1 s per call) disturbs nothing, and SIGTERM ends within 3 s")
def stuck():
    with World() as world:
        online = Online(world)
        online.node.board.fault("i2c-stuck", "on")
        with online.ping_goes_on():
            online.wait_published(count=3)
        online.node.stop()


@case("a display that is plugged in after the start lights up")
def late():
    with World() as world:
        world.wire.start()
        node = world.node(board="oled=out")
        node.wait_online()
        assert not node.status()["display"]["present"]
        assert "the display is not there" in node.run("screen")
        node.board.oled(True)
        until(lambda: shows(node.board, node.address(), y=20), 5, "the address on the screen")
        until(lambda: node.run("screen").splitlines() == picture(node.board.screen()), 5,
              "\"mqttnode screen\" draws what the panel shows")


def upside_down(rows):
    return [row[::-1] for row in reversed(rows)]


@case("an SH1106 that is mounted upside down goes dark when idle and wakes for a message")
def idle():
    with World() as world:
        world.wire.start()
        node = world.node(conf.lesson(oled={"controller": "sh1106", "rotate": 180,
                                            "contrast": 50, "idle_off": 4, "message_time": 60}),
                          board="oled-module=sh1106")
        node.wait_online()
        until(lambda: node.status()["display"]["dark"], 15, "the display goes dark")
        assert not node.board.ask("screen")["lit"]
        observer = world.further(Client(world.wire.broker, ["#"]))
        observer.publish(conf.IN, "Wake up!")
        until(lambda: contains(upside_down(node.board.screen()), "Wake up!"), 5,
              "the message on the screen")
        assert node.board.ask("screen")["contrast"] == 50


@case("without a display in the configuration the bus is not touched")
def none():
    with World() as world:
        world.wire.start()
        node = world.node(conf.lesson(oled={"i2c": ""}))
        node.wait_online()
        hold(lambda: node.board.stats()["i2c"]["calls"] == 0, 2, "no call on the I2C bus")
        assert node.status()["display"] is None


@case("the screen is dark after the end")
def dark():
    with World() as world:
        online = Online(world)
        until(lambda: shows(online.node.board, online.address, y=20), 5, "the address")
        assert online.node.board.stats()["oled"]["lit"]
        online.node.stop()
        assert online.node.board.lit is False


if __name__ == "__main__":
    main(side_by_side=True)
