#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds up what meson ran in some build directories, and shows what failed.

Usage: count.py BUILD-DIRECTORY|REPORT...

A report is a file of results whose last line is "N passed, N failed".

Every subtest of a TAP program counts. meson's JUnit file has the subtests; its log has the result
of each program as a whole, which may be bad although all subtests that it printed are good (a
crash, a time-out, a status other than 0). Skipped tests are neither passed nor failed.

Whoever reads may see only the end of a long log. So what the failed programs said comes after the
numbers, cut to what tells most, then their names; the last line is "N passed, N failed".
"""

import glob
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

GOOD = ("OK", "EXPECTEDFAIL")
SHOWN = 12  # programs whose output is shown; when more fail, one cause has broken them all
LINES = 25  # of each piece of output
WIDTH = 240


@dataclass
class Program:
    """One test program, or what stands for it when nothing could be run."""

    where: str
    name: str
    numbers: list  # [passed, failed, skipped]
    outcome: str = ""
    output: str = ""
    errors: str = ""

    def title(self):
        return f"{os.path.basename(self.where)}: {self.name}"


def count_subtests(suite):
    """[passed, failed, skipped] of one TAP program."""
    numbers = [0, 0, 0]
    for case in suite.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            numbers[1] += 1
        elif case.find("skipped") is not None:
            numbers[2] += 1
        else:
            numbers[0] += 1
    return numbers


def count_program(outcome, suite):
    """The same for any program: @outcome is meson's word, @suite its subtests or None."""
    good, skipped = outcome in GOOD, outcome == "SKIP"
    if suite is None:
        return [int(good), int(not good and not skipped), int(skipped)]
    numbers = count_subtests(suite)
    if not good and not skipped and numbers[1] == 0:
        numbers[1] = 1
    return numbers


def read_report(path):
    """A report as a program; one that has no last line is a failure."""
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    found = re.search(r"^(\d+) passed, (\d+) failed\n*\Z", text, re.M)
    numbers = [int(found[1]), int(found[2]), 0] if found else [0, 1, 0]
    return Program(path, "report", numbers, "" if found else "without an end",
                   text[:found.start()] if found else text)


def read_nothing(directory):
    """What stands for a build directory in which no test ran: the newest of its own logs."""
    logs = sorted(glob.glob(os.path.join(directory, "*.log")), key=os.path.getmtime)
    text = ""
    if logs:
        with open(logs[-1], encoding="utf-8", errors="replace") as file:
            text = file.read()
    return Program(directory, "build", [0, 1, 0], "not built, or not run", text)


def read(directory):
    """The programs of one build directory or report."""
    if os.path.isfile(directory):
        return [read_report(directory)]
    logs = os.path.join(directory, "meson-logs")
    results = []
    if os.path.exists(os.path.join(logs, "testlog.json")):
        with open(os.path.join(logs, "testlog.json"), encoding="utf-8") as file:
            results = [json.loads(line) for line in file]
    if not results:
        return [read_nothing(directory)]
    suites = {suite.get("name"): suite for suite in ElementTree.parse(
        os.path.join(logs, "testlog.junit.xml")).iter("testsuite")}
    programs = []
    for result in results:
        # A suite of subtests is called PROJECT.TEST.
        suite = next((suite for name, suite in suites.items()
                      if name.endswith("." + result["name"])), None)
        programs.append(Program(
            directory, result["name"], count_program(result["result"], suite),
            f"{result['result']}, status {result['returncode']}",
            result.get("stdout", ""), result.get("stderr", "")))
    return programs


def cut(lines, first, last):
    """No more than the first and the last of them, none of them long, and a word in between."""
    lines = [line[:WIDTH] for line in lines]
    if len(lines) <= first + last + 1:
        return lines
    left_out = f"# ... {len(lines) - first - last} lines ..."
    return lines[:first] + [left_out] + lines[len(lines) - last:]


def cases(output):
    """The failed cases of a program, each with the comments below it."""
    return [case for case in re.split(r"^(?=(?:not )?ok\b)", output, flags=re.M)
            if case.startswith("not ok")]


def show(program):
    """What a failed program said: of a cause the beginning, of a log (below "# --- NAME") the end."""
    print(f"\n--- {program.title()} {program.outcome}")
    lines = []
    for case in cases(program.output):
        cause, *logs = re.split(r"^(?=# --- )", case, flags=re.M)
        lines += cut(cause.splitlines(), LINES - 5, 5)
        for log in logs:
            lines += cut(log.splitlines(), 1, LINES // 2)
    lines = lines or cut(program.output.splitlines(), 0, LINES)
    # A sanitizer says what is wrong first, and then much about it.
    for line in lines + cut(program.errors.splitlines(), LINES - 5, 5):
        print(line)


def names(program):
    """What failed, in two lines a case at most: its name and the first line about it."""
    for case in cases(program.output) or [program.outcome]:
        first, *comments = case.splitlines()
        yield f"{program.title()}: {first}"
        yield from cut(comments[:1], 1, 0)


def total(programs):
    return [sum(numbers) for numbers in zip(*(program.numbers for program in programs))]


def main():
    programs = []
    for directory in sys.argv[1:]:
        found = read(directory)
        numbers = total(found)
        programs += found
        print(f"{os.path.basename(directory):16}{numbers[0]:6} passed {numbers[1]:4} failed "
              f"{numbers[2]:4} skipped")
    failed = [program for program in programs if program.numbers[1]]
    for program in failed[:SHOWN]:
        show(program)
    if failed:
        print("\n--- failed")
    for program in failed:
        print("\n".join(names(program)))
    passed, bad, _ = total(programs) if programs else (0, 0, 0)
    print(f"{passed} passed, {bad} failed")
    sys.exit(1 if bad or not passed else 0)


if __name__ == "__main__":
    main()
