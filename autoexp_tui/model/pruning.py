"""The early end of hopeless runs: a candidate that is far behind the best so far at the same steps.

Like the pruners of hyperparameter search, but patient, since what begins slowly may still win: only
a candidate that is behind by a wide margin at several steps in a row, and not at the beginning.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from autoexp_tui.model.contract import Direction
from autoexp_tui.model.objective import gain

STEPS = 3
"""Steps that both have, one after the other, at each of which a candidate must be behind."""
GRACE = 0.2
"""Of the best's steps, the share at the beginning that tells nothing."""
MARGIN = 0.1
"""Of the best's figure: the least that is far behind."""
MOST = 10_000
"""Points that are remembered of one run."""


class Point(NamedTuple):
    """What a harness printed on its way."""

    step: float
    value: float


Curve: TypeAlias = Sequence[Point]
"""In the order in which they were printed."""


class Lag(NamedTuple):
    """A candidate that is hopeless, at the step that showed it."""

    step: float
    value: float
    best: float

    def words(self, name: str) -> str:
        """`stopped early: loss 0.91 at step 300, the best had 0.42 there`."""
        here = f"{name} {self.value:.6g} at step {self.step:.10g}"
        return f"stopped early: {here}, the best had {self.best:.6g} there"


class Race:
    """A candidate's progress beside that of the best so far, step by step."""

    def __init__(self, best: Curve, direction: Direction) -> None:
        self._direction = direction
        self._best = dict(best)
        steps = list(self._best)
        self._early = frozenset(steps[: max(1, round(GRACE * len(steps)))])
        self._last: deque[Lag] = deque(maxlen=STEPS)

    def add(self, point: Point) -> Lag | None:
        """Take the candidate's next point; where it is hopeless, how far it is behind.

        It is behind at a step when it is worse by more than a tenth of the best's figure, and by
        more than the best itself has moved over the steps that are compared.
        """
        best = self._best.get(point.step)
        if best is None or point.step in self._early:
            return None
        if self._last and self._last[-1].step == point.step:
            self._last.pop()  # printed again: the last counts
        self._last.append(Lag(point.step, point.value, best))
        if len(self._last) < STEPS:
            return None
        figures = [lag.best for lag in self._last]
        moved = max(figures) - min(figures)
        far = all(self._behind(lag) > max(moved, MARGIN * abs(lag.best)) for lag in self._last)
        return self._last[-1] if far else None

    def _behind(self, lag: Lag) -> float:
        return -(gain(self._direction, lag.value, lag.best).value or 0.0)
