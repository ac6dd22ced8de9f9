"""What a plot shows, cell by cell, and plotext's frame with ticks around it; no widget here."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple, get_args

from rich.text import Text

from autoexp_tui.summary.series import (
    Cloud,
    Point,
    Scale,
    Series,
    best_so_far,
    nice_ticks,
    robust_scale,
    roomy_end,
    steps,
    tick_decimals,
)
from autoexp_tui.text.numbers import format_fixed, format_number
from autoexp_tui.ui.marks import MARKS

Role = Literal[
    "axis",
    "label",
    "baseline",
    "cursor",
    "discard",
    "crash",
    "step",
    "keep",
    "fresh",
    "beyond",
    "best",
]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
Line = list[tuple[str, Role | None]]
"""Characters and what they stand for."""

LEAST_WIDTH, LEAST_HEIGHT = 16, 4
"""Below this a sparkline says more than a plot."""
_X_AXIS_FROM = 7
"""Lines from which on the x axis is worth two of them."""
_LEAST_COLUMNS = 6
_ROOMY = 40
"""Columns from which on the y labels stand a little off."""
_BARS = "▁▂▃▄▅▆▇█"

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_STROKES = " │││─╯╮┤─╰╭├─┴┬┼"
"""Box-drawing characters by the arms they have."""


class Cell(NamedTuple):
    sign: str
    role: Role


class Place(NamedTuple):
    column: int
    """From the left."""
    row: int
    """From the bottom."""


class Tick(NamedTuple):
    at: int
    label: str


class Figure(NamedTuple):
    """A picture in cells, before its frame."""

    cells: dict[Place, Cell]
    x: list[Tick]
    """Empty: no x axis at all."""
    y: list[Tick]
    cursor: int | None = None
    """The highlighted column of the canvas."""


class Ruler:
    """Values to cells along one axis."""

    def __init__(self, low: float, high: float, cells: int, first: int = 0) -> None:
        self.low, self.high, self.cells, self.first = low, high, cells, first

    def at(self, value: float) -> int:
        """The cell of `value`; values beyond the ends land on them."""
        room = self.cells - 1 - self.first
        if self.high <= self.low:
            return self.first + room // 2
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.first + round(share * room)

    def ticks(self, most: int) -> list[Tick]:
        """At most `most` round labels; the ends when nothing round lies between them."""
        if self.high <= self.low:
            return [Tick(self.at(self.low), format_number(self.low))]
        tried = (nice_ticks(self.low, self.high, count) for count in range(most, most + 3))
        values = next((ticks for ticks in tried if len(ticks) > 1), [self.low, self.high])
        places = min(8, tick_decimals(values))
        by_cell = {self.at(value): format_fixed(value, places) for value in values}
        return [Tick(cell, label) for cell, label in by_cell.items()]


def over_time(
    series: Series,
    scale: Scale,
    size: tuple[int, int],
    *,
    baseline: float | None = None,
    cursor: int | None = None,
    fresh: int | None = None,
) -> Figure | None:
    """The experiments from left to right; None where `size` has no room for a plot."""
    width, height = size
    lines, x_axis = _canvas_height(height)
    crashed = any(p.value is None for p in series.points)
    up = Ruler(scale.low, scale.high, lines, first=1 if crashed and lines > 2 else 0)
    y = _padded(up.ticks(max(2, lines // 3)), roomy=width >= _ROOMY)
    columns = width - len(y[0].label) - 1
    if width < LEAST_WIDTH or height < LEAST_HEIGHT or columns < _LEAST_COLUMNS:
        return None
    across = Ruler(1, roomy_end(series.last), columns)
    now = across.at(series.last)

    cells: dict[Place, Cell] = {}
    if baseline is not None:
        cells |= {Place(c, up.at(baseline)): Cell("┄", "baseline") for c in range(columns)}
    best = best_so_far(series.points, series.metric.direction)
    if differs(series):
        cells |= _dashes([Place(across.at(p.n), up.at(_value(p))) for p in best], now)
    for p in series.points:
        place, cell = _mark(p, across, up, scale)
        cells[place] = cell
    kept = [Place(across.at(p.n), up.at(_value(p))) for p in steps(series.points)]
    if kept:
        corners = [kept[0]]
        for place in kept[1:]:
            corners += [Place(place.column, corners[-1].row), place]
        corners.append(Place(now, corners[-1].row))
        cells |= _stroke(corners)
        # Where the checks would hide the line that they sit on, the line alone says it better.
        marked = kept if 3 * len({p.column for p in kept}) <= 2 * columns else kept[-1:]
        cells |= dict.fromkeys(marked, Cell(MARKS["keep"].sign, "keep"))
        if series.kept is not None and series.kept.n == fresh:
            cells[kept[-1]] = Cell(MARKS["keep"].sign, "fresh")
    column = None if cursor is None or not 1 <= cursor <= series.last else across.at(cursor)
    return Figure(cells, _experiment_ticks(across) if x_axis else [], y, column)


def differs(series: Series) -> bool:
    """Whether something better than what was kept was not kept: then there are two lines."""
    kept = [p.value for p in steps(series.points)]
    return [p.value for p in best_so_far(series.points, series.metric.direction)] != kept


def _dashes(corners: Sequence[Place], end: int) -> dict[Place, Cell]:
    """A dashed step line through `corners`, on to the column `end`."""
    cells: dict[Place, Cell] = {}
    for place, after in itertools.pairwise([*corners, Place(end, corners[-1].row)]):
        cells |= {Place(c, place.row): Cell("╌", "best") for c in range(place.column, after.column)}
        low, high = sorted((place.row, after.row))
        cells |= {Place(after.column, row): Cell("╎", "best") for row in range(low, high + 1)}
    return cells


def front(cloud: Cloud, size: tuple[int, int], *, cursor: int | None = None) -> Figure | None:
    """The first metric across, the second up, and the front; None where there is no room."""
    width, height = size
    lines, x_axis = _canvas_height(height)
    xs, ys = [p.x for p in cloud.pairs], [p.y for p in cloud.pairs]
    if not xs:
        return None
    right = robust_scale(xs, xs, [p.x for p in cloud.front])
    high = robust_scale(ys, ys, [p.y for p in cloud.front])
    up = Ruler(high.low, high.high, lines)
    y = _padded(up.ticks(max(2, lines // 3)), roomy=width >= _ROOMY)
    columns = width - len(y[0].label) - 1
    if not x_axis or width < LEAST_WIDTH or columns < _LEAST_COLUMNS:
        return None
    across = Ruler(right.low, right.high, columns)

    cells: dict[Place, Cell] = {}
    for p in sorted(cloud.pairs, key=lambda p: p.status == "keep"):
        place = Place(across.at(p.x), up.at(p.y))
        outside = _outside(p.y, high, "▼▲") or _outside(p.x, right, "◀▶")
        mark = MARKS[p.status]
        cells[place] = Cell(outside, "beyond") if outside else Cell(mark.sign, _role(p.status))
    places = [Place(across.at(p.x), up.at(p.y)) for p in cloud.front]
    corners = places[:1]
    for before, place in pairwise(places):
        lower = cloud.metrics[0].direction == "lower"
        turn = Place(place.column, before.row) if lower else Place(before.column, place.row)
        corners += [turn, place]
    cells |= _stroke(corners)
    cells |= dict.fromkeys(places, Cell("●", "keep"))
    chosen = next((p for p in cloud.pairs if p.n == cursor), None)
    column = None if chosen is None else across.at(chosen.x)
    return Figure(cells, _spread(across.ticks(max(2, columns // 12)), columns), y, column)


def sparkline(series: Series, width: int, best: float | None) -> Line:
    """The `best` figure, and how it came about as far as there is room."""
    number = format_number(best)[:width]
    kept = steps(series.points)
    columns = min(width - len(number) - 1, max(series.last, 1))
    line: Line = [(sign, "keep") for sign in number]
    if columns < 3 or not kept:
        return line
    values = [_value(p) for p in kept]
    height = Ruler(min(values), max(values), len(_BARS))
    line.append((" ", None))
    at = 0
    for column in range(columns):
        n = 1 + column * (series.last - 1) / (columns - 1)
        while at + 1 < len(kept) and kept[at + 1].n <= n:
            at += 1
        line.append((_BARS[height.at(values[at])], "step"))
    return line


def framed(figure: Figure, size: tuple[int, int]) -> list[Line]:
    """`figure` with its axes and labels, drawn by plotext: `size` characters and lines."""
    import plotext  # noqa: PLC0415 - 130 ms, and not every screen shows a plot

    width, height = size
    pixels = {role: plotext.pixel(foreground=1 + k) for k, role in enumerate(ROLES)}
    # A figure of its own: the module's is one for the whole process, and as wide as the terminal.
    terminal = type(plotext.terminal)().limit(False, False)
    plot = type(plotext.figure)(parent=terminal)
    plot.theme("colorless").canvas("default").plot_size(width, height)
    plot.axes(False)
    plot.axes(True, axis="y", side="left", style="rounded", pixel=pixels["axis"])
    if figure.x:
        plot.axes(True, axis="x", side="lower", style="rounded", pixel=pixels["axis"])
    columns = width - len(figure.y[0].label) - 1
    for axis, side, ticks, end in (
        ("x", "lower", figure.x, columns - 1),
        ("y", "left", figure.y, _canvas_height(height)[0] - 1),
    ):
        ruler = plot.ruler(axis, side).lim(0, end).pixel(pixels["label"])
        ruler.ticks([tick.at for tick in ticks], [tick.label for tick in ticks])
    markers = {
        cell: plotext.marker(cell.sign, pixel=pixels[cell.role])
        for cell in set(figure.cells.values())
    }
    if figure.cells:
        places = list(figure.cells)
        plot.draw(
            plot.signal(
                [place.column for place in places],
                [place.row for place in places],
                marker=[markers[figure.cells[place]] for place in places],
            )
        )
    picture = Text.from_ansi(plot.build().string())
    return [_cells(line) for line in picture.split("\n")[:height]]


def _cells(line: Text) -> Line:
    """A line of plotext's, its colour numbers turned back into roles."""
    roles: list[Role | None] = [None] * len(line.plain)
    for start, end, style in line.spans:
        number = style.color.number if not isinstance(style, str) and style.color else None
        if number is not None and 1 <= number <= len(ROLES):
            roles[start:end] = [ROLES[number - 1]] * (end - start)
    return list(zip(line.plain, roles, strict=True))


