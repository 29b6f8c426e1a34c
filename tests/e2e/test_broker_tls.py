#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""TLS to a real broker: what is accepted. What is not, with its sentence: test_failures.py."""

import re

from harness import conf
from harness.cases import case, main
from harness.failures import STRANGER, STRICT, TLS, certificates
from harness.mqtt import Client
from harness.scenario import Online, bar
from harness.waiting import hold
from harness.world import World

STATIC = {"method": "static", "address": "10.77.0.20/24", "gateway": "10.77.0.1",
          "dns": ["10.77.0.1"]}
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


@case("without a CA of ours the system's count; without checks anybody will do, with a warning")
def whom_to_trust():
    with World() as world:
        site = Site(world)
        node = world.node(conf.lesson(network=STATIC, mqtt={"port": TLS, "tls": {}}))
        node.wait_rung("tls", "failed", 20, "not from a CA that this system trusts")
        node.stop()
        node = world.node(site.config(STRANGER, insecure=True))
        node.wait_online()
        node.wait_log("the broker's certificate is not checked", 1)
        assert "certificate not checked" in node.rungs()["tls"]["text"]


if __name__ == "__main__":
    main()
