"""What a plot shows, for every painter alike: axes, lines, marks; no cells, pixels or colours.

`over_time` and `front` make a `Picture` of a run; `report/textplot.py` paints it in characters (the
screen colours those) and `report/svg.py` as a drawing. Values stay values here: a painter asks an
axis where a value lies on it, and for as many ticks as it has room for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from autoexp_tui.summary.series import Cloud, Pair, Point, Scale, Series, bucket, robust_scale
from autoexp_tui.text.numbers import format_fixed, format_number

_WIDE = 5.0
"""Steps that span more than this factor are drawn in proportion."""
_TINY = 1e-290

MarkKind = Literal[
    "keep", "aside", "fresh", "discard", "crash", "record", "measured", "front"
]  # fmt: skip
"""`aside` was kept and is not on the line; `fresh` is on it, and new. Nobody has judged `record`,
which is on it, and `measured`, which is not.
"""


class Tick(NamedTuple):
    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`; values beyond lie on its ends."""

    low: float
    high: float
    log: bool = False
    """Drawn in proportion; all of it is positive then."""
    counts: bool = False
    """Counts experiments: whole ticks, the first is 1."""
    fixed: tuple[Tick, ...] = ()
    """The only ticks, where the painter shall not choose."""

    @classmethod
    def fitting(cls, low: float, high: float, steps: Sequence[float]) -> Axis:
        """An axis on which all of `steps` can be seen.

        They are what the picture is about: gains that come late are small beside the first, and on
        a linear axis could not be told from none.
        """
        least = min(steps, default=0.0)
        return cls(low, high, log=low > 0 and least > 0 and max(steps) / least > _WIDE)

    def share(self, value: float) -> float:
        """Where `value` is, from 0 (`low`) to 1 (`high`)."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log10(low), math.log10(high), math.log10(max(value, low))
        # Halved, so that the span of the largest numbers there are doesn't overflow.
        half = high / 2 - low / 2
        return min(1.0, max(0.0, (value / 2 - low / 2) / half)) if half > 0 else 0.5

    def beyond(self, value: float) -> int:
        """-1 for a value below the axis, 1 for one above it, 0 for one on it."""
        return (value > self.high) - (value < self.low)

    def ticks(self, most: int) -> list[Tick]:
        """About `most` round values; the ends where nothing round lies between them."""
        if self.fixed:
            return list(self.fixed)
        if self.counts:
            first = math.ceil(self.low)
            round_ones = (t for t in nice_ticks(0, self.high, most) if t >= first and t == int(t))
            whole = {first, *(int(t) for t in round_ones)}
            return [
                Tick(n, f"{n // 1000}k" if n >= 10_000 and n % 1000 == 0 else str(n))
                for n in sorted(whole)
            ]
        if self.low >= self.high:
            return [Tick(self.low, format_number(self.low))]
        if self.log:
            values = self._round_in_proportion(most)
        else:
            tried = (nice_ticks(self.low, self.high, count) for count in range(most, most + 3))
            values = next((ticks for ticks in tried if len(ticks) > 1), [])
        if len(values) < 2:
            values = [self.low, self.high]
        places = tick_decimals(values)
        if self.log and places > 2:  # as many on 1000 as on 0.001 would only be noise
            return [Tick(value, format_number(value)) for value in values]
        return [Tick(value, format_fixed(value, places)) for value in values]

    def _round_in_proportion(self, most: int) -> list[float]:
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        inside: list[float] = []
        for digits in ((1, 2, 5), (1, 3), (1,)):
            ticks = [float(f"{digit}e{power}") for power in powers for digit in digits]
            inside = [tick for tick in ticks if self.low <= tick <= self.high]
            if len(inside) <= most:
                break
        return inside[:: math.ceil(len(inside) / most)] if inside else []


class PlotMark(NamedTuple):
    """One experiment."""

    n: int
    x: float
    y: float | None
    """None: nothing was measured; it lies on a strip below the lowest value."""
    kind: str
    """A `MarkKind`, or a letter that names a curve."""
    low: float | None = None
    """With `high`: how sure `y` is; None where nothing is known of that."""
    high: float | None = None


class StepLine(NamedTuple):
    """A step line: each value holds up to the next point's x."""

    points: tuple[tuple[float, float], ...]
    end: float | None
    """Up to which x the last value holds; None: it ends there."""
    kind: str
    """`step` (the running best of what was kept), `best` (of everything), `front`,
    `holdout`, `origin` (of a keep that wasn't made from the best), or a letter."""
    stroke: int = 0
    """Lines of one picture differ in this: they are told apart without colour."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot. Of lines and marks, the later ones lie on top."""

    x: Axis
    y: Axis
    lines: tuple[StepLine, ...] = ()
    marks: tuple[PlotMark, ...] = ()
    baseline: float | None = None
    """A level that is drawn all the way."""
    cursor: float | None = None
    """An x that is highlighted."""
    least: float | None = None
    """The lowest value there is, where it lies below the axis."""
    most: float | None = None
    """The highest value there is, where it lies above the axis."""

    @property
    def has_crashes(self) -> bool:
        return any(mark.y is None for mark in self.marks)

    def has_line(self, kind: str) -> bool:
        return any(line.kind == kind for line in self.lines)


