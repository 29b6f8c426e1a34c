# SPDX-License-Identifier: MIT
"""A TCP connection that carries bytes as fast as it can until it is told to stop."""

import hashlib
import random
import socket
import struct
import threading

from .waiting import until

BLOCK = 1 << 16
STEP = 8192  # what is given to the kernel at once


class Stream:
    """Bytes from one namespace to another, at least @least of them; both ends keep a hash."""

    def __init__(self, name, source, target, address, port, least, bind=None):
        """@source, @target: namespaces. @address: the receiver's. @bind: the sender's, if it
        has to be said."""
        self.name = name
        self.received = 0
        self.sent = 0
        self._least = least
        self._stop = threading.Event()
        self._hashes = [hashlib.sha256(), hashlib.sha256()]
        self._errors = []
        with target.inside():
            self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with source.inside():
            self._sender = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(1)
        if bind:
            self._sender.bind((bind, 0))
        self._sender.settimeout(20)
        self._sender.connect((address, port))
        self._receiver, _ = self._listener.accept()
        for end in (self._sender, self._receiver):
            end.settimeout(60)
        self._threads = [threading.Thread(target=self._guard, args=(work,), daemon=True)
                         for work in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def _guard(self, work):
        try:
            work()
        except OSError as error:
            self._errors.append(f"{self.name}: {work.__name__}: {error}")

    def _send(self):
        filling = random.Random(self.name).randbytes(BLOCK - 8)
        number = 0
        while self.sent < self._least or not self._stop.is_set():
            # Every block is another one: none can be missing, or come twice, unnoticed.
            block = struct.pack("!Q", number) + filling
            number += 1
            self._hashes[0].update(block)
            for at in range(0, BLOCK, STEP):
                self._sender.sendall(block[at:at + STEP])
                self.sent += STEP
        self._sender.shutdown(socket.SHUT_WR)

    def _receive(self):
        while True:
            data = self._receiver.recv(1 << 16)
            if not data:
                return
            self._hashes[1].update(data)
            self.received += len(data)

    def flows(self, count, seconds):
        """Waits until @count more bytes have arrived."""
        goal = self.received + count
        until(lambda: self._failed() or self.received >= goal, seconds,
              f"{self.name}: {count} bytes more than {goal - count}")

    def spoil(self):
        """As if a byte had arrived that was never sent; for the test of this class."""
        self._hashes[1].update(b"x")

    def finish(self, seconds):
        """No more than the least is needed; waits for the end and compares."""
        self._stop.set()
        until(lambda: self._failed() or not any(thread.is_alive() for thread in self._threads),
              seconds, f"{self.name} ends; {self.received} of {self.sent} bytes have arrived")
        self._failed()
        assert self.received == self.sent >= self._least, (self.received, self.sent)
        assert self._hashes[0].digest() == self._hashes[1].digest(), f"{self.name}: it differs"

    def _failed(self):
        assert not self._errors, "; ".join(self._errors)

    def close(self):
        self._stop.set()
        for end in (self._sender, self._receiver, self._listener):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # was not connected, or no longer is
        for thread in self._threads:
            thread.join(5)
        for end in (self._sender, self._receiver, self._listener):
            end.close()
