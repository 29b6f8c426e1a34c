#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every fault of bus, chip and link under load in both directions; harness/matrix.py explains.

tests/check tries a sample, tests/check --long (E2E_LONG=1) all of them with 20 MB each way.
"""

import math

from harness import build
from harness.cases import case, main
from harness.matrix import Fault, during, lasts, often, run
from harness.waiting import until

RECV = 0x40
S0_REGS, RX_RD = 1, 0x28
PHASES = ("a frame is stored", "a burst is read", "RX_RD is written", "RECV is taken",
          "a frame is uploaded", "TX_WR is written", "SEND is taken", "a frame has left")
IN_A_BURST = (1, 2, 8)  # of these, those in which a burst may be under way
LENGTHS = (0, 1, 2, 3, 1521, 65535)
ANY = math.inf

ALL_OFF = (("fault", "clear"),)


def clear(rig):
    rig.node.board.ask("fault clear")


def counted(rig, counter, name, value, times):
    """A fault of the bus that strikes by chance, until it has struck so often."""
    def struck():
        return rig.node.board.stats()["spi"][counter] - before
    before = 0
    before = struck()
    rig.set("spi", name, value)
    until(lambda: struck() >= times, 60, f"{name} strikes")
    rig.set("spi", name, 0)
    return struck()


def random_errors(one_in):
    return lambda rig: counted(rig, "failed", "fail_one_in", one_in, lasts(10, 5))


def bit_errors(rig):
    # Two in a frame may add up to nothing in the checksum of TCP: that would be no fault of ours.
    rig.set("spi", "bit_errors_apart", 4096)
    return counted(rig, "bit_errors", "miso_bit_errors", 1000, lasts(50, 10))  # 1e-6


def bursts(value):
    """Messages of which nothing but 0x00 (1) or 0xff (2) is read."""
    return often([("set", "spi", "miso_next", 3), ("set", "spi", "miso", value)],
                 done=lambda rig: rig.settings("spi")["miso"] == 0)


def lost_pointer():
    return often([("set", "chip", "lose_writes_block", S0_REGS),
                  ("set", "chip", "lose_writes_offset", RX_RD),
                  ("set", "chip", "lose_writes_length", 2),
                  ("set", "chip", "lose_writes", 1)],
                 done=lambda rig: rig.settings("chip")["lose_writes"] == 0)


def lost_recv():
    return often([("set", "chip", "lose_command", RECV), ("set", "chip", "lose_commands", 1)],
                 done=lambda rig: rig.settings("chip")["lose_commands"] == 0)


def bad_length(length):
    return often([("fault", "chip-rx-header", length)],
                 done=lambda rig: rig.settings("chip")["bad_rx_headers"] == 0)


def lost_registers(phase):
    return often([("set", "chip", "reset_at", phase)],
                 done=lambda rig: rig.settings("chip")["reset_at"] == 0)


def useless_pulses(rig):
    rig.set("chip", "hung", 3)
    until(lambda: rig.settings("chip")["hung"] == 0, 15, "the third pulse on RSTn")
    return 1


def flapping(times):
    """The cable is out for a moment so often, and until the node has found it out once."""
    def inject(rig):
        events = 0
        while events < 2 * times or not rig.has_struck():
            assert events < 2 * times + 40, "nobody notices that the link comes and goes"
            for plugged in (False, True):
                rig.node.board.cable(plugged)
                rig.pause(0.2)
                events += 1
        until(lambda: rig.node.board.stats()["wire"]["link"], 5, "the link")
        return events
    return inject


def slow_partner(rig):
    rig.node.board.ask("partner 10 half")
    until(lambda: rig.node.board.stats()["wire"]["mbit"] == 10, 5, "10 Mbit/s")
    rig.flow(30)
    rig.pause(lasts(5, 2))
    assert rig.node.status()["chip"]["link_mbit"] == 10
    rig.node.board.ask("partner 100 full")
    until(lambda: rig.node.board.stats()["wire"]["mbit"] == 100, 5, "100 Mbit/s")
    return 2


def deleted_tap(rig):
    rig.world.namespace.ip("link", "delete", "mqtt0")
    until(lambda: rig.world.namespace.has_interface("mqtt0"), 10, "mqtt0 is there again")
    return 1


def vanished(rig):
    rig.fault("spi-open", "ENOENT")
    rig.node.board.ask("spi unbind")
    rig.pause(lasts(2, 1))
    rig.fault("spi-open", "off")
    return 1


def fast_clock(rig):
    """Above 10 MHz every byte slips by a bit."""
    rig.set("spi", "errors_above_hz", 10_000_000)
    rig.set("spi", "bit_slip", 1)
    until(lambda: rig.node.status()["chip"]["spi_speed_hz"] < 10_000_000, 10,
          "the clock is lowered")
    return 1


def nothing(rig):
    rig.pause(lasts(2, 0.5))
    return 0


def option(name, value):
    """A chip of which this is true is no faulty chip: descriptions of it disagree."""
    return during([("set", "chip", name, value)], [("set", "chip", name, 0)], lasts(3, 1))


def int_line(fault):
    return during([("fault", "int-line", fault)], [("fault", "int-line", "ok")], lasts(3, 2))


def late_calls():
    """Others have the processor when a call on the bus returns."""
    return during([("set", "spi", "late_ns", 30_000_000), ("set", "spi", "late_one_in", 50)],
                  [("set", "spi", "late_one_in", 0)], lasts(3, 1))


CHAINED = {"bus_plan": "chained"}
FIT = "do=set chip accept 2"  # a chip that passes the test of them
REAL_PHY = "link-delay=1500"

FAULTS = [
    Fault("EIO on one message in 1000", random_errors(1000), ("bus_errors",)),
    Fault("EIO on one message in 50", random_errors(50), ("bus_errors",), sample=True),
    Fault("EIO on all messages for a while", during([("fault", "spi-error", "EIO")],
                                                [("fault", "spi-error", "off")], lasts(2, 1)),
          ("bus_errors", "recover_probe"), sample=True),
    Fault("single bit errors on MISO", bit_errors, spoils=ANY),
    Fault("bursts of 0x00", bursts(1), ("recovery",), sample=True),
    Fault("bursts of 0xff", bursts(2), ("recovery",)),
    Fault("registers torn on every read", option("tear", 3), ("rx_window_bad",), calm=True,
          sample=True),
    Fault("a lost write of RX_RD", lost_pointer(), ("rx_window_bad",), sample=True),
    Fault("a lost RECV", lost_recv(), ("rx_window_bad",), sample=True),
    *(Fault(f"a record of length {length}", bad_length(length), ("rx_header_bad",),
            sample=length == 65535) for length in LENGTHS),
    # As long as a frame can be: what is read for it may be parts of the next ones.
    Fault("a record longer than what is in the ring", bad_length(1500), spoils=ANY),
    Fault("a ring that is full at line rate", during([("flood", 1514)], [("flood", "off")],
                                                     lasts(10, 2)),
          ("rx_overflow_suspected",)),
    Fault("SENDs that never end", during([("fault", "chip-send-ok-withheld", "on")],
                                         [("fault", "chip-send-ok-withheld", "off")],
                                         lasts(1, 0.3)),
          ("tx_dropped_chip", "recovery"), sample=True),
    Fault("SENDs that end without SEND_OK", during([("set", "chip", "send_ok_lost", 1000)],
                                                   [("set", "chip", "send_ok_lost", 0)],
                                                   lasts(2, 1)), calm=True),
    Fault("commands that are never taken", during([("fault", "chip-cr-stuck", "on")],
                                                  [("fault", "chip-cr-stuck", "off")],
                                                  lasts(1, 0.3)), ("recovery",), sample=True),
    Fault("a SEND during a SEND corrupts", option("send_twice", 2), calm=True),
    Fault("RECV raises its flag again", option("recv_raises_ir", 1), calm=True),
    Fault("RECV does not raise its flag again", nothing, calm=True),
    Fault("lost edges of INT", often([("set", "chip", "intn_edges_lost", 3)],
                                     done=lambda rig:
                                     rig.settings("chip")["intn_edges_lost"] == 0), calm=True),
    Fault("INT stuck low", int_line("low"), calm=True),
    Fault("INT stuck high", int_line("high"), calm=True, sample=True),
    Fault("INT that comes off", int_line("unwired"), calm=True),
    Fault("INT not wired", nothing, calm=True, ethernet={"interrupt": ""}),
    Fault("calls that return late", late_calls(), calm=True),
    # The rest of the burst in which it happens reads as 0: of the frame there, which MACRAW
    # gives without its FCS, and no more records. Frames come and go at any byte of a burst.
    *(Fault(f"registers lost when {what}", lost_registers(phase), ("chip_lost",),
            spoils=int(phase in IN_A_BURST), sample=phase in (2, 7))
      for phase, what in enumerate(PHASES, 1)),
    Fault("a pulse on RSTn that does not help at first", useless_pulses,
          ("recover_hard_reset",)),
    Fault("a link that comes and goes", flapping(lasts(10, 2)),
          ("link_changes", "tx_dropped_link"), sample=True),
    Fault("10 Mbit/s half duplex", slow_partner, ("link_changes",)),
    Fault("an interface that is deleted", deleted_tap, recreated=True),
    Fault("a spidev that goes and comes back", vanished, ("recover_probe",), sample=True),
    Fault("messages smaller than a frame", nothing, calm=True, board="bufsiz=1024", sample=True),
    Fault("a chip that takes chained accesses", nothing, calm=True, ethernet=CHAINED, board=FIT,
          sample=True),
    Fault("registers lost while accesses are chained", lost_registers(5), ("chip_lost",),
          ethernet=CHAINED, board=FIT),
    Fault("EIO on one message in 50 of chained accesses", random_errors(50), ("bus_errors",),
          ethernet=CHAINED, board=FIT),
    Fault("a link that comes and goes as slowly as a real one", flapping(lasts(3, 1)),
          ("link_changes", "tx_dropped_link"), board=REAL_PHY),
    Fault("bursts of 0x00 with a link that is slow to come", bursts(1), ("recovery",),
          board=REAL_PHY, keeps_link=True, sample=True),
    Fault("registers lost with a link that is slow to come", lost_registers(3), ("chip_lost",),
          board=REAL_PHY),
    Fault("a clock at which the chip errs", fast_clock, ("recovery",), spoils=ANY),
]


def declare(fault):
    case(fault.name)(lambda: run(fault))


def rows():
    if build.is_long():
        return FAULTS
    sample = [fault for fault in FAULTS if fault.sample]
    return sample[::2] if build.is_short() else sample


for each in rows():
    declare(each)

if __name__ == "__main__":
    main()
