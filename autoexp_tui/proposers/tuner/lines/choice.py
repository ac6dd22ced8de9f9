"""Which change to try next: a bandit over the kinds, and over the lines and ideas within one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.proposal import Trial
from autoexp_tui.proposers.tuner.lines.line_edits import KINDS, EditKind, LineEdit
from autoexp_tui.proposers.tuner.lines.passages import same
from autoexp_tui.proposers.tuner.past import merit

_PRIOR: dict[EditKind, tuple[float, float]] = {
    "drop": (1.0, 2.0),
    "move": (0.5, 2.0),
    "repeat": (0.5, 2.0),
    "insert": (2.0, 2.0),
    "swap": (3.0, 2.0),
}
"""Kept and not kept, as if seen before: what a person offers is likelier to help than a shuffle."""
_FORGET = 0.95
"""What an older outcome still weighs, per experiment since."""
_FAILED = 0.25
"""An edit of the same line, or with the same idea, that was not kept makes another so likely."""
_IDLE = 0.1
"""The same where it did not even move the figures."""
_AGAIN = 0.05
"""The very same change, made to a text that differs elsewhere."""
_WAS_THERE = 0.5
"""What the baseline said was left for something that was better."""
_OURS = 0.2
"""What a kept edit put in is seldom better taken out again."""
_HINTED = 6.0
_KEYED = 2.0
"""An idea about the very thing that a line is about fits in its place."""


@dataclass(frozen=True, slots=True)
class Made:
    """One change of an earlier experiment, as its memo tells it."""

    n: int
    status: str
    kind: EditKind
    subject: str
    idea: str
    gain: float | None
    """By how much the figure of merit improved on the parent's; None after a crash."""
    alone: bool
    """Whether it was the experiment's only change."""


def memo(chosen: Sequence[LineEdit], name: str) -> dict[str, Any]:
    """What `recall` reads; `name` is the new text's digest."""
    edits = [{"kind": e.kind, "subject": e.subject, "idea": e.idea} for e in chosen]
    return {"arm": "lines", "edits": edits, "digest": name}


def recall(contract: Contract, history: Sequence[Trial]) -> list[Made]:
    """Every change that was tried, oldest first; what a person skipped taught nothing."""
    merits = {t.n: merit(contract, t.metrics, history[0].metrics) for t in history if t.metrics}
    found: list[Made] = []
    for trial in history:
        if trial.status == "crash" and trial.reason.startswith("skipped"):
            continue
        edits = trial.memo.get("edits")
        known = [edit for edit in edits if _is_known(edit)] if isinstance(edits, list) else []
        before, after = merits.get(trial.parent), merits.get(trial.n)
        gain = None if before is None or after is None else before - after
        found += (
            Made(
                trial.n,
                trial.status,
                edit["kind"],
                str(edit["subject"]),
                str(edit["idea"]),
                gain,
                len(known) == 1,
            )
            for edit in known
        )
    return found


def tried_texts(history: Sequence[Trial]) -> set[str]:
    """Digests of the texts that this proposer made."""
    return {str(trial.memo["digest"]) for trial in history if "digest" in trial.memo}


def choose(
    edits: Sequence[LineEdit], past: Sequence[Made], hints: Sequence[str], rng: np.random.Generator
) -> LineEdit:
    """A kind by Thompson sampling, and one of its edits by what is known of its line and idea."""
    chances = _chances(past)
    kinds = [kind for kind in KINDS if any(edit.kind == kind for edit in edits)]
    draws = {kind: rng.beta(*chances[kind]) for kind in kinds}
    best = max(kinds, key=lambda kind: draws[kind])
    fitting = [edit for edit in edits if edit.kind == best]
    weights = np.array([_weight(edit, past, hints) for edit in fitting])
    return fitting[int(rng.choice(len(fitting), p=weights / weights.sum()))]


def mentioned(text: str, hints: Sequence[str]) -> bool:
    """Whether a person's hint and the text share a word of some length."""
    return any(_long_words(text) & _long_words(hint) for hint in hints)


def _chances(past: Sequence[Made]) -> dict[EditKind, tuple[float, float]]:
    kept = dict.fromkeys(KINDS, 0.0)
    lost = dict.fromkeys(KINDS, 0.0)
    for made in past:
        for outcomes in (kept, lost):
            for kind in KINDS:
                outcomes[kind] *= _FORGET
        outcomes = kept if made.status == "keep" else lost
        # What moved no figure tells more against its kind than what moved it the wrong way.
        outcomes[made.kind] += (1.0 if made.alone else 0.5) * (2.0 if made.gain == 0 else 1.0)
    return {kind: (_PRIOR[kind][0] + kept[kind], _PRIOR[kind][1] + lost[kind]) for kind in KINDS}


def _weight(edit: LineEdit, past: Sequence[Made], hints: Sequence[str]) -> float:
    weight = {"": 1.0, "baseline": _WAS_THERE, "ideas.txt": _KEYED if edit.keyed else 1.0}[
        edit.source
    ]
    subject, idea = same(edit.subject), same(edit.idea)
    for made in past:
        was_subject, was_idea = same(made.subject), same(made.idea)
        if made.status == "keep":
            weight *= _OURS if edit.kind == "drop" and subject == was_idea else 1.0
        elif made.kind == edit.kind and (idea, subject) == (was_idea, was_subject):
            weight *= _IDLE if made.gain == 0 else _AGAIN if idea else _FAILED
        elif idea and idea == was_idea:
            weight *= _FAILED
    if hints and (mentioned(edit.subject, hints) or mentioned(edit.idea, hints)):
        weight *= _HINTED
    return max(weight, 1e-9)


def _is_known(edit: object) -> bool:
    return isinstance(edit, dict) and edit.get("kind") in KINDS and {"subject", "idea"} <= set(edit)


def _long_words(text: str) -> set[str]:
    return set(re.findall(r"\w{4,}", text.casefold()))
