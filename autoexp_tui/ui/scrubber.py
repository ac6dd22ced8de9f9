"""The replay's track: where it stands between the first experiment and the last, and every keep."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from rich.text import Text

TRACK, KEEP, HERE = "─", "┴", "●"


def track(width: int, rows: int, keeps: Sequence[int], at: int) -> str:
    """`width` cells: a line with a mark at every kept experiment and at the present one.

    `rows` is how many there are in all, `keeps` the numbers of the kept ones, ascending, `at` how
    many have been shown.
    """
    if width < 2:
        return ""
    cells = [TRACK] * width
    if rows > 0:
        # The first row of each cell: asked of the keeps cell by cell, for they may be very many.
        firsts = [-(-cell * rows // (width - 1)) for cell in range(width + 1)]
        for cell, (first, after) in enumerate(pairwise(firsts)):
            if bisect_left(keeps, first) < bisect_left(keeps, after):
                cells[cell] = KEEP
    cells[min(width - 1, max(0, at) * (width - 1) // max(1, rows))] = HERE
    return "".join(cells)


def line(width: int, rows: int, keeps: Sequence[int], at: int, words: str) -> Text:
    """The track and beside it how the replay stands, in `width` cells."""
    tail = f"  {at} of {rows}  {words}"
    return Text(track(width - len(tail), rows, keeps, at) + tail)
