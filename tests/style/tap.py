# SPDX-License-Identifier: MIT
"""tap.py — what the checkers of the tree share: cases, and their report as TAP"""
import pathlib
import sys


class Tap:
    """Prints a line for each case, as meson counts them."""

    def __init__(self):
        self.cases = 0
        self.failures = 0

    def case(self, name, problems):
        """One case, which is passed if there are no problems (strings)."""
        self.cases += 1
        self.failures += bool(problems)
        print(f'{"not ok" if problems else "ok"} {self.cases} - {name}')
        for problem in problems:
            for line in str(problem).splitlines():
                print(f'# {line}')
        sys.stdout.flush()

    def note(self, text):
        print(f'# {text}')

    def finish(self):
        """The plan. Returns the exit status."""
        print(f'1..{self.cases}')
        return 1 if self.failures else 0


def files(root, *patterns):
    """All files below root that match, sorted; build folders are left out."""
    found = set()
    for pattern in patterns:
        for path in pathlib.Path(root).rglob(pattern):
            parts = path.relative_to(root).parts
            if path.is_file() and not any(p.startswith(('build', '.git', '__py')) for p in parts):
                found.add(path)
    return sorted(found)
