#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""DHCP: a server that is not there, that comes late, or that grants nonsense."""

import re

from harness import build, conf
from harness.cases import case, main
from harness.dhcpd import NONSENSE, ODD, LooseDhcp
from harness.mqtt import Client
from harness.scenario import Online, seconds
from harness.waiting import until
from harness.world import World


@case("a DHCP server absent for the first 20 s: the cause is told, then everything works")
def late():
    absent = seconds(20, 6)
    with World() as world:
        world.wire.start(dhcp=False)
        node = world.node()
        node.wait_rung("link", "ok", 10)

        def waited():
            match = re.search(r"No answer from a DHCP server \((\d+) s\)",
                              node.rungs()["address"]["text"])
            return match and int(match.group(1)) >= absent
        until(waited, absent + 15, f"no answer for {absent} s is told", interval=0.2)
        node.wait_status("address: No answer from a DHCP server", 5)
        world.wire.dhcp.start()
        node.wait_online(20)
        observer = world.further(Client(world.wire.broker, [conf.OUT]))
        observer.wait(conf.OUT, 10)


@case("SIGTERM without a DHCP server ends within 3 s")
def terminate():
    with World() as world:
        world.wire.start(dhcp=False)
        node = world.node()
        node.wait_rung("link", "ok", 10)
        node.wait_log("No answer from a DHCP server", 15)
        node.stop()


@case("a server that goes away is not missed while the lease lasts")
def gone():
    with World() as world:
        online = Online(world)
        world.wire.dhcp.stop()
        with online.ping_goes_on():
            online.wait_published(count=3)
        online.node.board.cable(False)
        online.node.wait_rung("link", "failed", 5)
        online.node.stop()


@case("leases with nonsense are refused with the reason, and a good one afterwards is taken")
def nonsense():
    with World() as world:
        world.wire.start(dhcp=False)
        server = world.further(LooseDhcp(world.wire.namespace, "wire0"))
        node = world.node()
        wanted = NONSENSE[:2] if build.is_short() else NONSENSE
        for offer, reason in wanted:
            server.offer(offer)
            node.wait_rung("address", "failed", 30, f"is of no use: {reason}")
            assert node.address() is None
        server.close()
        world.wire.dhcp.start()
        node.wait_online(40)
        world.wire.dhcp.check_lease(node.address())


@case("a lease with nonsense beside what is needed: the nonsense is left out, and told")
def odd():
    with World() as world:
        world.wire.start(dhcp=False)
        server = world.further(LooseDhcp(world.wire.namespace, "wire0"))
        server.offer(ODD)
        node = world.node()
        node.wait_online(20)
        node.wait_log("values that make no sense here", 5)
        assert node.address() == "10.77.0.70"
        assert world.namespace.ask("link", "show", "dev", "mqtt0")[0]["mtu"] == 1500
        for line in node.lines.texts():
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", line), repr(line)


if __name__ == "__main__":
    main(side_by_side=True)
