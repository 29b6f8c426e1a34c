#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
""""mqttnode doctor" names the right cause of every fault.

The table: what is broken, and what doctor must say about it. Rows on the simulated board and on
made-up device nodes run side by side, each in a network namespace of its own; rows about the
network in the sites of harness/failures.py.
"""

import concurrent.futures
import contextlib
import functools
import json
import os
import socket
import subprocess
import threading
from dataclasses import dataclass, field
from typing import Callable, Optional

from harness import build, conf, dhcpd, doctor, stage
from harness.cases import case, main
from harness.failures import (CLOSED, DROPPED, EXPIRED, FUTURE, GUARDED, MUTE_DNS, NODE,
                              OTHER_NAME, PERMITTED, RESET, RESET_LATE, SERVER, STRANGER, Site)
from harness.failures import TLS as TLS_PORT
from harness.mqtt import Client
from harness.network import Namespace
from harness.node import USER
from harness.waiting import until
from harness.world import WIRE

# Doctor waits most of the time: for what does not answer, and for what may come back.
AT_ONCE = 8

OK, CONFIGURATION, INTERFACE = 0, 78, 9
CHIP, LINK, ADDRESS, ROUTE, NAME, TCP, TLS, CONNACK, SUBACK, PUBLISH, DISPLAY = range(10, 21)

ALONE = {"method": "static", "address": "10.77.0.20/24", "dns": "system"}
STATIC = {"method": "static", "address": f"{NODE}/24", "gateway": SERVER, "dns": [SERVER]}

# Groups spi, gpio and i2c as Raspberry Pi OS has them.
GROUPS = {"spi": 989, "gpio": 986, "i2c": 988}


def lonely(**groups):
    return conf.text(**{"mqtt": {"host": SERVER}, "network": ALONE, **groups})


def expect(result, status, *wanted):
    """@wanted: (cause, part of the sentence) that must be among the findings; the exit status."""
    returned, found, errors = result
    findings = {each["cause_id"]: each for each in found["findings"]}
    for cause, part in wanted:
        assert cause in findings, f"{cause} is not among {list(findings.items())}: {errors}"
        assert part in findings[cause]["seen"], f"{part!r} is not in {findings[cause]['seen']!r}"
        assert findings[cause]["meaning"] and findings[cause]["action"], findings[cause]
    assert "" not in findings, f"a finding has no name: {findings['']}"
    assert returned == status == found["exit_status"], \
        f"exit status {returned}, {found['exit_status']}: {list(findings)} {errors}"


def side_by_side(rows):
    """Runs all rows (name, function of a namespace), a few at a time; tells all that fail."""
    def run(number, row):
        namespace = Namespace(f"doctor{number}")
        try:
            row[1](namespace)
        except (AssertionError, subprocess.SubprocessError) as error:
            return f"{row[0]}: {error}"
        finally:
            namespace.delete()
        return None
    stage.install()
    with concurrent.futures.ThreadPoolExecutor(2 * AT_ONCE) as pool:
        failed = [each for each in pool.map(run, range(len(rows)), rows) if each]
    assert not failed, "\n".join(failed)
    return [f"{len(rows)} rows"]


# --- the simulated board ------------------------------------------------------------------

