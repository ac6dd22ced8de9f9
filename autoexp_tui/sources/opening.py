"""What a person names: a run by its tag, a table or an archive by its file; read to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.project import run_here
from autoexp_tui.sources.archive import is_archive, unpacked
from autoexp_tui.sources.journals import read_state
from autoexp_tui.sources.naming import named
from autoexp_tui.sources.tables import is_table, table_state
from autoexp_tui.tables import AS_READ, Table, TableChoice, choose, read_table
from autoexp_tui.tables.wording import judged_words
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
def opened(which: str | None, choice: TableChoice = AS_READ) -> Iterator[Opened]:
    """Open a tag, a table or an archive; without a name the run of this repository.

    `choice` says what a table is judged by. Raises UsageProblem, JournalError.
    """
    which = named(which)
    if which is not None and is_archive(Path(which)):
        with unpacked(Path(which)) as run:
            yield _run(run, choice)
    elif which is not None and is_table(which):
        yield _table(Path(which), choice)
    else:
        yield _run(run_here(which), choice)


def refuse_for_run(choice: TableChoice) -> None:
    """Raise UsageProblem where something else was to be what a run of ours is judged by."""
    if choice != AS_READ:
        raise UsageProblem(
            "a run says itself what it is judged by: --metric and --direction are for tables"
        )


def _run(run: RunDirectory, choice: TableChoice) -> Opened:
    refuse_for_run(choice)
    state = read_state(run)
    if state.started is None:
        raise UsageProblem(f"run {run.tag} has no first event yet")
    return Opened(state.started.tag, state, run, ())


def _table(path: Path, choice: TableChoice) -> Opened:
    table = choose(read_table(path), choice)
    if not any(not row.text for row in table.rows):
        raise UsageProblem(f"{path}: no experiment was found in it")
    return Opened(path.stem, table_state(table), None, tuple(_caveats(table)))


def _caveats(table: Table) -> Iterator[str]:
    yield f"{judged_words(table)}."
    if not table.judged:
        yield "The table has no verdicts: every new best counts as kept."
    for note in table.notes:
        if note.line == 0:
            yield note.text
