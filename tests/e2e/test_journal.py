#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The journal stops taking messages."""

import time

from harness import conf
from harness.cases import case, main
from harness.scenario import Online
from harness.systemd import Journal
from harness.waiting import until
from harness.world import World

BATCH = 50


def publish_until_dropped(online):
    """Messages arrive until the daemon's log queue is full and it drops records."""
    def step():
        for number in range(BATCH):
            online.observer.publish(conf.IN, f"message {number}", qos=0)
        return online.node.status()["log"]["dropped"] > 0
    until(step, 60, "log messages are dropped and counted", interval=0.1)


@case("a stalled journal stops nothing: messages, ping and watchdog go on, drops are counted")
def stalled():
    with World() as world:
        journal = world.further(Journal())
        online = Online(world, journal=journal)
        node = online.node
        with online.ping_goes_on():
            journal.stall()
            begin = time.monotonic()
            publish_until_dropped(online)
            received = node.status()["mqtt"]["received"]
            online.observer.publish(conf.IN, "one more")
            until(lambda: node.status()["mqtt"]["received"] > received, 5, "messages arrive")
            online.wait_published(count=3)
            node.check_watchdog(begin, time.monotonic())
            journal.resume()
            node.wait_log(r"[0-9]+ log messages were dropped", 10)


@case("without journald the log goes to stderr, and to the journal once that is there")
def absent():
    with World() as world:
        journal = Journal()
        journal.close()
        online = Online(world, journal=journal)
        stderr = online.node.process.lines
        stderr.wait("Online", 5)
        journal = online.node.journal = world.further(Journal())
        online.observer.publish(conf.IN, "for the journal")
        journal.lines.wait("for the journal", 5)
        assert not stderr.find("for the journal")


@case("SIGTERM with a stalled journal ends within 3 s")
def terminate():
    with World() as world:
        journal = world.further(Journal())
        online = Online(world, journal=journal)
        journal.stall()
        publish_until_dropped(online)
        online.node.stop()


if __name__ == "__main__":
    main()
