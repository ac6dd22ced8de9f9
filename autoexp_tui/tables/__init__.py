"""Other people's experiment tables, read whatever they look like. Knows no screen.

A file becomes a `Table` (`read`), a table becomes the records that viewers fold (`recording`) or a
summary. Following a table that is still written is `sources.watching`'s.
"""

from __future__ import annotations

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
