# SPDX-License-Identifier: MIT
"""Puts a simulated board under the daemon in the place of its unit's ExecStart=.

It runs as the unit's user with the unit's restrictions: all it does is to open the far end
of the cable, a TAP which the test then moves into a network of its own, and to become
mqttnode-sim.

Usage: board_exec.py PROGRAM ARGUMENT...
"""
import fcntl
import os
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
WIRE = b"wire0"

tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", WIRE, IFF_TAP | IFF_NO_PI))
os.set_inheritable(tap, True)
os.environ["MQTTNODE_BOARD"] = f"wire={tap},link-delay=100"
os.execv(sys.argv[1], sys.argv[1:])
