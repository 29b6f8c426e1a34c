# SPDX-License-Identifier: MIT
"""Waiting for conditions, each with a deadline."""

import time

from . import build


class TimedOut(AssertionError):
    """A condition did not come true in time."""


def patience(seconds):
    """How long to wait for something that must happen: builds with sanitizers are slower."""
    return seconds if build.is_plain() else 4 * seconds


def until(condition, seconds, what, interval=0.01):
    """Waits until condition() is true and returns its value; fails after patience(seconds).

    The interval is how often the condition is looked at, not a time to let pass. Time for which
    the machine was busy with something else does not count: what is waited for did not have it
    either. The last look is one that began after the deadline.
    """
    deadline = time.monotonic() + patience(seconds)
    while True:
        last = time.monotonic() >= deadline
        value = condition()
        if value:
            return value
        if last:
            raise TimedOut(f"not within {patience(seconds):g} s: {what}")
        begin = time.monotonic()
        time.sleep(interval)
        deadline += max(0.0, time.monotonic() - begin - interval)


def hold(condition, seconds, what, interval=0.02):
    """Watches that condition() stays true for @seconds; fails as soon as it is not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            raise AssertionError(f"no longer true: {what}")
        time.sleep(interval)
