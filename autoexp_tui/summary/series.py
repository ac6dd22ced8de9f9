"""A run as points to draw: bounded however long the run, extremes never lost.

`Series` is one figure over the experiments, `Cloud` two metrics against each other. Both are
extended with what is new and thinned when they grow, so a redraw costs the same at any length.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from autoexp_tui.model.contract import Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.measurement import Measurement
from autoexp_tui.model.objective import Objective, arrow, cost
from autoexp_tui.model.state import Row
from autoexp_tui.text.numbers import apart

_HELD = 8192
"""Points held before they are thinned."""
_BUCKETS = 512
"""Stretches they are thinned to: more than a terminal has columns."""
_GRID = 48
"""Cells along each axis that a cloud is thinned to: with two verdicts, about half of `_HELD`."""
_SAMPLE = 2048
_HUGE = 1e300
_FENCE = 1.5
"""Tukey's: beyond this many interquartile ranges from the quartiles lies an outlier."""


class Point(NamedTuple):
    """One experiment on the plot."""

    n: int
    value: float | None
    """None for a crash: nothing was measured."""
    status: Status
    is_best: bool = False
    """Whether the objective prefers it to all before it, kept or not."""
    margin: float = 0.0
    """How far either way the value may be off, as far as a test has told."""
    elapsed: float = 0.0
    """Seconds on the run's clock when it was decided."""
    spent: float = 0.0
    """What the run had cost by then, in dollars."""
    is_judged: bool = True
    """Whether somebody has given a verdict on it."""
    place: int = 0
    """Which one it was to finish, where that is another number than its own; else 0."""

    @property
    def at(self) -> int:
        """Which one it was to finish: 1 for the first."""
        return self.place or self.n


_VALUE, _AT = attrgetter("value"), attrgetter("at")


class Scale(NamedTuple):
    """What a plot's value axis spans, and which values lie beyond it."""

    low: float
    high: float
    least: float
    """The lowest value there is; below `low` when some are clipped."""
    most: float


def _drawable(value: float | None) -> float | None:
    """`value` if it is finite, cut so that no difference of two values overflows."""
    if value is None or -_HUGE < value < _HUGE:
        return value
    return math.copysign(_HUGE, value) if math.isfinite(value) else None


def bucket(points: Sequence[Point], width: int) -> list[Point]:
    """At most nine of each of `width` equal stretches of `points`, in order.

    Per stretch these stay: the lowest and highest of the kept and of the discarded, the first
    and last kept and the first and last best (step lines pass through them), and one crash.
    """
    if width < 1:
        return []
    if len(points) <= width:
        return list(points)
    first, span = points[0].at, points[-1].at - points[0].at + 1
    thinned: list[Point] = []
    start = 0
    for stretch in range(width):
        bound = first + (stretch + 1) * span / width
        end = start
        while end < len(points) and points[end].at < bound:
            end += 1
        thinned += _extremes(points[start:end])
        start = end
    return thinned


def _extremes(points: Sequence[Point]) -> list[Point]:
    if len(points) <= 2:
        return list(points)
    best = [p for p in points if p.is_best]
    chosen = {*best[:1], *best[-1:]}
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
    return sorted(chosen, key=_AT)


def _place(row: Row, at: int) -> int:
    """What `Point.place` is of the row that finished as number `at`."""
    return 0 if row.n == at else at


