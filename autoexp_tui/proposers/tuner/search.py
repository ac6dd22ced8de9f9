"""A tree-structured Parzen estimator: the next values of some slots, likely to be better.

The better tenth of the past and the rest are two densities, each a mixture with one component for
every experiment in it; of a few draws from the better ones' the one is taken that is likeliest
there against the rest (Bergstra et al., NeurIPS 2011; components over all slots at once and their
widths as in Watanabe, "Tree-structured Parzen estimator", 2023, and in Optuna 5, with which the
tests compare).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from autoexp_tui.proposers.tuner.domains import Choices, Domain
from autoexp_tui.proposers.tuner.normal import LOG_ROOT_2PI
from autoexp_tui.proposers.tuner.past import Tried

Array = NDArray[np.float64]

STARTUP = 8
"""So many measurements before the estimator is asked; uniform draws until then."""
_BETTER = 0.1
_MOST_BETTER = 25
"""Share of the past that counts as better, and how many at most."""
_RECENT = 25
"""So many of the latest count in full, those before them the less the older they are."""
_DRAWS = 24
_NARROWEST = 100.0
"""A component is at least so small a part of the range, and wider while there are few of them."""
_HAIR = 1e-15
_NORMAL = NormalDist()


def suggest(domains: Mapping[str, Domain], past: Sequence[Tried], seed: int) -> dict[str, str]:
    """A literal for every named slot, likely to be better given the past.

    Experiments that lack one of the slots, or had what it can't be, tell nothing here.
    """
    rng = np.random.default_rng(seed)
    rows, losses = [], []
    crash = _worse_than_all(past)
    for tried in past:
        row = _row(domains, tried.values)
        if row is not None:
            rows.append(row)
            losses.append(crash if tried.loss is None else tried.loss)
    if len(rows) < STARTUP:
        drawn = Mixture(domains, np.empty((0, len(domains)))).draw(1, rng)[0]
    else:
        points = np.array(rows)
        count = min(math.ceil(_BETTER * len(rows)), _MOST_BETTER)
        is_better = np.zeros(len(rows), dtype=bool)
        is_better[np.argsort(losses, kind="stable")[:count]] = True
        better, rest = Mixture(domains, points[is_better]), Mixture(domains, points[~is_better])
        draws = better.draw(_DRAWS, rng)
        drawn = draws[int((better.log_density(draws) - rest.log_density(draws)).argmax())]
    return {name: _literal(d, at) for (name, d), at in zip(domains.items(), drawn, strict=True)}


def _worse_than_all(past: Sequence[Tried]) -> float:
    """What a crash counts as."""
    losses = [tried.loss for tried in past if tried.loss is not None]
    best, worst = min(losses, default=0.0), max(losses, default=0.0)
    return worst + max(worst - best, abs(worst), 1.0)


def _row(domains: Mapping[str, Domain], values: Mapping[str, str]) -> list[float] | None:
    """Coordinates, of a choice its number; None when the point lacks one of the slots."""
    row: list[float] = []
    for name, domain in domains.items():
        literal = values.get(name)
        if literal is None:
            return None
        if isinstance(domain, Choices):
            if literal not in domain.options:
                return None
            row.append(domain.options.index(literal))
        elif (coordinate := domain.encode(literal)) is not None:
            row.append(coordinate)
        else:
            return None
    return row


def _literal(domain: Domain, at: float) -> str:
    return domain.options[int(at)] if isinstance(domain, Choices) else domain.decode(float(at))


class Mixture:
    """A density with a component for each of n points, the oldest first, and a wide one."""

    def __init__(self, domains: Mapping[str, Domain], points: Array) -> None:
        weights = np.concatenate((_ages(len(points)), [1.0]))
        self._weights = weights / weights.sum()
        self._columns = [
            _Options.around(points[:, k], len(domain.options))
            if isinstance(domain, Choices)
            else _Bells.around(points[:, k], *domain.ends)
            for k, domain in enumerate(domains.values())
        ]

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """So many rows, each of one component in all its columns."""
        chosen = rng.choice(len(self._weights), count, p=self._weights)
        return np.column_stack([c.draw(chosen, rng.random(count)) for c in self._columns])

    def log_density(self, rows: Array) -> Array:
        each = np.log(self._weights) + sum(
            column.log_density(rows[:, k]) for k, column in enumerate(self._columns)
        )
        top = each.max(1, keepdims=True)
        return np.asarray(top[:, 0] + np.log(np.exp(each - top).sum(1)))


def _ages(count: int) -> Array:
    ramp = np.linspace(1 / max(count, 1), 1.0, max(count - _RECENT, 0))
    return np.concatenate((ramp, np.ones(min(count, _RECENT))))


@dataclass(frozen=True, slots=True)
class _Bells:
    """Normal distributions, cut off at the ends of the range."""

    low: float
    high: float
    middles: Array
    widths: Array
    below: Array
    """Mass below the range of each that is not cut off."""
    inside: Array

    @classmethod
    def around(cls, at: Array, low: float, high: float) -> _Bells:
        """Each as wide as the way to its farther neighbour, and one over the whole range."""
        order = np.argsort(at)
        steps = np.diff(np.concatenate(([low], at[order], [high])))
        if len(at) > 1:
            steps[0] = steps[-1] = 0.0  # the ends of the range are no neighbours
        widths = np.empty(len(at))
        widths[order] = np.maximum(steps[:-1], steps[1:]) if len(at) else 0.0
        narrowest = (high - low) / min(_NARROWEST, len(at) + 2.0)
        middles = np.concatenate((at, [(low + high) / 2]))
        widths = np.concatenate((np.clip(widths, narrowest, high - low), [high - low]))
        below = _masses((low - middles) / widths)
        return cls(low, high, middles, widths, below, _masses((high - middles) / widths) - below)

    def draw(self, chosen: NDArray[np.intp], shares: Array) -> Array:
        masses = np.clip(self.below[chosen] + shares * self.inside[chosen], _HAIR, 1 - _HAIR)
        deviations = np.array([_NORMAL.inv_cdf(mass) for mass in masses.tolist()])
        at = self.middles[chosen] + deviations * self.widths[chosen]
        return np.clip(at, self.low, self.high)

    def log_density(self, at: Array) -> Array:
        """Rows for points, columns for components."""
        z = (at[:, None] - self.middles) / self.widths
        return np.asarray(-0.5 * z * z - np.log(self.widths * self.inside) - LOG_ROOT_2PI)


def _masses(z: Array) -> Array:
    return np.array([0.5 * math.erfc(-one / math.sqrt(2)) for one in z.tolist()])


@dataclass(frozen=True, slots=True)
class _Options:
    """For each component the probabilities of the options: most for the one that was there."""

    chances: Array

    @classmethod
    def around(cls, at: Array, count: int) -> _Options:
        chances = np.full((len(at) + 1, count), 1 / (len(at) + 1))
        chances[np.arange(len(at)), at.astype(int)] += 1
        return cls(chances / chances.sum(1, keepdims=True))

    def draw(self, chosen: NDArray[np.intp], shares: Array) -> Array:
        passed = self.chances[chosen].cumsum(1) < shares[:, None]
        options: Array = np.minimum(passed.sum(1), self.chances.shape[1] - 1).astype(float)
        return options

    def log_density(self, at: Array) -> Array:
        found: Array = np.log(self.chances[:, at.astype(int)]).T
        return found
