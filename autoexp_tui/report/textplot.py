"""Pictures painted with characters: for the screen, a terminal, a pipe or a Markdown page.

Where a value falls is worked out here, because lines turn and cross in whole cells; plotext draws
the frame, its ticks and labels, and all marks. What each character stands for comes with it, and
whoever shows it chooses the colours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from types import ModuleType
from typing import Any, NamedTuple

from autoexp_tui.summary.picture import Picture, PlotMark, StepLine, Tick

ROLES = tuple(
    "axis label baseline band holdout origin discard crash step best front keep fresh "
    "beyond".split()
)
"""What a character may stand for, besides a curve's letter and, for a blank, nothing."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Name curves, and are their marks and roles."""
SIGNS = {
    "keep": "✓",
    "aside": "✓",
    "fresh": "✓",
    "record": "★",
    "discard": "·",
    "measured": "·",
    "crash": "✗",
    "front": "●",
}
_ROLES = {"aside": "keep", "record": "keep", "measured": "discard"}
"""Of marks that have one of another kind."""

_NO_DOTS = 0x2800
_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
"""Of a Braille character: the left and the right column, from the bottom."""
_UNDER = {"best", "holdout", "origin"}
"""Lines that marks may cover."""
_BEHIND = {"discard", "measured", "crash", "aside"}
"""Marks that a line may cover."""

LEAST_WIDTH, LEAST_HEIGHT = 16, 4
"""Below this a picture says nothing."""
_X_AXIS_FROM = 7
"""Lines from which on the x axis is worth two of them."""
_LEAST_COLUMNS = 6
_ROOMY = 40
"""Columns from which on the y labels stand a little off."""

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_ROUNDED = " │││─╯╮┤─╰╭├─┴┬┼"
"""Box-drawing characters by the arms they have."""
_LEVEL, _RISE = "─┄━╌═┈", "│┆┃╎║┊"
"""The strokes of lines, level and upright; only the first has turns of its own."""

_MANUAL = "plotext._doc.doc"

PlotCell = tuple[str, str]
"""A character and its role."""


class CellAt(NamedTuple):
    column: int
    """From the left."""
    row: int
    """From the bottom."""


class Painting(NamedTuple):
    """Lines of characters, from the top."""

    lines: list[list[PlotCell]]
    canvas: tuple[int, int]
    """The column at which the canvas begins inside the frame, and how many lines it has."""
    cursor: int | None
    """The column to highlight."""


