"""What a run optimises, and the only code that knows which way is up.

`Objective` is made from the contract (or from what is known of another program's table) and answers
every question about better and worse: the loop asks it what to keep, and every viewer asks it what
to show. Nothing else compares by `direction`; `tests/border` scans for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeVar

from autoexp_tui.model.contract import Contract, Decide, Direction, Limit, Metric
from autoexp_tui.model.measurement import Measurement
from autoexp_tui.text.safe import Safe

_ARROW = "\N{RIGHTWARDS ARROW}"
_MINUS = "\N{MINUS SIGN}"
_TIMES = "\N{MULTIPLICATION SIGN}"
_DOT = "\N{MIDDLE DOT}"
_ARROWS: dict[str, str] = {"lower": "\N{DOWNWARDS ARROW}", "higher": "\N{UPWARDS ARROW}"}

_ONE_METRIC = Decide()

Word = Literal["better", "worse", "equal", "unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the candidate becomes the incumbent, and why, in words for a person."""

    keep: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Gain:
    """From an old figure to a new one."""

    value: float | None
    """How much better, in the figure's own unit; negative is worse; None is not known."""
    percent: float | None
    """The same in percent of the old figure's magnitude; None also where that is 0."""

    @property
    def word(self) -> Word:
        if self.value is None or math.isnan(self.value):
            return "unknown"
        return "better" if self.value > 0 else "worse" if self.value < 0 else "equal"

    @property
    def better(self) -> bool:
        return self.word == "better"


UNKNOWN = Gain(None, None)


class Measured(Protocol):
    """A row of a table, as far as it matters here."""

    @property
    def status(self) -> str: ...

    @property
    def metrics(self) -> Mapping[str, float]: ...


_Row = TypeVar("_Row", bound=Measured)


