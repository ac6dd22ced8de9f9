"""What each way to choose has brought: who is asked next, which slots are moved, how far.

Credit is by rank: a keep counts by how many of the latest keeps it gained more than, so that
neither a metric's unit nor the large gains of a run's beginning decide.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

_Name = TypeVar("_Name", bound=str)

_FORGET = 0.93
"""What an older outcome still weighs, per experiment since."""
_GAINS = 20
"""Latest keeps that a gain is ranked among."""
_LEAST = 0.5
"""Credit of the smallest gain among them; of the largest it is 1."""
_PRIOR: Mapping[str, tuple[float, float]] = {
    "steps": (1.0, 3.0),
    "whole": (0.7, 2.5),
    "model": (2.0, 2.0),
    "region": (2.5, 2.0),
}
"""Won and lost, as if seen before the first experiment."""
_WIDE, _NARROW, _WIDEST = 0.4, 0.005, 0.8
"""Half the side of the region, in ranges: to begin with, at least and at most."""
_WON_IN_A_ROW = 2
_LOST_IN_A_ROW = (3, 8)
"""At least and at most; between them, as many as there are slots."""


class Credit:
    """Wins and losses of arms and slots, faded; and the size of the region."""

    def __init__(self) -> None:
        self.radius = _WIDE
        self.widest = math.inf
        """So many slots at most may the model move at once: half of what crashed, twice what did
        not. Of few moves that crash one learns which it was, and most of the others do not."""
        self._arms: dict[str, list[float]] = {arm: [0.0, 0.0] for arm in _PRIOR}
        self._slots: dict[str, tuple[float, float, int]] = {}
        """Won, lost, and the count of small steps when they were."""
        self._steps = 0
        self._gains: deque[float] = deque(maxlen=_GAINS)
        self._row = 0
        """Keeps of the region in a row; below zero, failures."""

    def add(
        self,
        arm: str,
        changed: Sequence[str],
        gain: float | None,
        size: int,
        *,
        crashed: bool = False,
    ) -> None:
        """Take in an experiment of `size` slots; `gain` is None for what was not kept."""
        if arm in {"model", "region"}:
            moved = min(self.widest, len(changed))
            self.widest = max(moved // 2, 1) if crashed else 2 * self.widest
        won = 0.0 if gain is None else self._rank(gain)
        if arm in self._arms:
            for sums in self._arms.values():
                sums[0] *= _FORGET
                sums[1] *= _FORGET
            self._arms[arm][0] += won
            self._arms[arm][1] += 1 - won
        if arm == "region":
            self._resize(kept=gain is not None, size=size)
        if arm != "steps":
            return
        self._steps += 1
        for name in changed:
            before, lost = self._faded(name)
            share = 1 / len(changed)
            if gain is None:
                self._slots[name] = before, lost + share, self._steps
            else:
                self._slots[name] = before + share, lost, self._steps

    def choose(self, arms: Iterable[_Name], rng: np.random.Generator) -> _Name:
        """Thompson sampling: a draw from what is believed of each arm's credit."""
        draws = {}
        for arm in arms:
            won, lost = self._arms[arm]
            draws[arm] = rng.beta(_PRIOR[arm][0] + won, _PRIOR[arm][1] + lost)
        return max(draws, key=lambda arm: draws[arm])

    def promise(self, names: Sequence[str], rng: np.random.Generator) -> np.ndarray:
        """A draw for each slot from what is believed of a small step of it to be kept."""
        sums = (self._faded(name) for name in names)
        return np.array([rng.beta(1 + won, 1 + lost) + 0.02 for won, lost in sums])

    def is_untried(self, name: str) -> bool:
        """Whether no small step has moved the slot."""
        return name not in self._slots

    def _faded(self, name: str) -> tuple[float, float]:
        won, lost, at = self._slots.get(name, (0.0, 0.0, 0))
        left = _FORGET ** (self._steps - at)
        return won * left, lost * left

    def _rank(self, gain: float) -> float:
        below = sum(other < gain for other in self._gains)
        share = below / len(self._gains) if self._gains else 1.0
        self._gains.append(gain)
        return _LEAST + (1 - _LEAST) * share

    def _resize(self, *, kept: bool, size: int) -> None:
        """Twice as wide after keeps in a row, half after failures; from a point, all over again."""
        self._row = max(self._row, 0) + 1 if kept else min(self._row, 0) - 1
        if self._row >= _WON_IN_A_ROW:
            self.radius, self._row = min(2 * self.radius, _WIDEST), 0
        elif -self._row >= min(max(size, _LOST_IN_A_ROW[0]), _LOST_IN_A_ROW[1]):
            self.radius, self._row = self.radius / 2, 0
            if self.radius < _NARROW:
                self.radius = _WIDE
