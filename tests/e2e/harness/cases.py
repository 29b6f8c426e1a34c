# SPDX-License-Identifier: MIT
"""Test cases and their result in the Test Anything Protocol, which meson reads."""

import contextlib
import itertools
import os
import sys
import threading
import time
import traceback
from collections import deque, namedtuple

from . import build, sandbox
from .build import MissingTool

LANES = 4  # in which cases run side by side, unless a program says otherwise

Case = namedtuple("Case", "name function plain_only site")
_cases = []
_here = threading.local()


class Skip(Exception):
    """This case says nothing here, with the reason."""


def lane():
    """The number of the lane in which this thread runs cases, or None."""
    return getattr(_here, "lane", None)


def case(name, plain_only=False, site=None):
    """Marks a function as a test case. @plain_only: it measures, which sanitizers spoil.

    @site: where it happens, for cases that need the same surroundings and wait most of the time:
    a class whose objects are context managers. Cases with a site run side by side, each of them
    alone in one of a few sites, which it gets as its argument and leaves to the next as it was.
    """
    def mark(function):
        _cases.append(Case(name, function, plain_only, site))
        return function
    return mark


def _line(text):
    sys.stdout.write(f"{text}\n")  # in one piece: lanes write side by side
    sys.stdout.flush()


def _comment(text):
    for line in str(text).splitlines() or [""]:
        _line(f"# {line}")


class _Result:
    """What became of a case."""

    def __init__(self, each):
        self._name = each.name
        self._lines = []
        self._start = time.monotonic()
        self._seconds = 0.0
        self._skip = ""
        self.good = True

    def passed(self, notes=()):
        self._seconds = time.monotonic() - self._start
        self._lines = [str(note) for note in notes or ()]

    def skipped(self, reason):
        self.passed()
        self._skip = f" # SKIP {reason}"

    def failed(self, error):
        """Also after passed(): what is found when its site is closed counts as its failure."""
        self._seconds = time.monotonic() - self._start
        self.good = False
        self._skip = ""
        self._lines = [f"{type(error).__name__}: {error}",
                       "".join(traceback.format_tb(error.__traceback__)),
                       *getattr(error, "evidence", ())]

    def tell(self, number):
        _line(f"{'ok' if self.good else 'not ok'} {number} - {self._name}{self._skip}")
        for line in self._lines:
            _comment(line)
        _comment(f"{self._seconds:.1f} s")


def _run(each, result, *site):
    if each.plain_only and not build.is_plain():
        raise Skip("measured in plain builds only")
    result.passed(each.function(*site))


def _ended(result, error):
    """A case, or what it happens in, ended with an exception."""
    missing = isinstance(error, MissingTool) and os.environ.get("E2E_REQUIRED") != "1"
    if missing or isinstance(error, Skip):
        result.skipped(error)
    else:
        result.failed(error)


def _run_alone(each):
    result = _Result(each)
    try:
        _run(each, result)
    except Exception as error:  # a failed case must not keep the others from running
        _ended(result, error)
    return result


def _take(waiting, results):
    """The next case that waits, with its result, or (None, None)."""
    try:
        number, each = waiting.popleft()
    except IndexError:
        return None, None
    results[number] = _Result(each)
    return each, results[number]


def _use_lane(number, waiting, results):
    """Runs cases that wait, all in one site if they have one; after a failure in a new one."""
    _here.lane = number
    each, result = _take(waiting, results)
    while each:
        try:
            with each.site() if each.site else contextlib.nullcontext() as site:
                while each:
                    _run(each, result, *([site] if each.site else []))
                    _comment(f"lane {number}: {each.name}")
                    last, (each, result) = result, _take(waiting, results)
                result = last  # to whom it counts if the end of the site fails
        except Exception as error:
            _ended(result, error)
        each, result = _take(waiting, results)


def run_side_by_side(numbered, lanes=LANES):
    """Runs cases of the same site or of none, [(number, Case)]; returns the results by number."""
    waiting, results = deque(numbered), {}
    threads = [threading.Thread(target=_use_lane, args=(number, waiting, results))
               for number in range(min(lanes, len(numbered)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _selected():
    """The cases whose names contain the words given, all without words.

    With E2E_SHORT=1 the two variants of a program share its cases: one each.
    """
    cases = _cases
    if build.is_short() and build.variant():
        cases = cases[int(build.variant() == "same-subnet")::2]
    return [each for each in cases if all(word in each.name for word in sys.argv[1:])]


def _results(side_by_side, lanes, numbered):
    """Runs cases; (number, result) in their order."""
    if side_by_side:
        yield from sorted(run_side_by_side(numbered, lanes).items())
    else:
        for number, each in numbered:
            yield number, _run_alone(each)


def _run_all(wanted, side_by_side, lanes):
    """Runs cases and tells their results. Returns whether all are good."""
    good = True
    for site, group in itertools.groupby(enumerate(wanted, 1), key=lambda pair: pair[1].site):
        for number, result in _results(site or side_by_side, lanes, list(group)):
            result.tell(number)
            good = good and result.good
    return good


def main(side_by_side=False, lanes=LANES):
    """Runs the cases of the program, or those whose names contain the words given.

    @side_by_side: cases without a site do so, too. All that they use of the sandbox is in worlds
    of their own. @lanes: how many do so; more of them for cases that mostly wait.
    """
    if os.geteuid() != 0:
        if os.environ.get("E2E_REQUIRED") == "1":
            sys.exit("end-to-end tests need root")
        _line("1..0 # SKIP network namespaces need root")
        sys.exit(0)
    sandbox.enter()
    wanted = _selected()
    _line(f"1..{len(wanted)}")
    sys.exit(0 if _run_all(wanted, side_by_side, lanes) else 1)
