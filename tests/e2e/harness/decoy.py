# SPDX-License-Identifier: MIT
"""The other network of the machine: a resolver and a broker that the node must never meet."""

import os
import select
import socket
import struct
import threading

PACKET_OUTGOING = 4
FRAMES_SHOWN = 8  # of those that should not have been


class Decoy:
    """Answers every name with its own address, takes connections, and remembers everything."""

    PORTS = (53, 1883, 18830)

    def __init__(self, namespace, interface, address):
        self.address = address
        self.queries = []
        self.connections = []
        with namespace.inside():
            self._sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self._resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._listeners = [socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                               for _ in self.PORTS]
        self._sniffer.bind((interface, 3))
        self._sniffer.setblocking(False)
        self._resolver.bind((address, 53))
        for listener, port in zip(self._listeners, self.PORTS):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(8)
        self._stop, self._stopper = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        poll = select.poll()
        by_fd = {each.fileno(): each for each in (self._resolver, *self._listeners)}
        for fd in (*by_fd, self._stop):
            poll.register(fd, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self._stop:
                    return
                if fd == self._resolver.fileno():
                    self._answer()
                else:
                    connection, peer = by_fd[fd].accept()
                    self.connections.append((peer, by_fd[fd].getsockname()))
                    connection.close()

    def _answer(self):
        question, peer = self._resolver.recvfrom(512)
        if len(question) < 17:
            return
        self.queries.append((peer, question[12:]))
        kind = question[-4:-2]
        record = b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 1, 4) + socket.inet_aton(self.address)
        found = kind == b"\0\1"
        self._resolver.sendto(
            question[:2] + struct.pack("!5H", 0x8180, 1, 1 if found else 0, 0, 0) +
            question[12:] + (record if found else b""), peer)

    def frames(self):
        """The frames that came out of the node's second NIC since the last time."""
        seen = []
        while True:
            try:
                frame, where = self._sniffer.recvfrom(2048)
            except BlockingIOError:
                return seen
            if where[2] != PACKET_OUTGOING:
                seen.append(frame)

    def assert_untouched(self):
        """Nothing at all came out of the second NIC."""
        frames = self.frames()
        assert not self.queries, f"the wrong resolver was asked: {self.queries}"
        assert not self.connections, f"the wrong broker was contacted: {self.connections}"
        assert not frames, "\n".join([f"{len(frames)} frames left by eth0:"] +
                                     [frame.hex(" ") for frame in frames[:FRAMES_SHOWN]])

    def close(self):
        os.write(self._stopper, b"x")
        self._thread.join()
        for each in (self._sniffer, self._resolver, *self._listeners):
            each.close()
        os.close(self._stop)
        os.close(self._stopper)
