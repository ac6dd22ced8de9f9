"""What a verification has measured, and which gains that leaves.

Each round evaluates every text once, under one seed, so rounds are the blocks of a randomised
complete block design: what drifts from round to round, or comes of a seed, is the same for all and
drops out of their differences. Effects have *repeated confidence intervals* (Jennison and Turnbull,
JRSS B 51, 1989), which hold however early a verification that has told enough is ended.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from autoexp_tui.model import events
from autoexp_tui.model.events import Effect, EffectKind, Outcome, Variant
from autoexp_tui.model.evidence import Merits, efficacy_bound

CONFIDENCE = 0.95
"""That an interval holds the true effect, over all rounds."""
_GONE = 0.5
"""Of the gain that a step was kept for: where no more can be left, it is gone."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Immutable: `apply` returns what is known afterwards."""

    plan: events.VerificationStarted
    evaluations: tuple[events.Verified, ...] = ()
    finished: events.VerificationFinished | None = None
    """How it was last ended; None while it goes on."""
    begun: int = 0
    """How often the evaluation that is due was begun, by processes that did not live to its end."""

    def began(self) -> Verification:
        """An evaluation has begun."""
        return replace(self, begun=self.begun + 1)

    def apply(self, event: events.Verified | events.VerificationFinished) -> Verification:
        match event:
            case events.Verified():
                found = (*self.evaluations, event)
                return replace(self, evaluations=found, finished=None, begun=0)
            case events.VerificationFinished():
                return replace(self, finished=event, begun=0)
            case _:
                assert_never(event)

    def due(self, number: int) -> list[Variant]:
        """The texts of one round: all that never failed; without a seed, those that the run had."""
        failed = {found.variant for found in self.evaluations if found.failure}
        return [
            variant
            for variant in self.plan.variants
            if variant not in failed and (number or not variant.without)
        ]

    def measured(self, number: int) -> dict[Variant, events.Verified]:
        """The measurements of one round."""
        return {
            found.variant: found
            for found in self.evaluations
            if found.round == number and not found.failure
        }

    def is_whole(self, number: int) -> bool:
        """Whether every text that is due in a round was measured in it."""
        due = self.due(number)
        return bool(due) and self.measured(number).keys() >= set(due)

    @property
    def rounds(self) -> list[dict[Variant, events.Verified]]:
        """The measurements of each whole round with a fresh seed."""
        numbers = range(1, self.plan.rounds + 1)
        return [self.measured(number) for number in numbers if self.is_whole(number)]

    def __str__(self) -> str:
        return f"{len(self.rounds)} of {self.plan.rounds} rounds"


@dataclass(frozen=True, slots=True)
class Blocks:
    """Figures by text and round, as merits: larger is better."""

    figures: dict[Variant, list[Merits]]
    """Of every text as many, one for each round."""
    looks: int
    """Rounds at most."""

    @property
    def rounds(self) -> int:
        return min(map(len, self.figures.values()), default=0)

    @property
    def exact(self) -> bool:
        """Whether each text gave the same in every round."""
        return all(len(set(found)) <= 1 for found in self.figures.values())

    def sigma(self, k: int) -> float:
        """Standard deviation of one evaluation, without what a whole round has in common."""
        if self.exact:
            return 0.0
        rows = [[merits[k] for merits in found] for found in self.figures.values()]
        whole = statistics.fmean(map(statistics.fmean, rows))
        rounds = [statistics.fmean(column) for column in zip(*rows, strict=True)]
        squares = (
            (figure - statistics.fmean(row) - mean + whole) ** 2
            for row in rows
            for figure, mean in zip(row, rounds, strict=True)
        )
        return math.sqrt(math.fsum(squares) / self._freedom)

    @property
    def _freedom(self) -> int:
        return (len(self.figures) - 1) * (self.rounds - 1)

    def effect(
        self, kind: EffectKind, n: int, new: Variant, old: Variant, kept_for: Merits
    ) -> Effect:
        """By how much `new` is better than `old`; of several figures, of that which tells most."""
        if new not in self.figures or old not in self.figures:
            return Effect(kind, n, "failed", kept_for[0])
        found = [self._of_figure(kind, n, new, old, kept_for, k) for k in range(len(kept_for))]
        best = max(found, key=lambda effect: effect.low)
        worse = any(effect.high < 0 for effect in found)
        return best if not worse else min(found, key=lambda effect: effect.high)

    def _of_figure(
        self, kind: EffectKind, n: int, new: Variant, old: Variant, kept_for: Merits, k: int
    ) -> Effect:
        mean = {of: statistics.fmean(m[k] for m in self.figures[of]) for of in (new, old)}
        effect = mean[new] - mean[old]
        margin = 0.0
        if sigma := self.sigma(k):
            alpha = (1 - CONFIDENCE) / 2 / len(kept_for)
            bound = efficacy_bound(alpha, min(self.rounds, self.looks), self.looks, self._freedom)
            margin = bound * sigma * math.sqrt(2 / self.rounds)
        low, high = effect - margin, effect + margin
        return Effect(kind, n, _outcome(low, high, kept_for[k]), kept_for[k], effect, low, high)


def _outcome(low: float, high: float, kept_for: float) -> Outcome:
    if low > 0:
        return "holds"
    return "gone" if high <= 0 or high < _GONE * kept_for else "unclear"


def settled(effects: Sequence[Effect]) -> bool:
    """Whether the whole gain and every step's are told; taking steps out is beside them."""
    told = [effect for effect in effects if effect.kind != "without"]
    return bool(told) and all(effect.outcome != "unclear" for effect in told)