@dataclass(frozen=True, slots=True)
class Objective:
    """One figure per measurement, and whether one measurement beats another.

    The figure is the first metric (`primary`), the weighted score (`weighted`), or the area that a
    point dominates (`pareto`, see `dominated_area`).
    """

    metrics: tuple[Metric, ...]
    decide: Decide = _ONE_METRIC
    directed: bool = True
    """False: which way is better is not known, as may be in another program's table."""
    baseline: Mapping[str, float] | None = None
    """What the area of `pareto` is relative to; the other rules don't need it."""

    @classmethod
    def of(cls, contract: Contract, *, directed: bool = True) -> Objective:
        """The objective of a contract, before anything was measured."""
        return cls(contract.metrics, contract.decide, directed)

    def relative_to(self, baseline: Mapping[str, float] | None) -> Objective:
        """The same objective, with the figures that its baseline had."""
        return replace(self, baseline=baseline)

    @property
    def name(self) -> str:
        """As people read it: `val_loss`, `score (1·loss + 1·ms)`, `front of loss and ms`."""
        names = [metric.name for metric in self.metrics]
        match self.decide.rule:
            case "primary":
                return names[0]
            case "weighted":
                return f"score ({self._weighted_sum()})"
            case "pareto":
                return f"front of {' and '.join(names)}"

    @property
    def title(self) -> Safe:
        """One word for a column or an axis: `val_loss`, `score`, `area`."""
        if self.decide.rule == "primary":
            return self.metrics[0].name
        return Safe("score") if self.decide.rule == "weighted" else Safe("area")

    @property
    def is_metric(self) -> bool:
        """Whether the figure is the first metric itself, and so needs no column of its own."""
        return self.decide.rule == "primary"

    @property
    def direction(self) -> Direction:
        """Of the figure."""
        match self.decide.rule:
            case "primary":
                return self.metrics[0].direction
            case "weighted":
                return self.decide.direction
            case "pareto":
                return "higher"

    @property
    def goal(self) -> str:
        """`val_loss, lower is better`; the name alone where nobody knows."""
        if not self.directed:
            return self.name
        what = "more dominated area" if self.decide.rule == "pareto" else self.direction
        return f"{self.name}, {what} is better"

    @property
    def arrow(self) -> str:
        """`↓` or `↑`; empty where nobody knows."""
        return _ARROWS[self.direction] if self.directed else ""

    def as_metric(self) -> Metric:
        """The figure as if it were a metric, for what draws or tabulates metrics."""
        if self.is_metric:
            return self.metrics[0]
        return Metric(self.title, self.direction)

    def figure(self, values: Mapping[str, float]) -> float | None:
        """The figure of one measurement; None where a part is missing or it is not finite."""
        try:  # a look before each leap costs a long table half as much again
            match self.decide.rule:
                case "primary":
                    found = values[self.metrics[0].name]
                case "weighted":
                    found = score(self.metrics, self.decide, values)
                case "pareto":
                    found = dominated_area(self.metrics, values, self.baseline or values)
        except KeyError:
            return None
        return found if math.isfinite(found) else None

    def merits(self, values: Mapping[str, float]) -> tuple[float, ...]:
        """The figures that decide, larger is better: of `pareto` each metric, else the one figure.

        Empty where one is missing or not finite.
        """
        if self.decide.rule == "pareto":
            found = [-cost(metric, values.get(metric.name, math.nan)) for metric in self.metrics]
        else:
            figure = self.figure(values)
            found = [math.nan if figure is None else -cost(self.as_metric(), figure)]
        return tuple(found) if all(map(math.isfinite, found)) else ()

    def judge(
        self, candidate: Measurement, incumbent: Measurement, baseline: Measurement
    ) -> Verdict:
        """Compare by the contract's rule; equal or worse is never kept.

        A value that is missing, infinite or no number keeps nothing. Raises ValueError for weights
        that don't match the metrics in number.
        """
        new, old, first = candidate.metrics, incumbent.metrics, baseline.metrics
        for whose, values in (("candidate", new), ("incumbent", old), ("baseline", first)):
            for metric in self.metrics:
                value = values.get(metric.name)
                if value is None:
                    return Verdict(False, f"the {whose} has no {metric.name}")
                if not math.isfinite(value):
                    return Verdict(False, f"{metric.name} of the {whose} is {value}: not finite")
        match self.decide.rule:
            case "primary":
                return _primary(self.metrics, self.decide.limit, new, old, first)
            case "pareto":
                return _pareto(self.metrics, new, old)
            case "weighted":
                return _weighted(self.metrics, self.decide, new, old)

    def impossible(self, values: Mapping[str, float]) -> str:
        """Which value lies outside its metric's bounds, in words; empty when none does."""
        for metric in self.metrics:
            value = values.get(metric.name)
            if value is not None and metric.bounds:
                low, high = metric.bounds
                if not low <= value <= high:
                    bounds = f"it lies within {low:g} to {high:g}"
                    return f"{metric.name} {value:.6g} is impossible: {bounds}"
        return ""

    def reached(self, goals: Mapping[Safe, float], values: Mapping[str, float]) -> str:
        """`val_loss 0.048 reached 0.05`, when each goal is; else, or without goals, empty."""
        words = []
        for metric in self.metrics:
            if (goal := goals.get(metric.name)) is None:
                continue
            value = values.get(metric.name)
            if value is None or not improvement(metric, value, goal) >= 0:
                return ""
            words.append(f"{metric.name} {value:.6g} reached {goal:.6g}")
        return " and ".join(words)

    def gain(self, new: Mapping[str, float], old: Mapping[str, float]) -> Gain:
        """From one measurement to another, by the figure."""
        return self.gain_of_figures(self.figure(new), self.figure(old))

    def gain_of_figures(self, new: float | None, old: float | None) -> Gain:
        """From one figure to another."""
        if not self.directed:
            return UNKNOWN
        return gain(self.direction, new, old)

    def beats(self, new: float | None, old: float | None) -> bool:
        """Whether a figure is a new best; see the function of that name."""
        return self.directed and beats(self.direction, new, old)

    def presumed(self) -> Objective:
        """The same; where nobody knows which way is better, the contract's is taken for it."""
        return self if self.directed else replace(self, directed=True)

    def cost(self, values: Mapping[str, float]) -> float:
        """The figure as something to be minimised; infinite where there is none."""
        figure = self.figure(values)
        return math.inf if figure is None else cost(self.as_metric(), figure)

    def climb(self, rows: Iterable[_Row]) -> Iterator[tuple[_Row, Gain | None]]:
        """Every kept row with a figure, and its gain over the best one before; None for the first.

        Which are better than all before them are the steps of the running best.
        """
        top: float | None = None
        for row in rows:
            figure = self.figure(row.metrics) if row.status == "keep" else None
            if figure is None:
                continue
            gain = None if top is None else self.gain_of_figures(figure, top)
            if self.beats(figure, top):
                top = figure
            yield row, gain

    def best(self, rows: Iterable[_Row]) -> _Row | None:
        """The kept row with the best figure, the earliest of equals; None where none is known."""
        if not self.directed:
            return None
        found: _Row | None = None
        for row, gain in self.climb(rows):
            if gain is None or gain.better:
                found = row
        return found

    def front(self, rows: Iterable[_Row]) -> list[_Row]:
        """The measured rows that no other one dominates in all metrics, best first metric first."""
        ranked = [
            (tuple(cost(metric, row.metrics[metric.name]) for metric in self.metrics), row)
            for row in rows
            if all(metric.name in row.metrics for metric in self.metrics)
        ]
        found: list[_Row] = []
        lowest = math.inf
        for costs, row in sorted(ranked, key=lambda pair: pair[0]):
            if costs[-1] < lowest:
                lowest = costs[-1]
                found.append(row)
        return found

    def _weighted_sum(self) -> str:
        parts = [
            f"{abs(weight):g}{_DOT}{metric.name}"
            for weight, metric in zip(self.decide.weights, self.metrics, strict=True)
        ]
        first, *more = zip(self.decide.weights, parts, strict=True)
        text = f"{_MINUS if first[0] < 0 else ''}{first[1]}"
        return text + "".join(f" {_MINUS if w < 0 else '+'} {part}" for w, part in more)


