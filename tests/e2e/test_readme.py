#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A newcomer with nothing but README.md: every command in it is run, in its order.

What is the machine's own business is played: package manager, reboot, systemd, udev and the
devices. Everything else is done as it is written, on the simulated board.
"""

import contextlib
import os
import re
import shlex
import subprocess

from harness import build, conf, stage
from harness.cases import case, main
from harness.mqtt import Client
from harness.systemd import Journal
from harness.waiting import patience, until
from harness.world import World

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.M | re.S)
INLINE = re.compile(r"`((?:sudo |mqttnode |journalctl |systemctl |meson |install -D |"
                    r"tests/(?:demo|check|bench))[^`]*)`")
INSTALLED = "/usr/share/doc/mqttnode"
BUILD = "/run/build"


def readme():
    with open(os.path.join(build.source(), "README.md"), encoding="utf-8") as file:
        return file.read()


def commands(text):
    """Every command: the lines of blocks marked "sh", and what is in the text itself."""
    blocks = []
    for match in FENCE.finditer(text):
        if match[2] == "sh":
            lines = match[3].replace("\\\n", " ").splitlines()
            blocks += [(match.start(), line.strip()) for line in lines]
    inline = [(match.start(), match[1]) for match in INLINE.finditer(FENCE.sub(
        lambda block: re.sub(r"[^\n]", " ", block[0]), text))]
    found = sorted(blocks + inline, key=lambda each: each[0])
    return [command for _, command in found if command]


def words(command):
    """Without "sudo" and comment; what is installed lies below the staged tree."""
    found = [stage.path(word[1:]) if word.startswith(INSTALLED) else word
             for word in shlex.split(command, comments=True)]
    return found[1:] if found[0] == "sudo" else found


def run(*argv, seconds=60, **how):
    """What a program prints; it must end well."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False,
                          timeout=patience(seconds), **how)
    output = done.stdout + done.stderr
    assert done.returncode == 0, f"{shlex.join(argv)} ends with {done.returncode}: {output}"
    return output


class Newcomer:
    """Does what the commands say; one method for each program."""

    def __init__(self, world):
        self.world = world
        self.node = None
        self.book = world.further(Journal())
        self.path = f"{stage.path('usr/sbin')}:{os.environ['PATH']}"

    def do(self, command):
        argv = words(command)
        name = re.sub(r"\W", "_", argv[0])
        known = getattr(self, f"do_{name}", None)
        assert known, f"the README has a command that this test does not know: {command}"
        known(*argv[1:])

    # The source tree

    def do_tests_demo(self, *options):
        self.check_script("demo", options)

    def do_tests_check(self, *options):
        self.check_script("check", options)

    def do_tests_bench(self, *options):
        self.check_script("bench", options)

    def check_script(self, name, options):
        """They take minutes and have tests of their own: here, that they are there."""
        path = os.path.join(build.source(), "tests", name)
        assert os.access(path, os.X_OK), f"{path} cannot be run"
        run("bash", "-n", path)
        with open(path, encoding="utf-8") as file:
            usage = file.read()
        with open(os.path.join(build.source(), "tests/figures/bench.py"), encoding="utf-8") as file:
            usage += file.read() if name == "bench" else ""
        for option in options:
            assert not option.startswith("-") or option in usage, f"tests/{name} has no {option}"

    def do_meson(self, verb, *options):
        meson = shlex.split(os.environ.get("MESONINTROSPECT", "meson introspect"))[:-1]
        if verb == "setup":
            assert options[0] == "build"
            run(*meson, "setup", BUILD, *options[1:], cwd=build.source(),
                seconds=240)
        elif verb == "compile":
            # The same files are compiled already: to a plan it may come.
            assert "src/mqttnode" in run("ninja", "-n", "-C", BUILD)
        elif verb == "install":
            assert os.access(stage.path("usr/sbin/mqttnode"), os.X_OK)
            os.replace(stage.PROGRAM, stage.path("usr/sbin/mqttnode"))
            os.link(stage.path("usr/sbin/mqttnode"), stage.PROGRAM)
            run("cp", stage.path("etc/mqttnode.conf"), "/etc/mqttnode.conf")
        else:
            assert verb == "test" and set(options) <= {"-C", "build"}, options

    # The machine

    def do_raspi_config(self, *options):
        assert options[0] == "nonint" and options[2] == "0", options

    def do_reboot(self):
        assert not self.node

    def do_ls(self, *devices):
        with open(stage.path("etc/mqttnode.conf"), encoding="utf-8") as file:
            text = file.read()
        assert all(f'"{device}"' in text for device in devices), "not the devices of the defaults"

    def do_apt(self, verb, *packages):
        if verb == "install" and not packages[0].startswith("../"):
            # Where the tests run, everything is there already but what is optional.
            run("dpkg-query", "-W", *(set(packages) - {"unifont"}))
        else:
            assert (verb, *packages) in (("build-dep", "./"), ("install", "../mqttnode_*.deb"),
                                         ("purge", "mqttnode")), (verb, packages)

    def do_dpkg_buildpackage(self, *options):
        assert set(options) == {"-us", "-uc", "-b"}  # tests/package/check does that

    def do_systemd_sysusers(self):
        assert any("sysusers.d" in where for where, _, _ in os.walk(stage.TREE))

    def do_udevadm(self, *options):
        assert options in (("control", "--reload"), ("trigger",)), options

    def do_install(self, *options):
        run("install", *options)

    def do_cp(self, *files):
        run("cp", *files)

    def do_systemctl(self, verb, *options):
        if verb == "enable":
            assert options == ("--now", "mqttnode"), options
            run("mqttnode", "check", "--host-set", env={"PATH": self.path})
            with open("/etc/mqttnode.conf", encoding="utf-8") as file:
                self.node = self.world.node(file.read(), journal=self.book)
            self.node.wait_online()
        elif verb == "status":
            until(lambda: "online" in self.node.manager.status.texts()[-1], 5, "online in STATUS=")
        else:
            assert (verb, *options) in (("daemon-reload",), ("restart", "mqttnode")), (verb, options)

    def do_journalctl(self, *options):
        assert options[:2] == ("-u", "mqttnode"), options
        for option in options[2:]:
            field, equals, value = option.partition("=")
            if equals:
                until(lambda: any(entry.get(field) == value.encode() for entry in self.book.entries),
                      10, f"an entry with {option}")
            else:
                assert option in ("-n", "20", "-f"), option

    # The node and its broker

    def do_mqttnode(self, *options):
        if not self.node or options[0] in ("check", "doctor"):
            run("mqttnode", *options, env={"PATH": self.path}, cwd="/run")
            return
        if "--watch" in options:
            return  # never ends; a unit test watches
        output = run("mqttnode", *options, env={"PATH": self.path, "LANG": "C.UTF-8"}, cwd="/run")
        if options[0] == "status":
            assert self.node.address() in output, output
        if "--png" in options:
            assert os.path.getsize(os.path.join("/run", options[-1])) > 0

    def at_the_broker(self, program, *options):
        """The name of the broker is that of another one on this machine's other NIC."""
        options = [self.world.wire.address if option == conf.BROKER else option
                   for option in options]
        return run(*self.world.wire.namespace.command(
            build.tool(program, "mosquitto-clients"), *options))

    def do_mosquitto_sub(self, *options):
        assert self.at_the_broker("mosquitto_sub", *options).count("Hello 01Studio!") >= 3

    def do_mosquitto_pub(self, *options):
        self.at_the_broker("mosquitto_pub", *options)
        self.node.wait_log(f"{conf.IN}: {options[-1]}", 5)


