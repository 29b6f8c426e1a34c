# SPDX-License-Identifier: MIT
"""Pings through the interface beside a control ping, to tell a pause of ours from a busy machine."""

import os
import select
import socket
import struct
import threading
import time

from . import delays

INTERVAL = 0.05
SO_TIMESTAMPNS = 35


def _checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _request(ident, sequence):
    """An ICMP echo request. Source: RFC 792."""
    header = struct.pack("!2B3H", 8, 0, 0, ident, sequence & 0xFFFF) + bytes(16)
    return header[:2] + struct.pack("!H", _checksum(header)) + header[4:]


class Pinger:
    """Sends an echo request to every target every 50 ms and remembers when replies came.

    All targets are asked from one thread at the same moment; replies carry the kernel's time of
    arrival. What slows the machine down slows all of them.
    """

    def __init__(self, namespace, targets):
        """@targets: name to address."""
        self.targets = targets
        self._names = {address: name for name, address in targets.items()}
        self._replies = {name: [] for name in targets}
        with namespace.inside():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setblocking(False)
        self._stop, self._stopper = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        ident = os.getpid() & 0xFFFF
        sequence, due = 0, time.monotonic()
        while True:
            ready, _, _ = select.select([self._socket, self._stop], [], [],
                                        max(0.0, due - time.monotonic()))
            if self._stop in ready:
                return
            if self._socket in ready:
                self._receive()
            if time.monotonic() >= due:
                for address in self.targets.values():
                    try:
                        self._socket.sendto(_request(ident, sequence), (address, 0))
                    except OSError:
                        pass  # no route or no neighbour just now: that is a missing reply
                sequence += 1
                due = max(due + INTERVAL, time.monotonic())

    def _receive(self):
        while True:
            try:
                data, control, _, where = self._socket.recvmsg(256, 64)
            except BlockingIOError:
                return
            name = self._names.get(where[0])
            if name is None or len(data) < 21 or data[20] != 0:
                continue
            for _, kind, value in control:
                if kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("@ll", value[:16])
                    self._replies[name].append(seconds + nanoseconds / 1e9)

    def watch(self):
        """A block of time to be judged; see Watch."""
        return Watch(self)

    def answered(self, name):
        """How many replies have come from a target so far."""
        return len(self._replies[name])

    def first_reply(self, name, start):
        """When the first reply came after @start (time.time()), or None."""
        return next((moment for moment in list(self._replies[name]) if moment >= start), None)

    def pauses(self, name, start, end):
        """Between two replies, and at the edges: (begin, end) of each."""
        moments = [moment for moment in list(self._replies[name]) if start <= moment <= end]
        edges = [start, *moments, end]
        return zip(edges, edges[1:])

    def longest_pause(self, name, start, end):
        return max(after - before for before, after in self.pauses(name, start, end))

    def close(self):
        """Ends it; what it has seen can still be asked for."""
        if not self._thread.is_alive():
            return
        os.write(self._stopper, b"x")
        self._thread.join()
        self._socket.close()
        os.close(self._stop)
        os.close(self._stopper)


class Watch:
    """with pinger.watch() as watch: ...; then watch.pause("node") is the longest silence in it."""

    def __init__(self, pinger):
        self._pinger = pinger
        self.start = self.end = None

    def __enter__(self):
        self.start = time.time()
        return self

    def __exit__(self, *_):
        self.end = time.time()

    def pause(self, name):
        return self._pinger.longest_pause(name, self.start, self.end)

    def excess(self, name, control):
        """The longest pause of @name beyond that of @control or, where that is more, beyond what
        a bare timer lost in it: the kernel answers the control without a thread that could be
        kept waiting, the node has several."""
        shift = time.monotonic() - time.time()
        usual = self.pause(control)
        return max(after - before - max(usual, delays.lost(before + shift, after + shift))
                   for before, after in self._pinger.pauses(name, self.start, self.end))
