"""A run as points to draw: bounded however long the run, extremes never lost.

`Series` is one metric over the experiments, `Cloud` two metrics against each other. Both are
extended with what is new and thinned when they grow, so a redraw costs the same at any length.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from autoexp_tui.model.contract import Direction, Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.state import Row

_HELD = 8192
"""Points held before they are thinned."""
_BUCKETS = 512
"""Stretches they are thinned to: more than a terminal has columns."""
_GRID = 48
"""Cells along each axis that a cloud is thinned to: with two verdicts, about half of `_HELD`."""
_SAMPLE = 2048
_HUGE, _TINY = 1e300, 1e-290
_FENCE = 1.5
"""Tukey's: beyond this many interquartile ranges from the quartiles lies an outlier."""


class Point(NamedTuple):
    """One experiment on the plot."""

    n: int
    value: float | None
    """None for a crash: nothing was measured."""
    status: Status


_VALUE = attrgetter("value")


class Scale(NamedTuple):
    """What a plot's value axis spans, and which values lie beyond it."""

    low: float
    high: float
    least: float
    """The lowest value there is; below `low` when some are clipped."""
    most: float

    @property
    def clips_below(self) -> bool:
        return self.least < self.low

    @property
    def clips_above(self) -> bool:
        return self.most > self.high


def point(row: Row, metric: Metric) -> Point:
    """`row` as a point of `metric`; without a finite value it has no height."""
    value = row.metrics.get(metric.name)
    if row.status == "crash" or value is None or not math.isfinite(value):
        return Point(row.n, None, row.status)
    if not -_HUGE < value < _HUGE:  # so that no difference of two values overflows
        value = math.copysign(_HUGE, value)
    return Point(row.n, value, row.status)


def bucket(points: Sequence[Point], width: int) -> list[Point]:
    """At most seven of each of `width` equal stretches of `points`, in order.

    Per stretch these stay: the lowest and highest of the kept and of the discarded, the first
    and last kept (the step line passes through them) and one crash.
    """
    if width < 1:
        return []
    if len(points) <= width:
        return list(points)
    first, span = points[0].n, points[-1].n - points[0].n + 1
    thinned: list[Point] = []
    start = 0
    for stretch in range(width):
        bound = first + (stretch + 1) * span / width
        end = start
        while end < len(points) and points[end].n < bound:
            end += 1
        thinned += _extremes(points[start:end])
        start = end
    return thinned


def _extremes(points: Sequence[Point]) -> list[Point]:
    if len(points) <= 2:
        return list(points)
    chosen: set[Point] = set()
    for status in ("keep", "discard"):
        measured = [p for p in points if p.status == status and p.value is not None]
        if measured:
            chosen.add(min(measured, key=_VALUE))
            chosen.add(max(measured, key=_VALUE))
            if status == "keep":
                chosen |= {measured[0], measured[-1]}
    crash = next((p for p in points if p.value is None), None)
    if crash is not None:
        chosen.add(crash)
    return sorted(chosen, key=lambda p: p.n)


class Series:
    """One metric over the experiments of a run, as few points as a drawing needs."""

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.points: list[Point] = []
        """By experiment number; all of them in a short run."""
        self.last: int = 0
        """The latest experiment's number."""
        self.kept: Point | None = None
        """The latest kept point."""
        self._sample: list[float] = []
        self._stride = 1
        self._measured = 0

    def extend(self, rows: Iterable[Row]) -> None:
        """Take in what is new; amortised constant cost per row."""
        for row in rows:
            new = point(row, self.metric)
            self.points.append(new)
            self.last = new.n
            if new.value is not None:
                if new.status == "keep":
                    self.kept = new
                if self._measured % self._stride == 0:
                    self._sample.append(new.value)
                self._measured += 1
            if len(self._sample) > _SAMPLE:
                del self._sample[1::2]
                self._stride *= 2
        if len(self.points) > _HELD:
            self.points = bucket(self.points, _BUCKETS)

    def cut(self, rows: Sequence[Row]) -> None:
        """Go back to `rows`: the first ones of those taken in.

        Of a thinned series stays what was there; outliers are told by all that was seen.
        """
        self.last = rows[-1].n if rows else 0
        del self.points[bisect_right(self.points, self.last, key=lambda p: p.n) :]
        points = (point(row, self.metric) for row in reversed(rows) if row.status == "keep")
        self.kept = next((p for p in points if p.value is not None), None)

    def scale(self, *also: float) -> Scale | None:
        """A range that shows every kept value and every value in `also`, but clips outliers.

        None while nothing was measured.
        """
        values = [p.value for p in self.points if p.value is not None]
        if not values:
            return None
        kept = [p.value for p in self.points if p.value is not None and p.status == "keep"]
        return robust_scale(values, self._sample, [*kept, *also])


