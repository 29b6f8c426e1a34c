# SPDX-License-Identifier: MIT
"""What is being tested: the build directory and its kind, as meson tells it."""

import os


def root():
    """The build directory; by hand, that of tests/check unless $MESON_BUILD_ROOT says otherwise."""
    return os.environ.get("MESON_BUILD_ROOT", os.path.join(source(), "build-check"))


def tools():
    """The build directory into which tests/prepare.sh unpacks a broker and NetworkManager."""
    return os.environ.get("MQTTNODE_TOOLS", root())


def source():
    """The source tree."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
        os.path.abspath(__file__)))))


def simulator():
    """The daemon linked with the simulated board."""
    return os.environ.get("MQTTNODE_SIM", os.path.join(root(), "tests/sim/mqttnode-sim"))


def sanitizer():
    """"address,undefined", "thread" ... or "none"."""
    return os.environ.get("MQTTNODE_SANITIZE", "none")


def coverage():
    return os.environ.get("MQTTNODE_COVERAGE", "false") == "true"


COVERAGE_PREFIX = "/run/gcov"


def coverage_directory():
    """Where the programs that run as the daemon's user leave their coverage: beside the build."""
    return root() + "-e2e"


def coverage_environment():
    """What such a program must be told."""
    return {"GCOV_PREFIX": COVERAGE_PREFIX} if coverage() else {}


def is_plain():
    """Whether bars that need a clock or count bytes of memory are meaningful."""
    return sanitizer() == "none" and not coverage()


def is_short():
    """Whether long waits and large numbers are cut down (E2E_SHORT=1)."""
    return os.environ.get("E2E_SHORT") == "1"


def is_long():
    """Whether faults are tried with large transfers (E2E_LONG=1, tests/check --long)."""
    return os.environ.get("E2E_LONG") == "1"


def variant():
    """$E2E_ETH0: where the machine's other NIC is, "elsewhere" or in the "same-subnet"; or None.

    A program with fault cases runs once for each (meson.build).
    """
    return os.environ.get("E2E_ETH0")


def tool(name, package):
    """The path of a program of a Debian package, be it installed or unpacked, or MissingTool."""
    unpacked = os.path.join(tools(), package, "usr")
    for path in (os.path.join(unpacked, "sbin"), os.path.join(unpacked, "bin"), "/usr/sbin",
                 "/usr/bin", "/sbin", "/bin", "/usr/lib/systemd", "/lib/systemd"):
        if os.access(os.path.join(path, name), os.X_OK):
            return os.path.join(path, name)
    raise MissingTool(f"{name} is missing (Debian package {package}); "
                      f"tests/check installs what the tests need")


class MissingTool(Exception):
    """A program that the tests need is not installed."""