PlotScale = Literal["auto", "log", "linear", "kept"]
"""`auto`: in proportion where the steps would not be seen otherwise. `kept`: what was kept, from
the first gain on; what lies beyond is cut off.
"""
Across = Literal["experiments", "hours", "dollars"]


def over_time(
    series: Series,
    *,
    how: PlotScale = "auto",
    across: Across = "experiments",
    cursor: int | None = None,
    fresh: int | None = None,
    end: int | None = None,
    crowded: int | None = None,
) -> Picture | None:
    """The experiments from left to right; None while nothing was measured.

    `fresh` and `cursor` are experiments. The axis ends where the `end`th has finished, or a little
    after the last one. More points than `crowded` are thinned.
    """
    scale = series.scale()
    if scale is None:
        return None
    points = series.points
    corners = running_best(series, points)
    zoomed = how == "kept" and len(corners) > 1
    if zoomed:
        points = [p for p in points if p.at >= corners[1].at]
        corners = corners[1:]
        scale = _zoomed(scale, points)
    if crowded is not None and len(points) > crowded:
        points = bucket(points, crowded // 3)
        corners = running_best(series, points)
    on = {p.n for p in corners}
    levels = [p.value for p in corners if p.value is not None]
    last = _x(points[-1], across)
    lines = [StepLine(_places(corners, across), last, "step")] if corners else []
    # What was better and not kept has a line of its own, below.
    if any(p.is_best and p.status != "keep" for p in points):
        best = [p for p in points if p.is_best]
        lines.insert(0, StepLine(_places(best, across), last, "best", stroke=3))
    shown = {p.n for p in points}
    origins = [pair for pair in series.origins if pair[0].n in shown or not zoomed]
    lines[:0] = [StepLine(_places(pair, across), None, "origin", stroke=1) for pair in origins]
    low, high = scale.low, scale.high
    held = [p for p in series.holdout if p.n in shown or not zoomed]
    if held:
        lines.insert(0, StepLine(_places(held, across), last, "holdout", stroke=2))
        values, span = [p.value for p in held if p.value is not None], high - low
        # Beside the metric, which a figure in another unit must not press flat.
        low, high = max(min(low, *values), low - span), min(max(high, *values), high + span)
    return Picture(
        x=_across(points, across, series, end=end, zoomed=zoomed),
        y=Axis(low, high, log=how == "log" and low > 0)
        if how in {"log", "linear"}
        else Axis.fitting(low, high, levels),
        lines=tuple(lines),
        marks=tuple(
            PlotMark(p.n, _x(p, across), p.value, _kind(p, on, fresh), *_bounds(p))
            for p in sorted(points, key=lambda p: p.n in on)
            if p.value is not None or p.status == "crash"
        ),
        baseline=None if zoomed or series.baseline is None else series.baseline.value,
        cursor=next((_x(p, across) for p in points if p.n == cursor), None),
        least=scale.least if scale.least < scale.low else None,
        most=scale.most if scale.most > scale.high else None,
    )


def _x(p: Point, across: Across) -> float:
    match across:
        case "experiments":
            return p.at
        case "hours":
            return p.elapsed / 3600
        case "dollars":
            return p.spent


def _across(
    points: Sequence[Point], across: Across, series: Series, *, end: int | None, zoomed: bool
) -> Axis:
    first, last = _x(points[0], across), _x(points[-1], across)
    if across == "experiments":
        start = first if zoomed else 1
        return Axis(start, end or (last if zoomed else roomy_end(series.last)), counts=True)
    return Axis(first if zoomed else 0.0, last if last > 0 else 1.0)


def _zoomed(scale: Scale, points: Sequence[Point]) -> Scale:
    """The range of what was kept, a little wider; the rest lies beyond."""
    kept = [
        bound
        for p in points
        if p.status == "keep" and p.value is not None
        for bound in (p.value - p.margin, p.value, p.value + p.margin)
    ]
    lowest, highest = min(kept), max(kept)
    room = (highest - lowest) / 10
    low, high = max(scale.least, lowest - room), min(scale.most, highest + room)
    return scale._replace(low=low, high=high)


def running_best(series: Series, points: Sequence[Point]) -> list[Point]:
    """The kept points that were better than all kept before; all where nothing is judged."""
    corners: list[Point] = []
    for p in points:
        if p.status == "keep" and p.value is not None:
            top = corners[-1].value if corners and series.is_judged else None
            if top is None or series.objective.gain_of_figures(p.value, top).better:
                corners.append(p)
    return corners


def front(cloud: Cloud, *, cursor: int | None = None) -> Picture | None:
    """The first metric across, the second up, and the front; None while nothing was measured."""
    xs, ys = [p.x for p in cloud.pairs], [p.y for p in cloud.pairs]
    if not xs:
        return None
    right = robust_scale(xs, xs, [p.x for p in cloud.front])
    high = robust_scale(ys, ys, [p.y for p in cloud.front])
    tried = sorted(cloud.pairs, key=lambda p: p.status == "keep")
    marks = [PlotMark(p.n, p.x, p.y, _kind_in_front(p)) for p in tried]
    marks += [PlotMark(p.n, p.x, p.y, "front") for p in cloud.front]
    places = tuple((p.x, p.y) for p in cloud.front)
    return Picture(
        x=Axis(right.low, right.high),
        y=Axis(high.low, high.high),
        lines=(StepLine(places, None, "front"),) if places else (),
        marks=tuple(marks),
        cursor=next((p.x for p in cloud.pairs if p.n == cursor), None),
    )


def _kind_in_front(p: Pair) -> str:
    if not p.is_judged:
        return "measured"
    return "aside" if p.status == "keep" else p.status


def _kind(p: Point, on: set[int], fresh: int | None) -> str:
    if not p.is_judged and p.status != "crash":
        return "record" if p.n in on else "measured"
    if p.status != "keep":
        return p.status
    return "aside" if p.n not in on else "fresh" if p.n == fresh else "keep"


def _bounds(p: Point) -> tuple[float, float] | tuple[()]:
    """How sure the value is; nothing where that isn't known."""
    return (p.value - p.margin, p.value + p.margin) if p.value is not None and p.margin else ()


def _places(
    points: Sequence[Point], across: Across = "experiments"
) -> tuple[tuple[float, float], ...]:
    return tuple((_x(p, across), p.value) for p in points if p.value is not None)


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` round values from `low` to `high`, evenly spaced; one when they are equal."""
    if most < 1 or not (math.isfinite(low) and math.isfinite(high)):
        return []
    if high - low <= max(_TINY, 1e-15 * max(abs(low), abs(high))):
        return [low]
    for step in _nice_steps((high - low) / most):
        first = math.ceil(low / step - 1e-9)
        last = math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [k * step for k in range(first, last + 1)]
    return []


def _nice_steps(least: float) -> list[float]:
    """Round steps from `least` up, to one that is certainly wide enough."""
    power = 10.0 ** math.floor(math.log10(least))
    steps = [m * power for m in (1, 2, 2.5, 5, 10, 20, 25, 50)]
    return [step for step in steps if step >= least * (1 - 1e-9)]


def roomy_end(last: int) -> int:
    """Where the experiment axis ends: a little past `last`, so that it seldom has to move."""
    if last <= 10:
        return 10
    power: int = 10 ** (len(str(last)) - 1)
    ends = [math.ceil(m * power) for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)]
    return next(end for end in ends if end >= last)


def tick_decimals(ticks: Sequence[float]) -> int:
    """The fewest decimals, up to 8, that write every tick to a thousandth of their distance."""
    gaps = [b - a for a, b in pairwise(ticks)] or [abs(tick) for tick in ticks]
    slack = min(gaps, default=0.0) / 1000
    return next((p for p in range(8) if all(abs(round(t, p) - t) <= slack for t in ticks)), 8)
