# SPDX-License-Identifier: MIT
"""The harness in the roles of systemd, journald and udev."""

import array
import configparser
import glob
import os
import re
import select
import socket
import struct
import threading
import time

from .process import Lines

RTMGRP_LINK = 1


class Unit:
    """What the installed unit file says about the process it starts."""

    def __init__(self, path):
        parser = configparser.RawConfigParser(strict=False, interpolation=None)
        parser.optionxform = str
        parser.read(path, encoding="utf-8")
        self.service = dict(parser["Service"])

    def capabilities(self):
        """The ambient capabilities, as setpriv(1) writes them: "net_admin" ..."""
        return [word.lower().replace("cap_", "", 1)
                for word in self.service["AmbientCapabilities"].split()]

    def umask(self):
        return self.service.get("UMask", "0022")


class _Reader:
    """A datagram socket of ours with a thread that takes what arrives."""

    def __init__(self, path):
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        self._go = threading.Event()
        self._go.set()
        self._stop, self._stopper = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            ready, _, _ = select.select([self._socket, self._stop], [], [])
            if self._stop in ready:
                return
            self._go.wait()
            data, control, _, _ = self._socket.recvmsg(1 << 18, socket.CMSG_SPACE(16))
            fds = array.array("i")
            for level, kind, value in control:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    fds.frombytes(value[:len(value) - len(value) % fds.itemsize])
            self._take(time.monotonic(), data, fds)
            for fd in fds:
                os.close(fd)

    def _take(self, moment, data, fds):
        raise NotImplementedError

    def stall(self):
        """Takes nothing any more, so that the sender's queue fills up and send() blocks."""
        self._go.clear()

    def resume(self):
        self._go.set()

    def close(self):
        self.resume()
        os.write(self._stopper, b"x")
        self._thread.join()
        self._socket.close()
        os.close(self._stop)
        os.close(self._stopper)
        os.unlink(self.path)


class Manager(_Reader):
    """$NOTIFY_SOCKET of one service: READY, STATUS and WATCHDOG with their moments."""

    def __init__(self, path):
        self.ready = None
        self.stopping = None
        self.reloading = []  # CLOCK_MONOTONIC of each, as told
        self.settled_since = 0  # how many of them were over with READY=1
        self.status = Lines()
        self.watchdog = []
        super().__init__(path)

    def _take(self, moment, data, fds):
        for line in data.decode("utf-8", "backslashreplace").split("\n"):
            name, _, value = line.partition("=")
            if name == "READY" and value == "1":
                self.ready = self.ready or moment
                self.settled_since = len(self.reloading)
            elif name == "MONOTONIC_USEC":
                assert b"RELOADING=1" in data, data
                self.reloading.append(int(value) / 1e6)
            elif name == "STOPPING" and value == "1":
                self.stopping = self.stopping or moment
            elif name == "WATCHDOG" and value == "1":
                self.watchdog.append(moment)
            elif name == "STATUS":
                self.status.add(value)

    def reloads(self):
        """How many reloads were told."""
        return len(self.reloading)

    def settled(self):
        """Whether READY=1 has followed the last RELOADING=1."""
        return self.settled_since == len(self.reloading)

    def silences(self, start, end):
        """The times without WATCHDOG=1 between two moments: (begin, end) of each."""
        moments = [moment for moment in list(self.watchdog) if start < moment < end]
        edges = [start, *moments, end]
        return list(zip(edges, edges[1:]))


class Journal(_Reader):
    """journald's socket: the entries as dictionaries of fields (bytes), and as lines."""

    PATH = "/run/systemd/journal/socket"

    def __init__(self):
        self.entries = []
        self.lines = Lines()
        os.makedirs(os.path.dirname(self.PATH), exist_ok=True)
        super().__init__(self.PATH)

    def _take(self, moment, data, fds):
        if fds:
            data = os.pread(fds[0], os.fstat(fds[0]).st_size, 0)
        entry = parse_entry(data)
        self.entries.append(entry)
        self.lines.add(entry.get("MESSAGE", b"").decode("utf-8", "backslashreplace"))


def parse_entry(data):
    """An entry in journald's native protocol: FIELD=value, or FIELD, length, any bytes."""
    entry = {}
    while data:
        line, _, rest = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if equals:
            entry[name.decode()] = value
            data = rest
        else:
            length = struct.unpack("<Q", rest[:8])[0]
            entry[name.decode()] = rest[8:8 + length]
            data = rest[9 + length:]
    return entry


class Udev:
    """Applies the installed sysctl.d snippet to an interface as soon as it exists.

    On a real system that is udev's rule for network devices, which runs systemd-sysctl with the
    prefix of the new interface.
    """

    def __init__(self, namespace, tree):
        self._namespace = namespace
        self._settings = []
        for path in glob.glob(os.path.join(tree, "usr/lib/sysctl.d/*.conf")):
            with open(path, encoding="utf-8") as file:
                self._settings += re.findall(r"^-?\s*net[./](\S+?)\s*=\s*(\S+)", file.read(), re.M)
        self.applied = []
        with namespace.inside():
            self._links = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._links.bind((0, RTMGRP_LINK))
        self._stop, self._stopper = os.pipe()
        self._seen = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with self._namespace.inside():
            while True:
                ready, _, _ = select.select([self._links, self._stop], [], [])
                if self._stop in ready:
                    return
                try:
                    data = self._links.recv(65536)
                except OSError:
                    continue  # overrun: the next message will do
                index = struct.unpack("=i", data[20:24])[0]
                if struct.unpack("=H", data[4:6])[0] == 16 and index not in self._seen:
                    self._seen.add(index)
                    self._apply()

    def _apply(self):
        for key, value in self._settings:
            pattern = "/proc/sys/net/" + (key if "/" in key else key.replace(".", "/"))
            for path in glob.glob(pattern):
                try:
                    with open(path, "w", encoding="ascii") as file:
                        file.write(value)
                except FileNotFoundError:
                    continue  # the interface has gone again
                self.applied.append((path, value))

    def close(self):
        os.write(self._stopper, b"x")
        self._thread.join()
        self._links.close()
        os.close(self._stop)
        os.close(self._stopper)
