#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules for a firewall that are installed as an example."""

import contextlib
import socket
import subprocess

from harness import build, conf, stage
from harness.cases import case, main
from harness.network import Namespace
from harness.scenario import Online
from harness.waiting import until
from harness.world import World

RULES = "usr/share/doc/mqttnode/examples/nftables.conf"
PORT = 2222


def nft(namespace, *words):
    return subprocess.run(namespace.command(build.tool("nft", "nftables"), *words), check=True,
                          capture_output=True, text=True).stdout


def reaches(namespace, address):
    """Whether somebody in @namespace can connect to a service of the node's machine."""
    with namespace.inside(), contextlib.closing(socket.socket()) as client:
        client.settimeout(1)
        try:
            client.connect((address, PORT))
            return True
        except socket.timeout:
            return False


@case("with the firewall the node is online and answers pings, other services are not reached")
def firewall():
    with World() as world:
        online = Online(world)
        with world.namespace.inside():
            service = world.further(socket.create_server(("0.0.0.0", PORT)))
        there = world.wire.namespace
        until(lambda: reaches(there, online.address), 5, "without the firewall everybody is let in")
        nft(world.namespace, "-c", "-f", stage.path(RULES))
        nft(world.namespace, "-f", stage.path(RULES))
        nft(world.namespace, "-f", stage.path(RULES))  # loading it again changes nothing
        assert not reaches(there, online.address), "the service is reached"
        assert service.fileno() >= 0
        with online.ping_goes_on():
            online.wait_published(count=2)
        # a new lease, a new connection
        mark = online.node.lines.mark()
        online.node.board.cable(False)
        online.node.wait_rung("link", "failed", 5)
        online.node.board.cable(True)
        online.node.wait_rung("link", "ok", 5)  # a session goes that is too long without one
        online.node.wait_rung("suback", "ok", 20)
        online.observer.publish(conf.IN, "through the wall")
        online.node.wait_log("through the wall", 10, mark)
        dropped = nft(world.namespace, "list", "chain", "inet", "mqttnode", "from_mqtt0")
        assert "counter packets 0 " not in dropped, dropped
        online.node.stop()
        nft(world.namespace, "delete", "table", "inet", "mqttnode")


@case("the rules can be loaded before there is an interface")
def early():
    namespace = Namespace("here")
    try:
        stage.install()
        nft(namespace, "-f", stage.path(RULES))
        until(lambda: "mqtt0" in nft(namespace, "list", "ruleset"), 5, "they are there")
    finally:
        namespace.delete()


if __name__ == "__main__":
    main()