class Series:
    """One figure over the experiments of a run, as few points as a drawing needs."""

    def __init__(self, objective: Objective, metric: Metric | None = None) -> None:
        """Of the objective's figure, or of `metric`, by which then nothing is judged."""
        self.objective = objective
        self.metric = None if objective.is_metric and metric == objective.metrics[0] else metric
        self.is_judged = self.metric is None and objective.directed
        self._is_tested = self.is_judged and objective.decide.rule != "pareto"
        self.points: list[Point] = []
        """In finishing order; all of them in a short run, but what was lost."""
        self.last: int = 0
        """How many have finished."""
        self.baseline: Point | None = None
        """The first that was measured."""
        self.kept: Point | None = None
        """The latest kept point."""
        self.places = 0
        """Decimals that tell what was kept from what was kept before, where five digits don't."""
        self.holdout: list[Point] = []
        """Of what was kept: the figure that is never judged."""
        self.origins: list[tuple[Point, Point]] = []
        """What was kept and made from elsewhere than the best, after what it was made from."""
        self._figure = metric or objective.as_metric()
        self._name = self._figure.name if metric or objective.is_metric else ""
        self._records: list[tuple[int, Row]] = []
        """The rows that the objective preferred to all before them, and which they finished as."""
        self._least = math.inf
        """The figure of the last record, as a cost."""
        self._sample: list[float] = []
        self._spent = 0.0
        self._stride = 1
        self._measured = 0

    @property
    def title(self) -> str:
        """What is drawn and which way is better: `val_loss ↓`; without an arrow if unknown."""
        name = self.objective.title if self.metric is None else self.metric.name
        shown = arrow(self._figure) if self.objective.directed else ""
        return f"{name} {shown}".rstrip()

    def value(self, row: Row) -> float | None:
        """What is drawn of `row`; None where nothing finite was measured."""
        if row.status == "crash":
            return None
        if self._name:  # the usual case, worth a fifth of the time that a long table takes
            return _drawable(row.metrics.get(self._name))
        return _drawable(self.objective.figure(row.metrics))

    def extend(self, rows: Iterable[Row]) -> None:
        """Take in what is new; amortised constant cost per row."""
        for row in rows:
            value = self.value(row)
            self._spent += row.cost_usd
            self.last += 1
            if row.is_lost:
                continue  # nothing is known of it, not even that it fails
            new = Point(row.n, value, row.status, False, 0.0, row.elapsed, self._spent,
                        row.is_judged, _place(row, self.last))  # fmt: skip
            if row.evidence is not None and self._is_tested and row.status == "keep":
                new = new._replace(margin=row.evidence.high - row.evidence.effect)
            if row.holdout is not None and self.is_judged and self._name:
                self.holdout.append(new._replace(value=row.holdout))
            if value is not None:
                self.baseline = self.baseline or new
                if self.is_judged and cost(self._figure, value) < self._least:
                    new = self._recorded(row, new)
                if new.status == "keep":
                    if self.kept is not None:
                        self.places = max(self.places, apart(self.kept.value, value))
                    self.kept = new
                    if row.aside and (origin := self._point(row.made_from)):
                        self.origins.append((origin, new))
                self._sampled(value)
            self.points.append(new)
            if len(self.points) > _HELD:
                self.points = bucket(self.points, _BUCKETS)

    def _sampled(self, value: float) -> None:
        """Remember it among those that tell what is an outlier, or not: every so many."""
        if self._measured % self._stride == 0:
            self._sample.append(value)
        self._measured += 1
        if len(self._sample) > _SAMPLE:
            del self._sample[1::2]
            self._stride *= 2

    def _point(self, n: int) -> Point | None:
        """Experiment `n` as it is drawn; None where it was thinned out."""
        return next((p for p in reversed(self.points) if p.n == n), None)

    def _recorded(self, row: Row, new: Point) -> Point:
        """`new` as a best one, if the whole rule says so and not its figure alone."""
        if self._records:
            old = self._records[-1][1].metrics
            first = self.objective.baseline or old
            measured = map(Measurement.of, (row.metrics, old, first))
            if not self.objective.judge(*measured).keep:
                return new
        self._records.append((new.at, row))
        self._least = cost(self._figure, new.value or 0.0)
        return new._replace(is_best=True)

    def cut(self, rows: Sequence[Row]) -> None:
        """Go back to `rows`: the first ones of those taken in.

        Of a thinned series stays what was there; outliers are told by all that was seen.
        """
        self.last = len(rows)
        self.holdout = [point for point in self.holdout if point.at <= self.last]
        self._spent = sum(row.cost_usd for row in rows)
        self.origins = [pair for pair in self.origins if pair[1].at <= self.last]
        if self.baseline and self.baseline.at > self.last:
            self.baseline = None
        del self.points[bisect_right(self.points, self.last, key=_AT) :]
        while self._records and self._records[-1][0] > self.last:
            self._records.pop()
        top = self.value(self._records[-1][1]) if self._records else None
        self._least = math.inf if top is None else cost(self._figure, top)
        kept = (
            (place, row) for place, row in zip(range(len(rows), 0, -1), reversed(rows), strict=True)
            if row.status == "keep" and self.value(row) is not None
        )  # fmt: skip
        found = next(kept, None)
        records = {place for place, _ in self._records}
        self.kept = found and Point(
            found[1].n,
            self.value(found[1]),
            "keep",
            found[0] in records,
            place=_place(found[1], found[0]),
        )

    def scale(self) -> Scale | None:
        """A range that shows the baseline and every kept value, but clips outliers.

        None while nothing was measured.
        """
        values = [p.value for p in self.points if p.value is not None]
        if not values:
            return None
        kept = [
            bound
            for p in self.points
            if p.value is not None and p.status == "keep"
            for bound in (p.value - p.margin, p.value + p.margin)
        ]
        first = self.baseline.value if self.baseline else None
        return robust_scale(values, self._sample, kept if first is None else [*kept, first])


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