def _canvas_height(height: int) -> tuple[int, bool]:
    """Lines left for the canvas, and whether there is an x axis below it."""
    return (height - 2, True) if height >= _X_AXIS_FROM else (height, False)


def _mark(p: Point, across: Ruler, up: Ruler, scale: Scale) -> tuple[Place, Cell]:
    column = across.at(p.n)
    if p.value is None:
        return Place(column, 0), Cell(MARKS["crash"].sign, "crash")
    outside = _outside(p.value, scale, "▼▲")
    cell = Cell(outside, "beyond") if outside else Cell(MARKS[p.status].sign, _role(p.status))
    return Place(column, up.at(p.value)), cell


def _role(status: str) -> Role:
    return "keep" if status == "keep" else "crash" if status == "crash" else "discard"


def _outside(value: float, scale: Scale, signs: str) -> str:
    return signs[0] if value < scale.low else signs[1] if value > scale.high else ""


def _value(p: Point) -> float:
    return 0.0 if p.value is None else p.value


def _stroke(corners: Sequence[Place]) -> dict[Place, Cell]:
    """A line through `corners`, each beside or above the one before, with rounded turns."""
    arms: dict[Place, int] = {}
    for a, b in pairwise(corners):
        forth, back = (
            (_RIGHT, _LEFT)
            if b.column > a.column
            else (_LEFT, _RIGHT)
            if b.column < a.column
            else (_UP, _DOWN)
            if b.row > a.row
            else (_DOWN, _UP)
        )
        way = list(_between(a, b))
        for here, there in pairwise(way):
            arms[here] = arms.get(here, 0) | forth
            arms[there] = arms.get(there, 0) | back
    return {place: Cell(_STROKES[arm], "step") for place, arm in arms.items()}


