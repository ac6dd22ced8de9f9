"""Whether the figure that is never judged shares a run's gain, in words that all viewers share."""

from __future__ import annotations

import statistics
from itertools import pairwise
from typing import Literal

from autoexp_tui.model.contract import Metric
from autoexp_tui.model.objective import Gain, gain
from autoexp_tui.model.state import Row, RunState
from autoexp_tui.summary.gains import told
from autoexp_tui.text.numbers import format_number

Shared = Literal["much", "little", "nothing"]

_SHARED: dict[Shared, str] = {
    "much": "the hold-out agrees",
    "little": "the hold-out shares little of this gain",
    "nothing": "the hold-out does not share this gain",
}


def overfitting_since(state: RunState) -> Row | None:
    """The first kept row after the best hold-out, where that has turned; None where it has not.

    It has turned when both of the last two kept rows are worse than its best by more than the
    median step between kept rows, and by more than twice its spread between runs, where known.
    """
    rows, metric = _held_out(state)
    if metric is None or len(rows) < 3:
        return None
    values = [row.holdout or 0.0 for row in rows]
    gains = [gain(metric.direction, value, values[0]).value or 0.0 for value in values]
    at = gains.index(max(gains))
    step = statistics.median(abs(b - a) for a, b in pairwise(gains))
    margin = max(step, 2 * _spread(rows))
    turned = at < len(rows) - 2 and all(gains[at] - late > margin for late in gains[-2:])
    return rows[at + 1] if turned else None


def holdout_words(state: RunState) -> str:
    """Whether the figure that is never judged agrees; empty without one, or without a gain."""
    rows, metric = _held_out(state)
    if metric is None or len(rows) < 2 or rows[0].holdout is None:
        return ""
    last = rows[-1].holdout
    found = gain(metric.direction, last, rows[0].holdout)
    span = f"{metric.name} {format_number(rows[0].holdout)} → {format_number(last)}, {told(found)}"
    if since := overfitting_since(state):
        return f"overfitting since #{since.n}: {span}, held out"
    return f"{_SHARED[_shared(state, rows, found)]}: {span}"


def not_held_out(state: RunState) -> str:
    """`not shared by the hold-out`: what a gain is called that shows little or nothing there."""
    rows, metric = _held_out(state)
    if metric is None or len(rows) < 2:
        return ""
    if overfitting_since(state):
        return "overfitting by the hold-out"
    found = gain(metric.direction, rows[-1].holdout, rows[0].holdout)
    shared = _shared(state, rows, found)
    how = {"little": "hardly", "nothing": "not"}.get(shared)
    return f"{how} shared by the hold-out" if how else ""


def _shared(state: RunState, rows: list[Row], found: Gain) -> Shared:
    """How much of the judged gain the hold-out shows; little is less than half, in percent.

    A gain within the hold-out's own spread between runs is none.
    """
    if not found.better or (found.value or 0.0) <= _spread(rows):
        return "nothing"
    judged = state.objective.gain(rows[-1].metrics, rows[0].metrics)
    if not state.objective.is_metric or None in {judged.percent, found.percent}:
        return "much"
    return "little" if 2 * (found.percent or 0.0) < (judged.percent or 0.0) else "much"


def _spread(rows: list[Row]) -> float:
    """The hold-out's standard deviation between runs of one text; 0 where nothing ran twice."""
    samples = ([s.holdout for s in row.samples if s.holdout is not None] for row in rows)
    spreads = [statistics.stdev(several) for several in samples if len(several) > 1]
    return statistics.median(spreads) if spreads else 0.0


def _held_out(state: RunState) -> tuple[list[Row], Metric | None]:
    """The kept rows whose hold-out is known."""
    metric = state.contract.held_out
    if metric is None:
        return [], None
    return [row for row in state.rows if row.status == "keep" and row.holdout is not None], metric