class Pair(NamedTuple):
    """One experiment's two metrics."""

    n: int
    x: float
    y: float
    status: Status
    is_judged: bool = True
    place: int = 0
    """As of a `Point`."""

    @property
    def at(self) -> int:
        """Which one it was to finish: 1 for the first."""
        return self.place or self.n


class Cloud:
    """Two metrics against each other, and which experiments no other one dominates."""

    def __init__(self, objective: Objective) -> None:
        """Of the objective's first two metrics."""
        self.objective = objective
        self.pairs: list[Pair] = []
        self.front: list[Pair] = []
        """Not dominated, best `x` first; of equal pairs the earliest. Empty without a direction."""
        self._seen = 0
        self._costs: list[tuple[float, float]] = []
        """Of the front: the first ascending, so the second descending."""

    @property
    def titles(self) -> tuple[str, str]:
        """Of both axes."""
        x, y = (Series(self.objective, metric).title for metric in self.objective.metrics[:2])
        return x, y

    def extend(self, rows: Iterable[Row]) -> None:
        """Take in what is new; crashes have no place here."""
        x, y = (metric.name for metric in self.objective.metrics[:2])
        for row in rows:
            self._seen += 1
            across, up = _drawable(row.metrics.get(x)), _drawable(row.metrics.get(y))
            if row.status == "crash" or across is None or up is None:
                continue
            pair = Pair(row.n, across, up, row.status, row.is_judged, _place(row, self._seen))
            self.pairs.append(pair)
            self._advance(pair)
            if len(self.pairs) > _HELD + len(self.front):
                self.pairs = self._thinned()

    def cut(self, last: int) -> None:
        """Go back to the first `last` to finish; of a thinned cloud stays what was there."""
        self.pairs = [pair for pair in self.pairs if pair.at <= last]
        self._costs, self.front, self._seen = [], [], last
        for pair in self.pairs:
            self._advance(pair)

    def _advance(self, new: Pair) -> None:
        if not self.objective.directed:
            return
        x, y = self.objective.metrics[:2]
        costs = cost(x, new.x), cost(y, new.y)
        place = bisect_left(self._costs, costs)
        beaten = self._costs[place : place + 1] == [costs]
        if beaten or (place and self._costs[place - 1][1] <= costs[1]):
            return
        end = place
        while end < len(self._costs) and self._costs[end][1] >= costs[1]:
            end += 1
        self._costs[place:end] = [costs]
        self.front[place:end] = [new]

    def _thinned(self) -> list[Pair]:
        """One pair per cell of a fine grid, and the whole front."""
        column = _binning([p.x for p in self.pairs], _GRID)
        line = _binning([p.y for p in self.pairs], _GRID)
        cells = {(column(p.x), line(p.y), p.status): p for p in self.pairs}
        return sorted({*cells.values(), *self.front}, key=_AT)


def _binning(values: Sequence[float], bins: int) -> Callable[[float], int]:
    low, span = min(values), (max(values) - min(values)) or 1.0
    return lambda value: int((value - low) / span * (bins - 1))
