"""Other people's experiment tables, read whatever they look like. Knows no screen.

A file becomes a `Table` (`read`), a table becomes the records that viewers fold (`recording`) or a
summary. Following a table that is still written is `sources.watching`'s. What is named here is
imported when it is asked for: a run needs to know what a `TableChoice` is, and none of the readers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autoexp_tui.tables.choosing import choose
    from autoexp_tui.tables.model import AS_READ, Table, TableChoice
    from autoexp_tui.tables.read import parse_table, read_table
    from autoexp_tui.tables.recording import table_events
    from autoexp_tui.tables.summary import TableSummary, summarise, summarise_run

__all__ = [
    "AS_READ",
    "Table",
    "TableChoice",
    "TableSummary",
    "choose",
    "parse_table",
    "read_table",
    "summarise",
    "summarise_run",
    "table_events",
]

_MODULES = {
    "choosing": ("choose",),
    "model": ("AS_READ", "Table", "TableChoice"),
    "read": ("parse_table", "read_table"),
    "recording": ("table_events",),
    "summary": ("TableSummary", "summarise", "summarise_run"),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__} has no {name}")
