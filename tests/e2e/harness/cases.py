# SPDX-License-Identifier: MIT
"""Test cases and their result in the Test Anything Protocol, which meson reads."""

import os
import sys
import time
import traceback

from . import build, sandbox
from .build import MissingTool

_cases = []


class Skip(Exception):
    """This case says nothing here, with the reason."""


def case(name, plain_only=False):
    """Marks a function as a test case. @plain_only: it measures, which sanitizers spoil."""
    def mark(function):
        _cases.append((name, function, plain_only))
        return function
    return mark


def _line(text):
    print(text, flush=True)


def _comment(text):
    for line in str(text).splitlines() or [""]:
        _line(f"# {line}")


def _run(number, name, function, plain_only):
    start = time.monotonic()
    try:
        if plain_only and not build.is_plain():
            raise Skip("measured in plain builds only")
        notes = function()
        _line(f"ok {number} - {name}")
        for note in notes or ():
            _comment(note)
    except Skip as reason:
        _line(f"ok {number} - {name} # SKIP {reason}")
    except MissingTool as problem:
        if os.environ.get("E2E_REQUIRED") != "1":
            _line(f"ok {number} - {name} # SKIP {problem}")
        else:
            _line(f"not ok {number} - {name}")
            _comment(problem)
            return False
    except Exception as error:  # a failed case must not keep the others from running
        _line(f"not ok {number} - {name}")
        _comment(f"{type(error).__name__}: {error}")
        _comment("".join(traceback.format_tb(error.__traceback__)))
        for line in getattr(error, "evidence", ()):
            _comment(line)
        return False
    finally:
        _comment(f"{time.monotonic() - start:.1f} s")
    return True


def _selected():
    """The cases whose names contain the words given, all without words.

    With E2E_SHORT=1 the two variants of a program share its cases: one each.
    """
    cases = _cases
    if build.is_short() and build.variant():
        cases = cases[int(build.variant() == "same-subnet")::2]
    return [each for each in cases if all(word in each[0] for word in sys.argv[1:])]


def main():
    """Runs the cases of the program, or those whose names contain the words given."""
    if os.geteuid() != 0:
        if os.environ.get("E2E_REQUIRED") == "1":
            sys.exit("end-to-end tests need root")
        _line("1..0 # SKIP network namespaces need root")
        sys.exit(0)
    sandbox.enter()
    wanted = _selected()
    _line(f"1..{len(wanted)}")
    results = [_run(number, *each) for number, each in enumerate(wanted, 1)]
    sys.exit(0 if all(results) else 1)
