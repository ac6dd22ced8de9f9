"""Waiting for room on a full disk: the run stands still, says so, and goes on by itself."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from autoexp_tui.loop.control import Controls
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.system.files import replace_file

_RESERVE_BYTES = 64 << 10
_FIRST_S = 0.05
_LONGEST_S = 2.0


def waits(controls: Controls, patience: float = 1.0) -> Iterator[float]:
    """Seconds to wait before each next try, growing; ends when the run is to stop.

    `patience` is how many times longer the first wait is than usual.
    """
    seconds = min(_FIRST_S * patience, _LONGEST_S)
    while not controls.stopping:
        yield seconds
        seconds = min(2 * seconds, _LONGEST_S)


class Reserve:
    """Room that is kept on the journal's disk, so that a full disk can be told there.

    It is also the trial whether there is room again: what the system says is free may be another's.
    """

    def __init__(self, run: RunDirectory) -> None:
        self._path: Path = run.path / "reserve"

    def fill(self) -> bool:
        """Take the room; whether there was some."""
        try:
            replace_file(self._path, os.urandom(_RESERVE_BYTES))  # nothing that can be compressed
        except OSError:
            return False
        return True

    def close(self) -> None:
        """The run is at rest: it needs no room."""
        self.release()

    def release(self) -> None:
        """Give it free."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
