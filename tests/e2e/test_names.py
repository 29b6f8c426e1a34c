#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The broker's name cannot be resolved, or the name server is mute; the ping goes on."""

import time

from harness import conf
from harness.cases import case, main
from harness.mqtt import Client
from harness.scenario import Online, ping_goes_on, seconds
from harness.services import MuteDns
from harness.waiting import until
from harness.world import World


def start_without_name(world, start_dns):
    world.wire.start(dns=False)
    start_dns()
    node = world.node(conf.lesson(mqtt={"reconnect_max": 2}))
    node.wait_rung("address", "ok", 15)
    pinger = world.pinger(node.address())
    until(lambda: pinger.answered("node"), 5, "replies")
    return node, pinger


@case("a name that does not exist at first is told, then found")
def unknown():
    with World() as world:
        node, pinger = start_without_name(world, lambda: world.wire.dns.start({}))
        with ping_goes_on(pinger):
            node.wait_rung("name", "failed", 15, f"Name {conf.BROKER} not found")
            node.wait_status(f"name: Name {conf.BROKER} not found", 5)
            asked = world.wire.dns.lines.count(rf"query\[A\] {conf.BROKER}")
            until(lambda: world.wire.dns.lines.count(rf"query\[A\] {conf.BROKER}") > asked + 1,
                  15, "it is asked again")
            world.wire.dns.stop()
            world.wire.start_dns()
            node.wait_online(20)
        observer = world.further(Client(world.wire.broker, [conf.OUT]))
        observer.wait(conf.OUT, 5)


@case("a mute name server: the ping goes on, the cause is told, later the name is found")
def mute():
    with World() as world:
        silent = world.further(MuteDns(world.wire.namespace, world.wire.address))
        silent.close = silent.stop
        node, pinger = start_without_name(world, silent.start)
        with ping_goes_on(pinger):
            node.wait_rung("name", "failed", seconds(25, 25))
            assert silent.asked()
            node.check_watchdog(node.manager.ready, time.monotonic())
            silent.stop()
            world.wire.start_dns()
            node.wait_online(25)


@case("SIGTERM in the middle of a query to a mute name server ends within 3 s")
def terminate_mute():
    with World() as world:
        silent = world.further(MuteDns(world.wire.namespace, world.wire.address))
        silent.close = silent.stop
        node, _ = start_without_name(world, silent.start)
        until(silent.asked, 10, "a query")
        silent.asked()
        until(silent.asked, 20, "another query")
        node.stop()


@case("a name server that goes mute later disturbs neither the session nor the ping")
def mute_later():
    with World() as world:
        online = Online(world)
        world.wire.dns.freeze()
        with online.ping_goes_on():
            online.wait_published(count=3)


@case("somebody replaces /etc/resolv.conf by rename: the node does not care")
def resolver_replaced():
    with World() as world:
        online = Online(world, conf.lesson(mqtt={"reconnect_max": 2}))
        world.replace_resolver(f"nameserver {world.decoy.address}\noptions ndots:3\n")
        asked = world.wire.dns.lines.mark()
        world.wire.broker.stop()
        online.node.wait_log("Offline", 10)
        world.wire.broker.start()
        online.observe_again()
        online.wait_published(20)
        world.wire.dns.lines.wait(rf"query\[A\] {conf.BROKER}", 5, asked)
        world.check_host()


if __name__ == "__main__":
    main()
