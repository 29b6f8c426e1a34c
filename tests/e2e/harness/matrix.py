# SPDX-License-Identifier: MIT
"""One fault of bus, chip or link under full load: what must hold, and how it is seen.

TCP carries bytes in both directions as fast as it can, a ping runs, every frame at both ends of
the path is captured. Then the fault comes, and goes.
"""

import time
from dataclasses import dataclass, field
from typing import Callable, Tuple

from . import build, conf, delays
from .capture import FRAME_MIN, Capture, Comparison
from .stream import Stream
from .waiting import until
from .world import WIRE, World

NODE = "10.77.0.9"
RING = 16384  # bytes of the chip's memory each way
MIB = 1 << 20
SIZE = MIB // 4 if build.is_short() else 20 * MIB if build.is_long() else MIB
FLOWING = 64 << 10  # so many bytes more show that a stream flows
STEPS = ("recover_resync", "recover_reopen", "recover_soft_reset", "recover_hard_reset",
         "recover_probe")
TRAFFIC = ("rx_frames", "rx_bytes", "tx_frames", "tx_bytes", "tap_frames", "tap_bytes",
           "bus_messages")


def lasts(full, sample):
    """A length of time, or a number of times, that is cut down in the sample."""
    return full if build.is_long() else sample


@dataclass(frozen=True)
class Fault:
    """A row of the matrix."""

    name: str
    inject: Callable  # of a Rig: lets the fault come and go; returns how many events that were
    counters: Tuple[str, ...] = ()  # of the status, that must move; "recovery": any step of it
    calm: bool = False  # nothing happens that needs a step of recovery, nothing is lost
    spoils: float = 0  # frames that may come out of each event with other contents
    keeps_link: bool = False  # nobody notices on the other side of the cable
    recreated: bool = False  # it is not the same interface afterwards
    sample: bool = False  # is in tests/check, not only with --long
    board: str = ""  # words of $MQTTNODE_BOARD
    ethernet: dict = field(default_factory=dict)


class Rig:
    """A node with an address, no broker, and load in both directions."""

    def __init__(self, world, fault):
        self.world = world
        self.row = fault
        self.before = {}  # the counters before the fault
        world.wire.namespace.ip("link", "set", WIRE, "txqueuelen", "64")
        self.node = world.node(conf.text(
            ethernet=fault.ethernet, oled={"i2c": ""}, mqtt={"host": world.wire.address},
            network={"method": "static", "address": f"{NODE}/24",
                     "gateway": world.wire.address}), board=fault.board)
        self.node.wait_rung("address", "ok", 10)
        self.pinger = world.pinger(NODE)
        until(lambda: self.pinger.answered("node"), 5, "replies")
        self.there = world.further(Capture(world.wire.namespace, WIRE))
        self.here = world.further(Capture(world.namespace, "mqtt0"))
        space, wire = world.namespace, world.wire
        self.streams = [
            world.further(Stream("to the node", wire.namespace, space, NODE, 5001, SIZE)),
            world.further(Stream("from the node", space, wire.namespace, wire.address, 5002,
                                 SIZE, bind=NODE))]

    # For the functions that inject

    def set(self, *words):
        self.node.board.ask(" ".join(map(str, ("set", *words))))

    def fault(self, *words):
        self.node.board.fault(*words)

    def settings(self, part):
        return self.node.board.ask("settings")[part]

    def pause(self, duration):
        """Lets time pass; the streams go on meanwhile, if they can."""
        end = time.monotonic() + duration
        until(lambda: time.monotonic() >= end, duration + 5, "time passes", interval=0.02)

    # For the judgement

    def flow(self, limit):
        for stream in self.streams:
            stream.flows(FLOWING, limit)

    def _taken(self):
        """What the kernel says that it gave the node to send: numbers of frames and of bytes."""
        link = self.world.namespace.ask("-statistics", "link", "show", "dev", "mqtt0")[0]
        return {f"tap_{what}": link["stats64"]["tx"][kernels]
                for what, kernels in (("frames", "packets"), ("bytes", "bytes"))}

    def counters(self):
        """Those of the node, and what the kernel gave it to send."""
        return {**self.node.status()["chip"]["counters"], **self._taken()}

    def settled(self):
        """The same, and what the chip has counted, all of one moment at which nothing is under
        way: every frame that the node took was sent or counted as dropped."""
        def outside():
            chip = self.node.board.stats()["chip"]
            return self._taken(), {name: chip[name] for name in ("rx_bytes", "tx_frames")}

        def at_once():
            before, counters = outside(), self.counters()
            return (outside() == before and not self._unaccounted(counters) and
                    (counters, before[1]))
        return until(at_once, 10, "what comes from the TAP is sent or counted as dropped")

    def _unaccounted(self, counters):
        """How many frames from the TAP were neither sent nor counted as dropped."""
        if self.row.recreated:
            return 0  # a new interface counts anew
        return taken_with_link(counters) - counters["tx_frames"] - dropped(counters)

    def moved(self, counters):
        """Those that have moved since before the fault, with by how much."""
        return {name: value - self.before[name] for name, value in counters.items()
                if value > self.before[name]}

    def has_struck(self):
        """Whether the counters that the fault must move have moved."""
        return not still(self.row, self.moved(self.counters()))

    def settle(self):
        """Waits until what is on its way has arrived: nothing but pings is left."""
        self.pinger.close()
        last = [-1]

        def same():
            count = self.here.count() + self.there.count()
            steady, last[0] = count == last[0], count
            return steady
        until(same, 10, "the path is empty", interval=0.3)


