"""The history as the search sees it: which values were tried, and one figure of merit for each.

A `Past` takes in each trial once, so that what a proposal costs doesn't grow with the run; made
anew from the whole history, as after a resume, it is the same.
"""

from __future__ import annotations

import math
import statistics
from bisect import insort
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.objective import Objective, improvement
from autoexp_tui.model.proposal import Pending, Trial
from autoexp_tui.proposers.tuner.credit import Credit

Arm: TypeAlias = Literal["steps", "whole", "model", "region", "rest"]
"""How a point was chosen; `rest` when no arm had anything new and any new point would do."""

SlotValues: TypeAlias = Mapping[str, str]
"""Slot names to literals."""

PENDING = "pending"
"""The status of what is tried now."""
_BEST, _LATEST = 60, 40
"""What the models see of a long past: so many of the best, of the latest, and of the crashes."""
_MOVES = 40
"""Latest moves that are held of each slot."""
_LUCK = ("unconfirmed", "within the noise")
"""Words of a verdict: the figure was better by no more than luck is."""
_LATE = ("stale", "superseded")
"""Marks of what was better, but later than another."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One measured or crashed experiment. Lower loss is better, whatever the metric's direction."""

    n: int
    status: str
    arm: Arm | Literal[""]
    """Empty for the baseline, and for what another proposer made."""
    values: SlotValues
    changed: Mapping[str, Sequence[str]]
    """The moved slots, from and to."""
    loss: float | None
    """None for a crash."""
    seconds: float = 0.0


class Past:
    """Everything that was tried, folded trial by trial."""

    def __init__(self, contract: Contract, baseline: SlotValues) -> None:
        self.tried: list[Tried] = []
        self.credit = Credit()
        self._contract = contract
        self._baseline = baseline
        self._first: Trial | None = None
        self._last: Trial | None = None
        self._taken = 0
        self._losses: dict[int, float] = {}
        self._ranked: list[tuple[float, int]] = []
        self._crashed: deque[int] = deque(maxlen=_LATEST)
        self._moves: dict[str, deque[tuple[Tried, str, str]]] = {}
        self._names: tuple[str, ...] = ()
        self._points: set[tuple[str, ...]] = set()
        self._pointed = 0
        self._pending: list[Tried] = []

    def fits(self, contract: Contract, baseline: SlotValues, history: Sequence[Trial]) -> bool:
        """Whether it is the past of this history, but for what came since."""
        if self._taken > len(history) or self._contract != contract:
            return False
        is_same = self._taken == 0 or history[self._taken - 1] is self._last
        return is_same and self._baseline == baseline

    def learn(self, history: Sequence[Trial]) -> None:
        """Take in the trials that are new. One that was skipped or lost taught nothing."""
        for trial in history[self._taken :]:
            if self._first is None:
                self._first = trial
            self._last = trial
            self._taken += 1
            if taught(trial):
                self.add(self._seen(trial))

    def expect(self, pending: Sequence[Pending]) -> None:
        """Learn what is tried now, by the status `PENDING`; only what is told last counts.

        The Parzen estimator takes it for no better and no worse than what was seen, a constant
        liar (Ginsbourger et al. 2010) with the median; the Gaussian process for what it expects.
        """
        losses = [tried.loss for tried in self._measured_window() if tried.loss is not None]
        lie = statistics.median(losses) if losses else None
        self._pending = [
            Tried(
                n=one.n,
                status=PENDING,
                arm=_arm(one.memo.get("arm")),
                values=_values(one.memo.get("values"), self._baseline),
                changed=_pairs(one.memo.get("changed")),
                loss=lie,
            )
            for one in pending
        ]

    def is_moved_now(self, name: str) -> bool:
        """Whether what is tried now moves this slot."""
        return any(name in tried.changed for tried in self._pending)

    @property
    def measured(self) -> int:
        """How many experiments gave a figure."""
        return len(self._ranked)

    @property
    def best(self) -> Tried | None:
        """The measured one of the least loss."""
        return self.tried[self._ranked[0][1]] if self._ranked else None

    def window(self) -> list[Tried]:
        """The best, the latest and the latest crashes, in the order of the run; and what is tried
        now.
        """
        known = self._measured_window()
        lies = [tried for tried in self._pending if tried.loss is not None]
        return [*known, *lies] if lies else known

    def _measured_window(self) -> list[Tried]:
        if len(self.tried) <= _BEST + _LATEST:
            return self.tried
        chosen = {index for _, index in self._ranked[:_BEST]}
        chosen.update(range(len(self.tried) - _LATEST, len(self.tried)), self._crashed)
        return [self.tried[index] for index in sorted(chosen)]

    def moves(self, name: str) -> Sequence[tuple[Tried, str, str]]:
        """The latest experiments that moved this slot, with the values before and after."""
        return self._moves.get(name, ())

    def last_to(self, name: str, value: str) -> Tried | None:
        """The latest experiment that moved this slot to this value."""
        latest = reversed(self.tried)
        return next((t for t in latest if name in t.changed and t.changed[name][1] == value), None)

    def was_left(self, name: str, value: str) -> bool:
        """Whether an experiment moved this slot away from this value."""
        return any(name in t.changed and t.changed[name][0] == value for t in self.tried)

    def has(self, names: tuple[str, ...], key: tuple[str, ...]) -> bool:
        """Whether a point of these slots was tried, or is tried now."""
        if names != self._names:
            self._names, self._points, self._pointed = names, set(), 0
        for tried in self.tried[self._pointed :]:
            if tried.values:
                self._points.add(tuple(tried.values.get(name, "") for name in names))
        self._pointed = len(self.tried)
        now = (tuple(tried.values.get(name, "") for name in names) for tried in self._pending)
        return key in self._points or key in now

    def _seen(self, trial: Trial) -> Tried:
        memo = trial.memo
        is_first = trial is self._first
        return Tried(
            n=trial.n,
            status=trial.status,
            arm=_arm(memo.get("arm")),
            values=self._baseline if is_first else _values(memo.get("values"), self._baseline),
            changed=_pairs(memo.get("changed")),
            loss=self._loss(trial),
            seconds=trial.seconds,
        )

    def _loss(self, trial: Trial) -> float | None:
        """A figure that was better and still not kept broke a limit: it counts as so much worse."""
        if not trial.metrics or self._first is None:
            return None
        loss = merit(self._contract, trial.metrics, self._first.metrics or trial.metrics)
        if not math.isfinite(loss):
            return None
        self._losses[trial.n] = loss
        parent = self._losses.get(trial.parent)
        is_luck = any(word in trial.reason for word in _LUCK) or trial.mark in _LATE
        if trial.status == "discard" and parent is not None and loss < parent and not is_luck:
            return 2 * parent - loss
        return loss

    def add(self, tried: Tried) -> None:
        """Take in one experiment."""
        index = len(self.tried)
        top = self._ranked[0][0] if self._ranked else None
        self.tried.append(tried)
        if tried.loss is None:
            self._crashed.append(index)
        else:
            insort(self._ranked, (tried.loss, index))
        for name, (before, after) in tried.changed.items():
            self._moves.setdefault(name, deque(maxlen=_MOVES)).append((tried, before, after))
        gain = top - tried.loss if top is not None and tried.loss is not None else 0.0
        self.credit.add(
            tried.arm,
            tuple(tried.changed),
            gain if tried.status == "keep" else None,
            len(tried.values),
            crashed=tried.loss is None,
        )


