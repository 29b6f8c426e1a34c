# SPDX-License-Identifier: MIT
"""The real servers on a network: dnsmasq for DHCP and DNS, mosquitto."""

import base64
import contextlib
import glob
import hashlib
import json
import os
import signal
import socket
import struct
import threading
import time

from . import build
from .process import Process
from .waiting import until


class Service:
    """A server in a namespace that can be started, frozen and stopped again and again."""

    def __init__(self, namespace, name):
        self.namespace = namespace
        self.name = name
        self.process = None

    def _start(self, command):
        assert not self.running(), f"{self.name} runs already"
        self.process = Process(self.name, self.namespace.command(*command))

    def running(self):
        return self.process is not None and self.process.alive()

    @property
    def lines(self):
        return self.process.lines

    def freeze(self):
        """Stops its execution; sockets stay open and nobody answers any more."""
        self.process.send(signal.SIGSTOP)
        until(self.process.stopped, 5, f"{self.name} is frozen")

    def thaw(self):
        self.process.send(signal.SIGCONT)

    def kill(self):
        """Ends it in the middle of whatever it does."""
        self.process.send(signal.SIGKILL)
        self.process.wait(2)
        self.process = None

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def close(self):
        """The same, for World.further()."""
        self.stop()


def _dnsmasq(*options):
    return [build.tool("dnsmasq", "dnsmasq-base"), "--conf-file=/dev/null", "--keep-in-foreground",
            "--log-facility=-", "--user=root", "--group=root", "--pid-file=", "--no-hosts",
            "--no-resolv", "--bind-interfaces", *options]


class Dhcp(Service):
    """A DHCP server for a /24 that knows its own address as router and name server."""

    def __init__(self, namespace, interface, address):
        super().__init__(namespace, f"dhcp@{namespace.name}")
        self.interface = interface
        self.address = address
        self.leases = f"/run/leases-{namespace.name}"

    def start(self, lease="2m", dns=None, router=None):
        """@dns, @router: the name server and router to tell clients; None: its own address; "":
        nothing of the kind.
        """
        subnet = self.address.rsplit(".", 1)[0]
        self._start(_dnsmasq(
            f"--interface={self.interface}", "--except-interface=lo", "--port=0",
            "--dhcp-authoritative", "--no-ping",
            f"--dhcp-range={subnet}.50,{subnet}.60,255.255.255.0,{lease}",
            *(f"--dhcp-option=option:{name}{',' if value else ''}{value}" for name, value in (
                ("router", self.address if router is None else router),
                ("dns-server", self.address if dns is None else dns))),
            f"--dhcp-leasefile={self.leases}", "--log-dhcp"))
        self.lines.wait("IP range", 5)

    def lease(self):
        """The address granted last according to the server's own file, or None."""
        try:
            with open(self.leases, encoding="ascii") as file:
                rows = [line.split() for line in file]
        except FileNotFoundError:
            return None
        return rows[-1][2] if rows else None

    def check_lease(self, address):
        """It is this server that granted @address; it may write that down a little later."""
        until(lambda: self.lease() == address, 2, f"{self.name} has granted {address}")


class RouterAdvertisements(Service):
    """A router of IPv6 that advertises the /64 of its address, and itself as a name server."""

    def __init__(self, namespace, interface, address):
        super().__init__(namespace, f"router@{namespace.name}")
        self.interface = interface
        self.address = address

    def start(self, names, lifetime="2h"):
        """@names: name to address."""
        self._start(_dnsmasq(
            f"--interface={self.interface}", "--except-interface=lo", "--enable-ra",
            f"--dhcp-range=::,constructor:{self.interface},ra-stateless,64,{lifetime}",
            f"--dhcp-option=option6:dns-server,[{self.address}]", "--port=53", "--local=/#/",
            "--log-queries", "--log-dhcp",
            *(f"--host-record={name},{address}" for name, address in names.items())))
        self.lines.wait("router advertisement on|IPv6 router advertisement enabled", 5)


class Dns(Service):
    """A name server that knows a few names and says of all others that they do not exist."""

    def __init__(self, namespace, address):
        super().__init__(namespace, f"dns@{namespace.name}")
        self.address = address

    def start(self, names):
        """@names: name to address."""
        self._start(_dnsmasq(
            f"--listen-address={self.address}", "--port=53", "--log-queries", "--local=/#/",
            *(f"--host-record={name},{address}" for name, address in names.items())))
        with self.namespace.inside():
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with client:
            client.settimeout(0.1)
            until(lambda: _answers(client, self.address), 5, f"{self.name} answers")