def run(fault):
    """Runs one row and returns notes."""
    with World() as world:
        rig = Rig(world, fault)
        rig.flow(20)
        assert rig.node.board.stats()["violations"] == 0
        rig.before = rig.counters()

        begin = time.monotonic()
        events = fault.inject(rig)
        end, end_real = time.monotonic(), time.time()
        back = until(lambda: rig.pinger.first_reply("node", end_real), 20, "a ping is answered")
        rig.flow(60)
        for stream in rig.streams:
            stream.finish(60 + SIZE / 100_000)
        rig.settle()
        after, chip = rig.settled()
        moved = rig.moved(after)
        # Where the PHY had to restart, recovery may take longer.
        limit = 2.0 if "link_changes" in moved else 1.0
        notes = [f"{events} events in {end - begin:.2f} s",
                 delays.took(end, end + back - end_real, limit, "recovery"),
                 "moved: " + ", ".join(f"{name} {value}" for name, value in moved.items()
                                       if name not in TRAFFIC)]
        judge_frames(fault, rig, events, notes)
        judge_counters(fault, moved)
        judge_losses(fault, after, chip, events)
        return notes


def judge_frames(fault, rig, events, notes):
    """No frame comes twice, none overtakes another, no more than may be are not as sent."""
    for capture in (rig.here, rig.there):
        capture.check_complete()
    for name, sent, received in (("to the node", rig.there.out, rig.here.into),
                                 ("from the node", rig.here.out, rig.there.into)):
        path = Comparison(sent, received)
        notes.append(f"{name}: {len(received)} frames, {path.lost_bytes} bytes lost, "
                     f"{path.foreign} spoiled")
        assert path.twice == 0, f"{name}: {path.twice} frames came twice"
        assert path.overtaken == 0, f"{name}: {path.overtaken} frames overtook others"
        allowed = fault.spoils * events if events else 0  # so many may be without an end
        assert path.foreign <= allowed, \
            f"{name}: {path.foreign} frames are not as sent"


def steps_of_recovery(moved):
    return {name: moved[name] for name in STEPS if name in moved}


def still(fault, moved):
    """The counters that the fault should move and that have not moved."""
    return [name for name in fault.counters
            if name not in moved and not (name == "recovery" and steps_of_recovery(moved))]


def judge_counters(fault, moved):
    """The right counters moved."""
    steps = steps_of_recovery(moved)
    assert not still(fault, moved), f"{still(fault, moved)} did not move, but {moved}"
    assert not (fault.calm and steps), f"steps of recovery: {steps}"
    assert not (fault.keeps_link and "link_changes" in moved), f"the link was lost: {steps}"


def taken_with_link(counters):
    """Frames from the TAP. What waits in the interface while there is no link is stale when there
    is one again."""
    return counters["tap_frames"] - counters["tx_dropped_link"]


def dropped(counters):
    return counters["tx_dropped_chip"] + counters["tx_dropped_size"]


def judge_losses(fault, counters, chip, events):
    """From the start to the end nothing was lost without a counter, and no more than may be."""
    lost_in = chip["rx_bytes"] - counters["rx_bytes"]
    assert lost_in <= events * RING, \
        f"{lost_in} received bytes lost in {events} events: {counters}"
    if fault.recreated:
        return  # a new interface counts anew
    lost_out = taken_with_link(counters) - chip["tx_frames"]
    assert lost_out <= events * RING // FRAME_MIN, \
        f"{lost_out} frames lost in {events} events: {counters}"
    assert not fault.calm or dropped(counters) == 0, f"frames were dropped: {counters}"


def during(on, off, length):
    """A fault that lasts: commands of the board (tuples of words) before it and after @length, or
    when it has struck, if that is later."""
    def inject(rig):
        for words in on:
            rig.node.board.ask(" ".join(map(str, words)))
        rig.pause(length)
        until(rig.has_struck, 5, f"{', '.join(rig.row.counters)} move")
        for words in off:
            rig.node.board.ask(" ".join(map(str, words)))
        return 1
    return inject


def often(words, times=None, done=None):
    """A fault that strikes again and again: @done(rig) says that it has, once more."""
    def inject(rig):
        count = times or lasts(5, 2)
        for _ in range(count):
            for command in words:
                rig.node.board.ask(" ".join(map(str, command)))
            if done:
                until(lambda: done(rig), 10, f"{words[-1]} has struck")
            rig.pause(lasts(0.5, 0.1))
        return count
    return inject
