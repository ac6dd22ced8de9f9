"""A source for viewers that is not read from any file."""

from __future__ import annotations

from autoexp_tui.model.events import Record


class FinishedSource:
    """The records of a run that has ended, all there at once."""

    def __init__(self, records: list[Record]) -> None:
        self._records = records

    def read(self) -> list[Record]:
        records, self._records = self._records, []
        return records

    def alive(self) -> bool:
        return False
