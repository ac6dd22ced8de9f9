"""In which order a table's rows came: exports of trackers have the newest first."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from autoexp_tui.tables.cell_values import number
from autoexp_tui.tables.dates import moment
from autoexp_tui.tables.model import Cell
from autoexp_tui.tables.sheet import Sheet


def newest_first(sheet: Sheet, time: int | None, index: int | None) -> bool:
    """Whether each row is older than the one before it, by its time, else by its number.

    Never where lines between the rows say what holds from there on.
    """
    if sheet.configs or any(record.text for record in sheet.records):
        return False
    if time is not None:
        fell = _falls(sheet, time, moment, least=2)
        if fell is not None:
            return fell
    return index is not None and bool(_falls(sheet, index, number, least=3))


def _falls(
    sheet: Sheet, column: int, read: Callable[[Cell], float | None], *, least: int
) -> bool | None:
    """Whether a column never rises and falls on the whole; None where few rows have a value."""
    found: list[float] = []
    for record in sheet.records:
        value = read(record.cells[column]) if column < len(record.cells) else None
        if value is None:
            continue
        if found and value > found[-1]:
            return False
        found.append(value)
    if len(found) < max(least, len(sheet.records) // 2):
        return None
    return found[0] > found[-1] and any(later < before for before, later in pairwise(found))
