# SPDX-License-Identifier: MIT
"""The package in a booted container, from installation to purge. tests/package/check runs it.

One story in the order in which a person lives it; a chapter that fails ends it, because what
follows builds on it. Test Anything Protocol on standard output.
"""
import contextlib
import glob
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import traceback

os.environ["MESON_BUILD_ROOT"] = "/test"

from harness import conf  # noqa: E402
from harness.certificates import Authority  # noqa: E402
from harness.network import Namespace  # noqa: E402
from harness.mqtt import Client  # noqa: E402
from harness.services import Broker, Dhcp, Dns  # noqa: E402
from harness.waiting import until  # noqa: E402

BROKER_NAME = "broker.lan"
ADDRESS = "10.77.0.1"
DROP_IN = "/run/systemd/system/{}.d/board.conf"
CONFIG = "/etc/mqttnode.conf"
EXAMPLES = "/usr/share/doc/mqttnode/examples/external"
SPOOL = "/var/lib/mqttnode/spool.db"
TLS_PORT = 8883
MAC = "02:00:00:12:34:56"
HOST_LINE = '    //host = "broker.lan";'
PUBLISH_LINE = "\n    publish: (\n"
# What installing anything changes, and what a running system writes.
TRANSIENT = re.compile(r"/(var/lib/(dpkg|apt|systemd|dbus|misc|NetworkManager)|var/(cache|log|tmp)|test|run|proc|sys|"
                       r"dev|tmp|root|etc/(ld\.so\.cache|\.updated|machine-id)|usr/share/info)(/|$)|"
                       r"/etc/(passwd|group|shadow|gshadow)-$|__pycache__")


def run(*words, check=True):
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, timeout=180,
                          env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    assert not check or done.returncode == 0, f"{' '.join(words)}: {done.stdout}"
    return done.stdout.strip()


def apt_install(path):
    # Downloaded before: the container has no way out. A question about the configuration
    # would be a failure: there is nobody to answer it.
    return run("apt-get", "-qq", "-y", "--no-install-recommends", "install", path)


def show(unit, key):
    return run("systemctl", "show", "--value", "-p", key, unit)


def journal(unit):
    """What the journal has of a unit, with all that was sent to it before."""
    run("journalctl", "--sync", check=False)
    return run("journalctl", "-b", "--no-pager", "-o", "cat", "-u", unit, check=False)


def files():
    found = set()
    for directory, directories, names in os.walk("/"):
        directories[:] = [name for name in directories
                          if not TRANSIENT.match(os.path.join(directory, name))]
        found |= {path for path in (os.path.join(directory, name) for name in names)
                  if not TRANSIENT.match(path) and not TRANSIENT.search(path)}
    return found


def users():
    with open("/etc/passwd", encoding="ascii") as file:
        return {line.split(":")[0] for line in file}


def on_the_board(unit, arguments):
    """The unit as shipped, but for the adapters: mqttnode-sim instead of mqttnode."""
    path = DROP_IN.format(unit)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write("[Service]\nExecStart=\nExecStart=/usr/bin/python3 /test/board_exec.py "
                   f"/test/mqttnode-sim run{arguments}\n")
    run("systemctl", "daemon-reload")


class Network:
    """What the far end of the cable is plugged into."""

    def __init__(self):
        self.namespace = Namespace("wire")
        self.dhcp = Dhcp(self.namespace, "wire0", ADDRESS)
        self.dns = Dns(self.namespace, ADDRESS)
        self.broker = Broker(self.namespace, ADDRESS, port=1883)
        self.authority = Authority()
        self.listeners = {TLS_PORT: self.authority.issue("broker", f"DNS:{BROKER_NAME}")}

    def plug(self, broker=True):
        """Takes the cable of a daemon that has just started, and serves it."""
        until(lambda: os.path.exists("/sys/class/net/wire0"), 10, "the board is there")
        run("ip", "link", "set", "wire0", "netns", "wire")
        self.namespace.no_ipv6("wire0")
        self.namespace.ip("address", "add", f"{ADDRESS}/24", "dev", "wire0")
        self.namespace.ip("link", "set", "wire0", "up")
        for service in (self.dhcp, self.dns, self.broker):
            service.stop()
        self.dhcp.start()
        self.dns.start({BROKER_NAME: ADDRESS})
        if broker:
            self.broker.start(tls=self.listeners)


def status(*words):
    return json.loads(run("mqttnode", "status", "--json", *words))


def rung(name):
    try:
        return next(each for each in status()["ladder"] if each["rung"] == name)
    except (AssertionError, ValueError):
        return {"state": "", "text": ""}


