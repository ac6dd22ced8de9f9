"""Finished experiments as a researcher reads them: what changed, what came of it, what it took."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.objective import Gain, Objective
from autoexp_tui.model.proposal import Trial
from autoexp_tui.model.state import Row
from autoexp_tui.summary.trust import evidence_words, near_words
from autoexp_tui.text.safe import clean_line

_NUMBER = re.compile(r"[-+]?\b\d[\d_]*(?:\.\d+)?(?:e[-+]?\d+)?\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z_#][a-z0-9_#]*", re.IGNORECASE)
_SMALL = frozenset({"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "the", "to"})
_DESCRIPTION = 160
_REASON = 120
_TRIES = 6
"""Of one idea, the latest that are told one by one."""
_EXTRAS = 8
_EXPECTED = 240


def trial_of(row: Row, repeats: int) -> Trial:
    """The experiment as a proposer sees it; `repeats` are the contract's."""
    return Trial(
        n=row.n,
        parent=row.made_from,
        status=row.status,
        metrics=row.metrics,
        description=row.description,
        reason=row.reason,
        memo=row.memo,
        near=near_words(row),
        seconds=_one_run(row, repeats),
        hypothesis=row.hypothesis,
        changes=row.changes,
        extras=row.extras,
        evidence=evidence_words(row) if row.evidence and row.evidence.runs else "",
        mark=row.mark,
        sigmas=row.evidence.sigmas if row.evidence and row.evidence.sigma else None,
    )


def _one_run(row: Row, repeats: int) -> float:
    """Seconds of one run of the harness: the longest that is known of."""
    if not row.samples:
        return row.seconds / (repeats if row.metrics else 1)
    share = repeats if row.centre == "mean" else 1
    return max(sample.seconds for sample in row.samples) / share


def figure(value: float) -> str:
    """A number as a model should read it: with all that small gains need, and in ASCII."""
    return f"{value:.7g}"


def objective_of(contract: Contract, trials: Sequence[Trial]) -> Objective:
    """What the run optimises, with its baseline's figures."""
    return Objective.of(contract).relative_to(trials[0].metrics if trials else None)


def measured(objective: Objective, values: Mapping[str, float]) -> str:
    """`val_loss 1.23, seconds 4.5`; what the rule makes of two comes first: `score 6.5, loss …`."""
    if not values:
        return "no measurement"
    parts = [(metric.name, values.get(metric.name)) for metric in objective.metrics]
    if not objective.is_metric:
        parts.insert(0, (objective.title, objective.figure(values)))
    return ", ".join(f"{name} {figure(math.nan if x is None else x)}" for name, x in parts)


def took(trial: Trial, limit: float) -> str:
    """`took 26 of 30 s`; empty where nobody knows."""
    return f"took {trial.seconds:.3g} of {limit:g} s" if trial.seconds > 0 else ""


def figures(objective: Objective, trial: Trial, limit: float) -> str:
    """All that it gave: `loss 1.23; took 26 of 30 s; not judged: acc 0.9`."""
    extras = ", ".join(
        f"{clean_line(name, 60)} {figure(value)}"
        for name, value in list(trial.extras.items())[:_EXTRAS]
    )
    parts = [
        measured(objective, trial.metrics) if trial.metrics else "",
        took(trial, limit),
        f"not judged: {extras}" if extras else "",
    ]
    return "; ".join(part for part in parts if part) or "no measurement"


def change(trial: Trial) -> str:
    """What it changed: `lr 0.1 -> 0.3 together with width 8 -> 9`; else what it says of itself."""
    if trial.changes:
        return " together with ".join(f"{c.name} {c.before} -> {c.after}" for c in trial.changes)
    return clean_line(trial.description, _DESCRIPTION)


def gain_words(objective: Objective, gain: Gain) -> str:
    """`12 % better`, `0.3 worse` where a share makes no sense, `no different`."""
    if gain.value is None or gain.word in {"equal", "unknown"}:
        return "no different" if gain.word == "equal" else "not comparable"
    size = figure(abs(gain.value))
    if not objective.is_metric:
        size = f"{objective.title} {size}"
    if gain.percent is not None and 0.001 <= abs(gain.percent) < 1_000:
        size = f"{abs(gain.percent):.3g} %"
    return f"{size} {gain.word}"


def outcome(objective: Objective, trial: Trial, parent: Trial | None) -> str:
    """What came of it, against what it was made from: `kept, 12 % better`, `2 % worse`."""
    if trial.status == "crash":
        return f"crashed: {clean_line(trial.reason, _REASON)}"
    if parent is None:
        return {"keep": "kept", "discard": "not kept"}[trial.status]
    gain = objective.gain(trial.metrics, parent.metrics)
    words = gain_words(objective, gain)
    if trial.status == "keep":
        words = f"kept, {words}"
    elif trial.near:
        words = trial.near
    elif gain.better:
        words += f", but not kept: {clean_line(trial.reason, _REASON)}"
    elif trial.sigmas is not None and abs(trial.sigmas) < 1 and gain.word == "worse":
        words += ", which is within the noise"
    return words


