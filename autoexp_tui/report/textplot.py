"""Step curves drawn with characters: for a terminal, a pipe or a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autoexp_tui.report.axis import Axis

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LEVEL, _RISE = "─┄━╌═┈", "│┆┃╎║┊"
"""The curves' own strokes: they are told apart without colour."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One step curve: from each point on, its value holds until the next."""

    points: tuple[tuple[float, float], ...]
    """(x, y), by ascending x; finite."""
    end: float
    """Up to which x the last value holds."""
    letter: str = ""
    """Marks each of its points; without one a point is `●`."""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring characters that belong to one curve, or to none."""

    text: str
    curve: int | None


def draw(
    curves: Sequence[Curve], width: int, height: int, x_labels: tuple[str, str]
) -> list[list[Run]]:
    """Lines of at most `width` characters, `height` of them plot, then the axis and its labels.

    `x_labels` stand under the axis' ends. Empty without a point, or without room for one.
    """
    ys = [y for curve in curves for _, y in curve.points]
    if not ys or width < 24 or height < 3:
        return []
    axis = Axis(min(ys), max(ys), ys)
    last = max((curve.end for curve in curves), default=0.0)
    ticks = axis.ticks((height + 1) // 2)
    gutter = max((len(label) for _, label in ticks), default=0)
    canvas = _Canvas(width - gutter - 2, height, last, axis)
    # From the last to the first, so that where they meet the first stays on top.
    for index in reversed(range(len(curves))):
        canvas.curve(index, curves[index])
    marked = {canvas.line(tick): label for tick, label in ticks}
    lines = []
    for at, cells in enumerate(canvas.cells):
        label = marked.get(at)
        head = f"{label or '':>{gutter}} {'┤' if label is not None else '│'}"
        lines.append([Run(head, None), *_runs(cells)])
    lines.append([Run(" " * (gutter + 1) + "└" + "─" * canvas.width, None)])
    left, right = x_labels
    gap = max(1, canvas.width - len(left) - len(right))
    lines.append([Run(" " * (gutter + 2) + left + " " * gap + right, None)])
    return lines


def as_text(lines: Iterable[Sequence[Run]]) -> list[str]:
    """The lines without their colours' runs."""
    return ["".join(run.text for run in line).rstrip() for line in lines]


class _Canvas:
    """Cells of a character and the curve it belongs to."""

    def __init__(self, width: int, height: int, last: float, axis: Axis) -> None:
        self.width, self.height = width, height
        self._last, self._axis = last, axis
        self.cells: list[list[tuple[str, int | None]]] = [
            [(" ", None)] * width for _ in range(height)
        ]

    def column(self, x: float) -> int:
        share = x / self._last if self._last > 0 else 0.0
        return round(min(1.0, max(0.0, share)) * (self.width - 1))

    def line(self, y: float) -> int:
        return round((1 - self._axis.share(y)) * (self.height - 1))

    def curve(self, index: int, curve: Curve) -> None:
        stroke = index % len(_LEVEL)
        places = [(self.column(x), self.line(y)) for x, y in curve.points]
        ends = [column for column, _ in places[1:]] + [self.column(curve.end)]
        for at, ((column, line), end) in enumerate(zip(places, ends, strict=True)):
            for x in range(column, end + 1):
                self._put(x, line, _LEVEL[stroke], index)
            if at + 1 < len(places):
                below = places[at + 1][1]
                for y in range(min(line, below), max(line, below) + 1):
                    self._put(end, y, _RISE[stroke], index)
                if line != below:
                    self._put(end, line, "╮" if below > line else "╯", index)
        for column, line in places:
            self._put(column, line, curve.letter or "●", index)

    def _put(self, x: int, y: int, character: str, index: int) -> None:
        self.cells[y][x] = (character, index)


def _runs(cells: Sequence[tuple[str, int | None]]) -> list[Run]:
    runs: list[Run] = []
    for character, index in cells:
        if runs and runs[-1].curve == index:
            runs[-1] = Run(runs[-1].text + character, index)
        else:
            runs.append(Run(character, index))
    return runs
