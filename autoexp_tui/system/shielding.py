"""Keeps what this process knows from the other processes of the same user, as far as Linux can."""

from __future__ import annotations

import os
import sys

_PR_SET_DUMPABLE = 4
_STAT = "/proc/self/stat"
_ENV_START, _ENV_END = 49, 50
"""Fields of it, from 0: where the environment lies that the process was started with."""


def shield() -> bool:
    """Hide the process' memory, descriptors and environment; False where that can't be done.

    Its entries in /proc belong to root then, so `mem`, `environ` and `fd` are closed to an ordinary
    user's other processes; `stat` and `status` stay open to all. Root may read memory still, but
    the environment that `environ` shows is overwritten with zeros. What was in it stays in
    `os.environ`, and what is started next inherits it. Programs that are executed can be looked
    into again.
    """
    if sys.platform != "linux":
        return False
    try:
        import ctypes  # noqa: PLC0415 - a Python may be built without it

        if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0):
            return False
        with open(_STAT, "rb") as file:  # noqa: PTH123 - before all else is imported
            fields = file.read().rpartition(b")")[2].split()
    except (ImportError, OSError, AttributeError):
        return False
    start, end = (int(fields[at - 2]) for at in (_ENV_START, _ENV_END))
    for name, value in os.environb.items():
        os.putenv(name, value)  # a copy elsewhere: C's `getenv` points into what is overwritten
    if 0 < start < end:
        ctypes.memset(start, 0, end - start)
    return True