BOARD = (
    # what is done to the board, exit status, cause, part of the sentence
    ("do=fault spi-open ENOENT", CHIP, "spi-absent", "/dev/spidev0.0"),
    ("do=fault spi-open EACCES", CHIP, "spi-not-permitted", "/dev/spidev0.0"),
    ("do=fault spi-open EWOULDBLOCK", CHIP, "spi-busy", "in use"),
    ("do=fault int-open ENOENT", OK, "gpio-unknown", "GPIO25"),
    ("do=fault int-open EBUSY", OK, "gpio-busy", "GPIO25 is in use"),
    ("do=fault reset-open EBUSY", OK, "gpio-busy", "GPIO24 is in use"),
    ("do=fault int-open EACCES", OK, "gpio-not-permitted", "GPIO25"),
    ("do=fault int-open ENXIO", OK, "gpio-no-interrupt", "GPIO25"),
    ("do=fault spi-silent 00", CHIP, "miso-zeros", "MISO is all zeros"),
    ("do=fault spi-silent ff", CHIP, "miso-ones", "MISO is all ones"),
    ("do=set spi bit_slip 1", CHIP, "miso-shifted", "shifted by a bit"),
    ("do=set spi bit_slip 7", CHIP, "miso-shifted", "shifted by a bit"),
    ("do=set spi miso_bit_errors 500000000", CHIP, "spi-garbled", "garbled at any clock"),
    ("do=set spi bit_slip 1,do=set spi errors_above_hz 20000000", OK, "spi-too-fast",
     "answers at 16.7 MHz but not at 33.4 MHz"),
    ("do=fault chip-version 0x51", CHIP, "chip-version", "0x51, not 0x04"),
    ("do=set chip lose_writes 1000000,do=set chip lose_writes_block 1", CHIP,
     "chip-writes-lost", "does not keep what is written"),
    ("do=fault chip-cr-stuck on", CHIP, "chip-reset-stuck", "does not finish"),
    ("do=fault spi-error ETIMEDOUT", CHIP, "spi-timeout", "does not finish transfers"),
    ("do=fault int-line low", OK, "int-stuck-low", "GPIO25"),
    ("do=fault reset-line unwired", OK, "reset-not-wired", "GPIO24"),
    ("link=down", LINK, "no-cable", "No cable"),
    ("do=partner 10 half", OK, "link-slow", "10 Mbit/s half duplex"),
    ("oled=out", DISPLAY, "oled-absent", "No display answers at 0x3c"),
    ("oled-address=0x3d", DISPLAY, "oled-other-address", "but one does at 0x3d"),
    ("oled-module=sh1106", OK, "oled-other-controller", "sh1106"),
    ("do=fault i2c-stuck on", DISPLAY, "i2c-stuck", "SDA or SCL is held low"),
    ("do=fault i2c-open ENOENT", DISPLAY, "i2c-absent", "dtparam=i2c_arm=on"),
    ("do=fault i2c-open EACCES", DISPLAY, "i2c-not-permitted", "must not be opened"),
    ("do=fault i2c-open EBUSY,do=fault i2c-held on", DISPLAY, "i2c-busy",
     "address 0x3c on it is busy with something else"),
    ("do=fault i2c-open EBUSY", DISPLAY, "oled-kernel-driver", "ssd130x-i2c owns the display"),
)

@case("the wires: every fault of the simulated board has its name and its sentence")
def board():
    def row(words, status, cause, part):
        # Nobody is at the other end of the wire: that is where the others end.
        return (words, lambda namespace: expect(
            doctor.on_board(namespace, path, words), TCP if status in (OK, DISPLAY) else status,
            (cause, part)))
    stage.install()
    path = doctor.written(lonely())
    return side_by_side([row(*each) for each in BOARD])


# --- made-up device nodes -----------------------------------------------------------------

SYS = "mount -t tmpfs tmpfs /sys; mkdir -p /sys/bus/spi/devices/spi0.0"
# libgpiod 2 asks /sys whether it is one before it opens a GPIO chip.
GPIO_SYS = ("mount -t tmpfs tmpfs /sys; mkdir -p /sys/bus/gpio /sys/dev/char/1:3; "
            "ln -s /sys/bus/gpio /sys/dev/char/1:3/subsystem")

