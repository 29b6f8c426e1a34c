# SPDX-License-Identifier: MIT
"""A way in which there is no connection to the broker, or less than one; what must hold in it.

A Site is a network in which everything that can be wrong is wrong, each thing at a port, a name
or an address of its own: a failure is mostly a configuration that leads there.
"""

import functools
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Callable, Optional, Tuple

from . import build, conf
from .certificates import Authority
from .scenario import bar, ping_goes_on
from .services import Broker, MuteDns, MuteServer, ResettingServer, SynDropper
from .waiting import until
from .world import WIRE, World

SERVER, NODE, MUTE_DNS = "10.77.0.1", "10.77.0.20", "10.77.0.3"
GUARDED, CLOSED, DROPPED, MUTE, RESET, RESET_LATE = range(18831, 18837)
TLS, STRICT, OTHER_NAME, EXPIRED, FUTURE, STRANGER = range(8883, 8889)
NAME = f"DNS:{conf.BROKER}"
USER, PASSWORD = "node", "right"
PERMITTED = "permitted"  # with what is below it: all that users of the port GUARDED may use

RUNGS = ("name", "tcp", "tls", "connack", "suback")
JOURNAL = "journal"  # no rung: the connection is as it should be


@dataclass(frozen=True)
class Failure:
    """A row of the table. Without a sentence there is none."""

    name: str
    rung: str  # that fails, or JOURNAL
    cause: str  # its short name (include/mqttnode/cause.h)
    sentence: str  # word for word; "{today}": the date
    or_else: Tuple[str, ...] = ()  # word for word, where the broker's version or chance decides
    mqtt: dict = field(default_factory=dict)  # what is configured, beside the lesson
    tls: Optional[dict] = None  # further keys of mqtt.tls; None: no TLS
    dns: str = SERVER
    password: Optional[str] = None  # of the credential "password"
    strike: Optional[Callable] = None  # of (site, node): happens to a node that is online; may
    # return a function that undoes it
    passing: bool = False  # after it comes something else, by itself
    preload: Optional[str] = None  # see Node

    def __post_init__(self):
        assert self.rung in (*RUNGS, JOURNAL), self
        assert all(re.search(r"\w+ \w+", text) for text in (self.sentence, *self.or_else)), self

    def pattern(self):
        """A regular expression for its sentence, and nothing behind it."""
        today = time.strftime("%Y-%m-%d", time.gmtime())
        return "(" + "|".join(re.escape(text.replace("{today}", today))
                              for text in (self.sentence, *self.or_else)) + ")$"


_once = threading.Lock()


@functools.lru_cache(None)
def _certificates():
    """(our authority, another one, ports with what they show)."""
    ca, stranger = Authority("ca"), Authority("stranger")
    good = ca.issue("good", NAME)
    return ca, stranger, {
        TLS: good,
        STRICT: (*good, ca.certificate),
        OTHER_NAME: ca.issue("other", "DNS:other.example"),
        EXPIRED: ca.issue("old", NAME, end="20260102000000Z"),
        FUTURE: ca.issue("future", NAME, start="20400101000000Z"),
        STRANGER: stranger.issue("evil", NAME),
    }


def certificates():
    """The same, made once."""
    with _once:
        return _certificates()


