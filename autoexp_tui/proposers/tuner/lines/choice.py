"""Which change to try next: a bandit over the kinds, and over the lines and ideas within one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.proposal import Trial
from autoexp_tui.proposers.tuner.lines.line_edits import KINDS, EditKind, LineEdit
from autoexp_tui.proposers.tuner.lines.passages import same
from autoexp_tui.proposers.tuner.past import merit, taught

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
    """What `Lessons` reads; `name` is the new text's digest."""
    edits = [{"kind": e.kind, "subject": e.subject, "idea": e.idea} for e in chosen]
    return {"arm": "lines", "edits": edits, "digest": name}


Key: TypeAlias = tuple[str, str, str]
"""What tells one change from another: its kind, its line and what it puts in."""


def key(edit: LineEdit) -> Key:
    """As `edits_of` tells it."""
    return edit.kind, same(edit.subject), same(edit.idea)


def edits_of(told: Mapping[str, Any]) -> Iterator[Key]:
    """The changes that a memo tells."""
    edits = told.get("edits")
    for edit in filter(_is_known, edits if isinstance(edits, list) else ()):
        yield edit["kind"], same(str(edit["subject"])), same(str(edit["idea"]))


class Lessons:
    """What every change that was tried has taught, folded trial by trial.

    So what a proposal costs doesn't grow with the run; made anew from the whole history, as after
    a resume, it is the same.
    """

    def __init__(self, contract: Contract) -> None:
        self.texts: set[str] = set()
        """Digests of the texts that this proposer made."""
        self._contract = contract
        self._last: Trial | None = None
        self._taken = 0
        self._first: Mapping[str, float] = {}
        self._merits: dict[int, float] = {}
        self._chances = {kind: [0.0, 0.0] for kind in KINDS}
        """Kept and not kept, faded."""
        self._counts = {kind: [0, 0] for kind in KINDS}
        """Kept, and all."""
        self._by_idea: dict[str, Made] = {}
        self._by_line: dict[str, Made] = {}
        self._kept_ideas: Counter[str] = Counter()
        self._failed_ideas: Counter[str] = Counter()
        self._failed: dict[tuple[EditKind, str, str], list[float]] = {}
        """Of the very same change that was not kept: how often, and how likely that makes it."""

    def fits(self, contract: Contract, history: Sequence[Trial]) -> bool:
        """Whether they are of this history, but for what came since."""
        if self._taken > len(history) or self._contract != contract:
            return False
        return self._taken == 0 or history[self._taken - 1] is self._last

    def learn(self, history: Sequence[Trial]) -> None:
        """Take in the trials that are new. One that a person skipped taught nothing."""
        for trial in history[self._taken :]:
            if self._taken == 0:
                self._first = trial.metrics
            self._last = trial
            self._taken += 1
            if trial.metrics:
                self._merits[trial.n] = merit(self._contract, trial.metrics, self._first)
            if "digest" in trial.memo:
                self.texts.add(str(trial.memo["digest"]))
            if taught(trial):
                for made in self._made(trial):
                    self._add(made)

    def chances(self) -> dict[EditKind, tuple[float, float]]:
        """Of each kind, kept and not kept, with what is believed beforehand."""
        return {
            kind: (_PRIOR[kind][0] + kept, _PRIOR[kind][1] + lost)
            for kind, (kept, lost) in self._chances.items()
        }

    def counts(self, kind: EditKind) -> tuple[int, int]:
        """How many changes of a kind were kept, and how many were tried."""
        kept, tried = self._counts[kind]
        return kept, tried

    def last_with(self, idea: str) -> Made | None:
        """The latest change that put this in."""
        return self._by_idea.get(same(idea))

    def last_of(self, line: str) -> Made | None:
        """The latest change of this line, or that put it in."""
        return self._by_line.get(same(line))

    def weight(self, edit: LineEdit) -> float:
        """How likely an edit is chosen among those of its kind, 1 where nothing is known of it."""
        subject, idea = same(edit.subject), same(edit.idea)
        again, chance = self._failed.get((edit.kind, idea, subject), (0.0, 1.0))
        if edit.kind == "drop":
            chance *= _OURS ** self._kept_ideas[subject]
        if idea:
            chance *= _FAILED ** (self._failed_ideas[idea] - again)
        return chance

    def _made(self, trial: Trial) -> Iterator[Made]:
        edits = trial.memo.get("edits")
        known = [edit for edit in edits if _is_known(edit)] if isinstance(edits, list) else []
        before, after = self._merits.get(trial.parent), self._merits.get(trial.n)
        gain = None if before is None or after is None else before - after
        for edit in known:
            subject, idea = str(edit["subject"]), str(edit["idea"])
            yield Made(trial.n, trial.status, edit["kind"], subject, idea, gain, len(known) == 1)

    def _add(self, made: Made) -> None:
        is_kept = made.status == "keep"
        for sums in self._chances.values():
            sums[:] = (sums[0] * _FORGET, sums[1] * _FORGET)
        # What moved no figure tells more against its kind than what moved it the wrong way.
        told = (1.0 if made.alone else 0.5) * (2.0 if made.gain == 0 else 1.0)
        self._chances[made.kind][0 if is_kept else 1] += told
        self._counts[made.kind][0] += is_kept
        self._counts[made.kind][1] += 1
        subject, idea = same(made.subject), same(made.idea)
        self._by_idea[idea] = self._by_line[subject] = self._by_line[idea] = made
        if is_kept:
            self._kept_ideas[idea] += 1
            return
        self._failed_ideas[idea] += 1
        again = self._failed.setdefault((made.kind, idea, subject), [0.0, 1.0])
        again[0] += 1
        again[1] *= _IDLE if made.gain == 0 else _AGAIN if idea else _FAILED


def choose(
    edits: Sequence[LineEdit], past: Lessons, hints: Sequence[str], rng: np.random.Generator
) -> LineEdit:
    """A kind by Thompson sampling, and one of its edits by what is known of its line and idea."""
    chances = past.chances()
    kinds = [kind for kind in KINDS if any(edit.kind == kind for edit in edits)]
    draws = {kind: rng.beta(*chances[kind]) for kind in kinds}
    best = max(kinds, key=lambda kind: draws[kind])
    fitting = [edit for edit in edits if edit.kind == best]
    weights = np.array([_weight(edit, past, hints) for edit in fitting])
    return fitting[int(rng.choice(len(fitting), p=weights / weights.sum()))]


def mentioned(text: str, hints: Sequence[str]) -> bool:
    """Whether a person's hint and the text share a word of some length."""
    return any(_long_words(text) & _long_words(hint) for hint in hints)


def _weight(edit: LineEdit, past: Lessons, hints: Sequence[str]) -> float:
    weight = {"": 1.0, "baseline": _WAS_THERE, "ideas.txt": _KEYED if edit.keyed else 1.0}[
        edit.source
    ]
    weight *= past.weight(edit)
    if hints and (mentioned(edit.subject, hints) or mentioned(edit.idea, hints)):
        weight *= _HINTED
    return max(weight, 1e-9)


def _is_known(edit: object) -> bool:
    return isinstance(edit, dict) and edit.get("kind") in KINDS and {"subject", "idea"} <= set(edit)


def _long_words(text: str) -> set[str]:
    return set(re.findall(r"\w{4,}", text.casefold()))