NODES = (
    # the nodes, what runs doctor, exit status, cause, part of the sentence
    ("", "", CHIP, "spi-absent", "dtparam=spi=on in /boot/firmware/config.txt"),
    ("node spidev0.1 666 0", "", CHIP, "spi-other-select", "/dev/spidev0.1: set ethernet.spi"),
    (f"{SYS}; ln -s /drivers/w5100 /sys/bus/spi/devices/spi0.0/driver", "", CHIP,
     "spi-kernel-driver", "The kernel driver w5100 holds spi0.0"),
    (SYS, "", CHIP, "spi-no-driver", "no driver serves spi0.0"),
    (f"node spidev0.0 660 {GROUPS['spi']}", "", CHIP, "spi-not-permitted", "adduser 64999 spi"),
    ("node spidev0.0 666 0", "flock /dev/spidev0.0", CHIP, "spi-busy", "fuser -v /dev/spidev0.0"),
    ("node spidev0.0 666 0", "", CHIP, "spi-unsuitable", "is not an SPI device"),
    ("", "", CHIP, "i2c-absent", "dtparam=i2c_arm=on in /boot/firmware/config.txt"),
    ("node i2c-3 666 0", "", CHIP, "i2c-other-bus", "/dev/i2c-3: set oled.i2c"),
    (f"node i2c-1 660 {GROUPS['i2c']}", "", CHIP, "i2c-not-permitted", "adduser 64999 i2c"),
    ("node i2c-1 666 0", "", CHIP, "i2c-unsuitable", "is not an I2C bus"),
    ("", "", CHIP, "gpio-absent", "no /dev/gpiochip at all"),
    (f"{GPIO_SYS}; node gpiochip0 660 {GROUPS['gpio']}", "", CHIP, "gpio-not-permitted",
     "adduser 64999 gpio"),
    ("rm -r /dev/net", "", INTERFACE, "tun-absent", "modprobe tun"),
    ("chmod 600 /dev/net/tun", "", INTERFACE, "tun-not-permitted", "/dev/net/tun"),
)


@case("the machine: device nodes that are absent, forbidden, busy or something else")
def nodes():
    def row(made, before, status, cause, part):
        return (f"{made!r} {before}", lambda namespace: expect(
            doctor.on_nodes(namespace, path, made, before), status, (cause, part)))
    stage.install()
    with open("/etc/group", "a", encoding="ascii") as file:
        file.writelines(f"{name}:x:{number}:\n" for name, number in GROUPS.items())
    path = doctor.written(lonely())
    powerless = ("without capabilities", lambda namespace: expect(
        doctor.on_board(namespace, path, privileges=[
            "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--"]),
        INTERFACE, ("tun-no-capability", "CAP_NET_ADMIN")))
    return side_by_side([row(*each) for each in NODES] + [powerless])


# --- the network --------------------------------------------------------------------------

@contextlib.contextmanager
def dhcp(site, **how):
    site.wire.dhcp.start(**how)
    try:
        yield ""
    finally:
        site.wire.dhcp.stop()


@contextlib.contextmanager
def offering(site, verdict=dhcpd.ACK, taken=None):
    """A DHCP server with this verdict, and perhaps a machine that has what it offers."""
    server = dhcpd.LooseDhcp(site.wire.namespace, WIRE, verdict)
    server.offer(dhcpd.a_lease("10.77.0.70"))
    words = ("address", "add", "10.77.0.70/32", "dev", WIRE)
    if taken:
        site.wire.namespace.ip(*words)
    try:
        yield ""
    finally:
        server.close()
        if taken:
            site.wire.namespace.ip("address", "del", *words[2:])


@contextlib.contextmanager
def playing(_site):
    """Somebody plays with the plug."""
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def play():
        plugged = True
        while not stop.wait(0.4):
            plugged = not plugged
            with contextlib.suppress(OSError):
                ours.sendall(b"cable in\n" if plugged else b"cable out\n")

    player = threading.Thread(target=play)
    player.start()
    try:
        yield f"socket={theirs.fileno()}"
    finally:
        stop.set()
        player.join()
        ours.close()
        theirs.close()


@contextlib.contextmanager
def insisting(site):
    """Somebody insists on having our client id."""
    stop = threading.Event()

    def insist():
        while not stop.wait(0.3):
            with contextlib.suppress(OSError, AssertionError):
                Client(site.wire.broker, name=conf.CLIENT_ID).close()

    rival = threading.Thread(target=insist)
    rival.start()
    try:
        yield ""
    finally:
        stop.set()
        rival.join()


@dataclass(frozen=True)
class Row:
    """What is wrong in the network, and what doctor says of it."""

    status: int
    cause: str
    part: str  # of the sentence
    mqtt: dict = field(default_factory=dict)  # what is configured, beside the lesson
    tls: Optional[dict] = None  # further keys of mqtt.tls; None: no TLS
    network: dict = field(default_factory=lambda: STATIC)
    password: Optional[str] = None
    board: str = ""
    without: tuple = ()  # programs that are not installed
    preload: Optional[str] = None
    around: Optional[Callable] = None  # a context of (site); yields further words for the board

    def name(self):
        return f"{self.cause}: {self.part}"


