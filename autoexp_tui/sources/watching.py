"""A table that another program is writing, as a source of events that follows it.

Reads the whole table again when its file has changed; what a table says is `tables`' matter.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.tables import AS_READ, Table, TableChoice, choose, read_table, table_events
from autoexp_tui.text.safe import NOTHING, Safe, one_line

_REST_FACTOR = 8.0
"""A reading is followed by a rest of so many times what it took: a long table costs little."""

_Signature = tuple[int, int, int]
"""Inode, size and time of change: one of them differs when the file does."""


class TableWatch:
    """Hands out a table's rows as they come.

    What comes is numbered on from the last record while the table only grows. Where anything
    before has changed (a row edited, the table truncated or replaced, another reading of what its
    columns mean), everything comes again, and the first record has the number 1: whoever folds the
    records begins a new state there.
    """

    def __init__(
        self,
        path: Path,
        choice: TableChoice = AS_READ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`choice`: what it is judged by, where a person says so.

        The file may come later. Raises UsageProblem where the folder that it would lie in isn't
        there, or something else has its name.
        """
        if path.exists() and not path.is_file():
            raise UsageProblem(f"{path} is no file: name the table that is written")
        if not path.parent.is_dir():
            raise UsageProblem(f"{path.parent}: there is no such folder, so no table comes there")
        self._path = path
        self.choice = choice
        self._clock = clock
        self._told: list[Record] = []
        self._seen: _Signature | None = None
        """Signature of the file at the last look."""
        self._read: _Signature | None = None
        """Signature of the file as it was read last."""
        self._rest_until = 0.0
        self.table: Table | None = None
        """As it was read last."""
        self._problem = ""
        """Why it can't be judged as chosen, as far as it is written."""

    @property
    def waiting(self) -> Safe:
        """What it waits for while nothing was handed out, in words; else empty."""
        if self._told:
            return NOTHING
        if self._problem:
            return one_line(f"waiting: {self._problem}")
        if not self._path.exists():
            return one_line(f"waiting for {self._path}, which is not there yet: ^C ends it")
        return one_line(f"waiting for the first row of {self._path}")

    def judged_by(self, choice: TableChoice) -> None:
        """Judge it otherwise from the next look on: everything comes again."""
        self.choice, self._read, self._rest_until = choice, None, 0.0

    def alive(self) -> bool:
        """Always: nobody says when another program has written its last row."""
        return True

    def read(self) -> list[Record]:
        """What came since the last call, or everything again from record 1.

        A file that is away for a moment, or unreadable, or half written, is left for the next call.
        """
        if self._clock() < self._rest_until:
            return []
        signature = self._signature()
        before, self._seen = self._seen, signature
        if signature is None or signature == self._read:
            return []
        # A writer may be writing a row, or have truncated the file to rewrite it: an end
        # that is no line's end counts only when it has stayed so for one more look.
        if signature != before and not self._ends_well(signature):
            return []
        began = self._clock()
        try:
            records = self._records()
        except OSError:
            return []
        except UsageProblem as problem:  # the column may come with a later row
            self._problem, self._read = problem.message, signature
            return []
        self._problem, self._read = "", signature
        now = self._clock()
        self._rest_until = now + _REST_FACTOR * (now - began) if self._told else 0.0
        return self._news(records)

    def _news(self, records: list[Record]) -> list[Record]:
        """What of `records` was not told; all of them where they contradict what was."""
        told, self._told = self._told, records
        same = records[1 : len(told)] == told[1:] and _begin(records) == _begin(told)
        return records[len(told) :] if same else records

    def _records(self) -> list[Record]:
        """The table as it stands. Its end is left out: there may be more."""
        table = read_table(self._path)
        if not table.rows and not self._told:
            return []
        self.table = table
        self.table = table = choose(table, self.choice)
        return [r for r in table_events(table) if not isinstance(r.event, events.RunFinished)]

    def _signature(self) -> _Signature | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns

    def _ends_well(self, signature: _Signature) -> bool:
        if signature[1] == 0:
            return False
        try:
            with self._path.open("rb") as file:
                file.seek(-1, os.SEEK_END)
                return file.read(1) == b"\n"
        except OSError:
            return False


def _begin(records: list[Record]) -> list[Record]:
    """The first record without what grows surer with every row."""
    return [
        msgspec.structs.replace(
            record, event=msgspec.structs.replace(record.event, known_by=NOTHING)
        )
        for record in records[:1]
        if isinstance(record.event, events.RunStarted)
    ]
