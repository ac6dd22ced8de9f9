"""A table that some other program wrote, or a bare one of ours, as a source of events."""

from __future__ import annotations

from pathlib import Path

from autoexp_tui.model.events import Record
from autoexp_tui.model.state import RunState
from autoexp_tui.tables import AS_READ, Table, TableChoice, choose, table_events
from autoexp_tui.tables.stores import is_store
from autoexp_tui.text.safe import NOTHING


class TableSource:
    """Hands a table out once, whole: rows and plot, without what led to them."""

    def __init__(self, table: Table, choice: TableChoice = AS_READ) -> None:
        """Judged as `choice` says. Raises UsageProblem for a column that isn't there."""
        self._as_read = table
        self.choice = choice
        self.table = choose(table, choice)
        self._records = list(table_events(self.table))
        self.waiting = NOTHING
        """What it waits for, as a table that is watched may: it is all there."""

    def read(self) -> list[Record]:
        records, self._records = self._records, []
        return records

    def judged_by(self, choice: TableChoice) -> TableSource:
        """The same table, judged otherwise."""
        return TableSource(self._as_read, choice)

    def alive(self) -> bool:
        return False


def turned(choice: TableChoice, table: Table) -> TableChoice:
    """`choice` with the other direction than `table` has."""
    is_lower = table.primary.direction.way == "lower"
    return TableChoice(choice.metric, "higher" if is_lower else "lower")


def table_state(table: Table) -> RunState:
    """What the whole table adds up to."""
    state = RunState()
    for record in table_events(table):
        state.apply(record)
    return state


def is_table(which: str) -> bool:
    """Whether a command's argument names a file, or a folder that is a table, and not a run."""
    path = Path(which)
    return path.is_file() or (path.is_dir() and is_store(path))
