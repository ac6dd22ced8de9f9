"""The history in few words: what was kept as it was, everything else by what was tried."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.objective import Gain, Objective
from autoexp_tui.model.proposal import Trial
from autoexp_tui.text.safe import clean_line

_NUMBER = re.compile(r"[-+]?\b\d[\d_]*(?:\.\d+)?(?:e[-+]?\d+)?\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z_#][a-z0-9_#]*", re.IGNORECASE)
_SMALL = frozenset({"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "the", "to"})
_DESCRIPTION = 160
_REASON = 120
_EXAMPLES = 6


def figure(value: float) -> str:
    """A number as a model should read it: with all that small gains need, and in ASCII."""
    return f"{value:.7g}"


def objective_of(contract: Contract, trials: Sequence[Trial]) -> Objective:
    """What the run optimises, with its baseline's figures."""
    return Objective.of(contract).relative_to(trials[0].metrics if trials else None)


def measured(objective: Objective, values: dict[str, float]) -> str:
    """`val_loss 1.23, seconds 4.5`; what the rule makes of two comes first: `score 6.5, loss …`."""
    if not values:
        return "no measurement"
    parts = [(metric.name, values.get(metric.name)) for metric in objective.metrics]
    if not objective.is_metric:
        parts.insert(0, (objective.title, objective.figure(values)))
    return ", ".join(f"{name} {figure(math.nan if x is None else x)}" for name, x in parts)


def row(objective: Objective, trial: Trial) -> str:
    """One experiment as one line."""
    text = f"#{trial.n} {trial.status}: {clean_line(trial.description, _DESCRIPTION)}"
    if trial.status == "crash":
        return f"{text} ({clean_line(trial.reason, _REASON)})"
    near = f" ({trial.near})" if trial.near else ""
    return f"{text} [{measured(objective, trial.metrics)}]{near}"


def effect(objective: Objective, trial: Trial, parent: Trial | None) -> str:
    """What an experiment did, measured against the one it was made from."""
    if trial.status == "crash":
        return f"crashed: {clean_line(trial.reason, _REASON)}"
    was = measured(objective, parent.metrics) if parent else "unknown"
    now = measured(objective, trial.metrics)
    return f"{was} before, {now} after: {trial.status}"


@dataclass(slots=True)
class _Idea:
    """Experiments that tried the same thing with other figures."""

    last: int = 0
    tried: int = 0
    kept: int = 0
    crashed: int = 0
    best: tuple[Gain, int] | None = None
    """The largest gain of the objective's figure on the parent, and its experiment."""
    examples: list[str] = field(default_factory=list)

    def line(self, objective: Objective) -> str:
        outcomes = []
        if self.kept:
            outcomes.append(f"{self.kept} kept")
        if self.crashed:
            outcomes.append(f"{self.crashed} crashed")
        if self.best is not None:
            gain, n = self.best
            size = figure(abs(gain.value or 0.0))
            by = size if objective.is_metric else f"{objective.title} {size}"
            outcomes.append(
                f"at best no different from its parent (#{n})"
                if gain.word == "equal"
                else f"at best {by} {gain.word} than its parent (#{n})"
            )
        shown = "; ".join(self.examples[-_EXAMPLES:])
        times = f"{self.tried} times" if self.tried > 1 else "once"
        return f"{shown} - tried {times}: {', '.join(outcomes) or 'no measurement'}"


def ideas(objective: Objective, history: Iterable[Trial]) -> list[str]:
    """Every idea that was tried and did not stay, one line each, the latest first."""
    trials = {trial.n: trial for trial in history}
    groups: dict[str, _Idea] = {}
    for trial in trials.values():
        if trial.parent == 0:
            continue
        idea = groups.setdefault(_what(trial.description), _Idea())
        idea.tried += 1
        idea.last = trial.n
        idea.kept += trial.status == "keep"
        idea.crashed += trial.status == "crash"
        example = clean_line(trial.description, 80)
        if example not in idea.examples:
            idea.examples = [*idea.examples[1 - _EXAMPLES :], example]
        if (parent := trials.get(trial.parent)) is None:
            continue
        gain = objective.gain(trial.metrics, parent.metrics)
        if gain.value is not None and (idea.best is None or gain.value > (idea.best[0].value or 0)):
            idea.best = gain, trial.n
    lost = [idea for idea in groups.values() if idea.tried > idea.kept]
    return [idea.line(objective) for idea in sorted(lost, key=lambda idea: -idea.last)]


def _what(description: str) -> str:
    """A description without its figures and small words: what two tries have in common."""
    words = _WORD.findall(_NUMBER.sub("#", description.lower()))
    return " ".join(word for word in words if word not in _SMALL)[:_DESCRIPTION]
