# SPDX-License-Identifier: MIT
"""A place of its own for a test program, from which nothing can leak.

enter() starts the program again in new mount, PID, network, IPC and UTS namespaces. There
/run is an empty file system in memory, /etc a copy that may be changed, /dev/net/tun open to
everybody (as udev makes it). When the first process of the PID namespace ends, for whatever
reason, the kernel kills all others; with the last of them every mount, network namespace,
interface, rule and file is gone. The outer process stays and looks for traces on the machine
itself, by the names that are used in here: others may work on the machine at the same time.
"""

import glob
import json
import os
import re
import signal
import socket
import subprocess
import sys

from . import build, syscalls
from .waiting import until

_MARK = "MQTTNODE_E2E_SANDBOX"

HOSTNAME = "first-light"


def enter(farewell=""):
    """Returns inside the sandbox; outside it waits for the inner run and exits with its status.

    @farewell is printed when the inner run was good and has left nothing behind.
    """
    if os.getpid() == 1 and _MARK in os.environ:
        _furnish()
        return
    if os.geteuid() != 0:
        raise PermissionError("network namespaces need root")
    sys.stdout.flush()
    before = traces()
    status = _run_inside()
    left = traces() - before
    if left:
        print(f"# left behind on this machine: {', '.join(sorted(left))}", flush=True)
        status = status or 1
    if farewell and status == 0:
        print(farewell)
    sys.exit(status)


def _run_inside():
    command = ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork",
               "--kill-child=SIGKILL", "--mount-proc", "--propagation", "private", "--",
               sys.executable, *sys.argv]
    child = subprocess.Popen(command, env={**os.environ, _MARK: "1"},
                             preexec_fn=lambda: syscalls.die_with_parent(signal.SIGKILL))

    def stop(number, _frame):
        # unshare ignores these while it waits; the inner process cleans up and ends.
        for inner in _children(child.pid):
            os.kill(inner, number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    return child.wait()


def _children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _furnish():
    """Makes the file system of the sandbox what a small machine would look like."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(128 + signal.SIGHUP))
    os.umask(0o022)
    syscalls.mount("tmpfs", "/run", "tmpfs", 0, "mode=0755")

    os.mkdir("/run/dev")
    os.mknod("/run/dev/tun", 0o666 | 0o020000, os.makedev(10, 200))
    os.chmod("/run/dev/tun", 0o666)
    syscalls.mount("/run/dev/tun", "/dev/net/tun", flags=syscalls.MS_BIND)

    os.mkdir("/run/etc")
    # The machine may put a new file in the place of another one meanwhile.
    until(lambda: subprocess.run(["cp", "-a", "/etc/.", "/run/etc"], check=False).returncode == 0,
          10, "a copy of /etc")
    syscalls.mount("/run/etc", "/etc", flags=syscalls.MS_BIND)
    for name, text in (("machine-id", "0f1e2d3c4b5a69788796a5b4c3d2e1f0\n"),
                       ("hosts", f"127.0.0.1 localhost\n127.0.1.1 {HOSTNAME}\n")):
        replace_file(os.path.join("/etc", name), text)
    socket.sethostname(HOSTNAME)

    if build.coverage():
        _collect_coverage()


def _collect_coverage():
    """The daemon's user can reach neither the build directory nor root's files in it."""
    os.makedirs(build.coverage_directory(), exist_ok=True)
    os.chmod(build.coverage_directory(), 0o777)
    os.mkdir(build.COVERAGE_PREFIX)
    syscalls.mount(build.coverage_directory(), build.COVERAGE_PREFIX, flags=syscalls.MS_BIND)


def replace_file(path, text):
    """Puts a new file in the place of @path by rename, as careful programs do."""
    fresh = f"{path}.new"
    with open(fresh, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(fresh, 0o644)
    os.rename(fresh, path)


# What the worlds in here are made of: namespaces, interfaces, the daemon's table and protocol.
_NAMESPACES = re.compile(r"(node|wire|lan)(-\d)?|wire2|here|there")
_INTERFACES = re.compile(r"mqtt\d|wire\d|lan0|ctl\d|other0|[ab]0|t0")
_RULES = re.compile(r'"protocol": "77"|"table": "770\d"|10\.77\.0\.|10\.88\.0\.')
_FILES = ("mqttnode*", "notify-*", "mosquitto-*", "leases-*", "passwords-*", "credentials-*",
          "state-*", "gcov", "etc")


def traces():
    """What on the machine itself looks like ours."""
    def ip(*words):
        out = subprocess.run(["ip", "-json", *words], check=True, capture_output=True).stdout
        return json.loads(out or b"[]")

    found = {f"namespace {name}" for name in map(os.path.basename, glob.glob("/run/netns/*"))
             if _NAMESPACES.fullmatch(name)}
    found |= {f"interface {link['ifname']}" for link in ip("link", "show")
              if _INTERFACES.fullmatch(link["ifname"])}
    for kind in (("rule", "show"), ("route", "show", "table", "all")):
        found |= {f"{kind[0]} {text}" for text in map(json.dumps, ip(*kind))
                  if _RULES.search(text)}
    found |= {path for pattern in _FILES for path in glob.glob(f"/run/{pattern}")}
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        found |= {f"mount {mount}" for mount in (line.split()[4] for line in file)
                  if mount in ("/run", "/etc", "/dev/net/tun") or mount.startswith("/run/gcov")}
    return found
