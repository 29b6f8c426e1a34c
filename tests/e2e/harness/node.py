# SPDX-License-Identifier: MIT
"""The daemon under test, started as its unit starts it."""

import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from . import build, delays, stage
from .board import Board, BoardGone
from .process import Process
from .systemd import Manager
from .waiting import TimedOut, patience, until

USER = 64999  # no passwd entry is needed for it
WATCHDOG_S = 2.0

_SANITIZER_OPTIONS = ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
_SANITIZER_REPORT = re.compile(
    r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|UndefinedBehaviorSanitizer")
_serial = itertools.count(1)


def preloading(library):
    """Words of a command that start the rest of it with @library, which may come before ASan's."""
    options = [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]
    return ["env", f"LD_PRELOAD={library}", f"ASAN_OPTIONS={':'.join(filter(None, options))}"]


def unprivileged():
    """What a command line begins with to run as the unit runs the daemon."""
    unit = stage.unit()
    some = ",".join(f"+{name}" for name in unit.capabilities())
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
            "--no-new-privs", f"--bounding-set=-all,{some}", f"--inh-caps=-all,{some}",
            f"--ambient-caps=-all,{some}", "--"]


class Node:
    """A running mqttnode-sim in a namespace, its board, and systemd's view of it."""

    def __init__(self, namespace, config, tap, board="", instance="mqttnode", journal=None,
                 credentials=None, program=stage.PROGRAM, preload=None):
        """@config: text of the configuration file. @board: further words of $MQTTNODE_BOARD.
        @journal: a systemd.Journal to which its stderr is said to lead. @credentials: name to
        secret, as LoadCredential= provides them. @preload: a library whose functions stand in for
        those of others.
        """
        number = next(_serial)
        self.instance = instance
        self.runtime = f"/run/{instance}"
        self.state = f"/run/state-{instance}"
        self.config = f"/run/{instance}-{number}.conf"
        self.journal = journal
        self._write(config)
        for directory in (self.runtime, self.state):
            os.makedirs(directory, 0o755, exist_ok=True)
            if os.stat(directory).st_uid != USER:  # it may be read-only
                os.chown(directory, USER, USER)
        self.manager = Manager(f"/run/notify-{number}")
        self.board = Board()
        fds = [self.board.theirs.fileno()] + ([tap] if tap is not None else [])
        words = [f"socket={fds[0]}", "link-delay=100"]
        if tap is not None:
            words.append(f"wire={tap}")
        words += [board] if board else []
        self.started = time.monotonic()
        self.process = Process(instance, namespace.command(*self._command(program, preload)),
                               env=self._environment(",".join(words), number, credentials),
                               pass_fds=fds, journal=journal is not None)
        self.board.started()

    def _write(self, config):
        with open(self.config, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(config)
        os.chmod(self.config, 0o644)

    def _command(self, program, preload):
        return [*unprivileged(), "sh", "-c",
                f'umask {stage.unit().umask()}; export WATCHDOG_PID=$$; exec "$@"', "sh",
                *(preloading(preload) if preload else []),
                program, "run", "-c", self.config]

    def _environment(self, board, number, credentials):
        env = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "NOTIFY_SOCKET": self.manager.path,
            "WATCHDOG_USEC": str(int(patience(WATCHDOG_S) * 1e6)),
            "RUNTIME_DIRECTORY": self.runtime,
            "STATE_DIRECTORY": self.state,
            "MQTTNODE_BOARD": board,
            **build.coverage_environment(),
        }
        if credentials:
            env["CREDENTIALS_DIRECTORY"] = f"/run/credentials-{number}"
            os.mkdir(env["CREDENTIALS_DIRECTORY"], 0o700)
            os.chown(env["CREDENTIALS_DIRECTORY"], USER, USER)
            for name, secret in credentials.items():
                path = os.path.join(env["CREDENTIALS_DIRECTORY"], name)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(secret)
                os.chmod(path, 0o400)
                os.chown(path, USER, USER)
        for name in _SANITIZER_OPTIONS:
            if name in os.environ:
                env[name] = os.environ[name]
        return env

    # What it says

    @property
    def lines(self):
        """Its log: lines on stderr, or messages in the journal."""
        return self.journal.lines if self.journal else self.process.lines

    def wait_log(self, pattern, seconds, mark=0):
        """Waits for a log line; returns (moment, match). Fails at once if the daemon ends."""
        def look():
            found = self.lines.find(pattern, mark)
            if not found and not self.process.alive():
                raise AssertionError(f"{self.instance} ended before a line like {pattern!r}")
            return found
        return until(look, seconds, f"{self.instance} logs {pattern!r}")

    def wait_status(self, pattern, seconds, mark=0):
        """Waits for a STATUS= of systemctl status; returns (moment, match)."""
        return self.manager.status.wait(pattern, seconds, mark)

    def ask(self, verb):
        """Asks the daemon's socket for a verb and returns the answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(patience(5))
            client.connect(os.path.join(self.runtime, "control"))
            client.sendall(json.dumps({"verb": verb}).encode() + b"\n")
            with client.makefile("rb") as file:
                answer = json.loads(file.readline())
        assert answer.pop("ok"), f"{verb}: {answer}"
        return answer

    def run(self, *words):
        """What a sub-command that asks this daemon prints."""
        command = [stage.PROGRAM, *words, "--socket", os.path.join(self.runtime, "control")]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True,
                              timeout=patience(10)).stdout

    def status(self):
        """What "mqttnode status" prints, as a dictionary."""
        return self.ask("status")

    def rungs(self):
        """Name of the rung to its {"state": ..., "text": ...}."""
        return {rung["rung"]: rung for rung in self.status()["ladder"]}

    def wait_rung(self, rung, state, seconds, text=""):
        """Waits until a rung has a state (and its sentence matches); returns the moment."""
        last = {}
        self.wait_ready()

        def reached():
            last.update(self.rungs()[rung])
            found = last["state"] == state and re.search(text, last["text"])
            return found and time.monotonic()
        try:
            return until(reached, seconds, f"rung {rung} is {state}, {text!r}")
        except TimedOut as error:
            raise TimedOut(f"{error}; it is {last}") from None

    def address(self):
        """Its leased address, or None."""
        return self.status()["node"]["address"]

    def wait_ready(self):
        return until(lambda: self.manager.ready or self._fail_if_ended(), 5, "READY=1")

    def wait_online(self, seconds=15):
        """Waits until it is online (an address, and CONNACK accepted); returns the moment."""
        self.wait_ready()
        return until(lambda: self.status()["online"] and time.monotonic(), seconds,
                     f"{self.instance} is online")

    def _fail_if_ended(self):
        assert self.process.alive(), f"{self.instance} ended at its start"
        return False

    def reload(self, config=None, refused=False):
        """Writes another configuration and sends SIGHUP, as "systemctl reload" does; returns the
        log lines up to the one that says what became of it."""
        if config is not None:
            self._write(config)
        mark, told = self.lines.mark(), self.manager.reloads()
        self.process.send(signal.SIGHUP)
        self.wait_log("of no use" if refused else "read again", 5, mark)
        until(lambda: self.manager.reloads() == told + 1 and self.manager.settled(), 5,
              "RELOADING=1, and READY=1 after it")
        return self.lines.texts(mark)

    # What it costs

    def memory(self):
        """(VmRSS less the board's memory, RssAnon) in bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        rss, anon = (int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "RssAnon"))
        return rss - self.board.stats()["memory"], anon

    def descriptors(self):
        """How many descriptors it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def _threads(self, *files):
        """The contents of these files of each of its threads, but for those that end meanwhile."""
        tasks = f"/proc/{self.process.pid}/task"
        for task in os.listdir(tasks):
            try:
                yield [pathlib.Path(tasks, task, each).read_text("ascii") for each in files]
            except (FileNotFoundError, ProcessLookupError):
                pass

    def cpu_seconds(self):
        """CPU time used so far, by its threads: name to seconds."""
        used = {}
        for name, times in self._threads("comm", "schedstat"):
            used[name.strip()] = used.get(name.strip(), 0) + int(times.split()[0]) / 1e9
        return used

    def wakeups(self):
        """How often its threads slept and were woken so far: name to number."""
        found = {}
        for status, in self._threads("status"):
            fields = dict(line.split(":", 1) for line in status.splitlines())
            name = fields["Name"].strip()
            found[name] = found.get(name, 0) + int(fields["voluntary_ctxt_switches"])
        return found

    # Its end

    def terminate(self):
        """SIGTERM; returns (exit status, when it was sent, when all ended). What the board saw to
        the last is known then, unless the daemon had to leave a stuck thread behind."""
        try:
            self.board.observe()
        except BoardGone:
            pass  # it has ended before
        start = time.monotonic()
        self.process.send(signal.SIGTERM)
        self.board.wait_end(patience(10))
        status, end = self.process.wait(10)
        return status, start, end

    def stop(self, limit=3.0):
        """A clean stop: within @limit seconds, exit status 0, nothing for the chips to object to."""
        status, sent, end = self.terminate()
        self.check_violations()
        self.check_sanitizers()
        assert status == 0, f"{self.instance} ended with status {status}"
        delays.took(sent, end, limit, "from SIGTERM to the end")
        return end - sent

    def check_violations(self):
        found = [f"{each['part']}: {each['text']}" for each in self.board.violations]
        assert not found, f"violations: {'; '.join(found)}"
        assert self.board.disturbed or not self.board.excused, \
            f"{self.board.excused} violations excused though neither bus nor chip was disturbed"

    def check_sanitizers(self):
        reports = [line for line in self.process.lines.texts() if _SANITIZER_REPORT.search(line)]
        assert not reports, f"sanitizer: {reports[:5]}"

    def check_watchdog(self, start, end):
        """systemd would not have killed it between two moments."""
        for before, after in self.manager.silences(start, end):
            control = delays.lost(before, after)
            assert after - before <= patience(WATCHDOG_S) + control, \
                f"no WATCHDOG=1 for {after - before:.2f} s (control {control:.2f})"

    def close(self):
        """Ends it in any case; for the end of a test that may have failed."""
        self.process.stop()
        self.board.close()
        self.manager.close()
