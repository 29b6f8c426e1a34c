#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Raw frames through chip, pump and TAP: 100 000 each way, and those with impossible lengths."""

import struct

from harness import build
from harness.cases import case, main
from harness.frames import ETHERTYPE, Port, exchange, random_frames
from harness.scenario import Online
from harness.waiting import patience, until
from harness.world import WIRE, World

COUNT = 100_000 if build.is_plain() and not build.is_short() else 3_000
RX_WINDOW = 8   # the chip's ring holds 10 full frames
TX_WINDOW = 32


class Ports:
    """A node that is online, with raw sockets at both ends."""

    def __init__(self, world):
        self.online = Online(world)
        self.wire = world.further(Port(world.wire.namespace, WIRE))
        self.node = world.further(Port(world.namespace, "mqtt0"))


def run(inward):
    with World() as world:
        ports = Ports(world)
        sender, receiver = (ports.wire, ports.node) if inward else (ports.node, ports.wire)
        frames = random_frames(COUNT, sender.mac, receiver.mac, seed=1 + inward)
        arrived, seconds = exchange(sender, receiver, frames,
                                    RX_WINDOW if inward else TX_WINDOW, patience(5))
        assert arrived == COUNT
        ports.online.wait_published()
        return [f"{arrived} frames in {seconds:.1f} s"]


@case(f"{COUNT} random frames from the wire arrive at the TAP identical, in order, none lost")
def inwards():
    return run(True)


@case(f"{COUNT} random frames from the TAP arrive on the wire identical, in order, none lost")
def outwards():
    return run(False)


@case("runts and giants on the wire harm nobody")
def wire_lengths():
    with World() as world:
        world.wire.namespace.ip("link", "set", WIRE, "mtu", "9000")
        ports = Ports(world)
        head = ports.node.mac + ports.wire.mac + struct.pack("!H", ETHERTYPE)
        for length in (14, 15, 20, 42, 59, 1515, 1516, 1518, 1519, 2000, 4096, 9014):
            ports.wire.send(head + bytes(length - len(head)))
        good = head + b"good".ljust(1514 - len(head), b"!")
        ports.wire.send(good)
        seen = []

        def arrived():
            frame = ports.node.receive()
            while frame is not None:
                seen.append(frame)
                frame = ports.node.receive()
            return good in seen
        until(arrived, 10, "the good frame behind them arrives")
        assert all(60 <= len(frame) <= 1514 for frame in seen), sorted(map(len, seen))
        ports.online.wait_published(count=2)


@case("runts and giants out of the TAP: short ones are padded, long ones dropped and counted")
def tap_lengths():
    with World() as world:
        ports = Ports(world)
        world.namespace.ip("link", "set", "mqtt0", "mtu", "9000")
        head = ports.wire.mac + ports.node.mac + struct.pack("!H", ETHERTYPE)
        dropped = ports.online.node.status()["chip"]["counters"]["tx_dropped_size"]
        giants = (1515, 1516, 2000, 4096, 9014)
        for length in giants:
            ports.node.send(head + bytes(length - len(head)))
        for length in (14, 15, 42, 59, 60, 1514):
            ports.node.send(head + bytes([length % 256]) * (length - len(head)))
            until(lambda: (lambda frame: frame is not None and len(frame) == max(60, length))(
                ports.wire.receive()), 5, f"the frame of {length} bytes arrives")
        until(lambda: ports.online.node.status()["chip"]["counters"]["tx_dropped_size"] ==
              dropped + len(giants), 5, "the giants are counted")
        world.namespace.ip("link", "set", "mqtt0", "mtu", "1500")
        ports.online.wait_published(count=2)


@case("frames whose record in the ring has an impossible length: it finds its way again")
def record_lengths():
    with World() as world:
        online = Online(world)
        for length in (0, 1, 2, 15, 1600, 16384, 65535):
            online.node.board.fault("chip-rx-header", length)
            until(lambda: online.node.status()["chip"]["counters"]["rx_header_bad"] > 0, 10,
                  "the bad record is noticed")
            online.wait_published(15)


if __name__ == "__main__":
    main()