def older_spool():
    """The spool of the first schema, with one message that waits."""
    for path in glob.glob(f"{SPOOL}*"):
        os.unlink(path)
    database = sqlite3.connect(SPOOL)
    database.executescript(
        "CREATE TABLE message (id INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
        " qos INTEGER NOT NULL, retain INTEGER NOT NULL, topic TEXT NOT NULL,"
        " payload BLOB NOT NULL);"
        "PRAGMA application_id = 0x6d71746e; PRAGMA user_version = 1;")
    database.execute("INSERT INTO message VALUES (1, ?, 1, 1, 'test/older', ?)",
                     (int(time.time()), b"kept"))
    database.commit()
    database.close()
    shutil.chown(SPOOL, "mqttnode", "mqttnode")


@contextlib.contextmanager
def configured(far_end, **groups):
    """For the time of the block the service runs with another configuration."""
    with open(CONFIG, encoding="utf-8") as file:
        before = file.read()
    run("systemctl", "stop", "mqttnode")
    with open(CONFIG, "w", encoding="utf-8") as file:
        file.write(conf.text(**groups))
    run("systemctl", "start", "mqttnode")
    far_end.plug()
    yield
    run("systemctl", "stop", "mqttnode")
    with open(CONFIG, "w", encoding="utf-8") as file:
        file.write(before)


def wait_online(*words):
    def online():
        try:
            return status(*words)["online"]
        except (AssertionError, ValueError):
            return False
    until(online, 30, "the node is online")


def reload_with(text):
    """Reloads the service with another configuration; returns what it has said then."""
    with open(CONFIG, "w", encoding="utf-8") as file:
        file.write(text)
    told = len(journal("mqttnode"))
    run("systemctl", "reload", "mqttnode")
    until(lambda: re.search(r"read again|of no use", journal("mqttnode")[told:]), 20,
          "the word on what became of the configuration", interval=0.1)
    until(lambda: show("mqttnode", "SubState") == "running", 20, "the end of the reload",
          interval=0.1)
    return journal("mqttnode")[told:]


def what_a_reload_leaves_alone():
    with open("/sys/class/net/mqtt0/ifindex", encoding="ascii") as file:
        interface = file.read()
    now = status()
    return (show("mqttnode", "MainPID"), interface, now["node"], now["mqtt"]["connects"],
            now["chip"]["counters"]["link_changes"])


