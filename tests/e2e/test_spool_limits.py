#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The spool keeps its limits, lets the disk rest, and goes on without a disk that is of use."""

import contextlib
import errno
import glob
import os
import signal
import sqlite3
import time

from harness import ordeal, syscalls
from harness.cases import case, main
from harness.mqtt import Client
from harness.node import USER
from harness.ordeal import ADDRESS, STATE
from harness.waiting import until
from harness.world import World

TOPICS = 5


def spool(node):
    return node.status()["mqtt"]["spool"]


def observe(world):
    return world.further(Client(world.wire.broker, ["n/#"], qos=0))


def start_broker(world):
    """Returns an observer that misses nothing of what waits."""
    world.wire.namespace.ip("route", "add", "blackhole", ADDRESS)
    world.wire.broker.start()
    observer = observe(world)
    world.wire.namespace.ip("route", "del", "blackhole", ADDRESS)
    return observer


def numbers(observer, topic="n/0"):
    return [int(message.payload) for message in observer.of(topic)]


def wait_drained(node):
    node.wait_online()
    until(lambda: spool(node)["messages"] < TOPICS * 20, 20, "the spool is drained")


def limited(limits, **more):
    """The configuration of a node whose spool has @limits."""
    return ordeal.config(TOPICS, spool={"rate": 100000, "sync": 0.2, **limits}, **more)


def fill(world, limits, reached):
    """A node without a broker until @reached(spool); its limits are kept all the time."""
    node = world.node(limited(limits))
    node.wait_ready()

    def keeps_limits():
        now = spool(node)
        assert now["messages"] <= limits.get("messages", now["messages"]), now
        assert now["bytes"] <= limits.get("bytes", now["bytes"]), now
        return reached(now)
    until(keeps_limits, 20, "the limit is reached")
    return node


