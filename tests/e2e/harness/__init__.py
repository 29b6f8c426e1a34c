# SPDX-License-Identifier: MIT
"""The end-to-end harness: the whole daemon on a simulated board, everything else real.

A test program runs in a sandbox of its own (sandbox.py): a private mount, PID and network
namespace, whose death takes every process, interface, rule and file with it. Inside it a
World (world.py) has three network namespaces:

    node    the daemon's: mqtt0 (its TAP), eth0 (a second NIC with the default route)
    wire    behind the W5500: dnsmasq and mosquitto, the right ones
    lan     behind eth0: a resolver and a broker that are wrong and count every contact

The daemon (node.py) is started as its unit would start it, and the harness plays systemd
and journald to it (systemd.py). Tests are functions marked with @case (cases.py); they wait
for conditions with deadlines (waiting.py) and never sleep. Python's standard library only.
"""
