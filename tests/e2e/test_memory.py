#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Memory of the running node, of the plain build."""

import contextlib
import time

from harness import build, conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.scenario import Online, bar
from harness.waiting import until
from harness.world import World

MIB = 1 << 20
PUBLICATIONS = 10_000 if not build.is_short() else 1_000
RECONNECTS = 50 if not build.is_short() else 5
SPOOL = 1000  # stored messages that are kept
SOURCES = 4  # that publish 100 messages a second each


def say_memory(node, when):
    resident, anonymous = node.memory()
    return resident, f"{when}: {resident / MIB:.2f} MiB resident without the board, " \
                     f"{anonymous / MIB:.2f} MiB anonymous"


def fast(count, **further):
    return [{"topic": f"fast/{number}", "text": "{seq} {uptime} {ip}", "interval": 0.01, **further}
            for number in range(count)]


@case("at most 10 MB resident, no growth over 10 000 publications and 50 reconnects",
      plain_only=True)
def memory():
    with World() as world:
        online = Online(world, conf.lesson(
            mqtt={"reconnect_max": 1},
            publish=[{"topic": conf.OUT, "text": "Hello 01Studio!", "interval": 1.0},
                     *fast(SOURCES),
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


@case("memory is flat over 10 000 messages without a broker, each dropped or kept is counted",
      plain_only=True)
def offline():
    with World() as world:
        online = Online(world, conf.lesson(
            # What the node says about itself is counted with them, but has limits of its own.
            mqtt={"reconnect_max": 1, "spool": {"messages": SPOOL},
                  "info": False, "health_interval": 0},
            publish=[{"topic": conf.OUT, "text": "Hello 01Studio!", "interval": 1.0},
                     *fast(SOURCES), *fast(SOURCES, qos=1)]))
        node = online.node
        world.wire.broker.stop()
        node.wait_rung("tcp", "failed", 10)

        kept = []

        def composed():
            counters = node.status()["mqtt"]
            kept.append(counters["spool"]["messages"])
            return counters["dropped_offline"], counters["spool"]["dropped_full"]

        def drop(count):
            before = sum(composed())
            until(lambda: sum(composed()) >= before + count, 30 + count / 100,
                  f"{count} messages are dropped", interval=0.2)

        drop(2000)
        first, note = say_memory(node, "after 2 000 messages without a broker")
        begin = composed()
        drop(PUBLICATIONS)
        last, further = say_memory(node, f"after {PUBLICATIONS} more")
        end = composed()
        assert end[0] > begin[0] and end[1] > begin[1], (begin, end)
        assert kept[-1] == SPOOL == max(kept), kept  # it is full, and not beyond that
        world.wire.broker.start()
        node.wait_online(10)
        return [note, further, bar((last - first) / MIB, 0.25, "MiB grown")]


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


if __name__ == "__main__":
    main()
