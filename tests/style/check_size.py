# SPDX-License-Identifier: MIT
"""check_size.py — files and functions that are too long to read at once

Usage: check_size.py ROOT
"""
import pathlib
import re
import sys

import tap

FILE_LONG = 600 # a note: to be split when it grows
FILE_MAX = 650
TEST_MAX = 750  # a table of cases is longer, but as easy to read
FUNCTION_MAX = 80

FUNCTION_NAME = re.compile(r'(\w+)\(')


def functions(text):
    """(name, first line, lines) of each function of a C file in our format."""
    begin = name = None
    before = ''
    for number, line in enumerate(text.splitlines(), 1):
        if line == '{' and name:
            begin = number
        elif line.startswith('}') and begin:
            yield name, begin, number - begin + 1
            begin = name = None
        elif begin is None:
            # The name stands in column 1 of the line, or of one before it.
            before = before + ' ' + line.strip() if line[:1].isspace() else line
            found = FUNCTION_NAME.search(before)
            name = found[1] if found else None


def check(root, report):
    long_files, long_functions = [], []

    for path in tap.files(root, '*.c', '*.h', '*.py'):
        text = path.read_text(encoding='utf-8')
        where = path.relative_to(root)
        lines = text.count('\n')
        if lines > FILE_LONG:
            report.note(f'{where}: {lines} lines')
        if lines > (TEST_MAX if where.parts[0] == 'tests' else FILE_MAX):
            long_files.append(f'{where}: {lines} lines')
        if path.suffix == '.c':
            long_functions += [f'{where}:{line}: {name}() has {length} lines'
                               for name, line, length in functions(text)
                               if length > FUNCTION_MAX]
    report.case(f'no file is longer than {FILE_MAX} lines, no test than {TEST_MAX}', long_files)
    report.case(f'no function is longer than {FUNCTION_MAX} lines', long_functions)


def main():
    report = tap.Tap()
    check(pathlib.Path(sys.argv[1]).resolve(), report)
    return report.finish()


if __name__ == '__main__':
    sys.exit(main())
