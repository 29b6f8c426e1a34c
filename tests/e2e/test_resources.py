#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CPU time, bus calls and wake-ups of the idle node, of the plain build."""

import time

from harness import conf
from harness.cases import case, main
from harness.scenario import bar
from harness.waiting import hold
from harness.world import World

IDLE_S = 10  # seconds


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
