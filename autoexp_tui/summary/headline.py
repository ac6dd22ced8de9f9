"""How a run stands: the best so far against the baseline, in words. Better and worse are the
objective's; here they are only said.
"""

from __future__ import annotations

from collections.abc import Mapping

from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import RunState
from autoexp_tui.summary.gains import progress
from autoexp_tui.summary.holdout import not_held_out
from autoexp_tui.text.numbers import format_number, told_apart


def best_line(state: RunState) -> str:
    """The best so far against the baseline, and whether the hold-out speaks against it."""
    best, first, objective = state.best, state.baseline, state.objective
    if best is None or first is None:
        known = objective.directed
        return "no measurement yet" if known else "no best: which way is better is not known"
    if best is first:
        return f"{brief_figure(objective, first.metrics)} (the baseline)"
    moved = moves(objective, best.metrics, first.metrics)
    if objective.decide.rule == "pareto":
        return f"best: {against_baseline(state)} ({moved})"
    figure = brief_figure(objective, best.metrics, state.places)
    line = f"best {figure}, {against_baseline(state)}"
    if words := not_held_out(state):
        line += f", {words}"
    return line if objective.is_metric else f"{line} ({moved})"


def against_baseline(state: RunState) -> str:
    """How much better the best is: `22.1 % better than the baseline 0.5536`."""
    best, first, objective = state.best, state.baseline, state.objective
    if best is None or first is None:
        return ""
    words = progress(objective, objective.gain(best.metrics, first.metrics))
    if objective.decide.rule == "pareto":
        return f"{words} than the baseline"
    figure, _ = told_apart(*(objective.figure(row.metrics) for row in (first, best)))
    return f"{words} than the baseline {figure}"


def moves(
    objective: Objective,
    new: Mapping[str, float | None],
    old: Mapping[str, float | None] | None = None,
) -> str:
    """Every metric from old to new, as it is: `loss 1 unchanged, ms 10 → 4`."""
    words = []
    for metric in objective.metrics:
        after = format_number(new.get(metric.name))
        if old is not None:
            before, after = told_apart(old.get(metric.name), new.get(metric.name))
            after = f"{after} unchanged" if before == after else f"{before} → {after}"
        words.append(f"{metric.name} {after}")
    return ", ".join(words)


def brief_figure(objective: Objective, values: Mapping[str, float], least: int = 0) -> str:
    """What is optimised, by name: `val_loss 0.43`, `score 6.5`, and of a front `loss 1, ms 4`.

    With `least` decimals or more.
    """
    if objective.decide.rule == "pareto":  # its area says nothing without another one
        return moves(objective, values)
    return f"{objective.title} {format_number(objective.figure(values), least)}"


def figures(
    objective: Objective, values: Mapping[str, float], between: str = "  ", least: int = 0
) -> str:
    """All that was measured, after the score where that decides: `score 6.5  loss 1.5  ms 5`."""
    parts = [
        f"{name} {format_number(value, least if name == objective.title else 0)}"
        for name, value in values.items()
    ]
    if objective.decide.rule == "weighted" and values:
        parts.insert(0, brief_figure(objective, values))
    return between.join(parts)
