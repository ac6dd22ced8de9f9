"""A run summed up: plain figures for a person or a program."""

from __future__ import annotations

import msgspec

from autoexp_tui.model.objective import improvement
from autoexp_tui.model.state import RunState


class MetricDigest(msgspec.Struct, frozen=True):
    """One metric from the baseline to the last kept row."""

    name: str
    direction: str
    baseline: float | None
    best: float | None
    """Of the last kept row."""
    percent: float | None
    """Improvement over the baseline, in percent of it; positive is better."""


class Step(msgspec.Struct, frozen=True):
    """One kept improvement."""

    n: int
    commit: str
    value: float
    """Of the primary metric."""
    description: str


class Digest(msgspec.Struct, frozen=True):
    """What a run amounts to; field names are stable."""

    tag: str
    ended: str
    """Why it ended, or `not ended`."""
    rows: int
    kept: int
    """Improvements; the baseline is not one."""
    discarded: int
    crashed: int
    seconds: float
    """Seconds that runners of the run were alive."""
    cost_usd: float
    metrics: tuple[MetricDigest, ...]
    improvements: tuple[Step, ...]


def digest_of(state: RunState) -> Digest:
    """Sum a run up, as far as it has come."""
    if state.started is None:
        raise ValueError("a run without a first event has nothing to sum up")
    primary = state.contract.primary.name
    return Digest(
        tag=state.started.tag,
        ended=state.finished.reason if state.finished else "not ended",
        rows=len(state.rows),
        kept=state.kept,
        discarded=state.discarded,
        crashed=state.crashed,
        seconds=round(state.elapsed, 1),
        cost_usd=state.spent_usd,
        metrics=_metrics(state),
        improvements=tuple(
            Step(row.n, row.commit, row.metrics[primary], row.description)
            for row in state.rows
            if row.status == "keep" and not row.is_baseline and primary in row.metrics
        ),
    )


def _metrics(state: RunState) -> tuple[MetricDigest, ...]:
    first = state.baseline.metrics if state.baseline else {}
    last = state.incumbent.metrics if state.incumbent else {}
    found = []
    for metric in state.contract.metrics:
        baseline, best = first.get(metric.name), last.get(metric.name)
        percent = None
        if baseline and best is not None:
            percent = round(100 * improvement(metric, best, baseline) / abs(baseline), 2)
        found.append(MetricDigest(metric.name, metric.direction, baseline, best, percent))
    return tuple(found)
