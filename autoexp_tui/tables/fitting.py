"""Cells put under a header: lines that have more or fewer, and columns that have moved."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from autoexp_tui.tables import names, statuses
from autoexp_tui.tables.headers import Fields
from autoexp_tui.tables.sheet import COLUMNS, Sheet

_WORD = re.compile(r"[^\W\d_]+(?:[ _-][^\W\d_]+){0,2}")


def status_at(sheet: Sheet, body: Sequence[Fields]) -> int | None:
    """The column that most often holds a verdict, by name where one is named."""
    for wanted in names.STATUS:
        for at, name in enumerate(sheet.columns):
            if names.leaf(name) == wanted:
                return at
    hits: Counter[int] = Counter()
    for _, cells in body[:200]:
        hits.update(at for at, cell in enumerate(cells) if statuses.outcome_of(cell) is not None)
    return hits.most_common(1)[0][0] if hits else None


def fitted(cells: list[str], width: int, status: int | None) -> list[str] | None:
    """Cells of the wrong number, laid under the header as well as can be; None if they can't be.

    The verdict is the anchor. Too many cells behind it: the last one was free text with tabs.
    Too many or too few before it: those next to the verdict are right, and the first one is.
    """
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) == width:
        return cells
    if status is None or status >= width or (
        status < len(cells) and _is_word(cells[status])
    ):  # fmt: skip
        return _joined_from(cells, width)
    found = next(
        (k for k, cell in enumerate(cells) if _is_word(cell) and abs(k - status) <= 3), None
    )
    if found is None:
        return cells if len(cells) <= status and len(cells) * 2 > width else None
    behind = _joined_from(cells[found:], width - status)
    if found > status:
        return [cells[0], *cells[1 + found - status : found], *behind]
    return [*cells[:found], *[""] * (status - found), *behind]


def _joined_from(cells: list[str], width: int) -> list[str]:
    """At most `width` cells; what is too many goes to the last one, with the tabs it came with."""
    return cells if len(cells) <= width else [*cells[: width - 1], "\t".join(cells[width - 1 :])]


def _is_word(cell: str) -> bool:
    return (
        _WORD.fullmatch(cell) is not None
        and cell.lower() not in {"true", "false", "yes", "no", "y"}
        and statuses.outcome_of(cell) is not None
    )


def places_of(columns: list[str], header: Sequence[str]) -> list[int]:
    """Which of the sheet's columns each cell under another header belongs to; new ones join."""
    found = []
    for name in header:
        if name.strip() not in columns and len(columns) < COLUMNS:
            columns.append(name.strip() or f"#{len(columns)}")
        found.append(columns.index(name.strip()) if name.strip() in columns else -1)
    return found


def moved_to(cells: Sequence[str], places: Sequence[int]) -> list[str]:
    """Cells at the places that `places_of` gave; what has none is dropped."""
    found = [""] * (max(places, default=-1) + 1)
    for cell, place in zip(cells, places, strict=False):
        if place >= 0:
            found[place] = cell
    return found
