#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every way in which there is no connection to the broker, each with its sentence.

In all of them the ladder, the journal and "systemctl status" say it word for word, a ping through
the interface and the watchdog go on, the MQTT thread does not spin, and SIGTERM ends within 3 s.
"""

import ast
import functools
import os
import time

from harness import build, conf, stage
from harness.cases import case, main
from harness.failures import (CLOSED, DROPPED, EXPIRED, FUTURE, GUARDED, MUTE, MUTE_DNS, OTHER_NAME,
                              PERMITTED, RESET, RESET_LATE, SERVER, STRANGER, STRICT, TLS, Failure,
                              Site, judge)
from harness.mqtt import Client
from harness.waiting import until

V5 = {"protocol": "5"}
UNKNOWN_USER = 'Refused: not authorised (user "nobody": check user name and password)'
WRONG_PASSWORD = 'Refused: not authorised (user "node": check user name and password)'
CLOSED_ONLINE = "The broker closed the connection: is the client id used twice?"
TAKEN_OVER = "Another client connected with our client id: every client needs one of its own"
FIGHT_S = 5  # seconds for which another client wants our client id
FIGHT = {"reconnect_max": 4}
CLOCK_UNSET = os.path.join(build.root(), "tests/e2e/libclock_unset.so")


def at(port, **mqtt):
    return {"port": port, **mqtt}


def publishing(topic):
    return {"publish": [{"topic": topic, "text": "{seq}", "interval": 0.2, "qos": 1}],
            "subscribe": [{"topic": f"{PERMITTED}/1"}]}


def subscribing(topic):
    return {"subscribe": [{"topic": f"{PERMITTED}/1"}, {"topic": topic}]}


def freeze(site, _node):
    site.wire.broker.freeze()
    return site.wire.broker.thaw


def take_over(site, node):
    """Another client has the same id and comes back at once whenever it is thrown off."""
    connects, end = node.status()["mqtt"]["connects"], time.monotonic() + FIGHT_S
    while time.monotonic() < end:
        other = Client(site.wire.broker, name=conf.CLIENT_ID)
        until(lambda client=other: not client.alive() or time.monotonic() >= end, FIGHT_S + 5,
              "the other client is thrown off")
        other.close()
    connects = node.status()["mqtt"]["connects"] - connects
    assert 1 <= connects <= 12, f"{connects} connections in {FIGHT_S} s: no storm, but no rest"


FAILURES = (
    Failure("the broker is down", "tcp", "tcp-refused",
            f"{SERVER}:{CLOSED} refused the connection: no broker is listening there",
            mqtt=at(CLOSED)),
    Failure("the broker is down, with TLS", "tcp", "tcp-refused",
            f"{SERVER}:{CLOSED} refused the connection: no broker is listening there",
            mqtt=at(CLOSED), tls={}),
    Failure("SYNs are dropped", "tcp", "tcp-no-answer",
            f"No answer from {SERVER}:{DROPPED}", mqtt=at(DROPPED)),
    Failure("TCP is accepted, but nobody speaks", "connack", "no-connack",
            "No CONNACK within 10 s: is this an MQTT broker?", mqtt=at(MUTE, keepalive=20)),
    Failure("TCP is accepted, but nobody speaks, with TLS", "tls", "tls-no-answer",
            f"No answer to TLS from {SERVER}:{MUTE} within 10 s: is this the port for TLS?",
            mqtt=at(MUTE, keepalive=20), tls={}),
    Failure("TCP is accepted, but nobody speaks, with TLS and a short keepalive", "tls", "tls-no-answer",
            f"No answer to TLS from {SERVER}:{MUTE} within 5 s: is this the port for TLS?",
            mqtt=at(MUTE), tls={}),
    Failure("the name server is mute", "name", "dns-mute",
            f"No answer from the DNS server {MUTE_DNS}", dns=MUTE_DNS),
    Failure("the name does not exist", "name", "name-not-found",
            "Name nowhere.example not found", mqtt={"host": "nowhere.example"}),

    Failure("the broker's CA is another one", "tls", "tls-wrong-ca",
            f"The certificate of {conf.BROKER} was not issued by a CA in mqtt.tls.ca_file",
            mqtt=at(STRANGER), tls={}),
    Failure("the certificate is for another name", "tls", "tls-wrong-name",
            f"The certificate is for other.example, not for {conf.BROKER}",
            mqtt=at(OTHER_NAME), tls={}),
    Failure("the certificate has expired", "tls", "tls-expired",
            f"The certificate of {conf.BROKER} expired on 2026-01-02 (the clock here says {{today}})",
            mqtt=at(EXPIRED), tls={}),
    Failure("the certificate is of the future", "tls", "tls-not-yet-valid",
            f"The certificate of {conf.BROKER} is not valid before 2040-01-01, and the clock here "
            "says {today}: is it right?", mqtt=at(FUTURE), tls={}),
    Failure("the clock is not set", "tls", "clock-not-set",
            "The clock of this machine is not set, it says 1970-01-01: no certificate can be "
            "checked before it is", mqtt=at(TLS), tls={}, preload=CLOCK_UNSET),
    Failure("the broker wants a certificate", "tls", "tls-client-wanted",
            f"{SERVER}:{STRICT} wants a client certificate: set mqtt.tls.cert_file",
            mqtt=at(STRICT), tls={}),
    Failure("TLS to a port without it", "tls", "tls-plain-port",
            f"{SERVER}:{conf.PORT} does not speak TLS: is this the port for MQTT without it?",
            tls={}),
    Failure("no TLS to a port with it", "connack", "wants-tls",
            f"{SERVER}:{TLS} speaks TLS, and mqtt.tls is not set", mqtt=at(TLS)),
    Failure("TCP is accepted and reset", "connack", "tcp-reset",
            f"{SERVER}:{RESET} reset the connection before CONNACK", mqtt=at(RESET)),
    Failure("TCP is accepted, and reset when CONNECT is read", "connack", "tcp-reset",
            f"{SERVER}:{RESET_LATE} reset the connection before CONNACK", mqtt=at(RESET_LATE)),

    Failure("no user name is given", "connack", "no-credentials",
            "Refused: not authorised (no user name is configured)", mqtt=at(GUARDED)),
    Failure("the user is not known", "connack", "bad-credentials", UNKNOWN_USER,
            mqtt=at(GUARDED, username="nobody"), password="right"),
    Failure("the user is not known, MQTT 5", "connack", "bad-credentials", UNKNOWN_USER,
            mqtt=at(GUARDED, username="nobody", **V5), password="right"),
    Failure("the password is wrong", "connack", "bad-credentials", WRONG_PASSWORD,
            mqtt=at(GUARDED), password="wr0ng"),
    Failure("the password is wrong, MQTT 5", "connack", "bad-credentials", WRONG_PASSWORD,
            mqtt=at(GUARDED, **V5), password="wr0ng"),
    Failure("another client has our id", "connack", "client-id-twice", CLOSED_ONLINE,
            mqtt=FIGHT, strike=take_over, passing=True),
    # mosquitto says so since 2.0.15.
    Failure("another client has our id, MQTT 5", "connack", "client-id-twice", CLOSED_ONLINE, (TAKEN_OVER,),
            mqtt={**FIGHT, **V5}, strike=take_over, passing=True),

    Failure("a subscription is refused", "suback", "subscription-refused",
            "Subscription to secret/# refused: may this client read there? (MQTT 3.1.1 gives no "
            "reason)", mqtt=at(GUARDED, **subscribing("secret/#")), password="right"),
    Failure("a subscription is refused, MQTT 5", "suback", "subscription-refused",
            "Subscription to secret/# refused: Not authorized (135)",
            mqtt=at(GUARDED, **subscribing("secret/#"), **V5), password="right"),
    Failure("a publication is refused, MQTT 5", "journal", "publish-refused",
            "The broker refused a message on secret/1: Not authorized (135)",
            mqtt=at(GUARDED, **publishing("secret/1"), **V5), password="right"),
    Failure("the broker is frozen while messages are published", "connack", "broker-silent",
            "Broker silent for 5 s", mqtt=publishing("fast"), strike=freeze, passing=True),
)

# What else the checklist of the MQTT reference (section 21) asks for, and the case that does it.
ELSEWHERE = {
    "a broker that comes back": (
        "broker", "no broker: the cause is told, the ping goes on, the node connects when there is one"),
    "a broker restarted without persistence": (
        "broker", "a restarted broker gets subscription and retained birth message again"),
    "a frozen broker that goes on": (
        "broker", "a frozen broker is noticed, the ping goes on; thawed, everything goes on"),
    "SIGTERM in a session with a frozen broker": (
        "broker", "SIGTERM with a broker that is frozen ends within 3 s"),
    "SIGTERM during a lookup": (
        "names", "SIGTERM in the middle of a query to a mute name server ends within 3 s"),
    "5 MB inbound": (
        "payloads", "a payload of 5 MB is dropped and counted, the connection stays"),
    "5 MB inbound, MQTT 5": (
        "broker_v5", "publications and subscriptions; a message that is too large stays at the broker"),
    "NULs and invalid UTF-8, on terminal and screen": (
        "payloads", "hostile payloads never reach terminal or screen raw, and none is lost"),
    "NULs and invalid UTF-8, in the journal": (
        "payloads", "hostile payloads never reach the journal raw, and forge no field"),
    "10 000 publications without a broker": (
        "memory", "memory is flat over 10 000 messages without a broker, each dropped or kept is counted"),
}


@case("what the checklist asks for beyond these is a case elsewhere")
def elsewhere():
    for what, (program, name) in ELSEWHERE.items():
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"test_{program}.py")
        with open(path, encoding="utf-8") as file:
            assert f'@case("{name}"' in file.read(), f"{what}: no such case in {path}: {name}"


@case("MQTT 3.1.1 acknowledges what it does not permit: nothing is told, and the manual says so",
      site=Site)
def not_told(site):
    node = site.node(Failure("a publication is refused", "journal", "", "nothing is told",
                             mqtt=at(GUARDED, **publishing("secret/1")), password="right"))
    node.wait_online()
    until(lambda: node.status()["mqtt"]["published"] >= 3, 10, "they are acknowledged")
    assert node.status()["mqtt"]["refused"] == 0
    assert not node.lines.find("refused"), node.lines.texts()
    node.stop()
    with open(stage.path("usr/share/man/man5/mqttnode.conf.5"), encoding="utf-8") as file:
        manual = " ".join(file.read().split())
    assert "a message that it does not permit is acknowledged like any other" in manual


for each in FAILURES:
    # Where the machine's other NIC is matters to the way to the broker, not to what it says.
    if build.is_short() or build.variant() != "same-subnet" or each.rung in ("name", "tcp"):
        case(f"{each.name}: the sentence, the ping, the watchdog, the end", site=Site)(
            functools.partial(judge, failure=each))

if __name__ == "__main__":
    main()