def gain(direction: str, new: float | None, old: float | None) -> Gain:
    """From one figure to another, for what has a direction and no contract.

    `direction` other than `lower` or `higher` knows no better.
    """
    if new is None or old is None or direction not in _ARROWS:
        return UNKNOWN
    value = old - new if direction == "lower" else new - old
    percent = 100 * value / abs(old) if old else math.nan
    return Gain(value, percent if math.isfinite(percent) else None)


def beats(direction: str, new: float | None, old: float | None) -> bool:
    """Whether `new` is a new best: better than `old`, or the first; never without a direction."""
    if new is None or direction not in _ARROWS:
        return False
    return old is None or gain(direction, new, old).better


def arrow(metric: Metric) -> str:
    """`↓` where lower is better, `↑` where higher is."""
    return _ARROWS[metric.direction]


def improvement(metric: Metric, candidate: float, incumbent: float) -> float:
    """Return by how much the candidate is better, in the metric's unit; negative when worse."""
    return incumbent - candidate if metric.direction == "lower" else candidate - incumbent


def least_gain(metric: Metric, old: float) -> float:
    """The gain over `old` that one must exceed to be worth having, in the metric's unit."""
    effect = metric.min_effect
    return max(metric.min_delta, effect.value * (abs(old) / 100 if effect.percent else 1.0))


def least_words(metric: Metric) -> str:
    """`min_effect 1%`, `min_delta 0.25`; empty where any gain counts."""
    if metric.min_effect.value:
        return f"min_effect {metric.min_effect}"
    return f"min_delta {metric.min_delta:.6g}" if metric.min_delta else ""


def cost(metric: Metric, value: float) -> float:
    """The value as something to be minimised."""
    return value if metric.direction == "lower" else -value


def score(metrics: Sequence[Metric], decide: Decide, values: Mapping[str, float]) -> float:
    """Return the weighted sum of the metrics, which `decide.direction` says how to compare.

    Infinite, or no number, where it overflows. Raises ValueError for weights that don't match the
    metrics in number, KeyError for a value that is missing.
    """
    return sum(
        weight * values[metric.name] for weight, metric in zip(decide.weights, metrics, strict=True)
    )


