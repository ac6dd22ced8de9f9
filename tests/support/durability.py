"""Sees what is forced to the disk: only that survives a power loss."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class Forced:
    """Every `os.fsync` from now on, told by the file that it was for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fsync = os.fsync
        self._seen: list[tuple[int, int]] = []

        def watched(fd: int) -> None:
            fsync(fd)
            self._seen.append(_identity(os.fstat(fd)))

        monkeypatch.setattr(os, "fsync", watched)

    def times(self, path: Path) -> int:
        """How often what is at `path` now, a file or a folder, was forced."""
        return self._seen.count(_identity(path.stat()))


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
