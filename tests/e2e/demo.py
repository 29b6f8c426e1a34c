#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lesson on a simulated board, told as it happens. tests/demo prepares and runs it."""

import os
import select
import shutil
import signal
import sys
import time

from harness import build, conf, sandbox
from harness.delays import spaced
from harness.mqtt import Client
from harness.process import Process
from harness.screen import narrow_picture, picture, shows
from harness.waiting import until
from harness.world import World

STATUS = f"mqttnode/{conf.CLIENT_ID}/status"
MESSAGE = "Hello from the broker!"
PUBLICATIONS = 6
COLOURS = sys.stdout.isatty()

HELP = """\
The node keeps running. Type a message and press Enter to publish it, or one of
    cable out, cable in     pull the Ethernet cable, plug it in again
    display out, display in the same with the OLED
    screen                  the OLED's picture        status   what the node knows
    quit                    or Ctrl-C"""


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOURS else text


def chapter(title):
    print(f"\n{paint('1;36', f'== {title} ' + '=' * (74 - len(title)))}", flush=True)


def tell(who, text):
    colour = {"node": "32", "broker": "33", "host": "90"}[who]
    print(f"{paint(colour, f'{who:>7} |')} {text}", flush=True)


def show_screen(board):
    rows = board.screen()
    indent = " " * 8
    narrow = COLOURS and shutil.get_terminal_size().columns < len(indent) + len(rows[0]) + 2
    lines = narrow_picture(rows) if narrow else picture(rows)
    edge = "-" * len(lines[0])
    print(f"{indent}+{edge}+")
    for line in lines:
        print(f"{indent}|{paint('1;97', line)}|")
    print(f"{indent}+{edge}+", flush=True)


class Ticker:
    """Prints the lines of several sources as they come."""

    def __init__(self):
        self._sources = []

    def follow(self, who, lines, skip=""):
        self._sources.append([who, lines, 0, skip])

    def tick(self):
        news = []
        for source in self._sources:
            who, lines, seen, skip = source
            fresh = lines.since(seen)
            source[2] += len(fresh)
            news += [(moment, who, text) for moment, text in fresh
                     if not (skip and skip in text)]
        for _, who, text in sorted(news):
            tell(who, text)

    def until(self, condition, seconds, what):
        def step():
            self.tick()
            return condition()
        found = until(step, seconds, what)
        self.tick()
        return found


