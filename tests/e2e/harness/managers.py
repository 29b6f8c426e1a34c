# SPDX-License-Identifier: MIT
"""Programs that manage the networks of a machine, in a namespace."""

import glob
import os
import shutil
import tempfile

from . import build, stage
from .process import Process
from .services import Service
from .waiting import until


def example(name):
    """A file that is installed for network.method = "external"."""
    return stage.path("usr/share/doc/mqttnode/examples/external", name)


# Its directories are private; where /sys cannot be written there is no udev to wait for.
_NETWORKD = """
mount --bind "$1/run" /run/systemd && mount --bind "$1/etc" /etc/systemd/network &&
mount -o remount,bind,ro /sys && SYSTEMD_LOG_TARGET=console exec "$2"
"""


def _installed(pattern):
    """What is installed for systemd-networkd; /usr/lib or /lib is the distribution's choice."""
    found = [file for lib in ("usr/lib", "lib")
             for file in glob.glob(stage.path(lib, "systemd", pattern))]
    assert found, f"no {pattern} is installed"
    return found


class _Manager(Service):
    """What both of them do."""

    def wait_address(self, interface, address):
        until(lambda: address in self.namespace.ip("address", "show", "dev", interface), 15,
              f"{self.name} gives {interface} the address {address}")


class Networkd(_Manager):
    """systemd-networkd without systemd: it logs here, and there is neither D-Bus nor udev."""

    def __init__(self, namespace):
        super().__init__(namespace, f"networkd@{namespace.name}")
        self._program = build.tool("systemd-networkd", "systemd")
        self._own = tempfile.mkdtemp(prefix="networkd-", dir="/run")
        os.chmod(self._own, 0o755)

    def start(self, *files):
        """With the files that the package installs, and with those of the administrator."""
        for directory, wanted in (
                ("run/netif", ()), ("run/network", _installed("network/*.network")),
                ("run/networkd.conf.d", _installed("networkd.conf.d/*.conf")), ("etc", files)):
            os.makedirs(os.path.join(self._own, directory))
            for file in wanted:
                shutil.copy(file, os.path.join(self._own, directory))
        shutil.chown(os.path.join(self._own, "run/netif"), "systemd-network", "systemd-network")
        for directory in ("/run/systemd", "/etc/systemd/network"):
            os.makedirs(directory, exist_ok=True)
        self._start(["sh", "-c", _NETWORKD, "sh", self._own, self._program])


# Its files are private, too; it has a bus of its own, on which everything is permitted.
_NETWORKMANAGER = """
mount --bind "$1/etc" /etc/NetworkManager && mount --bind "$1/run" /run/NetworkManager &&
mount -t tmpfs none /var/lib && mkdir /var/lib/NetworkManager && mount -o remount,bind,ro /sys &&
DBUS_SYSTEM_BUS_ADDRESS="unix:path=$1/bus" exec "$2" --debug \
	--config="$1/NetworkManager.conf" --system-config-dir="$1/lib"
"""

_NETWORKMANAGER_CONF = """[main]
plugins=keyfile
no-auto-default=*
auth-polkit=false
dns=none
hostname-mode=none
[keyfile]
unmanaged-devices=interface-name:eth0;interface-name:ctl0
"""

_BUS_CONF = """<busconfig>
<type>system</type><listen>unix:path={}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy>
</busconfig>
"""


class NetworkManager(_Manager):
    """NetworkManager without systemd and udev. What its helper programs do is not asked for."""

    def __init__(self, namespace):
        super().__init__(namespace, f"networkmanager@{namespace.name}")
        self._program = build.tool("NetworkManager", "network-manager")
        bus = build.tool("dbus-daemon", "dbus-daemon")
        self._own = tempfile.mkdtemp(prefix="networkmanager-", dir="/run")
        self._bus = Process("dbus-daemon", [
            bus, "--nofork", "--nopidfile", "--print-address", "--config-file",
            self._write("bus.conf", _BUS_CONF.format(self._own))])
        self._bus.lines.wait("^unix:", 5)

    def _write(self, name, text):
        path = os.path.join(self._own, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def start(self, connection, *files):
        """With the file of a connection, and those of the administrator for conf.d."""
        installed = stage.path("usr/lib/NetworkManager/conf.d/50-mqttnode.conf")
        for directory, wanted in (("run", ()), ("lib", (installed,)), ("etc/conf.d", files),
                                  ("etc/system-connections", (connection,))):
            os.makedirs(os.path.join(self._own, directory))
            for file in wanted:
                copy = shutil.copy(file, os.path.join(self._own, directory))
                os.chmod(copy, 0o600)
        for directory in ("/etc/NetworkManager", "/run/NetworkManager"):
            os.makedirs(directory, exist_ok=True)
        self._write("NetworkManager.conf", _NETWORKMANAGER_CONF)
        self._start(["sh", "-c", _NETWORKMANAGER, "sh", self._own, self._program])

    def wait_made(self, interface):
        """It has made @interface, has done with it, and asks for an address there."""
        self.lines.wait(rf"dhcp4 \({interface}\): activation: beginning", 10)

    def close(self):
        super().close()
        self._bus.stop()