def _between(a: Place, b: Place) -> Iterable[Place]:
    right = 1 if b.column >= a.column else -1
    up = 1 if b.row >= a.row else -1
    for column in range(a.column, b.column + right, right):
        for row in range(a.row, b.row + up, up):
            yield Place(column, row)


def _padded(ticks: list[Tick], *, roomy: bool) -> list[Tick]:
    """Labels of one width, right-aligned: their points line up."""
    width = max(len(tick.label) for tick in ticks)
    air = " " if roomy else ""
    return [Tick(tick.at, f"{air}{tick.label:>{width}}{air}") for tick in ticks]


def _experiment_ticks(across: Ruler) -> list[Tick]:
    ticks = nice_ticks(0, across.high, max(2, across.cells // 10))
    whole = sorted({1, *(round(t) for t in ticks if t >= 1 and abs(t - round(t)) < 1e-6)})
    return _spread([Tick(across.at(n), _count(n)) for n in whole], across.cells)


def _count(n: int) -> str:
    return f"{n // 1000}k" if n >= 10_000 and n % 1000 == 0 else str(n)


def _spread(ticks: list[Tick], columns: int) -> list[Tick]:
    """Those of the ticks whose labels, centred below them, neither touch nor run over."""
    fitting: list[Tick] = []
    taken = -2
    for tick in ticks:
        start = tick.at - len(tick.label) // 2
        start = min(max(start, 0), columns - len(tick.label))
        if start > taken + 1 or not fitting:
            fitting.append(tick)
            taken = start + len(tick.label)
    return fitting
