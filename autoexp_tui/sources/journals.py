"""Where a viewer's records come from: a live journal, or one that has ended, read alike."""

from __future__ import annotations

from typing import Protocol

from autoexp_tui.loop.journal import JournalReader
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.model.events import Record
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState

POLL_S = 0.25
"""Seconds between two looks at a source, for every viewer."""


class Source(Protocol):
    """Hands out records in order; an empty list means `nothing new yet`."""

    def read(self) -> list[Record]:
        """What came since the last call, in bounded portions. Raises JournalError."""
        ...

    def alive(self) -> bool:
        """Whether more can come."""
        ...


class JournalSource:
    """Tails the journal of one run; costs one `stat` while nothing is written."""

    _portion = 4 << 20

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._reader = JournalReader(run.journal)

    def read(self) -> list[Record]:
        try:
            if self._run.journal.stat().st_size == self._reader.offset:
                return []
            return self._reader.read(self._portion)
        except (FileNotFoundError, NotADirectoryError):
            if not self.alive():
                raise
            return []  # somebody has removed it: its runner puts it back

    def alive(self) -> bool:
        return is_running(self._run)


def read_state(run: RunDirectory) -> RunState:
    """The run as its journal tells it now; empty when there is none. Raises JournalError."""
    state = RunState()
    if run.journal.exists():
        for record in JournalReader(run.journal).read():
            state.apply(record)
    return state
