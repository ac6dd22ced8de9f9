"""A table that some other program wrote, or a bare one of ours, as a source of events."""

from __future__ import annotations

from pathlib import Path

from autoexp_tui.core.events import Record
from autoexp_tui.core.state import RunState
from autoexp_tui.ledgers import Ledger, ledger_events


class LedgerSource:
    """Hands a ledger out once, whole: rows and plot, without what led to them."""

    def __init__(self, ledger: Ledger) -> None:
        self._records = list(ledger_events(ledger))

    def read(self) -> list[Record]:
        records, self._records = self._records, []
        return records

    def alive(self) -> bool:
        return False


def ledger_state(ledger: Ledger) -> RunState:
    """What the whole ledger adds up to."""
    state = RunState()
    for record in ledger_events(ledger):
        state.apply(record)
    return state


def is_table(which: str) -> bool:
    """Whether a command's argument names a file, and not a run."""
    return Path(which).is_file()
