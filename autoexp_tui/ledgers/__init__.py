"""Other people's experiment tables, read whatever they look like. Knows no screen."""

from __future__ import annotations

from autoexp_tui.ledgers.events import ledger_events
from autoexp_tui.ledgers.model import (
    Direction,
    Ledger,
    LedgerColumn,
    LedgerRow,
    LedgerSegment,
    Note,
)
from autoexp_tui.ledgers.progress import GainShare
from autoexp_tui.ledgers.read import parse_ledger, read_ledger
from autoexp_tui.ledgers.summary import LedgerSummary, summarise

__all__ = [
    "Direction",
    "GainShare",
    "Ledger",
    "LedgerColumn",
    "LedgerRow",
    "LedgerSegment",
    "LedgerSummary",
    "Note",
    "ledger_events",
    "parse_ledger",
    "read_ledger",
    "summarise",
]
