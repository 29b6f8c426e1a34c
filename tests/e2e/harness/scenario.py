# SPDX-License-Identifier: MIT
"""What many tests begin with, watch and end with."""

import contextlib

from . import build, conf
from .mqtt import Client
from .waiting import until

PAUSE_LIMIT = 0.2  # seconds that a ping may pause longer than the control


class Online:
    """A node that is online in a World, with an observer at its broker and pings through it."""

    def __init__(self, world, config=None, start=True, **how):
        self.world = world
        if start:
            world.wire.start()
        self.node = world.node(config, **how)
        self.node.wait_online()
        self.address = self.node.address()
        self.observer = world.further(Client(world.wire.broker, ["#"]))
        self.pinger = world.pinger(self.address)
        until(lambda: self.pinger.answered("node"), 5, f"{self.address} answers a ping")
        self.wait_published()

    def observe_again(self):
        """A new observer, after the broker was restarted."""
        self.observer.close()
        self.observer = self.world.further(Client(self.world.wire.broker, ["#"]))

    def wait_published(self, seconds=10, count=1):
        """Waits for @count further messages of the lesson; returns the moment of the first."""
        return self.observer.wait(conf.OUT, seconds, self.observer.mark(), count)[0].moment

    def ping_goes_on(self, allowance=0.0):
        """ping_goes_on() of this node."""
        return ping_goes_on(self.pinger, allowance)


@contextlib.contextmanager
def ping_goes_on(pinger, allowance=0.0):
    """In the block a ping through the interface pauses at most 200 ms longer than the controls,
    and @allowance seconds more where the fault itself may cost them."""
    before = pinger.answered("node")
    with pinger.watch() as watch:
        yield
        until(lambda: pinger.answered("node") > before, 5, "the ping goes on")
    if build.is_plain():
        ours, control = watch.pause("node"), watch.pause("control")
        assert watch.excess("node", "control") <= PAUSE_LIMIT + allowance, \
            f"the ping paused for {ours * 1000:.0f} ms, the control for {control * 1000:.0f}"


def seconds(full, short):
    """A length of time that E2E_SHORT=1 cuts down."""
    return short if build.is_short() else full


def bar(value, limit, what):
    """A measured value; asserted in plain builds only, reported always. For times: delays.py."""
    note = f"{what}: {value:.3g} (at most {limit:g})"
    if build.is_plain():
        assert value <= limit, note
    return note
