# SPDX-License-Identifier: MIT
"""Reading the display: its pixels as text in the daemon's font, and as a picture."""

import functools
import os
import subprocess
import time

from . import build
from .waiting import until

CELL = 8


@functools.lru_cache(maxsize=None)
def _glyphs():
    """The font as the program glyphs prints it: eight columns, bit 0 at the top, to character."""
    program = os.path.join(build.root(), "tests/e2e/glyphs")
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    numbers = [list(map(int, line.split())) for line in printed.splitlines()]
    return {tuple(columns): chr(code) for code, *columns in reversed(numbers)}


def read_line(rows, y, x=0):
    """The text in the eight rows from @y, in cells that begin at column @x; a cell that is no
    character is read as '\\ufffd'."""
    cells = []
    for left in range(x, len(rows[0]) - CELL + 1, CELL):
        columns = tuple(sum(1 << row for row in range(CELL) if rows[y + row][left + x] == "#")
                        for x in range(CELL))
        cells.append(_glyphs().get(columns, "\ufffd"))
    return "".join(cells).rstrip()


def contains(rows, text, y=None):
    """Whether a line of the picture contains @text; drawn at row @y, or at any. To spare its pixels
    a picture is moved, once a minute, by a column and at most by a row."""
    last = len(rows) - CELL
    where = range(last + 1) if y is None else (y, min(y + 1, last))
    return any(text in read_line(rows, each, x) for x in range(CELL) for each in where)


def shows(board, text, y=None):
    """Whether the display does."""
    return contains(board.screen(), text, y)


def settled(board):
    """The picture when all of it is there: it is sent in pieces, and this one changes no more."""
    last = [None, 0.0]

    def stands():
        begin, rows = time.monotonic(), board.screen()
        if rows != last[0]:
            last[:] = rows, time.monotonic()
        return begin >= last[1] + 0.5
    until(stands, 10, "the picture stands")
    return last[0]


def is_dark(board):
    return not any("#" in row for row in board.screen())


def picture(rows):
    """The display as lines of half blocks, two rows of pixels to a line."""
    blocks = {("#", "#"): "█", ("#", "."): "▀", (".", "#"): "▄", (".", "."): " "}
    return ["".join(blocks[pair] for pair in zip(upper, lower))
            for upper, lower in zip(rows[::2], rows[1::2])]


def narrow_picture(rows):
    """The same in half the width, for narrow terminals: two rows and two columns to a character."""
    quarters = " ▗▖▄▝▐▞▟▘▚▌▙▀▜▛█"
    return ["".join(quarters[sum(weight for weight, pixel in zip((8, 4, 2, 1), cell)
                                 if pixel == "#")]
                    for cell in zip(upper[::2], upper[1::2], lower[::2], lower[1::2]))
            for upper, lower in zip(rows[::2], rows[1::2])]
