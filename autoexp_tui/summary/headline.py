"""How a run stands: the best so far against the baseline, in words."""

from __future__ import annotations

from autoexp_tui.model.objective import improvement
from autoexp_tui.model.state import RunState
from autoexp_tui.text.numbers import format_number


def best_line(state: RunState) -> str:
    """The best so far against the baseline, in words."""
    if state.best is None or state.baseline is None:
        directed = state.started is None or state.started.directed
        return "no measurement yet" if directed else "no best: which way is better is not known"
    primary = state.contract.primary
    best = state.best.metrics[primary.name]
    if state.best is state.baseline:
        return f"{primary.name} {format_number(best)} (the baseline)"
    return f"best {primary.name} {format_number(best)}, {against_baseline(state)}"


def against_baseline(state: RunState) -> str:
    """How much better the best is: `22.1 % better than the baseline 0.5536`."""
    if state.best is None or state.baseline is None:
        return ""
    primary = state.contract.primary
    first = state.baseline.metrics[primary.name]
    better = improvement(primary, state.best.metrics[primary.name], first)
    word = "better" if better >= 0 else "worse"
    size = f"{abs(better / first) * 100:.1f} %" if first else format_number(abs(better))
    return f"{size} {word} than the baseline {format_number(first)}"
