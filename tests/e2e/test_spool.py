#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Messages that are stored arrive, whoever is killed: broker, cable, daemon, machine.

Moments and faults are random; $E2E_SEED repeats them as far as the machine allows.
"""

from harness import build, ordeal
from harness.cases import case, main
from harness.world import World

TOPICS = 15
MESSAGES = 5000 if build.is_short() else 50000
KILLS = 4 if build.is_short() else 200 if build.is_long() else 20
FAULTS = ("nothing", "broker killed", "broker frozen", "cable pulled")


def endure(sync, power):
    """@power: each kill of the daemon is a power failure."""
    value = ordeal.seed()
    with World() as world:
        text = ordeal.config(TOPICS, spool={"rate": 100000, "sync": sync})
        trial = ordeal.Ordeal(world, text, value, power)
        for number in range(KILLS - 1):
            trial.cycle(FAULTS[number % len(FAULTS)], MESSAGES // KILLS)
        trial.wait_different(MESSAGES, 120)
        trial.finish()
        total, note = trial.check()
        assert total >= MESSAGES, note
        return [note]


@case("the daemon is killed: all that was stored arrives, in order")
def killed():
    return endure(0.2, False)


@case("with sync = 0 the same over power failures")
def power_failures():
    return endure(0, True)


if __name__ == "__main__":
    main()
