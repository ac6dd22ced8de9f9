"""Other people's experiment tables, read whatever they look like. Knows no screen."""

from __future__ import annotations

from autoexp_tui.tables.model import (
    InferredWay,
    Note,
    Table,
    TableColumn,
    TableRow,
    TableSegment,
)
from autoexp_tui.tables.progress import GainShare
from autoexp_tui.tables.read import parse_table, read_table
from autoexp_tui.tables.recording import table_events
from autoexp_tui.tables.summary import TableSummary, summarise, summarise_run

__all__ = [
    "GainShare",
    "InferredWay",
    "Note",
    "Table",
    "TableColumn",
    "TableRow",
    "TableSegment",
    "TableSummary",
    "parse_table",
    "read_table",
    "summarise",
    "summarise_run",
    "table_events",
]