def at(port, **mqtt):
    return {"port": port, **mqtt}


V5 = {"protocol": "5"}
DHCP = {"method": "dhcp"}
CLOCK_UNSET = os.path.join(build.root(), "tests/e2e/libclock_unset.so")

NETWORK = (
    Row(OK, "spi-small-buffer", "4096 bytes"),
    Row(OK, "int-not-wired", "GPIO25", board="do=fault int-line unwired"),
    Row(LINK, "link-flapping", "comes and goes", around=playing),
    Row(ADDRESS, "dhcp-no-client", "install the package udhcpc", network=DHCP,
        without=("udhcpc", "busybox")),
    Row(ADDRESS, "dhcp-no-answer", "No answer from a DHCP server", network=DHCP),
    Row(ADDRESS, "dhcp-nak", "refused the address (NAK)", network=DHCP,
        around=functools.partial(offering, verdict=dhcpd.NAK)),
    Row(ADDRESS, "address-conflict", "10.77.0.70 is in use by another machine", network=DHCP,
        around=functools.partial(offering, taken=True)),
    Row(NAME, "no-router", "names no router", network=DHCP, mqtt={"host": "nowhere.example"},
        around=functools.partial(dhcp, router="")),
    Row(ROUTE, "gateway-dead", "Gateway 10.77.0.99 does not answer",
        network={**STATIC, "gateway": "10.77.0.99"}),
    Row(NAME, "no-dns-server", "No DNS server known",
        network={**DHCP}, around=functools.partial(dhcp, dns="")),
    Row(NAME, "dns-mute", f"No answer from the DNS server {MUTE_DNS}",
        network={**STATIC, "dns": [MUTE_DNS]}),
    Row(NAME, "name-not-found", "Name nowhere.example not found",
        mqtt={"host": "nowhere.example"}),
    Row(TCP, "tcp-refused", "no broker is listening there", mqtt=at(CLOSED)),
    Row(TCP, "tcp-no-answer", f"No answer from {SERVER}:{DROPPED}", mqtt=at(DROPPED)),
    Row(TCP, "host-unreachable", "10.77.0.98 cannot be reached", mqtt={"host": "10.77.0.98"}),

    Row(TLS, "tls-wrong-ca", "not issued by a CA in mqtt.tls.ca_file", mqtt=at(STRANGER), tls={}),
    Row(TLS, "tls-wrong-name", "is for other.example, not for", mqtt=at(OTHER_NAME), tls={}),
    Row(TLS, "tls-expired", "expired on 2026-01-02", mqtt=at(EXPIRED), tls={}),
    Row(TLS, "tls-not-yet-valid", "not valid before 2040-01-01", mqtt=at(FUTURE), tls={}),
    Row(TLS, "clock-not-set", "The clock of this machine is not set", mqtt=at(TLS_PORT), tls={},
        preload=CLOCK_UNSET),
    Row(TLS, "tls-plain-port", "is this the port for MQTT without it?", tls={}),
    Row(CONNACK, "wants-tls", "speaks TLS, and mqtt.tls is not set", mqtt=at(TLS_PORT)),
    Row(CONNACK, "tcp-reset", "reset the connection before CONNACK", mqtt=at(RESET)),
    Row(CONNACK, "tcp-reset", "reset the connection before CONNACK", mqtt=at(RESET_LATE)),

    Row(CONNACK, "no-credentials", "no user name is configured", mqtt=at(GUARDED)),
    Row(CONNACK, "bad-credentials", 'user "nobody"', mqtt=at(GUARDED, username="nobody"),
        password="right"),
    Row(CONNACK, "bad-credentials", 'user "node"', mqtt=at(GUARDED), password="wr0ng"),
    Row(CONNACK, "client-id-twice", "The broker", around=insisting),
    Row(SUBACK, "subscription-refused", "Subscription to secret/# refused",
        mqtt=at(GUARDED, subscribe=[{"topic": "secret/#"}]), password="right"),
    Row(PUBLISH, "publish-refused", "The broker refused 1 of the messages published",
        mqtt=at(GUARDED, subscribe=[{"topic": f"{PERMITTED}/1"}], base_topic="secret", **V5),
        password="right"),
    # MQTT 3.1.1 gives no sign. That its word does not come back may also mean that this user may
    # not read it: no failure, but a hint.
    Row(OK, "publish-refused", "does not pass on what this node publishes on its status topic",
        mqtt=at(GUARDED, subscribe=[{"topic": f"{PERMITTED}/1"}], base_topic="secret"),
        password="right"),
)