def dominated_area(
    metrics: Sequence[Metric], values: Mapping[str, float], baseline: Mapping[str, float]
) -> float:
    """The area that a point dominates, in units of what the baseline does: 1.6 is 60 % more.

    The hypervolume of one point (Zitzler and Thiele 1998) against a reference that is twice as bad
    as the baseline in every metric. Grows whenever one metric improves and none regresses.
    """
    area = 1.0
    for metric in metrics:
        first = baseline[metric.name]
        share = improvement(metric, values[metric.name], first) / (abs(first) or 1.0)
        area *= max(0.0, 1.0 + share)
    return area


def _primary(
    metrics: Sequence[Metric],
    limit: Limit | None,
    candidate: Mapping[str, float],
    incumbent: Mapping[str, float],
    baseline: Mapping[str, float],
) -> Verdict:
    first = metrics[0].name
    verdict = _better(metrics[0], candidate[first], incumbent[first])
    if not verdict.keep or limit is None or len(metrics) < 2:
        return verdict
    name = metrics[1].name
    bound = limit.value * baseline[name] if limit.relative else limit.value
    if not math.isfinite(bound):
        return Verdict(False, f"the limit on {name} is {bound}: not finite")
    if _within(limit, candidate[name], bound):
        return verdict
    value, shown = _show(candidate[name], bound)
    broken = f"{name} {value} breaks {limit.kind} {shown}"
    if limit.relative:
        broken += f" ({limit.value:.6g} {_TIMES} baseline {baseline[name]:.6g})"
    if not _within(limit, incumbent[name], bound):
        broken += f"; so does the incumbent's {incumbent[name]:.6g}"
    return Verdict(False, broken)


def _pareto(
    metrics: Sequence[Metric], candidate: Mapping[str, float], incumbent: Mapping[str, float]
) -> Verdict:
    better: list[str] = []
    not_better: list[str] = []
    for metric in metrics:
        name = metric.name
        if improvement(metric, candidate[name], incumbent[name]) < 0:
            return Verdict(False, f"{_change(name, candidate[name], incumbent[name])} is worse")
        verdict = _better(metric, candidate[name], incumbent[name])
        (better if verdict.keep else not_better).append(verdict.reason)
    return Verdict(bool(better), "; ".join(better or not_better))


def _weighted(
    metrics: Sequence[Metric],
    decide: Decide,
    candidate: Mapping[str, float],
    incumbent: Mapping[str, float],
) -> Verdict:
    """Each `min_effect` counts with its metric's weight, so that the rule agrees with `primary`."""
    new, old = score(metrics, decide, candidate), score(metrics, decide, incumbent)
    if not (math.isfinite(new) and math.isfinite(old)):
        return Verdict(False, f"the weighted score is {new} against {old}: not finite")
    floor = sum(
        abs(weight) * least_gain(metric, incumbent[metric.name])
        for weight, metric in zip(decide.weights, metrics, strict=True)
    )
    return _better(Metric(Safe("score"), decide.direction, min_delta=floor), new, old)


def _better(metric: Metric, candidate: float, incumbent: float) -> Verdict:
    gain = improvement(metric, candidate, incumbent)
    if not gain > 0:
        value, than = _show(candidate, incumbent)
        return Verdict(False, f"{metric.name} {value} is no better than {than}")
    change = _change(metric.name, candidate, incumbent)
    if not gain > least_gain(metric, incumbent):
        return Verdict(False, f"{change} is within {least_words(metric)}")
    return Verdict(True, change)


def _within(limit: Limit, value: float, bound: float) -> bool:
    return value <= bound if limit.kind == "at_most" else value >= bound


def _change(name: str, candidate: float, incumbent: float) -> str:
    """Words like `val_loss 0.4312 → 0.4271 (-0.0041)`, with a true minus sign."""
    before, after = _show(incumbent, candidate)
    difference = candidate - incumbent
    sign = _MINUS if difference < 0 else "+"
    return f"{name} {before} {_ARROW} {after} ({sign}{abs(difference):.6g})"


def _show(one: float, other: float) -> tuple[str, str]:
    """Both in as many digits as tell them apart, six at least."""
    for digits in (6, 9, 12):
        texts = f"{one:.{digits}g}", f"{other:.{digits}g}"
        if texts[0] != texts[1]:
            return texts
    if one == other:
        return f"{one:.6g}", f"{other:.6g}"
    return repr(one), repr(other)
