"""A table that some other program wrote, or a bare one of ours, as a source of events."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from autoexp_tui.model.events import Record
from autoexp_tui.model.state import RunState
from autoexp_tui.tables import Table, table_events
from autoexp_tui.text.safe import clean_line


class TableSource:
    """Hands a table out once, whole: rows and plot, without what led to them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._records = list(table_events(table))

    def read(self) -> list[Record]:
        records, self._records = self._records, []
        return records

    @property
    def direction(self) -> str:
        """Which direction is better, how that is known and how surely, in words."""
        primary = self._table.primary
        found = primary.direction
        name = clean_line(primary.metric or "no metric", 60)
        sure = "" if found.confidence == "none" else f" ({found.confidence} confidence)"
        way = "nobody knows which way" if found.way == "unknown" else f"{found.way} is better"
        return f"{name}: {way}, {clean_line(found.source, 120)}{sure}"

    def turned(self) -> TableSource:
        """The same table with the other direction."""
        way: Literal["lower", "higher"] = (
            "higher" if self._table.primary.direction.way == "lower" else "lower"
        )
        return TableSource(self._table.directed(way))

    def alive(self) -> bool:
        return False


def table_state(table: Table) -> RunState:
    """What the whole table adds up to."""
    state = RunState()
    for record in table_events(table):
        state.apply(record)
    return state


def is_table(which: str) -> bool:
    """Whether a command's argument names a file, and not a run."""
    return Path(which).is_file()
