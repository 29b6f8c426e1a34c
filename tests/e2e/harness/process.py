# SPDX-License-Identifier: MIT
"""Programs that run beside the test, with what they print."""

import os
import pathlib
import re
import signal
import subprocess
import threading
import time

from . import syscalls
from .waiting import patience, until


class Lines:
    """Lines that arrive over time, with the moment (time.monotonic()) of each."""

    def __init__(self):
        self._lines = []
        self._lock = threading.Lock()

    def add(self, text):
        with self._lock:
            self._lines.append((time.monotonic(), text))

    def mark(self):
        """A position: what comes later is after it."""
        with self._lock:
            return len(self._lines)

    def since(self, mark=0):
        with self._lock:
            return self._lines[mark:]

    def texts(self, mark=0):
        return [text for _, text in self.since(mark)]

    def find(self, pattern, mark=0):
        """The first (moment, match) of a regular expression after @mark, or None."""
        for moment, text in self.since(mark):
            match = re.search(pattern, text)
            if match:
                return moment, match
        return None

    def count(self, pattern, mark=0):
        return sum(1 for text in self.texts(mark) if re.search(pattern, text))

    def wait(self, pattern, seconds, mark=0):
        """Waits for a line that matches and returns (moment, match)."""
        return until(lambda: self.find(pattern, mark), seconds, f"a line like {pattern!r}")


class Process:
    """A running program whose output is collected; stop() or the sandbox ends it."""

    def __init__(self, name, command, env=None, pass_fds=(), journal=False):
        """@journal: tell it that its stderr leads to the journal, as systemd does."""
        self.name = name
        self.lines = Lines()
        ours, theirs = os.pipe()
        if journal:
            where = os.fstat(theirs)
            env = {**env, "JOURNAL_STREAM": f"{where.st_dev}:{where.st_ino}"}
        try:
            self.popen = subprocess.Popen(
                command, env=env, pass_fds=pass_fds, cwd="/", stdin=subprocess.DEVNULL,
                stdout=theirs, stderr=theirs,
                start_new_session=True,  # a Ctrl-C in the terminal is for the test alone
                preexec_fn=lambda: syscalls.die_with_parent(signal.SIGKILL))
        finally:
            os.close(theirs)
        self._reader = threading.Thread(target=self._read, args=(ours,), daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self.popen.pid

    def _read(self, fd):
        with open(fd, "rb") as output:
            for raw in output:
                self.lines.add(raw.decode("utf-8", "backslashreplace").rstrip("\n"))

    def alive(self):
        return self.popen.poll() is None

    def stopped(self):
        """Whether SIGSTOP has taken effect on all of its threads."""
        try:
            return all((task / "stat").read_text("ascii").rpartition(")")[2].split()[0] == "T"
                       for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir())
        except (FileNotFoundError, ProcessLookupError):
            return False  # a thread has just ended: look again

    def send(self, number):
        os.kill(self.popen.pid, number)

    def wait(self, seconds):
        """Waits for the end and returns (exit status, moment of the end)."""
        try:
            status = self.popen.wait(patience(seconds))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {patience(seconds):g} s") from None
        moment = time.monotonic()
        self._reader.join(2)
        return status, moment

    def stop(self):
        """Ends it for certain, also when it is stopped by SIGSTOP."""
        if self.alive():
            self.popen.terminate()
            self.send(signal.SIGCONT)
            try:
                self.popen.wait(2)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        self._reader.join(2)
