"""Whether a gain is one that a run's history makes plausible: what is too good is run again."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from autoexp_tui.model.state import RunState

_TIMES = 5.0
"""Of the largest gain so far: what lies within is how this run improves."""
_SIGMAS = 10.0
"""Robust standard deviations of what all candidates measured."""
_LEAST = 5
"""Measured experiments before which nothing is known of what is usual."""


def is_suspicious(state: RunState, metrics: Mapping[str, float]) -> bool:
    """Whether these figures are better than the incumbent's beyond all that came before.

    The gain is larger than `_TIMES` the largest one so far, and than `_SIGMAS` robust standard
    deviations (1.4826 times the median absolute deviation) of the figures of all candidates.
    """
    objective = state.objective
    costs = [objective.cost(row.metrics) for row in state.rows if row.metrics]
    if len(costs) < _LEAST or state.incumbent is None:
        return False
    gain = objective.gain(metrics, state.incumbent.metrics).value or 0.0
    gains = (step.value or 0.0 for _, step in objective.climb(state.rows) if step is not None)
    middle = statistics.median(costs)
    spread = 1.4826 * statistics.median(abs(cost - middle) for cost in costs)
    return spread > 0 and gain > _TIMES * max(gains, default=0.0) and gain > _SIGMAS * spread
