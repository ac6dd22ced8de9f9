"""The replay's track: where it stands between the first experiment and the last, and every keep."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

TRACK, KEEP, HERE = "─", "┴", "●"


def track(width: int, rows: int, keeps: Sequence[int], at: int) -> str:
    """`width` cells: a line with a mark at every kept experiment and at the present one.

    `rows` is how many there are in all, `keeps` their numbers, `at` how many have been shown.
    """
    if width < 2:
        return ""
    cells = [TRACK] * width

    def cell(n: int) -> int:
        return 0 if rows < 1 else min(width - 1, max(0, n) * (width - 1) // rows)

    for n in keeps:
        cells[cell(n)] = KEEP
    cells[cell(at)] = HERE
    return "".join(cells)


def line(width: int, rows: int, keeps: Sequence[int], at: int, words: str) -> Text:
    """The track and beside it how the replay stands, in `width` cells."""
    tail = f"  {at} of {rows}  {words}"
    return Text(track(width - len(tail), rows, keeps, at) + tail)
