# SPDX-License-Identifier: MIT
"""The few system calls that Python 3.9 to 3.11 lack."""

import ctypes
import os

CLONE_NEWNET = 0x40000000
MS_RDONLY = 0x1
MS_REMOUNT = 0x20
MS_BIND = 0x1000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def setns(fd, kind):
    """Moves the calling thread into the namespace @fd."""
    _check(_libc.setns(fd, kind))


def mount(source, target, kind=None, flags=0, options=None):
    def text(value):
        return value.encode() if value is not None else None
    _check(_libc.mount(text(source), text(target), text(kind), ctypes.c_ulong(flags),
                       text(options)))


def umount(target):
    _check(_libc.umount(target.encode()))


def die_with_parent(signal):
    """To be called in a child before exec: @signal arrives when the parent's thread ends."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0))
