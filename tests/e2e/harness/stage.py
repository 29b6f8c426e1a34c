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
    return Unit(path("usr/lib/systemd/system/mqttnode.service"))


def tutorial():
    """The lesson's configuration, word for word as it is in the source tree."""
    with open(os.path.join(build.source(), "conf/tutorial.conf"), encoding="utf-8") as file:
        return file.read()
