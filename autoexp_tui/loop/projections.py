"""The tables that people read, kept in step with the journal.

Each is appended to while it is as we left it (a constant cost per row), and rewritten in one
step when it isn't: deleted, edited, or torn by a crash. Another program's file is set aside.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from autoexp_tui.loop import results
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.system.files import replace_file

_Signature = tuple[int, int, int]


class _Table:
    """One projected file."""

    def __init__(
        self, path: Path, header: str, lines: Callable[[int], str], aside: Path, inner: Path
    ) -> None:
        """`inner` is the same table in the run's directory, beside those of other runs."""
        self.path = path
        self._inner = inner
        self._header = header
        self._lines = lines
        """The text of the rows from an index on."""
        self.aside = aside
        self._rows = 0
        self._left: _Signature | None = None

    def bring_up_to(self, rows: int) -> bool:
        """Make the file hold `rows` rows. True when another's edit was set aside."""
        if self._left is not None and self._left == self._signature():
            if rows > self._rows:
                self._append(self._lines(self._rows).encode())
            edited = False
        else:
            edited = self._rewrite((self._header + self._lines(0)).encode())
        self._rows, self._left = rows, self._signature()
        return edited

    def _append(self, text: bytes) -> None:
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            if os.write(fd, text) != len(text):
                raise OSError(errno.ENOSPC, "no room for the whole row")
            os.fsync(fd)
        finally:
            os.close(fd)

    def _rewrite(self, text: bytes) -> bool:
        found = self.path.read_bytes() if self.path.exists() else b""
        if found == text:
            return False
        foreign = bool(found) and not text.startswith(found) and not self._is_another_runs(found)
        if foreign:
            self.aside.mkdir(parents=True, exist_ok=True)
            name = f"{len(list(self.aside.glob('[!.]*'))) + 1}-{self.path.name}"
            replace_file(self.aside / name, found)
        replace_file(self.path, text, by=self._inner.parent)
        return foreign

    def _is_another_runs(self, found: bytes) -> bool:
        """Whether an earlier run left it here: that run has it in its own directory still."""
        runs = self._inner.parents[1]
        mine = {self._inner, self.path}
        others = (path for path in runs.glob(f"*/{self._inner.name}") if path not in mine)
        return any(path.is_file() and path.read_bytes().startswith(found) for path in others)

    def _signature(self) -> _Signature | None:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns


class Projections:
    """`results.tsv` and `budget.log`, in the run's directory and beside the project."""

    def __init__(self, run: RunDirectory, results_path: Path, state: RunState) -> None:
        self._state = state
        aside = run.path / "set-aside"

        metrics = state.contract.metrics

        def rows(start: int) -> str:
            return "".join(results.line(row, metrics) for row in state.rows[start:])

        def costs(start: int) -> str:
            return results.budget_lines(state.settled, start)

        header = results.header(metrics)
        beside, costly = results_path.with_name("budget.log"), results.BUDGET_HEADER

        def count() -> int:
            return len(state.rows)

        def requests() -> int:
            return len(state.settled)

        self._tables = [
            (_Table(run.results, header, rows, aside, run.results), count),
            (_Table(results_path, header, rows, aside / "project", run.results), count),
            (_Table(run.budget_log, costly, costs, aside, run.budget_log), requests),
            (_Table(beside, costly, costs, aside / "project", run.budget_log), requests),
        ]

    def update(self) -> list[str]:
        """Bring every table up to the state; what went wrong or was set aside, in words."""
        notes = []
        for table, length in self._tables:
            try:
                if table.bring_up_to(length()):
                    notes.append(f"{table.path.name} had been edited: yours is in {table.aside}")
            except OSError as error:
                notes.append(f"{table.path}: can't be written now: {error.strerror}")
        return notes