class Story:
    """The chapters, in order."""

    def __init__(self):
        self.before = files()
        self.users = users()
        self.network = Network()
        self.package = glob.glob("/test/mqttnode_*.deb")[0]

    def installs_enabled_and_idle(self):
        apt_install(self.package)
        assert run("systemctl", "is-enabled", "mqttnode") == "enabled"
        assert show("mqttnode", "ActiveState") == "inactive", "it runs without a broker"
        assert show("mqttnode", "Result") in ("success", "exec-condition")
        assert run("systemctl", "list-units", "--failed", "--no-legend", "mqttnode*") == ""

    def a_start_without_a_broker_is_skipped(self):
        run("systemctl", "start", "mqttnode")
        assert show("mqttnode", "ActiveState") == "inactive"
        assert show("mqttnode", "Result") == "exec-condition", show("mqttnode", "Result")

    def one_line_makes_it_work(self):
        with open(CONFIG, encoding="utf-8") as file:
            text = file.read()
        assert HOST_LINE in text
        with open(CONFIG, "w", encoding="utf-8") as file:
            file.write(text.replace(HOST_LINE, HOST_LINE.replace("//", "")))
        on_the_board("mqttnode.service", "")
        run("systemctl", "start", "mqttnode")
        self.network.plug()
        wait_online()
        assert show("mqttnode", "ActiveState") == "active"
        assert show("mqttnode", "StatusText")
        mode = os.stat("/run/mqttnode/control").st_mode & 0o777
        assert mode == 0o660, oct(mode)

    def survives_a_restart(self):
        pid = show("mqttnode", "MainPID")
        run("systemctl", "restart", "mqttnode")
        self.network.plug()
        wait_online()
        assert show("mqttnode", "MainPID") != pid
        assert show("mqttnode", "NRestarts") == "0"

    def a_reload_exchanges_publications_and_nothing_else(self):
        with open(CONFIG, encoding="utf-8") as file:
            text = file.read()

        def counting(interval):
            group = f'{{ topic = "test/reload"; text = "{{seq}}"; interval = {interval}; }}\n'
            return text.replace(PUBLISH_LINE, PUBLISH_LINE + group)

        before = what_a_reload_leaves_alone()
        with contextlib.closing(Client(self.network.broker, ["test/#"])) as observer:
            said = reload_with(counting("0.2"))
            assert "changed: publications" in said, said
            observer.wait("test/reload", 10)
            said = reload_with(counting("0.0"))
            assert re.search(rf"{CONFIG}:\d+: mqtt\.publish\[0\]\.interval: found 0", said), said
            assert "the one before stays in effect" in said, said
            observer.wait("test/reload", 10, observer.mark(), count=2)
            said = reload_with(text)
            assert "changed: publications" in said, said
        assert what_a_reload_leaves_alone() == before

    def is_as_closed_as_it_says(self):
        version = int(re.match(r"systemd (\d+)", run("systemctl", "--version"))[1])
        out = run("systemd-analyze", "security", "--no-pager", "mqttnode.service")
        exposure = float(re.search(r"Overall exposure level.*: (\d+\.\d+)", out)[1])
        limit = 2.1 if version >= 257 else 2.3
        assert exposure <= limit, f"{exposure} is more than {limit}"
        return [f"systemd {version}: exposure {exposure}"]

    def works_in_full_within_its_restrictions(self):
        command = ["/bin/sh", "-c", "cut -d. -f1 /proc/uptime && grep -c : /proc/net/dev"]
        with configured(self.network, mqtt={
                "host": BROKER_NAME, "port": TLS_PORT,
                "tls": {"ca_file": self.network.authority.certificate},
                "publish": [
                    {"topic": "test/command", "command": command, "whole": True,
                     "interval": 1.0, "qos": 1},
                    {"topic": "test/file", "file": "/proc/loadavg", "interval": 1.0},
                    {"topic": "test/line", "gpio": "GPIO17", "trigger": ["connect"]},
                    {"topic": "test/number", "text": "{seq}", "interval": 0.2, "qos": 1}]}):
            wait_online()
            assert "TLS" in rung("tls")["text"], rung("tls")
            with contextlib.closing(Client(self.network.broker, ["test/#"])) as observer:
                for topic, pattern in (("command", rb"\d+\n\d+"), ("file", rb"[\d. /]+"),
                                       ("number", rb"\d+")):
                    message = observer.wait(f"test/{topic}", 10)[0]
                    assert re.fullmatch(pattern, message.payload.strip()), message
            # What waits for the broker outlives the service.
            self.network.broker.stop()
            until(lambda: status()["mqtt"]["spool"]["messages"] >= 10, 20, "messages wait")
            waiting = status()["mqtt"]["spool"]["messages"]
            run("systemctl", "restart", "mqttnode")
            self.network.plug(broker=False)
            kept = status()["mqtt"]["spool"]
            assert kept["messages"] >= waiting and not kept["disk_error"], kept
            self.network.broker.start(tls=self.network.listeners)
            until(lambda: status()["mqtt"]["spool"]["messages"] < 5, 60, "they were delivered")

    def networkd_gives_the_address(self):
        run("cp", f"{EXAMPLES}/10-mqttnode.network", "/etc/systemd/network/")
        run("systemctl", "start", "systemd-networkd")
        with configured(self.network, mqtt={"host": BROKER_NAME},
                        network={"method": "external", "dns": [ADDRESS]}):
            wait_online()
            assert "(external)" in rung("address")["text"], rung("address")
            assert rung("route")["state"] == "ok", rung("route")
            assert "7700" not in run("ip", "rule", "show")
        run("systemctl", "stop", "systemd-networkd.socket", "systemd-networkd")
        os.unlink("/etc/systemd/network/10-mqttnode.network")

    def networkmanager_gives_the_address_and_the_name_server(self):
        connection = "/etc/NetworkManager/system-connections/mqtt0.nmconnection"
        run("cp", f"{EXAMPLES}/50-mqttnode.conf", "/etc/NetworkManager/conf.d/")
        run("install", "-m", "600", f"{EXAMPLES}/mqtt0.nmconnection", connection)
        with open("/etc/resolv.conf", encoding="utf-8") as file:
            resolver = file.read()
        run("systemctl", "start", "NetworkManager")
        with configured(self.network, mqtt={"host": BROKER_NAME}, ethernet={"mac": MAC},
                        network={"method": "external"}):
            wait_online()
            assert "(external)" in rung("address")["text"], rung("address")
            run("systemctl", "restart", "mqttnode")
            self.network.plug()
            wait_online()
        run("nmcli", "connection", "delete", "mqtt0")
        run("systemctl", "stop", "NetworkManager")
        # It may be told to stop before it has taken its TAP away.
        run("ip", "link", "delete", "mqtt0", check=False)
        os.unlink("/etc/NetworkManager/conf.d/50-mqttnode.conf")
        with open("/etc/resolv.conf", "w", encoding="utf-8") as file:
            file.write(resolver)
        assert not os.path.exists("/sys/class/net/mqtt0")

    def an_upgrade_takes_an_older_spool_and_a_key_that_was_renamed(self):
        # mqttnode-sim knows oled.contrast by that name too: tests/sim/sim_renamed.c.
        with open(CONFIG, encoding="utf-8") as file:
            text = file.read()
        assert "\noled: {\n" in text
        with open(CONFIG, "w", encoding="utf-8") as file:
            file.write(text.replace("\noled: {\n", "\noled: {\n    brightness = 100;\n"))
        older_spool()
        run("dpkg-deb", "-R", self.package, "/test/next")
        control = "/test/next/DEBIAN/control"
        with open(control, encoding="utf-8") as file:
            text = file.read()
        with open(control, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^Version: (.*)$", r"Version: \1+next", text))
        run("dpkg-deb", "--root-owner-group", "-b", "/test/next", "/test/next.deb")
        with open(CONFIG, encoding="utf-8") as file:
            edited = file.read()
        apt_install("/test/next.deb")
        with open(CONFIG, encoding="utf-8") as file:
            assert file.read() == edited, "the configuration was changed"
        self.network.plug()
        wait_online()
        said = journal("mqttnode")
        assert "oled.brightness: this key is called oled.contrast now" in said, said[-2000:]
        with contextlib.closing(Client(self.network.broker, ["test/older"])) as observer:
            assert observer.wait("test/older", 10)[0].payload == b"kept"

    def an_instance_runs_beside_nothing_of_the_service(self):
        run("systemctl", "stop", "mqttnode")
        os.makedirs("/etc/mqttnode", exist_ok=True)
        with open(CONFIG, encoding="utf-8") as file:
            text = file.read()
        with open("/etc/mqttnode/hall.conf", "w", encoding="utf-8") as file:
            file.write(text)
        on_the_board("mqttnode@.service", " -i %i")
        run("systemctl", "start", "mqttnode@hall")
        self.network.plug()
        wait_online("-i", "hall")
        # The runtime directory of the plain service comes and goes; that of the instance stays.
        os.rename(CONFIG, f"{CONFIG}.away")
        run("systemctl", "start", "mqttnode", check=False)
        os.rename(f"{CONFIG}.away", CONFIG)
        run("systemctl", "stop", "mqttnode")
        assert status("-i", "hall")["online"]
        run("systemctl", "stop", "mqttnode@hall")
        os.unlink("/etc/mqttnode/hall.conf")
        os.rmdir("/etc/mqttnode")
        run("systemctl", "start", "mqttnode")
        self.network.plug()
        wait_online()

    def stops_cleanly_when_removed(self):
        run("apt-get", "-qq", "-y", "remove", "mqttnode")
        assert os.path.exists(CONFIG), "the configuration goes with a purge only"
        assert not os.path.exists("/sys/class/net/mqtt0")
        rules = run("ip", "rule", "show")
        assert "7700" not in rules, rules
        said = journal("mqttnode")
        assert "Stopped" in said, said[-2000:]

    def a_purge_leaves_nothing(self):
        run("apt-get", "-qq", "-y", "purge", "mqttnode")
        # Also what somebody else recommends: NetworkManager's dialogs do libfribidi0.
        run("apt-get", "-qq", "-y", "-o", "APT::AutoRemove::RecommendsImportant=false",
            "-o", "APT::AutoRemove::SuggestsImportant=false", "autoremove", "--purge")
        left = sorted(files() - self.before)
        assert not left, f"left behind: {left}"
        assert not os.path.exists("/var/lib/mqttnode"), "the state directory is left"
        assert users() == self.users, f"users left: {users() - self.users}"

    CHAPTERS = (
        installs_enabled_and_idle,
        a_start_without_a_broker_is_skipped,
        one_line_makes_it_work,
        survives_a_restart,
        a_reload_exchanges_publications_and_nothing_else,
        is_as_closed_as_it_says,
        works_in_full_within_its_restrictions,
        networkd_gives_the_address,
        networkmanager_gives_the_address_and_the_name_server,
        an_upgrade_takes_an_older_spool_and_a_key_that_was_renamed,
        an_instance_runs_beside_nothing_of_the_service,
        stops_cleanly_when_removed,
        a_purge_leaves_nothing,
    )


def main():
    story = Story()
    for chapter in Story.CHAPTERS:
        name = chapter.__name__.replace("_", " ")
        try:
            notes = chapter(story)
        except Exception as error:  # the report is the point
            print(f"not ok - {name}")
            print(f"# {type(error).__name__}: {error}".replace("\n", "\n# "))
            print("# " + traceback.format_exc().replace("\n", "\n# "))
            print("# " + journal("mqttnode*")[-4000:].replace("\n", "\n# "), flush=True)
            return 1
        print(f"ok - {name}", flush=True)
        for note in notes or ():
            print(f"# {note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
