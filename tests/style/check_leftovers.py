# SPDX-License-Identifier: MIT
"""check_leftovers.py — notes to oneself and stray white space

Usage: check_leftovers.py ROOT
"""
import pathlib
import re
import sys

import tap

PATTERNS = ['*.c', '*.h', '*.py', '*.md', '*.build', '*.conf', '*.in', '*.5', '*.8', '*.txt']

# Written so that this file does not contain them.
NOTE = re.compile(r'\b(?:TO' r'DO|FIX' r'ME)\b')
CONFLICT = re.compile(r'^(?:<{7}|>{7})', re.M)


def check(root, report):
    notes, spaces, licences = [], [], []

    for path in tap.files(root, *PATTERNS):
        where = path.relative_to(root)
        # a test may hold bytes that are not text
        text = path.read_text(encoding='utf-8', errors='replace')
        for number, line in enumerate(text.splitlines(), 1):
            if NOTE.search(line) or CONFLICT.match(line):
                notes.append(f'{where}:{number}: {line.strip()}')
            if line != line.rstrip(' \t'):
                spaces.append(f'{where}:{number}: white space at the end')
        if path.suffix in ('.c', '.h', '.py') and \
           'SPDX-License-Identifier: ' not in text.partition('\n\n')[0]:
            licences.append(f'{where}: no SPDX line at the top')
    report.case('no note to oneself is left', notes)
    report.case('no line ends with white space', spaces)
    report.case('every source names its licence', licences)


def main():
    report = tap.Tap()
    check(pathlib.Path(sys.argv[1]).resolve(), report)
    return report.finish()


if __name__ == '__main__':
    sys.exit(main())
