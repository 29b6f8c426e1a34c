# SPDX-License-Identifier: MIT
"""Raw Ethernet frames on an interface of a namespace."""

import random
import select
import socket
import struct
import time

from .capture import SO_RCVBUFFORCE, assert_complete

ETHERTYPE = 0x88B5  # IEEE 802: for local experiments


class Port:
    """Sends and receives frames of our EtherType on one interface."""

    def __init__(self, namespace, interface):
        with namespace.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                        socket.htons(ETHERTYPE))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
        self.socket.bind((interface, ETHERTYPE))
        self.socket.setblocking(False)
        self.mac = self.socket.getsockname()[4]

    def send(self, frame):
        self.socket.send(frame)

    def receive(self):
        """The next frame that came in, or None."""
        try:
            while True:
                frame, where = self.socket.recvfrom(65536)
                if where[2] != socket.PACKET_OUTGOING:
                    return frame
        except BlockingIOError:
            return None

    def check_complete(self):
        """All that came to the interface was received; since the last time."""
        assert_complete(self.socket, "port")

    def close(self):
        self.socket.close()


def random_frames(count, source, target, seed):
    """@count frames of 60 to 1514 bytes with random contents, each with its number in it."""
    dice = random.Random(seed)
    head = target + source + struct.pack("!H", ETHERTYPE)
    for number in range(count):
        length = dice.choice((60, 1514, dice.randint(60, 1514)))
        body = struct.pack("!I", number) + dice.randbytes(length - len(head) - 4)
        yield head + body


def _difference(receiver, arrived, outstanding, got):
    """What became of the frames that are on their way when @got is not the next of them."""
    receiver.check_complete()
    seen = [got]
    while select.select([receiver.socket], [], [], 1)[0]:
        seen += iter(receiver.receive, None)
    order = [outstanding.index(frame) if frame in outstanding else "?" for frame in seen]
    expected = outstanding[0]
    return (f"frame {arrived} differs: {len(expected)} bytes {expected[:32].hex(' ')} were sent, "
            f"{len(got)} bytes {got[:32].hex(' ')} arrived; of {len(outstanding)} on their way "
            f"these came, numbered from it: {order}")


def exchange(sender, receiver, frames, window, patience_s):
    """Sends frames with at most @window outstanding; all must arrive, identical and in order.

    Returns how many arrived and the seconds it took.
    """
    outstanding, arrived, start = [], 0, time.monotonic()
    frames = iter(frames)
    more = True
    while more or outstanding:
        while more and len(outstanding) < window:
            frame = next(frames, None)
            if frame is None:
                more = False
                break
            sender.send(frame)
            outstanding.append(frame)
        if not outstanding:
            break
        if not select.select([receiver.socket], [], [], patience_s)[0]:
            receiver.check_complete()
            raise AssertionError(f"frame {arrived} of {len(outstanding[0])} bytes was lost")
        while True:
            got = receiver.receive()
            if got is None:
                break
            assert outstanding, f"a frame more than was sent: {got[:32].hex(' ')}"
            if got != outstanding[0]:
                raise AssertionError(_difference(receiver, arrived, outstanding, got))
            outstanding.pop(0)
            arrived += 1
    receiver.check_complete()
    return arrived, time.monotonic() - start
