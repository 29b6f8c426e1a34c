#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""systemd-networkd and NetworkManager: they leave the interface alone, or give it its address."""

import contextlib
import os
import re
import tempfile

from harness import conf, managers
from harness.cases import case, main
from harness.network import connect
from harness.waiting import until
from harness.world import World

# What NetworkManager says when it takes charge of the node's interface, or only looks on.
MANAGED = r"\(mqtt0\): (state change|Activation)"
EXTERNAL = {"method": "external", "dns": ["10.77.0.1"]}


def check_external(world, node):
    """The address is that of the DHCP server, with the route that the example asks for."""
    assert "(external)" in node.rungs()["address"]["text"], node.rungs()
    world.wire.dhcp.check_lease(node.address())
    # Online the node is with the route to the subnet, which may be there before this one.
    route = until(lambda: world.namespace.ip("route", "show", "default", "dev", "mqtt0"), 5,
                  "a default route")
    assert "proto dhcp" in route and "metric 50" in route, route


def check_cable(node):
    """Without the cable it is off; with it, it is online again."""
    node.board.cable(False)
    node.wait_rung("link", "failed", 10)
    node.board.cable(True)
    node.wait_rung("address", "ok", 20)
    node.wait_online(20)


@case("systemd-networkd gives the interface its address, as the manual says", site=World)
def networkd_gives(world):
    world.wire.start()
    networkd = world.further(managers.Networkd(world.namespace))
    networkd.start(managers.example("10-mqttnode.network"))
    node = world.node(conf.lesson(network=EXTERNAL))
    node.wait_online(20)
    check_external(world, node)
    check_cable(node)
    node.stop()
    networkd.stop()


def routing(world, address):
    """The rules for what comes from an address, and the routes of the node's own table."""
    return ([rule for rule in world.namespace.ask("rule", "show") if rule.get("src") == address],
            world.namespace.ip("route", "show", "table", "7700"))


@contextlib.contextmanager
def what_is_the_nodes_stays(world):
    """In the block somebody manages an interface, other0, beside that of a node."""
    world.wire.start()
    node = world.node()
    node.wait_online(20)
    before = routing(world, node.address())
    mark = node.lines.mark()
    connect(world.namespace, "other0", world.lan, "other1")
    yield
    now = routing(world, node.address())
    assert before == now, f"{before} became {now}"
    put_back = [line for line in node.lines.texts(mark) if "removed routing rules" in line]
    assert not put_back, put_back
    assert node.status()["online"] and node.status()["mqtt"]["disconnects"] == 0, node.status()
    node.stop()
    world.namespace.ip("link", "delete", "other0")


def manage_another(manager, suffix, text):
    """It gives other0 its address, as a file of the administrator's says."""
    with tempfile.NamedTemporaryFile("w", dir="/run", suffix=suffix) as file:
        file.write(text)
        file.flush()
        os.chmod(file.name, 0o644)
        manager.start(file.name)
    manager.wait_address("other0", "192.168.60.2/24")


@case("systemd-networkd with another interface to manage leaves all that is the node's alone",
      site=World)
def networkd_leaves(world):
    with what_is_the_nodes_stays(world):
        # What it takes to be foreign it removes when it begins with an interface.
        networkd = world.further(managers.Networkd(world.namespace))
        manage_another(networkd, ".network",
                       "[Match]\nName=other0\n[Network]\nAddress=192.168.60.2/24\n")
        networkd.stop()


@case("NetworkManager with another interface to manage leaves all that is the node's alone",
      site=World)
def networkmanager_leaves(world):
    with what_is_the_nodes_stays(world):
        manager = world.further(managers.NetworkManager(world.namespace))
        manage_another(manager, ".nmconnection",
                       "[connection]\nid=other0\ntype=ethernet\ninterface-name=other0\n"
                       "[ipv4]\nmethod=manual\naddress1=192.168.60.2/24\n"
                       "[ipv6]\nmethod=disabled\n")
        manager.lines.wait(r"\(other0\): Activation: successful", 10)
        touched = [line for line in manager.lines.texts() if re.search(MANAGED, line)]
        assert not touched, touched
        manager.stop()


@case("NetworkManager makes the interface and gives it its address, as the manual says",
      site=World)
def networkmanager_gives(world):
    world.wire.start()
    manager = world.further(managers.NetworkManager(world.namespace))
    manager.start(managers.example("mqtt0.nmconnection"), managers.example("50-mqttnode.conf"))
    manager.wait_made("mqtt0")
    assert manager.lines.find(r"dhcp4 \(mqtt0\): .*no timeout"), "it would give up without a cable"
    node = world.node(conf.lesson(ethernet={"mac": "02:00:00:12:34:56"}, network=EXTERNAL))
    node.wait_online(20)
    check_external(world, node)
    check_cable(node)
    node.stop()
    assert world.namespace.has_interface("mqtt0")
    manager.stop()
    world.namespace.ip("link", "delete", "mqtt0", check=False)


if __name__ == "__main__":
    main(lanes=4)  # one for each case: it leaves its servers running
