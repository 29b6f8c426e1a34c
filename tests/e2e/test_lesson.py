#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The main job: the lesson's configuration, word for word, from cable to broker to screen."""

import os
import signal
import socket
import subprocess

from harness import conf, stage
from harness.cases import case, main
from harness.delays import spaced
from harness.mqtt import Client
from harness.node import USER
from harness.screen import contains, shows
from harness.systemd import Journal
from harness.waiting import until
from harness.world import World

STATUS = f"mqttnode/{conf.CLIENT_ID}/status"


@case("the lesson runs word for word: chip, link, lease, name, broker, publications, screen, stop")
def lesson():
    with World() as world:
        world.wire.start()
        observer = world.further(Client(world.wire.broker, ["#"]))
        node = world.node()

        node.wait_log(r"chip ok: W5500 on /dev/spidev0\.0", 10)
        node.wait_log(r"link ok: 100 Mbit/s full duplex", 10)
        found = node.wait_log(r"address ok: (10\.77\.0\.5\d|10\.77\.0\.60)/24", 15)[1]
        address = found.group(1)
        node.wait_log(rf"name ok: .*{world.wire.address}", 15)
        node.wait_log(r"connack ok: ", 10)
        node.wait_online()
        world.wire.dhcp.check_lease(address)
        world.wire.dns.lines.wait(rf"query\[A\] {conf.BROKER} from {address}", 5)

        assert observer.wait(STATUS, 5)[0].payload == b"online"
        messages = observer.wait(conf.OUT, 15, count=6)
        assert {message.payload for message in messages} == {b"Hello 01Studio!"}
        assert {message.qos for message in messages} == {0}
        assert not any(message.retain for message in messages)
        notes = spaced([message.moment for message in messages], 1.0, 0.1, "publications")

        node.wait_rung("suback", "ok", 5)
        lines = (("IP/Subnet/GW:", 0), (address, 20), ("255.255.255.0", 38),
                 (world.wire.address, 56))
        until(lambda: all(contains(rows, *line) for rows in [node.board.screen()]
                          for line in lines), 5, "the lesson's screen")

        observer.publish(conf.IN, "Hello node!")
        node.wait_log(rf"{conf.IN}.*Hello node!", 5)
        until(lambda: shows(node.board, "Hello node!"), 5, "the message on the screen")
        until(lambda: shows(node.board, address, y=20), 10, "the lesson's screen again")

        late = world.further(Client(world.wire.broker, [STATUS], name="late"))
        assert late.wait(STATUS, 5)[0].retain, "the birth message is retained"
        node.wait_status(rf"online as {address}", 5)
        node.stop()
        assert late.wait(STATUS, 5, count=2)[1].payload == b"offline"
        last = world.further(Client(world.wire.broker, [STATUS], name="last"))
        assert (last.wait(STATUS, 5)[0].payload, last.messages[0].retain) == (b"offline", True)
        until(lambda: node.manager.stopping, 2, "STOPPING=1")
        until(lambda: world.wire.dhcp.lines.count("DHCPRELEASE"), 2, "the lease is released")
        return notes


@case("systemd sees READY before there is an address, and WATCHDOG=1 all the time")
def readiness():
    with World() as world:
        node = world.node()
        node.wait_ready()
        start = node.manager.ready
        world.wire.start()
        node.wait_online()
        node.wait_status("online as", 5)
        until(lambda: len(node.manager.watchdog) >= 3, 10, "three times WATCHDOG=1")
        node.check_watchdog(start, node.manager.watchdog[-1])
        assert node.manager.status.texts()[0]


@case("the journal gets fields, stderr stays empty")
def journal_fields():
    with World() as world:
        world.wire.start()
        journal = world.further(Journal())
        node = world.node(journal=journal)
        node.wait_online()
        observer = world.further(Client(world.wire.broker))
        observer.publish(conf.IN, "for the journal")
        node.wait_log("for the journal", 5)
        entry = next(each for each in journal.entries
                     if each.get("MQTT_TOPIC") == conf.IN.encode())
        assert entry["MQTT_QOS"] == b"0"
        assert entry["SYSLOG_IDENTIFIER"] == b"mqttnode"
        assert entry["PRIORITY"] in (b"5", b"6")
        assert any(each.get("MQTTNODE_EVENT") == b"online" for each in journal.entries)
        assert any(each.get("MQTTNODE_RUNG") == b"link" for each in journal.entries)
        assert not node.process.lines.texts()


@case("the control socket belongs to the daemon's user, and mqttnode status asks it")
def control():
    with World() as world:
        world.wire.start()
        node = world.node()
        node.wait_online()
        info = os.stat(os.path.join(node.runtime, "control"))
        assert (info.st_uid, info.st_gid, info.st_mode & 0o777) == (USER, USER, 0o660)
        path = os.path.join(node.runtime, "control")
        for words, expected in ((["--json"], '"online"'), ([], ": online")):
            done = subprocess.run([stage.PROGRAM, "status", "--socket", path, *words],
                                  capture_output=True, text=True, check=True)
            assert expected in done.stdout and node.address() in done.stdout
        stranger = subprocess.run(
            ["setpriv", "--reuid=64998", "--regid=64998", "--clear-groups", stage.PROGRAM,
             "status", "--socket", path], capture_output=True, text=True, check=False)
        assert stranger.returncode == 1 and "mqttnode" in stranger.stderr

        # A client that sends nonsense or nothing disturbs nobody.
        with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as noisy:
            silent.connect(path)
            noisy.connect(path)
            noisy.sendall(b"\xff{]\n" + b"x" * 100000)
            assert node.status()["online"]


@case("a daemon that is killed leaves its last will: retained offline")
def last_will():
    with World() as world:
        world.wire.start()
        node = world.node()
        node.wait_online()
        observer = world.further(Client(world.wire.broker, [STATUS]))
        assert observer.wait(STATUS, 5)[0].payload == b"online"
        node.process.send(signal.SIGKILL)
        node.process.wait(5)
        # Its connection ended with the interface, without a word to the broker, which finds out
        # after one and a half keepalive intervals, or when a client of the same name comes.
        again = world.node()
        again.wait_online(30)
        words = [message.payload for message in observer.wait(STATUS, 5, count=3)]
        assert words == [b"online", b"offline", b"online"], words
        assert world.wire.broker.lines.find(r"Will message specified \(7 bytes\) \(r1, q1\)"), \
            "the will is retained, with QoS 1"


@case("a static address needs no DHCP server")
def static_address():
    with World() as world:
        world.wire.start(dhcp=False)
        node = world.node(conf.lesson(network={
            "method": "static", "address": "10.77.0.9/24", "gateway": "10.77.0.1",
            "dns": ["10.77.0.1"]}))
        node.wait_online()
        assert node.address() == "10.77.0.9"
        until(lambda: world.wire.broker.connections(conf.CLIENT_ID) == 1, 2, "one connection")


@case("user and password from systemd's credentials are accepted")
def credentials():
    with World() as world:
        world.wire.start(broker=False)
        world.wire.broker.start(users={"node": "s3cret word"})
        node = world.node(conf.lesson(mqtt={"username": "node",
                                            "password_credential": "mqtt-password"}),
                          credentials={"mqtt-password": "s3cret word\n"})
        node.wait_online()
        assert not any("s3cret" in line for line in node.lines.texts())


if __name__ == "__main__":
    main()
