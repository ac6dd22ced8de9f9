"""Kept or not: the dominance rules over one or two metrics, as pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoexp_tui.model.contract import Decide, Limit, Metric

_ARROW = "\N{RIGHTWARDS ARROW}"
_MINUS = "\N{MINUS SIGN}"
_TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the candidate becomes the incumbent, and why, in words for a person."""

    keep: bool
    reason: str


def judge(
    metrics: Sequence[Metric],
    decide: Decide,
    *,
    candidate: Mapping[str, float],
    incumbent: Mapping[str, float],
    baseline: Mapping[str, float],
) -> Verdict:
    """Compare two complete measurements by the contract's rule; equal or worse is never kept.

    A value that is missing, infinite or no number keeps nothing. Raises ValueError for weights
    that don't match the metrics in number.
    """
    measurements = {"candidate": candidate, "incumbent": incumbent, "baseline": baseline}
    for whose, values in measurements.items():
        for metric in metrics:
            value = values.get(metric.name)
            if value is None:
                return Verdict(False, f"the {whose} has no {metric.name}")
            if not math.isfinite(value):
                return Verdict(False, f"{metric.name} of the {whose} is {value}: not finite")
    match decide.rule:
        case "primary":
            return _primary(metrics, decide.limit, candidate, incumbent, baseline)
        case "pareto":
            return _pareto(metrics, candidate, incumbent)
        case "weighted":
            return _weighted(metrics, decide, candidate, incumbent)


def improvement(metric: Metric, candidate: float, incumbent: float) -> float:
    """Return by how much the candidate is better, in the metric's unit; negative when worse."""
    return incumbent - candidate if metric.direction == "lower" else candidate - incumbent


def score(metrics: Sequence[Metric], decide: Decide, values: Mapping[str, float]) -> float:
    """Return the weighted sum of the metrics, which `decide.direction` says how to compare.

    Infinite, or no number, where it overflows. Raises ValueError for weights that don't match the
    metrics in number, KeyError for a value that is missing.
    """
    return sum(
        weight * values[metric.name] for weight, metric in zip(decide.weights, metrics, strict=True)
    )


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
    """Each `min_delta` counts with its metric's weight, so that the rule agrees with `primary`."""
    new, old = score(metrics, decide, candidate), score(metrics, decide, incumbent)
    if not (math.isfinite(new) and math.isfinite(old)):
        return Verdict(False, f"the weighted score is {new} against {old}: not finite")
    floor = sum(
        abs(weight) * metric.min_delta
        for weight, metric in zip(decide.weights, metrics, strict=True)
    )
    return _better(Metric("score", decide.direction, min_delta=floor), new, old)


def _better(metric: Metric, candidate: float, incumbent: float) -> Verdict:
    gain = improvement(metric, candidate, incumbent)
    if not gain > 0:
        value, than = _show(candidate, incumbent)
        return Verdict(False, f"{metric.name} {value} is no better than {than}")
    change = _change(metric.name, candidate, incumbent)
    if not gain > metric.min_delta:
        return Verdict(False, f"{change} is within min_delta {metric.min_delta:.6g}")
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
