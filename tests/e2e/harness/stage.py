# SPDX-License-Identifier: MIT
"""The installed tree from which the daemon is run."""

import os
import shlex
import shutil
import subprocess

from . import build
from .systemd import Unit

TREE = "/run/mqttnode-tree"
PROGRAM = os.path.join(TREE, "usr/sbin/mqttnode-sim")


def install():
    """Puts what "meson install" installs under /run, with mqttnode-sim beside mqttnode."""
    if os.path.exists(TREE):
        return
    os.mkdir(TREE, 0o755)
    meson = shlex.split(os.environ.get("MESONINTROSPECT", "meson introspect"))[:-1]
    subprocess.run([*meson, "install", "-C", build.root(), "--destdir", TREE, "--no-rebuild",
                    "--quiet"], check=True, stdout=subprocess.DEVNULL)
    os.makedirs(os.path.dirname(PROGRAM), exist_ok=True)
    shutil.copy2(build.simulator(), PROGRAM)
    os.chmod(PROGRAM, 0o755)
    _reachable()


def _reachable():
    """Installed directories can be entered by everybody, whatever umask the build ran with."""
    for where, _, _ in os.walk(TREE):
        os.chmod(where, 0o755)


def path(*parts):
    return os.path.join(TREE, *parts)


def unit():
    """The installed service. Whether it is under /usr/lib or /lib is the distribution's choice."""
    name = "lib/systemd/system/mqttnode.service"
    return Unit(next(each for each in (path("usr", name), path(name)) if os.path.exists(each)))


def tutorial():
    """The lesson's configuration, word for word as it is installed."""
    with open(path("usr/share/doc/mqttnode/examples/tutorial.conf"), encoding="utf-8") as file:
        return file.read()
