#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Memory and CPU time of the running node, of the plain build."""

import contextlib
import time

from harness import build, conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.scenario import Online, bar
from harness.waiting import hold, until
from harness.world import World

MIB = 1 << 20
PUBLICATIONS = 10_000 if not build.is_short() else 1_000
RECONNECTS = 50 if not build.is_short() else 5
IDLE_S = 10  # seconds


def say_memory(node, when):
    resident, anonymous = node.memory()
    return resident, f"{when}: {resident / MIB:.2f} MiB resident without the board, " \
                     f"{anonymous / MIB:.2f} MiB anonymous"


@case("at most 10 MB resident, no growth over 10 000 publications and 50 reconnects",
      plain_only=True)
def memory():
    with World() as world:
        online = Online(world, conf.lesson(
            mqtt={"reconnect_max": 1},
            publish=[{"topic": conf.OUT, "text": "Hello 01Studio!", "interval": 1.0},
                     {"topic": "fast", "text": "{seq} {uptime} {ip}", "interval": 0.01},
                     {"topic": "sure", "text": "{seq}", "interval": 0.02, "qos": 1}]))
        node = online.node

        def publish(count):
            before = node.status()["mqtt"]["published"]
            until(lambda: node.status()["mqtt"]["published"] >= before + count,
                  30 + count / 50, f"{count} publications", interval=0.2)

        def reconnect(times):
            for _ in range(times):
                mark = node.lines.mark()
                world.wire.broker.stop()
                node.wait_log("Offline", 10, mark)
                world.wire.broker.start()
                node.wait_online(20)

        # What every allocator does at first is not growth.
        publish(1000)
        reconnect(5)
        descriptors = node.descriptors()
        first, note = say_memory(node, "after 1 000 publications and 5 reconnects")
        publish(PUBLICATIONS)
        reconnect(RECONNECTS)
        last, further = say_memory(node, f"after {PUBLICATIONS} and {RECONNECTS} more")
        # The daemon may not yet have seen that the client that asked last is gone. Waiting hides
        # nothing: a descriptor that leaked stays open.
        until(lambda: node.descriptors() <= descriptors, 5, "no descriptor is leaked")
        notes = [note, further,
                 bar(last / MIB, 10_000_000 / MIB, "MiB resident"),
                 bar((last - first) / MIB, 0.25, "MiB grown")]
        return notes


def anonymous_memory(world, oled):
    """Of a node with a display as in @oled, after messages of three kinds."""
    node = world.node(conf.lesson(oled=oled))
    node.wait_online()
    with contextlib.closing(Client(world.wire.broker, ["#"])) as client:
        for payload in ("Hello node!", "\u6e29\u5ea6 25\u00b0C na\u00efve fa\u00e7ade", "x" * 10000):
            client.publish(conf.IN, payload)
            node.wait_log(f"{conf.IN}.*{payload[:3]}", 5)
            time.sleep(0.5)  # the picture is drawn and sent
    used = node.memory()[1]
    node.stop()
    return used


@case("the display costs at most 0.5 MB of private memory", plain_only=True)
def display():
    with World() as world:
        world.wire.start()
        without = anonymous_memory(world, {"i2c": ""})
        with_one = anonymous_memory(world, {"message_time": 60})
        return [bar((with_one - without) / MIB, 0.5, "MiB private for the display")]


def bus(node):
    """(calls of the SPI bus, times that one of them slept) so far."""
    stats = node.board.stats()
    return stats["spi"]["messages"], stats["bus_waits"]


@case("an idle node uses less than 1 % of a CPU", plain_only=True)
def idle():
    with World() as world:
        world.wire.start()
        node = world.node()
        node.wait_online()
        hold(lambda: node.status()["online"], 3, "online", interval=1)

        before, begin = node.cpu_seconds(), time.monotonic()
        hold(lambda: node.process.alive(), 10, "it runs", interval=1)
        seconds = time.monotonic() - begin
        share = {name: (used - before.get(name, 0)) / seconds * 100
                 for name, used in node.cpu_seconds().items()}
        # What the board does in place of chip and wire is not the daemon's work.
        ours = sum(each for name, each in share.items() if not name.startswith("board"))
        return [bar(ours, 1.0, "per cent of a CPU"),
                "by thread: " + ", ".join(f"{name} {each:.3f}" for name, each in share.items())]


@case("an idle node makes at most 4 bus calls and 8 wake-ups a second", plain_only=True)
def wakeups():
    with World() as world:
        world.wire.start()
        node = world.node(conf.text(mqtt={
            "host": conf.BROKER, "port": conf.PORT, "client_id": conf.CLIENT_ID,
            "keepalive": 60, "health_interval": 0}))
        node.wait_online()
        hold(lambda: node.status()["online"], 3, "online", interval=1)

        calls, waits, begin = *bus(node), time.monotonic()
        before = node.wakeups()
        hold(lambda: node.process.alive(), IDLE_S, "it runs", interval=1)
        after = node.wakeups()
        seconds = time.monotonic() - begin
        further_calls, further_waits = bus(node)
        threads = {name: count - before.get(name, 0) for name, count in after.items()
                   if not name.startswith("board")}
        # The board sleeps in the pump's bus calls for as long as a bus would take.
        threads["pump"] -= further_waits - waits
        # One call more may fall into the time than its length has ticks.
        return [bar((further_calls - calls - 1) / seconds, 4.0, "bus calls a second"),
                bar(sum(threads.values()) / seconds, 8.0, "wake-ups a second"),
                "by thread: " + ", ".join(f"{name} {count / seconds:.1f}"
                                          for name, count in threads.items())]


if __name__ == "__main__":
    main()