class Demo:
    def __init__(self, world):
        self.world = world
        self.wire = world.wire
        self.ticker = Ticker()
        self.node = None
        self.subscriber = None
        self.leaving = False

    def run_network(self):
        chapter("A network at the far end of the cable")
        self.wire.start()
        tell("host", f"dnsmasq: DHCP and DNS on {self.wire.address}, it knows {conf.BROKER}")
        tell("host", f"mosquitto: a real broker on {self.wire.address}, port {conf.PORT}")
        tell("host", "and on the machine's other NIC a wrong resolver and a wrong broker, "
                     "to be left alone")

    def run_node(self):
        chapter("mqttnode starts with conf/tutorial.conf; this is its journal")
        self.node = self.world.node()
        self.ticker.follow("node", self.node.lines)
        self.ticker.until(lambda: self.node.lines.find(r"\bOnline\b"), 30, "the node is online")
        address = self.node.address()
        for what, pattern in (("chip found", "chip ok"), ("link", "link ok"),
                              ("lease from dnsmasq", f"address ok: {address}"),
                              ("name resolved", "name ok"), ("connected", "connack ok")):
            assert self.node.lines.find(pattern), f"the journal does not say: {what}"
        self.wire.dhcp.check_lease(address)
        # The name was resolved through the interface.
        self.wire.dns.lines.wait(rf"query\[A\] {conf.BROKER} from {address}", 5)
        tell("host", f"dnsmasq leased {address} and was asked for {conf.BROKER} by it")
        return address

    def run_publications(self):
        chapter(f"What the broker receives: mosquitto_sub -t {conf.OUT}")
        self.subscriber = Process("mosquitto_sub", self.wire.namespace.command(
            build.tool("mosquitto_sub", "mosquitto-clients"), "-h", self.wire.address,
            "-p", str(conf.PORT), "-t", conf.OUT, "-t", STATUS,
            "-F", "@H:@M:@S  %t  %p"))
        lines = self.subscriber.lines
        self.ticker.follow("broker", lines)
        self.ticker.until(lambda: lines.count(conf.OUT) >= PUBLICATIONS, 20, "publications")
        moments = [moment for moment, text in lines.since() if conf.OUT in text]
        gaps = [after - before for before, after in zip(moments, moments[1:])]
        spaced(moments, 1.0, 0.2, "publications")
        tell("host", "seconds between them: " + ", ".join(f"{gap:.3f}" for gap in gaps))

    def run_screen(self, address):
        chapter("The OLED shows the lesson's screen")
        self.ticker.until(lambda: shows(self.node.board, address, y=20), 5, "the address")
        show_screen(self.node.board)

    def run_message(self):
        chapter("A message to the node")
        print(f"$ mosquitto_pub -h {self.wire.address} -p {conf.PORT} -t {conf.IN} "
              f"-m '{MESSAGE}'")
        self.publish(MESSAGE)
        self.ticker.until(lambda: self.node.lines.find(f"{conf.IN}.*{MESSAGE}"), 5,
                          "the message in the journal")
        self.ticker.until(lambda: shows(self.node.board, MESSAGE.split()[0]), 5,
                          "the message on the screen")
        show_screen(self.node.board)

    def publish(self, text):
        command = [build.tool("mosquitto_pub", "mosquitto-clients"), "-h", self.wire.address,
                   "-p", str(conf.PORT), "-t", conf.IN, "-m", text]
        publisher = Process("mosquitto_pub", self.wire.namespace.command(*command))
        assert publisher.wait(5)[0] == 0, publisher.lines.texts()

    def run_stop(self):
        chapter("systemctl stop")
        seconds = self.node.stop()
        self.ticker.until(lambda: self.subscriber.lines.find(f"{STATUS}  offline"), 5, "offline")
        late = Client(self.wire.broker, [STATUS], name="late")
        last = late.wait(STATUS, 5)[0]
        late.close()
        assert last.retain and last.payload == b"offline"
        tell("host", f"stopped in {seconds:.2f} s; retained on {STATUS}: offline")
        board = self.node.board
        tell("host", f"the simulated chips saw {len(board.violations)} violations of their "
                     f"data sheets")

    def obey(self, line):
        """One line typed by a person with --keep; returns whether to go on."""
        board, word = self.node.board, line.strip()
        if word in ("cable out", "cable in"):
            board.cable(word.endswith("in"))
        elif word in ("display out", "display in"):
            board.oled(word.endswith("in"))
        elif word == "screen":
            show_screen(board)
        elif word == "status":
            for rung in self.node.status()["ladder"]:
                print(f"        {rung['rung']:8} {rung['state']:8} {rung['text']}")
        elif word == "quit":
            return False
        elif word:
            self.publish(word)
        return True

    def leave(self, _number, _frame):
        """Ctrl-C: not in the middle of something."""
        self.leaving = True

    def keep(self):
        chapter("Yours")
        print(HELP, flush=True)
        signal.signal(signal.SIGINT, self.leave)
        inputs, typed = [sys.stdin.fileno()], b""
        last = None
        while not self.leaving:
            self.ticker.tick()
            picture_now = self.node.board.screen()
            if picture_now != last:
                last = picture_now
                show_screen(self.node.board)
            if select.select(inputs, [], [], 0.2)[0]:
                fresh = os.read(inputs[0], 4096)
                if not fresh:
                    inputs = []  # no terminal: stay until a signal
                *lines, typed = (typed + fresh).split(b"\n")
                if not all(self.obey(line.decode("utf-8", "replace")) for line in lines):
                    return


def interrupted(_number, _frame):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough, however it was sent
    sys.exit(130)


def main():
    sandbox.enter(farewell="Left behind on this machine: nothing")
    print("mqttnode: an SPI Ethernet chip becomes a wired MQTT node. No hardware is needed: "
          "chip and\ndisplay are simulated, everything else is real and stays in namespaces of "
          "its own.", flush=True)
    signal.signal(signal.SIGINT, interrupted)
    start = time.monotonic()
    with World() as world:
        demo = Demo(world)
        demo.run_network()
        address = demo.run_node()
        demo.run_publications()
        demo.run_screen(address)
        demo.run_message()
        if "--keep" in sys.argv[1:]:
            demo.keep()
        demo.run_stop()
        demo.subscriber.stop()
        world.finish()
    tell("host", "the other NIC, its routes and its resolver: untouched and unused")
    print(f"\nAll of it took {time.monotonic() - start:.0f} s.", flush=True)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as problem:
        for each in getattr(problem, "evidence", ()):
            print(each)
        sys.exit(f"demo: {problem}")
