"""How a person likes to look at runs: kept from one screen to the next, whichever run it shows."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from autoexp_tui.system.files import replace_file
from autoexp_tui.tables.model import AS_READ, TableChoice

_TABLES = 200
"""Tables whose habits are kept, the last ones that anything was chosen for."""


@dataclass(frozen=True, slots=True)
class TableHabit:
    """How a person looks at one table; empty where they leave it to the reader."""

    choice: TableChoice = AS_READ
    columns: tuple[str, ...] = ()
    """That are shown beside the usual ones."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What was chosen by keys; names that are not known any more are as if none was chosen."""

    below: bool = True
    """The table has the whole width under the other panes."""
    order: str = ""
    """Of the table's rows."""
    hidden: tuple[str, ...] = ()
    """Columns that are left out."""
    theme: str = ""
    tables: dict[str, TableHabit] = field(default_factory=dict)
    """By path."""

    def of_table(self, file: Path) -> TableHabit:
        """How that table was looked at last."""
        return self.tables.get(str(file.resolve()), TableHabit())

    def with_table(self, file: Path, habit: TableHabit) -> Habits:
        """The same, with another habit for that table."""
        name = str(file.resolve())
        others = [pair for pair in self.tables.items() if pair[0] != name]
        return replace(self, tables=dict([*others, (name, habit)][-_TABLES:]))


def habits() -> Habits:
    """The last ones; the defaults where there are none that can be read."""
    try:
        return msgspec.json.decode(_file().read_bytes(), type=Habits)
    except (OSError, msgspec.MsgspecError):
        return Habits()


def keep(found: Habits) -> None:
    """Keep them for the next screen; a home that can't be written is no reason to complain."""
    if found == habits():
        return
    with contextlib.suppress(OSError):
        _file().parent.mkdir(parents=True, exist_ok=True)
        replace_file(_file(), msgspec.json.encode(found))


def _file() -> Path:
    from platformdirs import user_state_path  # noqa: PLC0415 - where a screen is opened

    return user_state_path("autoexp") / "screen.json"