def robust_scale(values: Sequence[float], sample: Sequence[float], shown: Sequence[float]) -> Scale:
    """The range of `values` without what `sample` shows to be outliers.

    What is in `shown` is always inside.
    """
    least, most = min([*values, *shown]), max([*values, *shown])
    low, high = least, most
    if len(sample) >= 4:
        ordered = sorted(sample)
        q1, q3 = ordered[len(ordered) // 4], ordered[(3 * len(ordered) - 1) // 4]
        # The kept values' own span counts too: a long flat stretch must not make them outliers.
        spread = _FENCE * max(q3 - q1, (max(shown) - min(shown)) / 2 if shown else 0.0)
        if spread > 0:
            low = max(least, min([q1 - spread, *shown]))
            high = min(most, max([q3 + spread, *shown]))
            # The fence is no value of ours: end the axis at the outermost one inside it.
            inside = [v for v in (*values, *shown) if low <= v <= high]
            low, high = min(inside, default=low), max(inside, default=high)
    return Scale(low, high, least, most)


def steps(points: Iterable[Point]) -> list[Point]:
    """The corners of the running best's step line: every kept, measured point."""
    return [p for p in points if p.status == "keep" and p.value is not None]


def best_so_far(points: Iterable[Point], direction: Direction) -> list[Point]:
    """Every measured point that was better than all before it, kept or not."""
    found: list[Point] = []
    for p in points:
        if p.value is None:
            continue
        best = found[-1].value if found else None
        if best is None or (p.value < best if direction == "lower" else p.value > best):
            found.append(p)
    return found


class Pair(NamedTuple):
    """One experiment's two metrics."""

    n: int
    x: float
    y: float
    status: Status


class Cloud:
    """Two metrics against each other, and which experiments no other one dominates."""

    def __init__(self, x: Metric, y: Metric) -> None:
        self.metrics = (x, y)
        self.pairs: list[Pair] = []
        self._signs = _sign(x.direction), _sign(y.direction)
        self._costs: list[tuple[float, float]] = []
        """Of the front, both to be minimised: the first ascending, so the second descending."""
        self._front: list[Pair] = []

    @property
    def front(self) -> list[Pair]:
        """Not dominated, by ascending `x`; of equal pairs the earliest."""
        return self._front if self._signs[0] > 0 else self._front[::-1]

    def extend(self, rows: Iterable[Row]) -> None:
        """Take in what is new; crashes have no place here."""
        x, y = self.metrics
        for row in rows:
            across, up = point(row, x).value, point(row, y).value
            if across is None or up is None:
                continue
            pair = Pair(row.n, across, up, row.status)
            self.pairs.append(pair)
            self._advance(pair)
            if len(self.pairs) > _HELD + len(self._front):
                self.pairs = self._thinned()

    def cut(self, last: int) -> None:
        """Go back to experiment `last`; of a thinned cloud stays what was there."""
        self.pairs = [pair for pair in self.pairs if pair.n <= last]
        self._costs, self._front = [], []
        for pair in self.pairs:
            self._advance(pair)

    def _advance(self, new: Pair) -> None:
        cost = (self._signs[0] * new.x, self._signs[1] * new.y)
        place = bisect_left(self._costs, cost)
        beaten = self._costs[place : place + 1] == [cost]
        if beaten or (place and self._costs[place - 1][1] <= cost[1]):
            return
        end = place
        while end < len(self._costs) and self._costs[end][1] >= cost[1]:
            end += 1
        self._costs[place:end] = [cost]
        self._front[place:end] = [new]

    def _thinned(self) -> list[Pair]:
        """One pair per cell of a fine grid, and the whole front."""
        column = _binning([p.x for p in self.pairs], _GRID)
        line = _binning([p.y for p in self.pairs], _GRID)
        cells = {(column(p.x), line(p.y), p.status): p for p in self.pairs}
        return sorted({*cells.values(), *self._front})


def _sign(direction: Direction) -> int:
    return 1 if direction == "lower" else -1


def _binning(values: Sequence[float], bins: int) -> Callable[[float], int]:
    low, span = min(values), (max(values) - min(values)) or 1.0
    return lambda value: int((value - low) / span * (bins - 1))


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
    """The decimals that tell neighbouring ticks apart exactly enough."""
    gaps = [abs(b - a) for a, b in pairwise(ticks)]
    step = min((gap for gap in gaps if gap > 0), default=abs(ticks[0]) / 1000 if ticks else 0.0)
    if step == 0:
        return 0
    if step < 1e-12:
        return 12
    places = max(0, -math.floor(math.log10(step)))
    digits = step * 10.0**places
    # 2.5, 0.25, …: one digit more.
    return places + (abs(digits - round(digits)) > 1e-6)