def query(name, ident=1):
    """The DNS question for the IPv4 address of @name. Source: RFC 1035, 4.1."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack("!6H", ident, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


def _answers(client, address):
    try:
        client.sendto(query("localhost"), (address, 53))
        return client.recv(512)
    except (socket.timeout, ConnectionError):
        return None


class MuteDns(Service):
    """A name server that takes every query and never answers."""

    def __init__(self, namespace, address):
        super().__init__(namespace, f"mute-dns@{namespace.name}")
        self.address = address
        self.socket = None

    def start(self):
        with self.namespace.inside():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 53))
        self.socket.setblocking(False)

    def asked(self):
        """Whether a query has come since the last time."""
        try:
            while True:
                self.socket.recv(512)
                return True
        except BlockingIOError:
            return False

    def stop(self):
        if self.socket:
            self.socket.close()
            self.socket = None


class MuteServer(Service):
    """A TCP port that takes connections and never says a word."""

    def __init__(self, namespace, address, port):
        super().__init__(namespace, f"mute@{namespace.name}")
        self.where = (address, port)
        self.socket = None

    def start(self):
        with self.namespace.inside():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.bind(self.where)
        self.socket.listen(100)  # the kernel accepts

    def stop(self):
        if self.socket:
            self.socket.close()
            self.socket = None


class ResettingServer(Service):
    """A TCP port that takes connections and resets them: at once, or when it has read something."""

    def __init__(self, namespace, address, port, reads=False):
        super().__init__(namespace, f"resetting@{namespace.name}")
        self.where = (address, port)
        self.reads = reads
        self.socket = None
        self.thread = None

    def start(self):
        with self.namespace.inside():
            self.socket = socket.create_server(self.where)
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):  # the socket is shut down
            while True:
                self._reset(self.socket.accept()[0])

    def _reset(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            if self.reads:
                connection.recv(4096)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def stop(self):
        if self.socket:
            self.socket.shutdown(socket.SHUT_RDWR)
            self.thread.join()
            self.socket.close()
            self.socket = None


class SynDropper(Service):
    """A TCP port whose queue is full, so that the kernel drops every new SYN.

    Linux drops a SYN silently when the listener's accept queue is full; a backlog of 0 has room
    for one connection, which we make ourselves.
    """

    def __init__(self, namespace, address, port):
        super().__init__(namespace, f"syn-dropper@{namespace.name}")
        self.where = (address, port)
        self.sockets = []

    def start(self):
        with self.namespace.inside():
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(self.where)
        listener.listen(0)
        self.sockets = [listener, filler]
        filler.settimeout(2)
        with contextlib.suppress(socket.timeout):  # somebody was faster: it is full all the same
            filler.connect(self.where)

    def stop(self):
        for each in self.sockets:
            each.close()
        self.sockets = []


class Broker(Service):
    """mosquitto on all addresses of its namespace. It remembers nothing when it is restarted."""

    def __init__(self, namespace, address, port=18830):
        super().__init__(namespace, f"broker@{namespace.name}:{port}")
        self.address = address
        self.port = port

    def start(self, users=None, tls=None, permitted=None, addresses=("0.0.0.0",),
              packet_max=None):
        """@users: name to password; None lets everybody in. @tls: further ports, each with its
        (certificate, key) or (certificate, key, CA that clients must come from). @permitted: the
        only topic filters that users may publish and subscribe to; None: all. @addresses: where it
        listens. @packet_max: the largest packet that it takes, bytes; None: any.
        """
        settings = [*(f"listener {self.port} {address}" for address in addresses), "user root",
                    "log_dest stderr", "log_type all", "log_timestamp false", "persistence false",
                    f"allow_anonymous {'false' if users is not None else 'true'}"]
        if packet_max is not None:
            settings.append(f"max_packet_size {packet_max}")
        path = f"/run/passwords-{self.namespace.name}-{self.port}"
        if permitted is not None:
            # An access file would not refuse subscriptions.
            settings += [f"plugin {_security_plugin()}", f"plugin_opt_config_file {path}"]
            _write_secret(path, json.dumps(_security(users, permitted)))
        elif users is not None:
            settings.append(f"password_file {path}")
            _write_secret(path, "".join(_password_line(*user) for user in users.items()))
        for port, (certificate, key, *clients) in (tls or {}).items():
            settings += [f"listener {port} 0.0.0.0", f"certfile {certificate}", f"keyfile {key}"]
            settings += [f"cafile {clients[0]}", "require_certificate true"] if clients else []
        path = f"/run/mosquitto-{self.namespace.name}-{self.port}.conf"
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join(settings) + "\n")
        self._start([build.tool("mosquitto", "mosquitto"), "-c", path])
        until(self._accepts, 5, f"{self.name} accepts connections")

    def _accepts(self):
        assert self.running(), f"{self.name} ended: {self.lines.texts()}"
        with self.namespace.inside():
            client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with client:
            return client.connect_ex((self.address, self.port)) == 0

    def connections(self, client_id, mark=0):
        """How often @client_id has connected since the start."""
        return self.lines.count(rf"New client connected .* as {client_id} ", mark)


def _write_secret(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, 0o600)


def _hash(password):
    """(salt, PBKDF2 with SHA-512) in base64, as mosquitto keeps passwords."""
    salt = hashlib.sha256(str(time.monotonic_ns()).encode()).digest()[:12]
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
    return base64.b64encode(salt).decode(), base64.b64encode(key).decode()


def _password_line(user, password):
    """A line of mosquitto's password file, as mosquitto_passwd writes it."""
    return "{}:$7$101${}${}\n".format(user, *_hash(password))


def _security_plugin():
    """Mosquitto's own plugin for access control, which is in its Debian package."""
    name = "lib/*/mosquitto_dynamic_security.so"
    usr = os.path.dirname(os.path.dirname(build.tool("mosquitto", "mosquitto")))
    found = glob.glob(os.path.join(usr, name))
    if not found:
        raise build.MissingTool(f"{os.path.join(usr, name)} is missing (Debian package mosquitto)")
    return found[0]


def _security(users, permitted):
    """What that plugin reads: all users have one role, which may use the topics @permitted."""
    clients = []
    for user, password in users.items():
        salt, key = _hash(password)
        clients.append({"username": user, "password": key, "salt": salt, "iterations": 101,
                        "roles": [{"rolename": "all"}]})
    return {
        "defaultACLAccess": {"publishClientSend": False, "publishClientReceive": True,
                             "subscribe": False, "unsubscribe": True},
        "clients": clients, "groups": [],
        "roles": [{"rolename": "all", "acls": [
            {"acltype": kind, "topic": topic, "priority": 0, "allow": True}
            for kind in ("publishClientSend", "subscribePattern") for topic in permitted]}],
    }
