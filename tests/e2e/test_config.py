#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Configuration files as the program itself judges them; the rules have tests of their own."""

import os
import random
import subprocess

from harness import build, conf, stage
from harness.cases import case, main
from harness.node import USER
from harness.world import World

GOOD, BAD = 0, 78


def check(path, *words, user=USER):
    """Runs "mqttnode check" as the daemon's user; returns (status, output)."""
    done = subprocess.run(
        ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", stage.PROGRAM,
         "check", *words, path], env={**os.environ, **build.coverage_environment()},
        capture_output=True, text=True, check=False, timeout=30)
    return done.returncode, done.stdout + done.stderr


def written(text, name="test.conf", mode=0o644):
    path = os.path.join("/run", name)
    with open(path, "wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
    os.chmod(path, mode)
    return path


@case("the installed tutorial is good; the installed example lacks a host and says so")
def shipped():
    stage.install()
    assert check(written(stage.tutorial())) [0] == GOOD
    example = stage.path("etc/mqttnode.conf")
    status, output = check(example)
    assert status == BAD and "mqtt.host" in output, output
    assert check(example, "--host-set")[0] == 1
    assert check(written(stage.tutorial()), "--host-set")[0] == 0


@case("every mistake is listed with file and line, and the daemon refuses to start with 78")
def mistakes():
    text = ('mqtt: {\n  host = "h";\n  prot = 1883;\n  port = "x";\n};\n'
            'oled: {\n  address = 500;\n};\n')
    stage.install()
    path = written(text)
    status, output = check(path)
    assert status == BAD
    for line in (3, 4, 7):
        assert f"{path}:{line}: " in output, output
    with World() as world:
        node = world.node(text, own_wire=False)
        assert node.process.wait(5)[0] == BAD
        assert node.lines.count(r"\.conf:[347]: ") == 3, node.lines.texts()
        assert not node.manager.ready


@case("a directory, a missing and an unreadable file are told apart")
def files():
    stage.install()
    for path in ("/run", "/run/nowhere.conf", written(conf.lesson(), "secret.conf", 0o600)):
        status, output = check(path)
        assert status == BAD and path in output, (path, output)


@case("a password file that others can read is a warning, not a refusal")
def readable_secret():
    secret = written("s3cret\n", "password", 0o644)
    with World() as world:
        world.wire.start(broker=False)
        world.wire.broker.start(users={"node": "s3cret"})
        node = world.node(conf.lesson(mqtt={"username": "node", "password_file": secret}))
        node.wait_online()
        node.wait_log("warning: .*mqtt.password_file: everybody can read this file", 5)


@case("nothing crashes on a random or truncated file")
def noise():
    stage.install()
    dice = random.Random(1)
    tutorial = stage.tutorial().encode()
    samples = [tutorial[:length] for length in range(0, len(tutorial), 97)]
    samples += [dice.randbytes(dice.randint(0, 300)) for _ in range(20)]
    for _ in range(20):
        spoiled = bytearray(tutorial)
        for _ in range(5):
            spoiled[dice.randrange(len(spoiled))] = dice.randrange(256)
        samples.append(bytes(spoiled))
    for sample in samples:
        status, output = check(written(sample))
        assert status in (GOOD, BAD), (status, sample, output)


if __name__ == "__main__":
    main()
