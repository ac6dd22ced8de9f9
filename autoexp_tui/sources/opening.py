"""What a person names: a run by its tag, a table or an archive by its file; read to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.project import run_here
from autoexp_tui.sources.archive import is_archive, unpacked
from autoexp_tui.sources.journals import read_state
from autoexp_tui.sources.tables import is_table, table_state
from autoexp_tui.tables import Table, read_table
from autoexp_tui.text.safe import decode

_DIFF_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Opened:
    """A run or a table, and what is known of it."""

    name: str
    """The tag, or the file's name without its suffix."""
    state: RunState
    """With its first event."""
    run: RunDirectory | None
    """None for a table."""
    caveats: tuple[str, ...]
    """What a reader of the table's figures should know."""

    def diff(self, n: int) -> str:
        """The patch of experiment `n`, its beginning where it is very long; empty without one."""
        if self.run is None or not self.run.diff(n).is_file():
            return ""
        with self.run.diff(n).open("rb") as file:
            return decode(file.read(_DIFF_BYTES))


@contextmanager
def opened(
    which: str | None, direction: Literal["lower", "higher"] | None = None
) -> Iterator[Opened]:
    """Open a tag, a table or an archive; without a name the run of this repository.

    `direction` says which way is better, for a table that doesn't tell. Raises UsageProblem,
    JournalError.
    """
    if which is not None and is_archive(Path(which)):
        with unpacked(Path(which)) as run:
            yield _run(run)
    elif which is not None and is_table(which):
        yield _table(Path(which), direction)
    else:
        yield _run(run_here(which))


def _run(run: RunDirectory) -> Opened:
    state = read_state(run)
    if state.started is None:
        raise UsageProblem(f"run {run.tag} has no first event yet")
    return Opened(state.started.tag, state, run, ())


def _table(path: Path, direction: Literal["lower", "higher"] | None) -> Opened:
    table = read_table(path)
    if direction is not None:
        table = table.directed(direction)
    if not any(not row.text for row in table.rows):
        raise UsageProblem(f"{path}: no experiment was found in it")
    return Opened(path.stem, table_state(table), None, tuple(_caveats(table)))


def _caveats(table: Table) -> Iterator[str]:
    part = table.primary
    name = part.metric or "value"
    if part.direction.way == "unknown":
        yield (
            f"Nothing tells whether {name} should be lower or higher: the kept rows were followed. "
            "`--direction` says it."
        )
    else:
        yield f"{part.direction.way.capitalize()} {name} is better: {part.direction.source}."
    if not table.judged:
        yield "The table has no verdicts: every new best counts as kept."
    for note in table.notes:
        if note.line == 0:
            yield note.text
