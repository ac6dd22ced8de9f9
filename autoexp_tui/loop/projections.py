"""The tables that people read, kept in step with the journal.

Each is appended to while it is as we left it (a constant cost per row), and rewritten in one
step when it isn't: deleted, edited, or torn by a crash. Another program's file is set aside.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from autoexp_tui.loop import results
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.system.files import make_folder, open_plain, replace_file, set_aside, sync

_Signature = tuple[int, int, int]
_FOREIGN_READ = 256 << 20
"""Bytes of another's file that are kept: no table of ours is as long."""


_UNFORCED_S = 1.0
"""A row that a power loss takes out of a table within that time is still in the journal, of which
the next runner writes it again: so a hundred rows a minute need no hundred waits for the disk."""


class _Table:
    """One projected file."""

    def __init__(
        self,
        path: Path,
        header: str,
        lines: Callable[[int, int], str],
        aside: Path,
        inner: Path,
        former: Callable[[], str] = lambda: "",
    ) -> None:
        """`inner` is the same table in the run's directory, beside those of other runs.

        `former` is the text that an earlier version would have written.
        """
        self.path = path
        self._former = former
        self._inner = inner
        self._header = header
        self._lines = lines
        """The text of the rows from an index up to another."""
        self.aside = aside
        self._rows = 0
        self._left: _Signature | None = None
        self._forced = -_UNFORCED_S
        """When something was last forced to the disk."""
        self._unforced = False

    def bring_up_to(self, rows: int) -> bool:
        """Make the file hold `rows` rows. True when another's edit was set aside."""
        if self._left is not None and self._left == self._signature():
            if rows > self._rows:
                self._append(self._lines(self._rows, rows).encode())
            edited = False
        else:
            edited = self._rewrite((self._header + self._lines(0, rows)).encode())
        self._rows, self._left = rows, self._signature()
        return edited

    def _append(self, text: bytes) -> None:
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if os.write(fd, text) != len(text):
                raise OSError(errno.ENOSPC, "no room for the whole row")
            self._unforced = True
            if time.monotonic() - self._forced >= _UNFORCED_S:
                self._sync(fd)
        finally:
            os.close(fd)

    def force(self) -> None:
        """Let what was appended survive a power loss. Raises OSError."""
        if self._unforced:
            fd = os.open(self.path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                self._sync(fd)
            finally:
                os.close(fd)

    def _sync(self, fd: int) -> None:
        sync(fd)
        self._unforced, self._forced = False, time.monotonic()

    def _rewrite(self, text: bytes) -> bool:
        try:
            with open_plain(self.path) as file:
                found = file.read(_FOREIGN_READ)
        except FileNotFoundError:
            found = b""
        except OSError:  # no file, or not to be read: it goes aside as it is
            self._move_aside()
            replace_file(self.path, text, by=self._inner.parent)
            return True
        if found == text:
            return False
        ours = text.startswith(found) or self._former().encode().startswith(found)
        foreign = bool(found) and not ours and not self._is_another_runs(found)
        if foreign:
            replace_file(self._aside_name(), found)
        replace_file(self.path, text, by=self._inner.parent)
        return foreign

    def _is_another_runs(self, found: bytes) -> bool:
        """Whether an earlier run left it here: that run has it in its own directory still."""
        runs = self._inner.parents[1]
        mine = {self._inner, self.path}
        others = (path for path in runs.glob(f"*/{self._inner.name}") if path not in mine)
        return any(path.is_file() and path.read_bytes().startswith(found) for path in others)

    def _aside_name(self) -> Path:
        make_folder(self.aside, self._inner.parent)
        return self.aside / f"{len(list(self.aside.glob('[!.]*'))) + 1}-{self.path.name}"

    def _move_aside(self) -> None:
        try:
            self.path.rename(self._aside_name())
        except OSError:  # another file system
            set_aside(self.path)

    def _signature(self) -> _Signature | None:
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


class Projections:
    """`results.tsv` and `budget.log`, in the run's directory and beside the project.

    For several threads, in turn.
    """

    def __init__(self, run: RunDirectory, results_path: Path, state: RunState) -> None:
        self._state = state
        self._alone = threading.Lock()
        aside = run.path / "set-aside"

        metrics = state.contract.metrics

        def rows(start: int, end: int) -> str:
            return "".join(results.line(row, metrics) for row in state.rows[start:end])

        def costs(start: int, end: int) -> str:
            return results.budget_lines(state.settled[:end], start)

        header = results.header(metrics)
        beside, costly = results_path.with_name("budget.log"), results.BUDGET_HEADER

        def count() -> int:
            return len(state.rows)

        def requests() -> int:
            return len(state.settled)

        def former() -> str:
            return results.former_budget(state.settled)

        self._results = [
            (_Table(run.results, header, rows, aside, run.results), count),
            (_Table(results_path, header, rows, aside / "project", run.results), count),
        ]
        inner = run.budget_log
        self._costs = [
            (_Table(inner, costly, costs, aside, inner, former), requests),
            (_Table(beside, costly, costs, aside / "project", inner, former), requests),
        ]

    def update(self) -> list[str]:
        """Bring every table up to the state; what went wrong or was set aside, in words."""
        with self._alone:
            return _brought_up([*self._results, *self._costs])

    def force(self) -> None:
        """Let every row survive a power loss, as far as its table is there."""
        with self._alone:
            for table, _ in (*self._results, *self._costs):
                with contextlib.suppress(OSError):  # the next update says so
                    table.force()

    def update_costs(self) -> list[str]:
        """The same, for `budget.log` alone."""
        with self._alone:
            return _brought_up(self._costs)


def _brought_up(tables: list[tuple[_Table, Callable[[], int]]]) -> list[str]:
    notes = []
    for table, length in tables:
        try:
            if table.bring_up_to(length()):
                notes.append(f"{table.path.name} had been edited: yours is in {table.aside}")
        except OSError as error:
            notes.append(f"{table.path}: can't be written now: {error.strerror}")
    return notes
