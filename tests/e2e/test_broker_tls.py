#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""TLS to a real broker: what is accepted, and the sentence for everything that is not.

Certificates are made by openssl for each test.
"""

import functools
import re

from harness import conf
from harness.cases import case, main
from harness.certificates import Authority
from harness.mqtt import Client
from harness.scenario import Online, bar
from harness.waiting import hold, until
from harness.world import World

TLS, STRICT, OTHER_NAME, EXPIRED, FUTURE, STRANGER = range(8883, 8889)
STATIC = {"method": "static", "address": "10.77.0.20/24", "gateway": "10.77.0.1",
          "dns": ["10.77.0.1"]}
NAME = f"DNS:{conf.BROKER}"


@functools.lru_cache(None)
def certificates():
    """(our authority, another one, listeners with everything that can be wrong), made once."""
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


class Site:
    """A network whose broker has all these listeners."""

    def __init__(self, world):
        self.world = world
        self.ca, self.stranger, listeners = certificates()
        world.wire.start(broker=False)
        world.wire.broker.start(tls=listeners)

    def config(self, port, mqtt=None, **tls):
        """The lesson with TLS to @port. @tls: further keys of mqtt.tls."""
        return conf.lesson(network=STATIC, mqtt={
            "port": port, "reconnect_max": 2, **(mqtt or {}),
            "tls": {"ca_file": self.ca.certificate, **tls}})

    def refused(self, port, rung, sentence, mqtt=None, **tls):
        """A node that must end up with @sentence on @rung; the node, for more."""
        node = self.world.node(self.config(port, mqtt, **tls))
        node.wait_rung(rung, "failed", 20, sentence)
        return node


@case("a verified broker: name and version on the rung, publication and subscription work")
def verified():
    with World() as world:
        site = Site(world)
        online = Online(world, site.config(TLS), start=False)
        rung = online.node.rungs()["tls"]
        assert re.fullmatch(r"TLSv1\.3, certificate valid until 2050-01-01", rung["text"]), rung
        assert online.node.rungs()["connack"]["text"] == f"broker {conf.BROKER}:{TLS}"
        with online.ping_goes_on():
            mark = online.node.lines.mark()
            online.observer.publish(conf.IN, "through TLS")
            online.node.wait_log("through TLS", 5, mark)
            # The library of Debian 12 spins when TLS is refused; the daemon does not.
            world.wire.broker.stop()
            online.node.wait_rung("tcp", "failed", 20, "refused the connection")
            used = online.node.cpu_seconds()["mqtt"]
            hold(lambda: not online.node.status()["online"], 2, "the node stays offline")
            spent = online.node.cpu_seconds()["mqtt"] - used
        online.node.stop()
        return [bar(spent, 0.2, "CPU seconds of the mqtt thread in 2 s of refusals")]


@case("a client certificate is shown where it is asked for; a missing or wrong one is named")
def client_certificate():
    with World() as world:
        site = Site(world)
        certificate, key = site.ca.issue("node", "DNS:node")
        site.refused(STRICT, "tls", "wants a client certificate").stop()
        wrong = site.stranger.issue("wrong", "DNS:node")
        site.refused(STRICT, "tls", "refused our client certificate", cert_file=wrong[0],
                     key_file=wrong[1]).stop()
        with open(key, encoding="ascii") as file:
            secret = file.read()
        node = world.node(site.config(STRICT, cert_file=certificate, key_credential="mqtt-key"),
                          credentials={"mqtt-key": secret})
        node.wait_online()
        observer = world.further(Client(world.wire.broker, [conf.OUT]))
        observer.wait(conf.OUT, 5)


@case("every certificate that is wrong has its sentence, and the ping goes on")
def wrong_certificates():
    sentences = {
        OTHER_NAME: f"The certificate is for other.example, not for {conf.BROKER}",
        EXPIRED: "expired on 2026-01-02",
        FUTURE: "not valid before 2040-01-01, and the clock here says",
        STRANGER: "was not issued by a CA in mqtt.tls.ca_file",
    }
    with World() as world:
        site = Site(world)
        for port, sentence in sentences.items():
            node = site.refused(port, "tls", sentence)
            node.wait_status(f"tls: .*{re.escape(sentence)}", 5)
            if port == STRANGER:
                pinger = world.pinger(node.address())
                until(lambda: pinger.answered("node"), 5, "replies")
                with pinger.watch() as watch:
                    failures = node.status()["mqtt"]["connect_failures"]
                    until(lambda: node.status()["mqtt"]["connect_failures"] > failures, 10,
                          "another attempt")
                ours, control = watch.pause("node"), watch.pause("control")
                assert ours <= control + 0.2, f"the ping paused for {ours:.3f} s"
            node.stop()
        # The system's store does not know our authority; without checks anybody will do.
        node = world.node(conf.lesson(network=STATIC, mqtt={"port": TLS, "tls": {}}))
        node.wait_rung("tls", "failed", 20, "not from a CA that this system trusts")
        node.stop()
        node = world.node(site.config(STRANGER, insecure=True))
        node.wait_online()
        node.wait_log("the broker's certificate is not checked", 1)
        assert "certificate not checked" in node.rungs()["tls"]["text"]


@case("TLS to a port without it, and the reverse")
def mixed_up():
    with World() as world:
        site = Site(world)
        site.refused(conf.PORT, "tls", f":{conf.PORT} does not speak TLS: is this the port").stop()
        node = world.node(conf.lesson(network=STATIC, mqtt={"port": TLS, "reconnect_max": 2}))
        node.wait_rung("connack", "failed", 20, "does it want TLS?")
        node.stop()


@case("a broker that is mute within TLS: there is a deadline, and SIGTERM ends within 3 s")
def mute():
    with World() as world:
        site = Site(world)
        world.wire.broker.freeze()
        node = world.node(site.config(TLS))
        node.wait_rung("tls", "trying", 20)
        used = node.cpu_seconds()["mqtt"]
        node.wait_rung("tls", "failed", 20, "No answer to TLS from .* within 10 s")
        used = node.cpu_seconds()["mqtt"] - used
        node.stop()
        return [bar(used, 0.3, "CPU seconds of the mqtt thread in a mute handshake")]


if __name__ == "__main__":
    main()
