"""How a run stands: the best so far against the baseline, in words."""

from __future__ import annotations

from autoexp_tui.core.numbers import format_number
from autoexp_tui.core.state import RunState
from autoexp_tui.core.verdict import improvement


def best_line(state: RunState) -> str:
    """The best so far against the baseline, in words."""
    if state.incumbent is None or state.baseline is None:
        return "no measurement yet"
    primary = state.contract.primary
    best = state.incumbent.metrics[primary.name]
    if state.incumbent is state.baseline:
        return f"{primary.name} {format_number(best)} (the baseline)"
    return f"best {primary.name} {format_number(best)}, {against_baseline(state)}"


def against_baseline(state: RunState) -> str:
    """How much better the best is: `22.1 % better than the baseline 0.5536`."""
    if state.incumbent is None or state.baseline is None:
        return ""
    primary = state.contract.primary
    first = state.baseline.metrics[primary.name]
    better = improvement(primary, state.incumbent.metrics[primary.name], first)
    word = "better" if better >= 0 else "worse"
    size = f"{abs(better / first) * 100:.1f} %" if first else format_number(abs(better))
    return f"{size} {word} than the baseline {format_number(first)}"