def examine(site, row):
    mqtt = dict(row.mqtt)
    if row.tls is not None:
        mqtt["tls"] = {"ca_file": site.ca.certificate, **row.tls}
    if row.password:
        mqtt = {"username": "node", "password_file": doctor.written(f"{row.password}\n"), **mqtt}
    path = doctor.written(conf.lesson(mqtt, network=row.network))
    with (row.around(site) if row.around else contextlib.nullcontext("")) as more:
        words = ",".join(filter(None, (row.board, more)))
        expect(doctor.on_board(site.world.namespace, path, words, site.world.tap, row.without,
                               preload=row.preload), row.status, (row.cause, row.part))


for each in NETWORK:
    case(f"the network: {each.name()}", site=Site)(functools.partial(examine, row=each))


@case("the network: nothing to complain of", site=Site)
def all_is_well(site):
    path = doctor.written(conf.lesson(network=STATIC))
    status, found, errors = doctor.on_board(site.world.namespace, path, "bufsiz=65536",
                                            site.world.tap)
    assert status == OK and not found["findings"] and not errors, (found, errors)
    assert all(rung["state"] in ("ok", "unused") for rung in found["ladder"]), found


@case("a running daemon is asked, and left alone", site=Site)
def running(site):
    node = site.world.node(conf.lesson(network=STATIC), board="bufsiz=65536")
    node.wait_online()
    node.wait_rung("suback", "ok", 5)
    text = node.run("doctor", "-c", node.config)
    assert text.startswith("What the running daemon sees:") and "All is well." in text, text
    node.board.cable(False)
    node.wait_rung("link", "failed", 5)
    done = subprocess.run(
        [stage.PROGRAM, "doctor", "--json", "-c", node.config,
         "--socket", os.path.join(node.runtime, "control")],
        capture_output=True, text=True, check=False, timeout=30)
    found = json.loads(done.stdout)
    assert done.returncode == LINK and found["source"] == "daemon", (done.returncode, found)
    assert [each["cause_id"] for each in found["findings"]] == ["no-cable"], found
    assert found["ladder"][1]["cause_id"] == "no-cable", found
    node.board.cable(True)
    until(lambda: node.status()["online"], 20, "the daemon is online again")
    node.stop()


# --- the configuration --------------------------------------------------------------------

@case("the configuration: missing, unreadable, invalid, without a host")
def configuration():
    rows = (
        (lambda: "/run/nowhere.conf", "config-missing", "There is no file /run/nowhere.conf"),
        (lambda: doctor.written(lonely(), 0o600), "config-unreadable", "Permission denied"),
        (lambda: doctor.written("mqtt: {\n  host = \"h\";\n  prot = 1;\n};\n"),
         "config-invalid", ":3: mqtt.prot: unknown key"),
        (lambda: doctor.written("mqtt: { };\n"), "host-not-set", "mqtt.host: not set"),
        (lambda: doctor.written(lonely(mqtt={"host": SERVER, "username": "u",
                                             "password_file": "/run/nowhere"})),
         "file-missing", 'mqtt.password_file: "/run/nowhere"'),
        *((lambda ca=ca: doctor.written(lonely(mqtt={"host": SERVER, "tls": {"ca_file": ca()}})),
           cause, "mqtt.tls.ca_file: ") for ca, cause in (
               (lambda: "/run/nowhere.pem", "file-missing"),
               (lambda: doctor.written("", 0o600), "config-unreadable"),
               (lambda: doctor.written("no certificate"), "file-unsuitable"))),
    )
    return side_by_side([
        (cause, lambda namespace, make=make, cause=cause, part=part: expect(
            doctor.on_board(namespace, make()), CONFIGURATION, (cause, part)))
        for make, cause, part in rows])


if __name__ == "__main__":
    main(lanes=AT_ONCE)