def line(objective: Objective, trial: Trial, parent: Trial | None, limit: float) -> str:
    """One experiment as one line."""
    came = outcome(objective, trial, parent)
    return f"#{trial.n} {change(trial)} [{figures(objective, trial, limit)}]: {came}"


def story(objective: Objective, trial: Trial, parent: Trial | None, limit: float) -> str:
    """One experiment with what was expected of it, and with the evidence."""
    parts = [line(objective, trial, parent, limit)]
    if trial.changes and (said := clean_line(trial.description, _DESCRIPTION)):
        parts[0] = parts[0].replace(f"#{trial.n} ", f"#{trial.n} {said}: ", 1)
    if expected := clean_line(trial.hypothesis, _EXPECTED):
        parts.append(f"  expected: {expected}")
    if trial.evidence and trial.parent:
        parts.append(f"  measured afresh: {trial.evidence}")
    return "\n".join(parts)


@dataclass(slots=True)
class Idea:
    """Experiments that changed the same thing."""

    name: str
    """Of the values, where values are what was changed; else empty."""
    tries: list[Trial] = field(default_factory=list)
    kept: int = 0
    crashed: int = 0
    best: tuple[float, Trial] | None = None
    """The largest gain over what it was made from."""

    def told(self, objective: Objective, trials: Mapping[int, Trial]) -> str:
        """Try by try, the latest ones; what came before them is summed up."""
        shown = self.tries[-_TRIES:]
        parts = [
            f"{self._what(trial)} {outcome(objective, trial, trials.get(trial.parent))} "
            f"(#{trial.n})"
            for trial in shown
        ]
        if earlier := len(self.tries) - len(shown):
            parts.insert(0, f"{earlier} earlier; in all {self._counts(objective, trials)}")
        return f"{self.name}: {'; '.join(parts)}" if self.name else "; ".join(parts)

    def summed_up(self, objective: Objective, trials: Mapping[int, Trial]) -> str:
        """All tries in a few words."""
        name = self.name or clean_line(self.tries[-1].description, 60)
        return f"{name}: {self._counts(objective, trials)}"

    def _what(self, trial: Trial) -> str:
        if not self.name:
            return f"{clean_line(trial.description, 100)}:"
        return ", ".join(f"{c.before} -> {c.after}" for c in trial.changes)

    def _counts(self, objective: Objective, trials: Mapping[int, Trial]) -> str:
        counts = [f"{len(self.tries)} tries", f"{self.kept} kept", f"{self.crashed} crashed"]
        if self.best is not None:
            trial = self.best[1]
            parent = trials.get(trial.parent)
            counts.append(f"the best {outcome(objective, trial, parent)} (#{trial.n})")
        return ", ".join(counts)


def ideas(objective: Objective, trials: Mapping[int, Trial]) -> list[Idea]:
    """Every idea of which a try was not kept, the latest first."""
    groups: dict[tuple[str, str], Idea] = {}
    for trial in trials.values():
        if trial.parent == 0:
            continue
        name = " together with ".join(change.name for change in trial.changes)
        key = (name, "" if name else _what(trial.description))
        idea = groups.setdefault(key, Idea(name))
        idea.tries.append(trial)
        idea.kept += trial.status == "keep"
        idea.crashed += trial.status == "crash"
        parent = trials.get(trial.parent)
        gain = objective.gain(trial.metrics, parent.metrics).value if parent else None
        if gain is not None and (idea.best is None or gain > idea.best[0]):
            idea.best = gain, trial
    found = [idea for idea in groups.values() if len(idea.tries) > idea.kept]
    return sorted(found, key=lambda idea: -idea.tries[-1].n)


def causes(trials: Iterable[Trial]) -> list[tuple[str, list[Trial]]]:
    """The crashes by their cause, that of the latest first."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.status == "crash":
            groups.setdefault(_cause(trial.reason), []).append(trial)
    return sorted(groups.items(), key=lambda pair: -pair[1][-1].n)


@lru_cache(maxsize=1 << 14)
def _cause(reason: str) -> str:
    return clean_line(_NUMBER.sub("#", reason), _REASON) or "no reason given"


@lru_cache(maxsize=1 << 14)
def _what(description: str) -> str:
    """A description without its figures and small words: what two tries have in common."""
    words = _WORD.findall(_NUMBER.sub("#", description.lower()))
    return " ".join(word for word in words if word not in _SMALL)[:_DESCRIPTION]
