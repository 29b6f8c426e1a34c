# SPDX-License-Identifier: MIT
"""peers.py — what other drivers of the W5500 put on the bus, and the model that compares

Calls and bytes per frame in a backlog, read from the sources of each driver; none of them was
run. The model is the one of the simulated board: so long for a call, so long for each chip select
toggle inside a message (the others have none), eight bits a byte at 31.25 MHz.
"""
from math import ceil

BUS_HZ = 31.25e6
CALL_US = 15.0

# Frames that QNEthernet finds in the ring at a time, if the ring is full of them.
RING = 16384


def at_a_time(size):
    return RING // (size + 2)


# name: (calls, bytes) of a frame of L bytes received, and sent
PEERS = {
    'Linux w5100-spi': (lambda L: (7, 31 + L), lambda L: (7, 29 + L)),
    'ESP-IDF': (lambda L: (8, 36 + L), lambda L: (10, 43 + L)),
    'Zephyr': (lambda L: (8 + ceil(L / 128), 36 + 3 * ceil(L / 128) + L),
               lambda L: (7, 29 + L)),
    'ioLibrary': (lambda L: (24, 96 + L), lambda L: (22, 93 + L)),
    'QNEthernet': (lambda L: (7 / at_a_time(L), 31 / at_a_time(L) + 2 + L),
                   lambda L: (8, 36 + L)),
}


def model(size, calls, count, call_us=CALL_US):
    """What calls and bytes mean: the keys that a measured case has too."""
    bus_us = calls * call_us + count * 8e6 / BUS_HZ
    return {'calls': round(calls, 5), 'bytes': round(count, 4), 'bus_us': round(bus_us, 4),
            'frames_per_s': round(1e6 / bus_us, 2),
            'share': round(size * 8e6 / BUS_HZ / bus_us, 6)}


def peer(name, direction, size, call_us=CALL_US):
    calls, count = PEERS[name][direction == 'tx'](size)
    return model(size, calls, count, call_us)


def peers(sizes):
    """All of them, by name, direction and size."""
    return {name: {f'{direction}_{size}': peer(name, direction, size)
                   for direction in ('rx', 'tx') for size in sizes}
            for name in PEERS}
