# SPDX-License-Identifier: MIT
"""A DHCP server that grants whatever a test wants, also nonsense. Source: RFC 2131, RFC 2132."""

import os
import select
import socket
import struct
import threading

MAGIC = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6
SERVER = "10.77.0.1"

SUBNET, ROUTER, DNS, HOSTNAME, DOMAIN, MTU, LEASE, KIND, SERVER_ID = \
    1, 3, 6, 12, 15, 26, 51, 53, 54


def _addresses(*texts):
    return b"".join(map(socket.inet_aton, texts))


def a_lease(address="10.77.0.70", but=None):
    """An offer: an address and options by number, the usual ones unless @but says otherwise."""
    usual = {SUBNET: _addresses("255.255.255.0"), ROUTER: _addresses(SERVER),
             DNS: _addresses(SERVER), LEASE: struct.pack("!I", 120)}
    return {"address": address, "options": {**usual, **(but or {})}}


# Offers that are of no use, with the reason that the node should give.
NONSENSE = (
    (a_lease("0.0.0.0"), "0.0.0.0 is not an address"),
    (a_lease(but={SUBNET: _addresses("255.0.255.0")}), "255.0.255.0 is not a subnet mask"),
    (a_lease("127.0.0.1"), "127.0.0.1 is not an address"),
    (a_lease("224.0.0.1"), "224.0.0.1 is not an address"),
    (a_lease("255.255.255.255"), "255.255.255.255 is not an address"),
)

# An offer that is of use in spite of what else it says.
ODD = a_lease(but={
    LEASE: struct.pack("!I", 0), ROUTER: _addresses("224.0.0.1"),
    DNS: _addresses("0.0.0.0", "255.255.255.255", SERVER), MTU: struct.pack("!H", 68),
    HOSTNAME: b"\x1b[2J\x07;reboot", DOMAIN: b"$(reboot) \xff\n",
})


class LooseDhcp:
    """Answers every client with the offer set last, whatever that is."""

    def __init__(self, namespace, interface, verdict=ACK):
        """@verdict: on every REQUEST, ACK or NAK."""
        self.acknowledged = 0
        self._verdict = verdict
        self._offer = None
        self._lock = threading.Lock()
        with namespace.inside():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_REUSEADDR, socket.SO_BROADCAST):
            self._socket.setsockopt(socket.SOL_SOCKET, option, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        self._socket.bind(("", 67))
        self._stop, self._stopper = os.pipe()
        self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def offer(self, lease):
        with self._lock:
            self._offer = lease

    def _run(self):
        while True:
            ready, _, _ = select.select([self._socket, self._stop], [], [])
            if self._stop in ready:
                return
            request = self._socket.recv(2048)
            with self._lock:
                lease = self._offer
            kind = _option(request, KIND)
            if lease and kind:
                self._answer(request, kind[0], lease)

    def _answer(self, request, kind, lease):
        if kind not in (DISCOVER, REQUEST):
            return
        reply = OFFER if kind == DISCOVER else self._verdict
        options = {KIND: bytes([reply]), SERVER_ID: _addresses(SERVER), **lease["options"]}
        body = b"".join(bytes([code, len(value)]) + value for code, value in options.items())
        packet = (bytes([2, 1, 6, 0]) + request[4:8] + bytes(8) +
                  _addresses(lease["address"], SERVER) + bytes(4) + request[28:44] + bytes(192) +
                  MAGIC + body + b"\xff")
        self._socket.sendto(packet.ljust(300, b"\0"), ("255.255.255.255", 68))
        if reply == ACK:
            with self._lock:
                self.acknowledged += 1

    def close(self):
        if self._closed:
            return
        self._closed = True
        os.write(self._stopper, b"x")
        self._thread.join()
        self._socket.close()
        os.close(self._stop)
        os.close(self._stopper)


def _option(packet, wanted):
    """The value of an option in a DHCP packet, or None."""
    if len(packet) < 240 or packet[236:240] != MAGIC:
        return None
    at = 240
    while at + 1 < len(packet) and packet[at] != 255:
        if packet[at] == 0:
            at += 1
            continue
        length = packet[at + 1]
        if packet[at] == wanted:
            return packet[at + 2:at + 2 + length] or None
        at += 2 + length
    return None