@case("every command of the README works, from the packages to publishing")
def every_command():
    found = commands(readme())
    assert len(found) > 20, found
    with World() as world:
        world.wire.start()
        newcomer = Newcomer(world)
        for command in found:
            newcomer.do(command)
        assert newcomer.node, "no command starts the service"
        with contextlib.closing(Client(world.wire.broker, [conf.OUT])) as client:
            client.wait(conf.OUT, 5)
    return found


# Written by everybody, see systemd.journal-fields(7).
COMMON_FIELDS = {"MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "SYSLOG_FACILITY", "ERRNO"}


def keys(answer):
    """The names of all members of a JSON object, however deep."""
    if isinstance(answer, dict):
        return set(answer) | {key for each in answer.values() for key in keys(each)}
    return {key for each in answer for key in keys(each)} if isinstance(answer, list) else set()


@case("the manual describes all that the status and the journal contain")
def described():
    with open(os.path.join(build.source(), "man/mqttnode.8"), encoding="utf-8") as file:
        manual = file.read()
    known = set(re.findall(r"\w+", manual))
    with World() as world:
        world.wire.start()
        book = world.further(Journal())
        node = world.node(journal=book)
        node.wait_online()
        with contextlib.closing(Client(world.wire.broker, ["#"])) as client:
            client.publish(conf.IN, "Hello node!")
            node.wait_log("Hello node!", 5)
        missing = keys(node.status()) - known
        assert not missing, f"not in the manual: {sorted(missing)}"
        fields = {field for entry in book.entries for field in entry}
        missing = {field for field in fields - COMMON_FIELDS
                   if not field.startswith("CODE_")} - known
        assert "MQTT_TOPIC" in fields and not missing, f"not in the manual: {sorted(missing)}"


@case("the configuration in the README is that of the lesson")
def configuration():
    block = next(match[3] for match in FENCE.finditer(readme()) if "mqtt: {" in match[3])
    stage.install()
    lesson = {line.strip() for line in stage.tutorial().splitlines()}
    missing = [line for line in block.splitlines() if line.strip() not in lesson]
    assert not missing, missing


if __name__ == "__main__":
    main()
