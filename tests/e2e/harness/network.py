# SPDX-License-Identifier: MIT
"""Network namespaces, interfaces and what can be asked about them. All inside the sandbox."""

import contextlib
import fcntl
import json
import os
import struct
import subprocess

from . import syscalls

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000


def _ip(*words, check=True):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """A network namespace with its loopback interface up."""

    def __init__(self, name):
        self.name = name
        _ip("netns", "add", name)
        self.ip("link", "set", "lo", "up")

    def delete(self):
        _ip("netns", "delete", self.name, check=False)

    def ip(self, *words, check=True):
        """Runs ip(8) for this namespace and returns what it printed."""
        return _ip("-netns", self.name, *words, check=check)

    def ask(self, *words):
        """The same with the answer as a list of objects; empty if there is nothing."""
        out = _ip("-netns", self.name, "-json", *words, check=False)
        return json.loads(out) if out.strip() else []

    def command(self, *words):
        """The command line that runs @words in here, in the same process."""
        return ["ip", "netns", "exec", self.name, *words]

    @contextlib.contextmanager
    def inside(self):
        """What the calling thread opens in the block belongs to this namespace."""
        with open("/proc/thread-self/ns/net", "rb") as home, \
                open(f"/run/netns/{self.name}", "rb") as there:
            syscalls.setns(there.fileno(), syscalls.CLONE_NEWNET)
            try:
                yield
            finally:
                syscalls.setns(home.fileno(), syscalls.CLONE_NEWNET)

    def sysctl(self, key, value):
        """Sets net.KEY; the parts of @key are separated by slashes."""
        with self.inside(), open(f"/proc/sys/net/{key}", "w", encoding="ascii") as file:
            file.write(str(value))

    def has_interface(self, name):
        return bool(self.ask("link", "show", "dev", name))

    def open_tap(self, name):
        """Makes a TAP and returns its descriptor; it lives as long as that."""
        with self.inside():
            fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
        return fd

    def no_ipv6(self, interface):
        """The kernel says nothing on @interface by itself any more."""
        path = f"ipv6/conf/{interface}/disable_ipv6"
        if os.path.exists("/proc/sys/net/ipv6"):
            self.sysctl(path, 1)

    def snapshot(self, but=()):
        """Addresses, routes and rules as sets of texts, without those of the interfaces @but."""
        def texts(items):
            return {json.dumps(item, sort_keys=True) for item in items}

        addresses = [{"interface": link["ifname"], **address}
                     for link in self.ask("address", "show") if link["ifname"] not in but
                     for address in link["addr_info"]]
        for address in addresses:
            address.pop("valid_life_time", None)
            address.pop("preferred_life_time", None)
        routes = [route for route in self.ask("-details", "route", "show", "table", "all")
                  if route.get("dev") not in but]
        for route in routes:
            # "linkdown" and the like come and go with the state of other interfaces.
            route.pop("flags", None)
        return {"addresses": texts(addresses), "routes": texts(routes),
                "rules": texts(self.ask("rule", "show"))}


def connect(one, one_name, other, other_name):
    """A cable (veth pair) between two namespaces, up at both ends and without IPv6."""
    _ip("link", "add", one_name, "netns", one.name, "type", "veth",
        "peer", "name", other_name, "netns", other.name)
    for namespace, name in ((one, one_name), (other, other_name)):
        namespace.no_ipv6(name)
        namespace.ip("link", "set", name, "up")
