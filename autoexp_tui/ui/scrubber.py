"""The replay's track: what was kept, as a plot of one line, and where on it the replay stands."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from rich.text import Text

from autoexp_tui.ui import ink

TRACK, HERE = "─", "●"
BARS = "▁▂▃▄▅▆▇█"


class KeptRows:
    """The kept rows of a whole replay: their numbers, ascending, and their values."""

    def __init__(self, rows: Sequence[tuple[float, float]]) -> None:
        self._numbers = [n for n, _ in rows]
        # By rank, so that every new one is a step, however small it is beside the first.
        ranks = {value: rank for rank, value in enumerate(sorted({value for _, value in rows}))}
        most = max(1, len(ranks) - 1)
        self._levels = [ranks[value] * (len(BARS) - 1) // most for _, value in rows]

    def bar(self, before: int) -> str:
        """How high the last one before row `before` was; a line while there is none."""
        place = bisect_left(self._numbers, before)
        return BARS[self._levels[place - 1]] if place else TRACK


def track(width: int, rows: int, kept: KeptRows, at: int) -> str:
    """`width` cells; `rows` is how many there are in all, `at` how many of them have been shown."""
    if width < 2:
        return ""
    # Asked cell by cell, for the kept rows may be very many: the first row of the next cell.
    cells = [kept.bar(-(-(cell + 1) * max(1, rows) // (width - 1))) for cell in range(width)]
    cells[_place(width, rows, at)] = HERE
    return "".join(cells)


def line(width: int, rows: int, kept: KeptRows, at: int, words: str) -> Text:
    """The track and beside it how the replay stands, in `width` cells; what is to come is dim."""
    tail = f"  {at} of {rows}  {words}"
    room = width - len(tail)
    shown = ink.text(track(room, rows, kept, at))
    if shown:
        here = _place(room, rows, at)
        shown.stylize("bold", here, here + 1)
        shown.stylize("dim", here + 1)
    return shown.append(ink.text(tail))


def _place(width: int, rows: int, at: int) -> int:
    return min(width - 1, max(0, at) * (width - 1) // max(1, rows))