def paint(picture: Picture, width: int, height: int, *, fine: bool = False) -> Painting | None:
    """`height` lines of `width` characters; None where that is no room for a plot.

    `fine`: what was discarded are dots, eight to a character, which not every terminal has.
    """
    rows = height - 2 if height >= _X_AXIS_FROM else height
    floor = 1 if picture.has_crashes and rows > 2 else 0
    ticks = picture.y.ticks(max(2, rows // 3))
    gutter = max(len(tick.label) for tick in ticks)
    air = " " if width >= _ROOMY else ""
    left = gutter + 2 * len(air) + 1
    columns = width - left
    if width < LEAST_WIDTH or height < LEAST_HEIGHT or columns < _LEAST_COLUMNS:
        return None
    canvas = _Canvas(picture, columns, rows, floor, fine=fine)
    y = [(canvas.row(t.value), f"{air}{t.label:>{gutter}}{air}") for t in ticks]
    x = list(canvas.spread(picture.x.ticks(max(2, columns // 10)))) if rows < height else []
    cells = canvas.cells()
    lines = [
        [
            (
                sign,
                _role(cells, CellAt(column - left, rows - 1 - line)) if sign != " " else "",
            )
            for column, sign in enumerate(text)
        ]
        for line, text in enumerate(_drawn(cells, (width, height), (columns, rows), x, y))
    ]
    cursor = None if picture.cursor is None else left + canvas.column(picture.cursor)
    return Painting(lines, (left, rows), cursor)


def as_text(painting: Painting | None) -> list[str]:
    """The lines without their roles; none where there was no room."""
    lines = painting.lines if painting else []
    return ["".join(sign for sign, _ in line).rstrip() for line in lines]


def runs(line: Sequence[PlotCell]) -> Iterator[tuple[str, str]]:
    """Neighbours of one role, joined."""
    for role, cells in groupby(line, key=lambda cell: cell[1]):
        yield "".join(sign for sign, _ in cells), role


class _Canvas:
    """The inside of the frame: what lies in which cell."""

    def __init__(
        self, picture: Picture, columns: int, rows: int, floor: int, *, fine: bool
    ) -> None:
        self.picture, self.columns, self.rows, self.floor = picture, columns, rows, floor
        self._fine = fine
        self._dots: dict[CellAt, int] = {}
        """Of each character of dots, which are there."""
        self._cells: dict[CellAt, PlotCell] = {}

    def column(self, x: float) -> int:
        return round(self.picture.x.share(x) * (self.columns - 1))

    def row(self, y: float) -> int:
        return self.floor + round(self.picture.y.share(y) * (self.rows - 1 - self.floor))

    def cells(self) -> dict[CellAt, PlotCell]:
        """Painted from the back to the front."""
        picture = self.picture
        if picture.baseline is not None:
            row = self.row(picture.baseline)
            self._cells = {CellAt(column, row): ("┄", "baseline") for column in range(self.columns)}
        for mark in picture.marks:
            self._bar(mark)
        for line in picture.lines:
            if line.kind in _UNDER:
                self._line(line)
        for mark in picture.marks:
            if mark.kind in _BEHIND:
                self._mark(mark)
        for line in picture.lines:
            if line.kind not in _UNDER:
                self._line(line)
        for mark in self._not_crowded([m for m in picture.marks if m.kind not in _BEHIND]):
            self._mark(mark)
        return self._cells

    def _not_crowded(self, marks: Sequence[PlotMark]) -> Sequence[PlotMark]:
        """Where checks would hide the line that they sit on, the line alone says it better."""
        used = {self.column(mark.x) for mark in marks if mark.kind in {"keep", "record"}}
        return marks[-1:] if 3 * len(used) > 2 * self.columns else marks

    def _mark(self, mark: PlotMark) -> None:
        column = self.column(mark.x)
        if mark.y is None:
            self._cells[CellAt(column, 0)] = (SIGNS["crash"], "crash")
            return
        x, y = self.picture.x.beyond(mark.x), self.picture.y.beyond(mark.y)
        cell = SIGNS.get(mark.kind, mark.kind), _ROLES.get(mark.kind, mark.kind)
        if x or y:
            cell = ("", "▲", "▼")[y] or ("", "▶", "◀")[x], "beyond"
        elif self._fine and mark.kind in {"discard", "measured"}:
            cell = self._dot(mark.x, mark.y), "discard"
        self._cells[CellAt(column, self.row(mark.y))] = cell

    def _dot(self, x: float, y: float) -> str:
        """The character at a place, with one more dot."""
        place = CellAt(self.column(x), self.row(y))
        right = self.picture.x.share(x) * (self.columns - 1) >= place.column
        above = self.picture.y.share(y) * (self.rows - 1 - self.floor) - (place.row - self.floor)
        level = min(3, max(0, int(4 * (above + 0.5))))
        self._dots[place] = self._dots.get(place, 0) | _DOTS[right][level]
        return chr(_NO_DOTS + self._dots[place])

    def _bar(self, mark: PlotMark) -> None:
        """How sure a value is: behind the lines, which are what the picture is about."""
        if mark.low is not None and mark.high is not None:
            for row in range(self.row(mark.low), self.row(mark.high) + 1):
                self._cells[CellAt(self.column(mark.x), row)] = ("╎", "band")

    def _line(self, line: StepLine) -> None:
        places = [CellAt(self.column(x), self.row(y)) for x, y in line.points]
        corners = places[:1]
        for place in places[1:]:
            corners += [CellAt(place.column, corners[-1].row), place]
        if line.end is not None:
            corners.append(CellAt(self.column(line.end), corners[-1].row))
        self._cells |= _stroked(corners, line)

    def spread(self, ticks: Sequence[Tick]) -> Iterator[tuple[int, str]]:
        """Those of the ticks whose labels, centred below them, neither touch nor run over."""
        taken = -2
        for tick in ticks:
            at, length = self.column(tick.value), len(tick.label)
            start = min(max(at - length // 2, 0), self.columns - length)
            if start > taken + 1 or taken < 0:
                taken = start + length
                yield at, tick.label


def _stroked(corners: Sequence[CellAt], line: StepLine) -> dict[CellAt, PlotCell]:
    """A line through `corners`, each beside or above the one before."""
    arms: dict[CellAt, int] = {}
    for a, b in pairwise(corners):
        right, up = (b.column > a.column) - (b.column < a.column), (b.row > a.row) - (b.row < a.row)
        forth, back = {1: (_RIGHT, _LEFT), -1: (_LEFT, _RIGHT)}.get(
            right, (_UP, _DOWN) if up > 0 else (_DOWN, _UP)
        )
        here = a
        while here != b:
            there = CellAt(here.column + right, here.row + up)
            arms[here] = arms.get(here, 0) | forth
            arms[there] = arms.get(there, 0) | back
            here = there
    stroke = line.stroke % len(_LEVEL)
    if stroke == 0:
        return {place: (_ROUNDED[arm], line.kind) for place, arm in arms.items()}
    signs = _RISE[stroke], _LEVEL[stroke]
    return {place: (signs[arm > _UP + _DOWN], line.kind) for place, arm in arms.items()}


def _role(cells: dict[CellAt, PlotCell], place: CellAt) -> str:
    """What a character stands for, by where it is: inside the frame, of it, or beside it."""
    if place.column >= 0 and place.row >= 0:
        return cells[place][1]
    return "axis" if min(place) == -1 else "label"


def _drawn(
    cells: dict[CellAt, PlotCell],
    size: tuple[int, int],
    canvas: tuple[int, int],
    x: Sequence[tuple[int, str]],
    y: Sequence[tuple[int, str]],
) -> list[str]:
    plotext = _plotext()
    # A figure of its own: the module's is one for the whole process, and as wide as the terminal.
    terminal: Any = type(plotext.terminal)().limit(False, False)
    plot = type(plotext.figure)(parent=terminal)
    plot.theme("colorless").canvas("default").plot_size(*size)
    plot.axes(False)
    plot.axes(True, axis="y", side="left", style="rounded")
    if size[1] > canvas[1]:
        plot.axes(True, axis="x", side="lower", style="rounded")
    for axis, side, ticks, length in (("x", "lower", x, canvas[0]), ("y", "left", y, canvas[1])):
        ruler = plot.ruler(axis, side).lim(0, length - 1)
        ruler.ticks([at for at, _ in ticks], [label for _, label in ticks])
    markers = {sign: plotext.marker(sign) for sign, _ in cells.values()}
    if cells:
        columns, rows = zip(*cells, strict=True)
        marks = [markers[sign] for sign, _ in cells.values()]
        plot.draw(plot.signal(list(columns), list(rows), marker=marks))
    return str(plot.build().string(colorless=True)).split("\n")[: size[1]]


def _plotext() -> Any:
    """plotext, without the manual that it would write at its import: three quarters of 130 ms."""
    if "plotext" not in sys.modules:
        manual: Any = ModuleType(_MANUAL)
        manual.docs = None
        sys.modules.setdefault(_MANUAL, manual)
    import plotext  # noqa: PLC0415 - not every screen shows a plot

    return plotext
