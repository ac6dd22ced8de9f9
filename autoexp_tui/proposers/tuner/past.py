"""The history as the search sees it: which values were tried, and one figure of merit for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.objective import Objective, improvement
from autoexp_tui.model.proposal import Trial

Arm: TypeAlias = Literal["steps", "whole", "rest"]
"""How a point was chosen; `rest` when neither arm had anything new and any new point would do."""

SlotValues: TypeAlias = Mapping[str, str]
"""Slot names to literals."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One measured or crashed experiment. Lower loss is better, whatever the metric's direction."""

    n: int
    status: str
    arm: Arm | Literal[""]
    """Empty for the baseline, and for what another proposer made."""
    values: SlotValues
    changed: Mapping[str, tuple[str, str]]
    """The moved slots, from and to."""
    loss: float


def recall(contract: Contract, history: Sequence[Trial], baseline: SlotValues) -> list[Tried]:
    """What each trial taught. One that a person skipped taught nothing and is left out."""
    merits = {
        trial.n: merit(contract, trial.metrics, history[0].metrics)
        for trial in history
        if trial.metrics
    }
    plain = {n: loss for n, loss in merits.items() if math.isfinite(loss)}
    worst = max(plain.values(), default=0.0)
    crash = worst + max(worst - min(plain.values(), default=0.0), abs(worst), 1.0)
    found: list[Tried] = []
    for trial in history:
        if trial.status == "crash" and trial.reason.startswith("skipped"):
            continue
        loss = crash
        if trial.n in plain:
            loss = _penalise_broken_limit(trial, plain[trial.n], plain.get(trial.parent))
        values = baseline if trial is history[0] else _values(trial.memo.get("values"), baseline)
        found.append(
            Tried(
                n=trial.n,
                status=trial.status,
                arm=_arm(trial.memo.get("arm")),
                values=values,
                changed=_pairs(trial.memo.get("changed")),
                loss=loss,
            )
        )
    return found


def merit(contract: Contract, metrics: Mapping[str, float], first: Mapping[str, float]) -> float:
    """One figure, lower is better.

    The primary metric; for `weighted` the score; for `pareto` the sum of both metrics' changes as
    shares of the baseline's figures, `first`.
    """
    if contract.decide.rule != "pareto":
        return Objective.of(contract).cost(metrics)
    # Not the dominated area, which is 0, and so no slope, wherever one metric is twice as bad.
    return -sum(
        improvement(metric, metrics[metric.name], first[metric.name])
        / (abs(first[metric.name]) or 1.0)
        for metric in contract.metrics
    )


def _penalise_broken_limit(trial: Trial, loss: float, parent: float | None) -> float:
    """A figure that was better and still not kept broke a limit: it counts as so much worse."""
    if trial.status == "discard" and parent is not None and loss < parent:
        return 2 * parent - loss
    return loss


def _arm(value: object) -> Arm | Literal[""]:
    match value:
        case "steps" | "whole" | "rest":
            return value
        case _:
            return ""


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(name): text for name, text in value.items() if isinstance(text, str)}


def _values(value: object, baseline: SlotValues) -> SlotValues:
    """What a memo says of each slot; one that it doesn't know stood as it did in the beginning."""
    known = _texts(value)
    return {**baseline, **known} if known else {}


def _pairs(value: object) -> dict[str, tuple[str, str]]:
    if not isinstance(value, dict):
        return {}
    return {
        str(name): (str(pair[0]), str(pair[1]))
        for name, pair in value.items()
        if isinstance(pair, list | tuple) and len(pair) == 2
    }
