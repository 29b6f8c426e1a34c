# SPDX-License-Identifier: MIT
"""check_man.py — the manual pages against mandoc's linter

Usage: check_man.py PAGE...
"""
import os
import pathlib
import re
import subprocess
import sys

import tap

# About the pages of this machine, not about ours.
ELSEWHERE = re.compile(r'outdated mandoc\.db lacks|referenced manual not found|no mandoc\.db')


def lint(page):
    result = subprocess.run(['mandoc', '-T', 'lint', page], text=True, capture_output=True,
                            check=False, env=dict(os.environ, LC_ALL='C.UTF-8'))
    return [line for line in (result.stdout + result.stderr).splitlines()
            if not ELSEWHERE.search(line)]


def main():
    report = tap.Tap()
    for page in sys.argv[1:]:
        report.case(f'mandoc finds nothing in {pathlib.Path(page).name}', lint(page))
    return report.finish()


if __name__ == '__main__':
    sys.exit(main())
