"""Whole columns read at once: as the single cells are, in a fraction of the time."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

from autoexp_tui.tables import dates
from autoexp_tui.tables.cell_values import number
from autoexp_tui.tables.model import Cell
from autoexp_tui.tables.sheet import SheetRecord

_DATES = 2000
"""Rows that are looked at to find out how dates are written."""
_PLAIN = frozenset([str, float, int])

Series = Sequence[float | None]
"""A value for each record of a sheet."""


def cells_of(records: Sequence[SheetRecord], column: int) -> list[Cell]:
    """A column's cells; None where a record ends before it."""
    return [cells[column] if column < len(cells := record.cells) else None for record in records]


def figures(cells: Sequence[Cell]) -> Series:
    """What `number` reads from each cell."""
    plain = _floats(cells)
    return list(map(number, cells)) if plain is None else plain


def seconds(cells: Sequence[Cell], scale: float) -> Series:
    """What `dates.duration` reads from each cell; a bare number is multiplied by `scale`."""
    plain = _floats(cells)
    if plain is None or min(plain, default=0.0) < 0.0:
        return [dates.duration(cell, scale) for cell in cells]
    return plain if scale == 1.0 else [value * scale for value in plain]


def moments(cells: Sequence[Cell]) -> Series:
    """What `dates.moment` reads from each cell, in the order that the column's dates tell."""
    stamps = _stamps(cells)
    if stamps is not None:
        return stamps
    return list(map(dates.reader(cells[:_DATES]), cells))


def _floats(cells: Sequence[Cell]) -> list[float] | None:
    """The numbers, where each cell is a finite one as a program writes it; else None."""
    if not set(map(type, cells)) <= _PLAIN:
        return None
    try:
        found = list(map(float, cells))  # type: ignore[arg-type] # of the types above
    except (ValueError, OverflowError):
        return None
    return found if all(map(math.isfinite, found)) else None


def _stamps(cells: Sequence[Cell]) -> list[float] | None:
    """The moments, where each cell is one in ISO 8601 with dashes; else None."""
    first = cells[0] if cells else None
    if type(first) is not str or first[4:5] != "-" or set(map(type, cells)) != {str}:
        return None
    utc = dt.UTC
    try:
        found = list(map(dt.datetime.fromisoformat, cells))  # type: ignore[arg-type] # all of str
        return [(when if when.tzinfo else when.replace(tzinfo=utc)).timestamp() for when in found]
    except (ValueError, OverflowError):
        return None
