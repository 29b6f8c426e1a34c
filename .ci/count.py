#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds up what meson ran in some build directories: the last line is "N passed, N failed".

Usage: count.py BUILD-DIRECTORY|REPORT...

A report is a file whose last line is "N passed, N failed".

Every subtest of a TAP program counts. meson's JUnit file has the subtests; its log has the result
of each program as a whole, which may be bad although all subtests that it printed are good (a
crash, a time-out, a status other than 0). Skipped tests are neither passed nor failed.
"""

import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

GOOD = ("OK", "EXPECTEDFAIL")


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


def count_program(result, suite):
    """The same for any program: @result is its line in the log, @suite its subtests or None."""
    outcome = result["result"]
    good, skipped = outcome in GOOD, outcome == "SKIP"
    if suite is None:
        return [int(good), int(not good and not skipped), int(skipped)]
    numbers = count_subtests(suite)
    if not good and not skipped and numbers[1] == 0:
        numbers[1] = 1
    return numbers


def count_report(path):
    """[passed, failed, skipped] of a report; one that has no last line is a failure."""
    with open(path, encoding="utf-8") as file:
        found = re.search(r"^(\d+) passed, (\d+) failed\n*\Z", file.read(), re.M)
    return [int(found[1]), int(found[2]), 0] if found else [0, 1, 0]


def count(directory):
    """[passed, failed, skipped] of one build directory or report."""
    if os.path.isfile(directory):
        return count_report(directory)
    logs = os.path.join(directory, "meson-logs")
    if not os.path.exists(os.path.join(logs, "testlog.json")):
        return [0, 1, 0]  # not built, or not run
    suites = {suite.get("name"): suite for suite in ElementTree.parse(
        os.path.join(logs, "testlog.junit.xml")).iter("testsuite")}
    with open(os.path.join(logs, "testlog.json"), encoding="utf-8") as file:
        results = [json.loads(line) for line in file]
    if not results:
        return [0, 1, 0]
    total = [0, 0, 0]
    for result in results:
        # A suite of subtests is called PROJECT.TEST.
        suite = next((suite for name, suite in suites.items()
                      if name.endswith("." + result["name"])), None)
        total = [a + b for a, b in zip(total, count_program(result, suite))]
    return total


def main():
    everything = [0, 0, 0]
    for directory in sys.argv[1:]:
        numbers = count(directory)
        everything = [a + b for a, b in zip(everything, numbers)]
        print(f"{os.path.basename(directory):16}{numbers[0]:6} passed {numbers[1]:4} failed "
              f"{numbers[2]:4} skipped")
    print(f"{everything[0]} passed, {everything[1]} failed")
    sys.exit(1 if everything[1] or not everything[0] else 0)


if __name__ == "__main__":
    main()
