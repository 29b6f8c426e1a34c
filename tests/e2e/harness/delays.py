# SPDX-License-Identifier: MIT
"""A bare timer as the control beside every bar that needs a clock.

A thread sleeps for 5 ms again and again and does nothing else. A turn that takes more than a
millisecond longer shows time that the machine, busy with other things, took from it, and from
everybody: a node that is to be judged by the clock is judged by what it took more than that.
"""

import bisect
import threading
import time

from . import build

TURN = 0.005
USUAL = 0.001  # what a turn may be late by on a machine with nothing else to do


class Turns:
    """Knows how much time was lost between two moments, from when each turn ended."""

    def __init__(self, start):
        self._moments = [start]
        self._lost = [0.0]  # up to each moment, since the start

    def add_turn(self, moment):
        """A turn has ended."""
        late = moment - self._moments[-1] - TURN
        self._lost.append(self._lost[-1] + (late if late > USUAL else 0.0))
        self._moments.append(moment)

    def lost(self, start, end):
        """Seconds that turns which touch the time from @start to @end (past) took too long."""
        while self._moments[-1] < end:
            time.sleep(TURN)  # the turn in which @end was has not ended yet
        # The lists grow while we look: the one that is appended to last is asked for its length.
        count = len(self._moments)
        first = max(0, bisect.bisect_right(self._moments, start, 0, count) - 1)
        last = min(count - 1, bisect.bisect_left(self._moments, end, 0, count))
        return self._lost[last] - self._lost[first]


class Control(Turns):
    """The turns of a thread, by time.monotonic()."""

    def __init__(self):
        super().__init__(time.monotonic())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.is_set():
            time.sleep(TURN)
            self.add_turn(time.monotonic())

    def close(self):
        self._stop.set()
        self._thread.join()


_control = None


def start():
    """Starts the control of this program, once."""
    global _control
    _control = _control or Control()


def lost(start_moment, end):
    """Seconds that the control lost between two moments."""
    return _control.lost(start_moment, end)


def took(begin, end, limit, what):
    """The time from @begin to @end is at most @limit, and what the control lost, seconds.

    Returns a note. Asserted in plain builds only: with sanitizers it is function that is tested.
    """
    control = lost(begin, end)
    note = f"{what}: {end - begin:.3g} s (at most {limit:g}, control {control:.3g})"
    if build.is_plain():
        assert end - begin <= limit + control, note
    return note


def spaced(moments, interval, tolerance, what):
    """Events come every @interval seconds, give or take @tolerance and what the control lost.

    A late event makes the gap before it too long and the one after it too short. Returns notes.
    """
    notes = []
    for before, after in zip(moments, moments[1:]):
        control = lost(before - interval, after)
        off = abs(after - before - interval)
        notes.append(f"{what}: {after - before:.3f} s apart (control {control:.3f})")
        if build.is_plain():
            assert off <= tolerance + control, notes[-1]
    return notes
