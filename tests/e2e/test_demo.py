#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demo does what it promises, and ends cleanly when it is interrupted.

It makes a sandbox of its own, so this program needs none.
"""

import os
import re
import select
import signal
import subprocess
import sys
import time

from harness import build
from harness.waiting import patience

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "demo.py")

PROMISES = (
    r"chip ok: W5500",
    r"link ok: 100 Mbit/s full duplex",
    r"address ok: 10\.77\.0\.\d+/24 \(DHCP server 10\.77\.0\.1",
    r"name ok: ",
    r"connack ok: ",
    r"(?s)(/public/01Studio/1  Hello 01Studio!.*){6}",
    r"Message on /public/01Studio/2: Hello from the broker!",
    r"[▀▄█]{3}",
    r"mqttnode/01Studio-pyBoard/status  offline",
    r"saw 0 violations",
    r"untouched and unused",
    r"Left behind on this machine: nothing",
)


def check(condition, what, output):
    if not condition:
        print(f"not ok - {what}")
        print("".join(f"# {line}\n" for line in output.splitlines()))
        sys.exit(1)


def run_through():
    done = subprocess.run([sys.executable, DEMO], capture_output=True, text=True, check=False,
                          timeout=patience(60))
    output = done.stdout + done.stderr
    check(done.returncode == 0, f"status {done.returncode}", output)
    for promise in PROMISES:
        check(re.search(promise, output), f"the output has no {promise}", output)


def keep_and_interrupt():
    """Types a message and a command, then Ctrl-C."""
    demo = subprocess.Popen([sys.executable, DEMO, "--keep"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            start_new_session=True)
    output = ""
    deadline = time.monotonic() + patience(60)

    def read_until(pattern, start=0):
        """Reads until the output from @start matches."""
        nonlocal output
        while not re.search(pattern, output[start:]):
            ready, _, _ = select.select([demo.stdout], [], [], max(0, deadline - time.monotonic()))
            fresh = os.read(demo.stdout.fileno(), 65536) if ready else b""
            if not fresh:
                os.killpg(demo.pid, signal.SIGKILL)
                check(False, f"--keep never said {pattern}", output)
            output += fresh.decode("utf-8", "replace")

    def type_in(line):
        demo.stdin.write(line.encode() + b"\n")
        demo.stdin.flush()

    read_until("The node keeps running")
    type_in("typed by a person")
    read_until(r"Message on /public/01Studio/2: typed by a person")
    type_in("cable out")
    read_until("link failed: No cable on the W5500")
    type_in("cable in")
    read_until(r"(?s)No cable on the W5500.*link ok")
    connected = False  # a connection that has not outlived the loss says no "offline"
    while not connected:
        start = len(output)
        type_in("status")
        read_until(r"suback .*\n", start)
        connected = re.search(r"connack +ok ", output[start:])
    os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
    read_until("Left behind on this machine: nothing")
    check(demo.wait(patience(10)) == 0, f"status {demo.returncode} after Ctrl-C", output)


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP network namespaces need root")
        return
    build.tool("mosquitto_sub", "mosquitto-clients")
    print("1..2")
    run_through()
    print("ok 1 - the demo shows everything from chip to screen and leaves nothing behind")
    keep_and_interrupt()
    print("ok 2 - with --keep it takes messages and commands, and Ctrl-C ends it cleanly")


if __name__ == "__main__":
    main()
