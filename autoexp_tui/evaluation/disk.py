"""Tells when a running evaluation has written more to the disk than it may.

Nothing in the kernel bounds what a tree of processes writes below some folders, so it is looked at:
free space every half second, which costs nothing, and only where that fell by as much as is allowed
the folder itself, as others write to the disk too.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

_EVERY_S = 0.5
_MB = 1_000_000
_BLOCK = 512
"""Bytes that `st_blocks` counts in, whatever the file system's own are."""


class DiskUse:
    """Watches one folder during one evaluation."""

    def __init__(self, folder: Path, *, before: int, most_mb: int | None, spare_mb: int) -> None:
        """`before` is what it held, in bytes, by `size_of`.

        `most_mb` is what may be added; in any case `spare_mb` of the disk are to be left.
        """
        self._folder = folder
        self._before = before
        self._free = _free(folder)
        self._why = f"limits.disk: it wrote more than {most_mb} MB"
        spare = self._free - spare_mb * _MB
        self._most = spare if most_mb is None else most_mb * _MB
        if 0 < spare < self._most or most_mb is None:
            self._most = spare
            self._why = f"it filled the disk: less than {spare_mb} MB (min_free_mb) are left"
        self._next = time.monotonic() + _EVERY_S

    def exceeded(self) -> str:
        """Why it is to be ended, in words; empty while it may go on."""
        now = time.monotonic()
        if now < self._next or self._most <= 0:
            return ""
        self._next = now + _EVERY_S
        if self._free - _free(self._folder) <= self._most:
            return ""
        written = size_of(self._folder) - self._before
        return f"{self._why}: {written // _MB} MB" if written > self._most else ""


def size_of(folder: Path) -> int:
    """Bytes that all in it takes on the disk; no link is followed."""
    total, pending = 0, [str(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    try:
                        total += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(entry.path)
                    except FileNotFoundError:
                        continue
        except OSError:
            continue  # gone meanwhile, or closed to us
    return total


def _free(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0  # the harness has removed it: that is told elsewhere
    return found.f_bavail * found.f_frsize
