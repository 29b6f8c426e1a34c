# SPDX-License-Identifier: MIT
"""The board socket of mqttnode-sim; its commands are described in tests/sim/board.h."""

import json
import socket
import threading

# What entitles the simulated chip to excuse its host (tests/sim/w5500_sim.h).
_DISTURBING = ("fault", "set", "chip", "spi")


class BoardGone(ConnectionError):
    """The daemon, and the board in it, has ended."""


class Board:
    """One client of the board socket. Any thread."""

    def __init__(self):
        self._socket, self.theirs = socket.socketpair()
        self._socket.settimeout(20)
        self._file = self._socket.makefile("rb")
        self._lock = threading.Lock()
        self._out_of_step = False  # a command was given and its answer not read
        self.violations = []
        self.excused = 0
        self.disturbed = False  # chip or bus were told to misbehave
        self.lit = None

    def started(self):
        """The daemon has inherited its end of the socket: ours is the only one here."""
        self.theirs.close()

    def ask(self, command):
        """Gives a command and returns the answer; what it changes is in effect by then."""
        self.disturbed |= command.startswith(_DISTURBING)
        with self._lock:
            if self._out_of_step:
                raise BoardGone("an earlier command was interrupted")
            self._out_of_step = True
            try:
                self._socket.sendall(command.encode() + b"\n")
                line = self._file.readline()
            except (OSError, ValueError) as error:
                raise BoardGone(str(error)) from None
            if not line:
                raise BoardGone("the board socket was closed")
            answer = json.loads(line)
            self._out_of_step = False
        if "ended" in answer:
            raise BoardGone("the daemon has ended")
        assert answer.pop("ok"), f"board: {command}: {answer['error']}"
        return answer

    def stats(self):
        return self.ask("stats")

    def cable(self, plugged):
        self.ask("cable in" if plugged else "cable out")

    def oled(self, plugged):
        self.ask("oled in" if plugged else "oled out")

    def fault(self, *words):
        self.ask(" ".join(["fault", *map(str, words)]))

    def screen(self):
        """What a person sees: a list of rows of '#' and '.', top to bottom."""
        return self.ask("screen")["rows"]

    def observe(self):
        """Remembers what is worth knowing after the end: violations, and whether the panel is lit."""
        self._remember(self.stats(), self.ask("violations")["violations"])

    def wait_end(self, seconds):
        """Waits for the last word of a daemon that is about to end, and remembers the same of it.
        None came if it was killed, left a thread behind or does not end within @seconds."""
        with self._lock:
            self._out_of_step = True
            self._socket.settimeout(seconds)
            try:
                last = json.loads(self._file.readline() or "{}")
            except (OSError, ValueError):
                return
        if "ended" in last:
            self._remember(last["stats"], last["violations"])

    def _remember(self, stats, violations):
        self.lit = stats["oled"]["lit"]
        self.excused = stats["chip"]["excused"]
        self.violations = violations

    def close(self):
        self._file.close()
        self._socket.close()