class Site:
    """One such network, and one node at a time in it."""

    def __init__(self):
        self.ca, self.stranger, self._listeners = certificates()
        self.world = World()
        self.wire = self.world.wire
        self.guarded = Broker(self.wire.namespace, SERVER, GUARDED)
        self.mute_dns = MuteDns(self.wire.namespace, MUTE_DNS)
        self._servers = [self.guarded, self.mute_dns,
                         SynDropper(self.wire.namespace, SERVER, DROPPED),
                         MuteServer(self.wire.namespace, SERVER, MUTE),
                         ResettingServer(self.wire.namespace, SERVER, RESET),
                         ResettingServer(self.wire.namespace, SERVER, RESET_LATE, reads=True)]
        self.pinger = None

    def __enter__(self):
        self.world.__enter__()
        try:
            self._start()
        except BaseException:
            self.world.close()
            raise
        return self

    def _start(self):
        self.wire.namespace.ip("address", "add", f"{MUTE_DNS}/24", "dev", WIRE)
        self.wire.start(dhcp=False, broker=False)
        self.wire.broker.start(tls=self._listeners)
        for server in self._servers:
            server.close = server.stop
            self.world.further(server)
        self.guarded.start(users={USER: PASSWORD},
                           permitted=[f"{PERMITTED}/#", f"mqttnode/{conf.CLIENT_ID}/#"])
        for server in self._servers[1:]:
            server.start()
        self.pinger = self.world.pinger(NODE)

    def __exit__(self, *error):
        return self.world.__exit__(*error)

    def node(self, failure):
        """A node whose configuration leads into @failure."""
        mqtt = {"keepalive": 5, "reconnect_max": 1, **failure.mqtt}
        if failure.tls is not None:
            mqtt["tls"] = {"ca_file": self.ca.certificate, **failure.tls}
        credentials = None
        if failure.password:
            mqtt.update(username=mqtt.get("username", USER), password_credential="password")
            credentials = {"password": failure.password}
        return self.world.node(conf.lesson(mqtt, network={
            "method": "static", "address": f"{NODE}/24", "gateway": SERVER,
            "dns": [failure.dns]}), credentials=credentials, preload=failure.preload)


def _wait_sentence(node, failure):
    """The sentence is in the journal, is what "systemctl status" says, and stays on its rung.

    Returns it."""
    pattern = failure.pattern()
    if failure.rung == JOURNAL:
        return node.wait_log(pattern, 25)[1].group(1)
    said = node.wait_log(f"{failure.rung} failed: {pattern}", 25)[1].group(1)
    node.wait_status(f"{failure.rung}: {pattern}", 5)
    if not failure.passing:
        node.wait_rung(failure.rung, "failed", 5, f"^{pattern}")
        cause = node.rungs()[failure.rung]["cause_id"]
        assert cause == failure.cause, f"the cause is called {cause}"
    return said


def _wait_further(node):
    """Another attempt to connect or, with a connection, another message."""
    def done():
        counters = node.status()["mqtt"]
        return counters["connect_failures"] + counters["published"]
    before, enough = done(), time.monotonic() + 2
    until(lambda: done() > before or (build.is_short() and time.monotonic() > enough), 25,
          "another attempt, or another message")


def judge(site, failure):
    """Runs a row: the sentence, meanwhile ping and watchdog, then SIGTERM. Returns notes."""
    node = site.node(failure)
    if failure.strike:
        node.wait_online()
    node.wait_rung("address", "ok", 10)
    answered = site.pinger.answered("node")
    until(lambda: site.pinger.answered("node") > answered, 5, "replies")
    begin, used = time.monotonic(), node.cpu_seconds()["mqtt"]
    undo = None
    with ping_goes_on(site.pinger):
        if failure.strike:
            undo = failure.strike(site, node)
        said = _wait_sentence(node, failure)
        _wait_further(node)
        if failure.rung in RUNGS and not failure.passing:
            node.wait_rung(failure.rung, "failed", 25, f"^{failure.pattern()}")
    node.check_watchdog(node.manager.ready, time.monotonic())
    lasted = time.monotonic() - begin
    used = node.cpu_seconds()["mqtt"] - used
    if failure.password:
        assert not node.lines.find(failure.password), "the password is in the log"
    stop = node.stop()
    if undo:
        undo()
    site.world.check_host()
    return [f"said: {said}",
            bar(used, 0.2 + 0.02 * lasted, f"CPU seconds of the mqtt thread in {lasted:.1f} s"),
            f"from SIGTERM to the end: {stop:.2f} s"]