@case("a limit of messages: the oldest go, the newest stay, or the other way round")
def messages():
    with World() as world:
        ordeal.new_machine()
        for drop in ("oldest", "newest"):
            limits = {"messages": 200, "drop": drop}
            node = fill(world, limits, lambda now: now["dropped_full"] >= 300)
            # Slower than the slowest machine drains it: nothing more is dropped.
            node.reload(limited(limits, interval=0.5))
            assert spool(node)["messages"] == 200
            observer = start_broker(world)
            node.wait_online()
            until(lambda of=node: spool(of)["messages"] == 0, 20, "the spool is empty")
            until(lambda seen=observer: len(numbers(seen)) >= 200 // TOPICS + 4, 10,
                  "all that waited, and new messages")
            node.stop()
            found = numbers(observer)
            gaps = [after for before, after in zip(found, found[1:]) if after != before + 1]
            if drop == "oldest":
                # What is under way when more comes is not dropped, but what waits behind it.
                assert found[0] > 20 and all(found.index(gap) <= 20 for gap in gaps), found
            else:
                assert [found.index(gap) for gap in gaps] == [200 // TOPICS], found
            world.wire.broker.stop()
            for path in glob.glob(f"{STATE}/spool.db*"):
                os.unlink(path)


@case("a limit of bytes, and one of age")
def bytes_and_age():
    with World() as world:
        ordeal.new_machine()
        node = fill(world, {"bytes": 65536}, lambda now: now["dropped_full"] >= 500)
        node.stop()
        node = fill(world, {"age": 1}, lambda now: now["messages"] >= TOPICS * 400)
        waiting = spool(node)["messages"]
        start_broker(world)
        wait_drained(node)
        # Of those that waited nothing is left but the latest second.
        dropped = spool(node)["dropped_age"]
        assert dropped > waiting - TOPICS * 200, (dropped, waiting)


@case("online, with all delivered, nothing is written to the state directory")
def rests():
    with World() as world:
        ordeal.new_machine()
        config = ordeal.config(0, spool={"rate": 100000, "sync": 0.2}, publish=[
            {"topic": "n/x", "text": "x", "interval": 0.01, "qos": 1}])
        node = world.node(config)
        node.wait_ready()
        until(lambda: spool(node)["on_disk"] > 100, 10, "messages are on the disk")
        world.wire.broker.start()
        node.wait_online()

        def look():
            return (spool(node)["disk_bytes_written"], sorted(
                (path, os.stat(path).st_mtime_ns) for path in glob.glob(f"{STATE}/*")))

        # What is removed from the disk is written there up to a second later.
        until(lambda: spool(node)["on_disk"] == 0, 20, "nothing is on the disk")
        last = [look(), time.monotonic()]

        def is_at_rest():
            now = look()
            if now != last[0]:
                last[:] = now, time.monotonic()
            return time.monotonic() > last[1] + 3
        until(is_at_rest, 20, "the disk is at rest")
        before, end = look(), time.monotonic() + 5
        assert before[0] > 0
        while time.monotonic() < end:
            now = look()
            assert now == before, f"the disk does not rest: {before}, then {now}, {spool(node)}"


@case("QoS 2: none twice while the daemon lives, and afterwards those that come again are known")
def exactly_once():
    with World() as world:
        ordeal.new_machine()
        config = ordeal.config(TOPICS, clean_session=False, spool={"rate": 100000}, publish=[
            {"topic": f"n/{topic}", "text": "{seq}", "interval": 0.01, "qos": 2}
            for topic in range(TOPICS)])
        world.wire.broker.start()
        observer = observe(world)
        node = world.node(config)
        node.wait_online()

        def publish(count):
            mark = observer.mark()
            until(lambda: observer.mark() > mark + count, 20, f"{count} more messages")

        for _ in range(3):
            publish(300)
            disconnects = node.status()["mqtt"]["disconnects"]
            node.board.cable(False)
            until(lambda: node.status()["mqtt"]["disconnects"] > disconnects, 10, "it is noticed")
            node.board.cable(True)
            node.wait_online()
            publish(300)
            world.wire.broker.freeze()
            until(lambda: node.status()["mqtt"]["backlog"] > 100, 10, "messages wait")
            world.wire.broker.thaw()
        publish(300)
        for topic in range(TOPICS):
            found = numbers(observer, f"n/{topic}")
            assert found == list(range(1, len(found) + 1)), f"n/{topic}: {found}"
        node.process.send(signal.SIGKILL)
        node.process.wait(5)
        node = world.node(config)
        node.wait_online()
        publish(300)
        node.stop()
        again = 0
        for topic in range(TOPICS):
            found = numbers(observer, f"n/{topic}")
            kept = sorted(set(found))
            again += len(found) - len(kept)
            gaps = [after for before, after in zip(kept, kept[1:]) if after != before + 1]
            assert len(gaps) <= 1 and all(gap % ordeal.BLOCK == 1 for gap in gaps), gaps
        assert again <= 40, f"{again} came again"
        return [f"{again} came again after SIGKILL"]


@contextlib.contextmanager
def small_disk():
    """A file system of its own at the state directory, the daemon's; yields how to remount it."""
    def remount(flags):
        syscalls.mount("tmpfs", STATE, "tmpfs", syscalls.MS_REMOUNT | flags)

    syscalls.mount("tmpfs", STATE, "tmpfs", 0, f"size=16m,mode=0755,uid={USER},gid={USER}")
    try:
        yield remount
    finally:
        syscalls.umount(STATE)


def use_up(path):
    """A file that takes all the room that there is."""
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC, error


@case("a state directory without room is told, and no reason not to start")
def no_room():
    with World() as world:
        ordeal.new_machine()
        with small_disk():
            filler = os.path.join(STATE, "filler")
            use_up(filler)
            node = world.node(ordeal.config(TOPICS, spool={"rate": 100000, "sync": 0}))
            node.wait_ready()
            node.wait_log("Cannot use the spool .*: No space left on device; messages are sent "
                          "without being on the disk before", 5)
            assert spool(node)["disk_error"] == "No space left on device"
            observer = start_broker(world)
            wait_drained(node)
            os.unlink(filler)
            node.wait_log("The spool .* works again", 20)
            assert spool(node)["disk_error"] is None
            node.stop()
            found = numbers(observer)
            assert found == list(range(1, len(found) + 1)), found


@case("a state directory that is read-only is told, and no reason not to start")
def read_only():
    with World() as world:
        ordeal.new_machine()
        with small_disk() as remount:
            remount(syscalls.MS_RDONLY)
            world.wire.broker.start()
            observer = observe(world)
            node = world.node(ordeal.config(TOPICS))
            node.wait_online()
            node.wait_log("Cannot use the spool .*: Read-only file system; a power failure "
                          "loses messages that wait", 5)
            until(lambda: observer.mark() > 100, 10, "messages are delivered")
            node.stop()


@case("a database that is damaged, and one of a later version, are set aside")
def unusable():
    with World() as world:
        ordeal.new_machine()
        world.wire.broker.start()
        observer = observe(world)
        path = os.path.join(STATE, "spool.db")

        def garbage():
            with open(path, "wb") as file:
                file.write(os.urandom(8192))

        def later():
            database = sqlite3.connect(path)
            database.executescript("PRAGMA user_version = 99; CREATE TABLE later (i)")
            database.close()

        for spoil, why in ((garbage, "is damaged"), (later, "was written by a later version")):
            spoil()
            os.chown(path, USER, USER)
            mark = observer.mark()
            node = world.node(ordeal.config(TOPICS))
            node.wait_log(rf"The spool {path} {why}.*: it is kept as {path}.unusable and a new "
                          r"one begins", 5)
            node.wait_online()
            until(lambda start=mark: observer.mark() > start + 100, 10, "messages are delivered")
            node.stop()
            assert os.path.exists(f"{path}.unusable")
            for each in glob.glob(f"{path}*"):
                os.unlink(each)


if __name__ == "__main__":
    main()
