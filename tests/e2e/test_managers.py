#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""systemd-networkd and NetworkManager: they leave the interface alone, or give it its address."""

import os
import tempfile

from harness import conf, managers
from harness.cases import case, main
from harness.network import connect
from harness.waiting import until
from harness.world import World

EXTERNAL = {"method": "external", "dns": ["10.77.0.1"]}


def check_external(world, node):
    """The address is that of the DHCP server, with the route that the example asks for."""
    assert "(external)" in node.rungs()["address"]["text"], node.rungs()
    world.wire.dhcp.check_lease(node.address())
    route = world.namespace.ip("route", "show", "default", "dev", "mqtt0")
    assert "proto dhcp" in route and "metric 50" in route, route


@case("systemd-networkd gives the interface its address, as the manual says", site=World)
def networkd_gives(world):
    world.wire.start()
    networkd = world.further(managers.Networkd(world.namespace))
    networkd.start(managers.example("10-mqttnode.network"))
    node = world.node(conf.lesson(network=EXTERNAL))
    node.wait_online(20)
    check_external(world, node)

    node.board.cable(False)
    node.wait_rung("link", "failed", 10)
    node.board.cable(True)
    node.wait_rung("address", "ok", 20)
    node.wait_online(20)
    node.stop()
    networkd.stop()


def routing(world, address):
    """The rules for what comes from an address, and the routes of the node's own table."""
    return ([rule for rule in world.namespace.ask("rule", "show") if rule.get("src") == address],
            world.namespace.ip("route", "show", "table", "7700"))


@case("systemd-networkd with another interface to manage leaves all that is the node's alone",
      site=World)
def networkd_leaves(world):
    world.wire.start()
    node = world.node()
    node.wait_online(20)
    before = routing(world, node.address())
    mark = node.lines.mark()
    networkd = world.further(managers.Networkd(world.namespace))
    connect(world.namespace, "other0", world.lan, "other1")
    with tempfile.NamedTemporaryFile("w", dir="/run", suffix=".network") as file:
        file.write("[Match]\nName=other0\n[Network]\nAddress=192.168.60.2/24\n")
        file.flush()
        os.chmod(file.name, 0o644)
        networkd.start(file.name)
    networkd.wait_address("other0", "192.168.60.2/24")

    # What it takes to be foreign it removes when it begins with an interface.
    now = routing(world, node.address())
    assert before == now, f"{before} became {now}"
    put_back = [line for line in node.lines.texts(mark) if "removed routing rules" in line]
    assert not put_back, put_back
    assert node.status()["online"] and node.status()["mqtt"]["disconnects"] == 0, node.status()
    networkd.stop()
    world.namespace.ip("link", "delete", "other0")
    node.stop()


@case("NetworkManager makes the interface and gives it its address, as the manual says",
      site=World)
def networkmanager_gives(world):
    world.wire.start()
    manager = world.further(managers.NetworkManager(world.namespace))
    manager.start(managers.example("mqtt0.nmconnection"), managers.example("50-mqttnode.conf"))
    until(lambda: world.namespace.has_interface("mqtt0"), 10, "an interface of NetworkManager's")
    node = world.node(conf.lesson(ethernet={"mac": "02:00:00:12:34:56"}, network=EXTERNAL))
    node.wait_online(20)
    check_external(world, node)
    node.stop()
    assert world.namespace.has_interface("mqtt0")
    world.namespace.ip("link", "delete", "mqtt0")
    manager.stop()


if __name__ == "__main__":
    main(lanes=3)
