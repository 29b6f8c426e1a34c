# SPDX-License-Identifier: MIT
""""mqttnode doctor" without a daemon: on the simulated board, or on device nodes that are made up."""

import itertools
import json
import os
import shlex
import subprocess

from . import build, stage
from .node import preloading, unprivileged
from .waiting import patience

REAL = stage.path("usr/sbin/mqttnode")
_serial = itertools.count(1)


def written(config, mode=0o644):
    """A file with the text @config that the daemon's user may read."""
    path = f"/run/mqttnode-doctor-{next(_serial)}.conf"
    with open(path, "w", encoding="utf-8") as file:
        file.write(config)
    os.chmod(path, mode)
    return path


def _run(command, env, pass_fds=()):
    """Runs doctor with --json; returns (exit status, what it found, its standard error)."""
    done = subprocess.run(
        command, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
                      "RUNTIME_DIRECTORY": "/run/nowhere", "STATE_DIRECTORY": "/run/nowhere",
                      **build.coverage_environment(), **env},
        pass_fds=pass_fds, capture_output=True, text=True, check=False, timeout=patience(90))
    assert done.stdout, f"status {done.returncode}: {done.stderr}"
    return done.returncode, json.loads(done.stdout), done.stderr


def _without(programs):
    """What a command line begins with to run where these programs are not installed."""
    if not programs:
        return []
    script = "\n".join((
        "for program in " + " ".join(f"/{where}bin/{each}" for each in programs
                                     for where in ("", "s", "usr/", "usr/s", "usr/local/")),
        "do [ ! -e $program ] || mount --bind /dev/null $program || exit; done",
        'exec "$@"'))
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]


def on_board(namespace, path, board="", tap=None, without=(), privileges=None, preload=None):
    """Doctor on the simulated board, with the configuration file @path. @without: programs
    that are not installed. @preload: see Node. Descriptors that @board names are inherited.
    """
    words = ["link-delay=50", *([f"wire={tap}"] if tap is not None else []),
             *([board] if board else [])]
    command = namespace.command(
        *_without(without),
        *(unprivileged() if privileges is None else privileges),
        *(preloading(preload) if preload else []),
        stage.PROGRAM, "doctor", "--json", "-c", path)
    return _run(command, {"MQTTNODE_BOARD": ",".join(words)}, [
        int(word.partition("=")[2]) for word in ",".join(words).split(",")
        if word.startswith(("wire=", "socket="))])


def on_nodes(namespace, path, nodes, before=""):
    """Doctor as it is shipped, with a /dev that has only these nodes: lines of a shell script,
    in which "node NAME MODE GROUP" makes one that is no device. @before: what runs it."""
    script = "\n".join((
        "set -e",
        "mount -t tmpfs -o mode=0755 tmpfs /dev",
        "node() { mknod /dev/$1 c 1 3; chown 0:$3 /dev/$1; chmod $2 /dev/$1; }",
        "node null 666 0", "mknod /dev/urandom c 1 9; chmod 666 /dev/urandom",
        "mkdir /dev/net; mknod /dev/net/tun c 10 200; chmod 666 /dev/net/tun",
        nodes,
        f"exec {before} {shlex.join(unprivileged())} {REAL} doctor --json -c {path}"))
    return _run(namespace.command("unshare", "--mount", "--propagation", "private", "sh", "-c",
                                  script), {})