def taught(trial: Trial) -> bool:
    """Whether anything is known from it: nobody skipped it, and it wasn't lost."""
    if trial.status != "crash":
        return True
    return trial.mark not in {"lost", "superseded"} and not trial.reason.startswith("skipped")


def recall(contract: Contract, history: Sequence[Trial], baseline: SlotValues) -> Past:
    """What each trial taught."""
    past = Past(contract, baseline)
    past.learn(history)
    return past


def unwanted_moves(history: Sequence[Trial]) -> list[SlotValues]:
    """Of each experiment that a person wants never again: the slots that it moved, and to where."""
    moves = (_pairs(trial.memo.get("changed")) for trial in history if trial.never)
    return [{name: after for name, (_, after) in moved.items()} for moved in moves if moved]


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


def _arm(value: object) -> Arm | Literal[""]:
    match value:
        case "steps" | "whole" | "model" | "region" | "rest":
            return value
        case _:
            return ""


def _values(value: object, baseline: SlotValues) -> SlotValues:
    """What a memo says of each slot; one that it doesn't know stood as it did in the beginning.

    The memo's own dictionary where it says all, as thousands of copies would be most of a runner.
    """
    if not isinstance(value, dict):
        return {}
    if baseline.keys() <= value.keys() and all(isinstance(text, str) for text in value.values()):
        return value
    known = {str(name): text for name, text in value.items() if isinstance(text, str)}
    return {**baseline, **known} if known else {}


def _pairs(value: object) -> Mapping[str, Sequence[str]]:
    """What a memo says was changed, from and to; its own dictionary where that is sound."""
    if not isinstance(value, dict):
        return {}
    if all(_is_pair(pair) for pair in value.values()):
        return value
    return {str(name): pair for name, pair in value.items() if _is_pair(pair)}


def _is_pair(value: object) -> bool:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return False
    return all(isinstance(text, str) for text in value)
