# SPDX-License-Identifier: MIT
"""All frames that leave and enter an interface, to compare the two ends of a path."""

import hashlib
import os
import select
import socket
import struct
import threading
from collections import Counter

FRAME_MIN = 60
FRAME_MAX = 1514
FLOOD = b"\x88\xb5"  # EtherType of what the simulated board itself puts on the wire: not ours
ETH_P_ALL = 3
SOL_PACKET, PACKET_STATISTICS = 263, 6
SO_RCVBUFFORCE = 33


def _key(frame):
    """The same for a frame and what the chip or the wire made of it by padding."""
    return hashlib.blake2b(frame.ljust(FRAME_MIN, b"\0"), digest_size=12).digest()


def assert_complete(packets, what):
    """A packet socket has lost nothing since it was last asked for want of room."""
    raw = packets.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
    lost = struct.unpack("=II", raw)[1]
    assert lost == 0, f"the {what} lost {lost} frames"


class Capture:
    """Frames of an interface of a namespace, in both directions, as keys in their order.

    The interface is known by its name: it may be deleted and made again.
    """

    def __init__(self, namespace, interface):
        self.out = []
        self.into = []
        self._interface = interface
        with namespace.inside():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                         socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
        self._socket.setblocking(False)
        self._lock = threading.Lock()
        self._stop, self._stopper = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            ready, _, _ = select.select([self._socket, self._stop], [], [])
            if self._stop in ready:
                return
            self._take()

    def _take(self):
        with self._lock:
            while True:
                try:
                    frame, where = self._socket.recvfrom(2048)
                except BlockingIOError:
                    return
                except OSError:
                    continue  # ENETDOWN: an interface went away
                if where[0] == self._interface and frame[12:14] != FLOOD:
                    frames = self.out if where[2] == socket.PACKET_OUTGOING else self.into
                    frames.append((_key(frame), len(frame)))

    def count(self):
        """How many frames have been seen, with those that nobody has looked at yet."""
        self._take()
        return len(self.out) + len(self.into)

    def check_complete(self):
        """The capture itself has lost nothing."""
        assert_complete(self._socket, f"capture on {self._interface}")

    def close(self):
        os.write(self._stopper, b"x")
        self._thread.join()
        self._socket.close()
        os.close(self._stop)
        os.close(self._stopper)


class Comparison:
    """What became of the frames that entered a path, judged by those that came out of it."""

    def __init__(self, sent, received):
        counts = Counter(key for key, _ in sent)
        # What was on its way when the captures began was seen at the far end only.
        first = next((at for at, (key, _) in enumerate(received) if key in counts), 0)
        received = received[first:]
        came = Counter(key for key, _ in received)
        self.twice = sum(count - counts[key] for key, count in came.items()
                         if key in counts and count > counts[key])
        self.foreign = sum(count for key, count in came.items() if key not in counts)
        self.lost_bytes = sum(length for key, length in sent if key not in came)
        place = {key: at for at, (key, _) in enumerate(sent) if counts[key] == 1}
        order = [place[key] for key, _ in received if key in place]
        self.overtaken = sum(after < before for before, after in zip(order, order[1:]))
