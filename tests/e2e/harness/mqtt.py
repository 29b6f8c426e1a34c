# SPDX-License-Identifier: MIT
"""A small MQTT 3.1.1 client, to see and say on the broker's side exactly what a test wants."""

import itertools
import socket
import struct
import threading
import time
from collections import namedtuple

from .waiting import until

Message = namedtuple("Message", "moment topic payload qos retain")

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK = range(1, 10)
DISCONNECT = 14


def _text(value):
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("!H", len(raw)) + raw


def _packet(kind, flags, body):
    """A packet with its length in base 128. Source: MQTT 3.1.1, 2.2."""
    length, rest = b"", len(body)
    while True:
        length += bytes([rest % 128 | (128 if rest > 127 else 0)])
        rest //= 128
        if rest == 0:
            return bytes([kind << 4 | flags]) + length + body


class Client:
    """Connected to a broker from inside a namespace; collects all messages of its topics."""

    def __init__(self, broker, topics=(), name="observer", user=None, qos=2):
        """@qos: of the subscriptions. With 0 the broker keeps nothing back: what it has sent when
        it acknowledges a message, this client will get, even if the broker is killed then.
        """
        self.messages = []
        self._lock = threading.Lock()
        self._sending = threading.Lock()  # a packet is not broken up by an acknowledgement
        self._replies = []
        self._idents = itertools.count(1)
        with broker.namespace.inside():
            self._socket = socket.create_connection((broker.address, broker.port), 5)
        self._socket.settimeout(None)
        self._file = self._socket.makefile("rb")
        flags, login = 2, b""
        if user:
            flags, login = 0xC2, _text(user[0]) + _text(user[1])
        self._send(CONNECT, 0, _text("MQTT") + bytes([4, flags]) + struct.pack("!H", 0) +
                   _text(name) + login)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        code = self._reply(CONNACK)[1]
        if code != 0:
            self.close()
            raise ConnectionRefusedError(f"the broker refused {name}: code {code}")
        if topics:
            body = struct.pack("!H", next(self._idents))
            self._send(SUBSCRIBE, 2, body + b"".join(_text(topic) + bytes([qos])
                                                       for topic in topics))
            self._reply(SUBACK)

    def _send(self, kind, flags, body):
        with self._sending:
            self._socket.sendall(_packet(kind, flags, body))

    def _reply(self, kind):
        def found():
            with self._lock:
                for index, (got, body) in enumerate(self._replies):
                    if got == kind:
                        del self._replies[index]
                        return (body,)
            return None
        return until(found, 5, f"the broker's answer of type {kind}")[0]

    def _exactly(self, count):
        found = self._file.read(count)
        if len(found) < count:
            raise ConnectionError
        return found

    def _read(self):
        try:
            while True:
                first = self._exactly(1)[0]
                length, shift = 0, 0
                while True:
                    byte = self._exactly(1)[0]
                    length |= (byte & 127) << shift
                    shift += 7
                    if byte < 128:
                        break
                self._take(first >> 4, first & 15, self._exactly(length))
        except (OSError, ConnectionError):
            return

    def _take(self, kind, flags, body):
        if kind == PUBLISH:
            qos = flags >> 1 & 3
            end = 2 + struct.unpack("!H", body[:2])[0]
            topic, rest = body[2:end].decode(), body[end:]
            if qos:
                self._send(PUBACK if qos == 1 else PUBREC, 0, rest[:2])
                rest = rest[2:]
            with self._lock:
                self.messages.append(
                    Message(time.monotonic(), topic, rest, qos, bool(flags & 1)))
        elif kind == PUBREL:
            self._send(PUBCOMP, 0, body[:2])
        else:
            with self._lock:
                self._replies.append((kind, body))

    def publish(self, topic, payload, qos=1, retain=False):
        """Publishes; with QoS 1 returns when the broker has it."""
        raw = payload.encode() if isinstance(payload, str) else payload
        flags = qos << 1 | int(retain)
        ident = struct.pack("!H", next(self._idents)) if qos else b""
        self._send(PUBLISH, flags, _text(topic) + ident + raw)
        if qos:
            self._reply(PUBACK)

    def mark(self):
        with self._lock:
            return len(self.messages)

    def of(self, topic, mark=0):
        """The messages of @topic that came after @mark."""
        with self._lock:
            return [message for message in self.messages[mark:] if message.topic == topic]

    def wait(self, topic, seconds, mark=0, count=1):
        """Waits for @count messages of @topic after @mark and returns them."""
        return until(lambda: (lambda found: found if len(found) >= count else None)(
            self.of(topic, mark)), seconds, f"{count} message(s) on {topic}")

    def alive(self):
        """Whether the broker has not closed the connection."""
        return self._reader.is_alive()

    def close(self):
        try:
            self._send(DISCONNECT, 0, b"")
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.drain()

    def drain(self):
        """Waits for all that the broker has sent before it was killed, and closes."""
        until(lambda: not self._reader.is_alive(), 20, "all that the broker has sent")
        self._file.close()
        self._socket.close()
