"""Proposals of a Gaussian process: the point of the largest expected improvement.

What crashed or came near the time limit makes points like it less likely to be tried: the expected
improvement is weighed with the probability that a point can be measured (Gardner et al., ICML
2014, "Bayesian optimization with inequality constraints"). A harness' noise is the process' noise,
and the improvement is over what is expected of the best, not over what it once measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from autoexp_tui.proposers.tuner import descent, gp, normal
from autoexp_tui.proposers.tuner.cube import Cube

Array = NDArray[np.float64]

_GLOBAL = 384
_LOCAL = 96
"""Candidates over the whole box, and around each of the best points."""
_CENTRES = 4
_REFINED = 3
"""The best candidates, whose free columns are moved to the top of the hill they are on."""
_STEPS = 30
_HAIR = 1e-9
_NEAR_LIMIT = 0.5
"""Share of the time limit from which on seconds are modelled."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Experiments as the model sees them, in the columns of a cube."""

    rows: Array
    """n × k, measured."""
    losses: Array
    crashed: Array
    """c × k."""
    seconds: Array | None = None
    """n, and then c; None where the time limit is far."""
    limit: float = math.inf
    pending: Array | None = None
    """p × k: measured now."""


@dataclass(frozen=True, slots=True)
class Found:
    """A point, and what the model expects there."""

    row: Array
    expected: float
    """Loss: the middle of what is expected."""
    low: float
    high: float
    """Losses one standard deviation to either side."""
    feasible: float
    """Probability that it can be measured."""
    nearest: Array
    """The row it was reached from."""


def best_point(
    cube: Cube,
    seen: Seen,
    rng: np.random.Generator,
    *,
    sigma: float = 0.0,
    radius: float = math.inf,
    here: Array | None = None,
    widest: int = 0,
) -> Found:
    """The most promising point, within `radius` of the best one where that is finite.

    Args:
        cube: The space.
        seen: At least two measured points.
        rng: Draws the candidates.
        sigma: Standard deviation of one measurement, in losses.
        radius: Half the side of a box around the best, in ranges, longer where the loss varies
            slowly and shorter where it varies fast (Eriksson et al., NeurIPS 2019, "Scalable
            global optimization via local Bayesian optimization").
        here: The row of the text that is changed, if it is not the best.
        widest: So many slots at most differ from `here`; 0 for any number.
    """
    with _one_thread():
        return _best_point(cube, seen, rng, sigma, radius, here, widest)


def _best_point(
    cube: Cube,
    seen: Seen,
    rng: np.random.Generator,
    sigma: float,
    radius: float,
    here: Array | None,
    widest: int,
) -> Found:
    groups = cube.groups
    process, warp = gp.fit_losses(seen.rows, seen.losses, groups, sigma)
    expected = process.believe(seen.rows)[0] if sigma > 0 else warp(seen.losses)
    order = np.argsort(expected, kind="stable")
    best, top = seen.rows[order[0]], float(expected[order[0]])
    if seen.pending is not None and len(seen.pending):
        process = process.expecting(seen.pending)
    feasible = _Feasible(seen, groups)
    low, high = _box(best, process.lengths, groups, radius)
    if widest:
        centres = (best if here is None else here)[None]
        low, high = np.zeros(len(best)), np.ones(len(best))
    else:
        centres = seen.rows[order[: _CENTRES if math.isinf(radius) else 1]]
    candidates = _candidates(cube, centres, process.lengths, (low, high), rng, widest)

    def score(rows: Array) -> Array:
        return log_improvement(*process.believe(rows), top) + feasible.log(rows)

    scores = score(candidates)
    ranked = np.argsort(-scores, kind="stable")[:_REFINED]
    chosen, value = candidates[ranked[0]], float(scores[ranked[0]])
    for index in ranked:
        free = cube.free
        if widest:
            free = free & (candidates[index] != np.clip(centres[0], 0, 1))
        if not free.any():
            continue
        row = _climb(process, candidates[index], free, top, low, high)
        if (climbed := float(score(row[None])[0])) > value:
            chosen, value = row, climbed
    mean, deviation = (float(figure[0]) for figure in process.believe(chosen[None]))
    return Found(
        chosen,
        warp.back(mean),
        warp.back(mean - deviation),
        warp.back(mean + deviation),
        float(np.exp(feasible.log(chosen[None])[0])),
        best,
    )


def _one_thread() -> AbstractContextManager[object]:
    """Matrices this small gain nothing from more, and lose much where other work has the cores.

    Sums of one thread are the same on every machine, too.
    """
    held: AbstractContextManager[object] = _pools().limit(limits=1, user_api="blas")
    return held


@lru_cache(maxsize=1)
def _pools() -> ThreadpoolController:
    return ThreadpoolController()


def log_improvement(mean: Array, deviation: Array, best: float) -> Array:
    """Logarithm of the expected improvement (Ament et al., NeurIPS 2023), without underflow."""
    return np.log(deviation) + normal.log_improvement((best - mean) / deviation)


class _Feasible:
    """The probability that a point can be measured, by what crashed and what took how long."""

    def __init__(self, seen: Seen, groups: NDArray[np.intp]) -> None:
        self._crashes = self._seconds = None
        everything = np.concatenate((seen.rows, seen.crashed))
        if len(seen.crashed):
            labels = np.repeat([1.0, -1.0], [len(seen.rows), len(seen.crashed)])
            self._crashes = gp.fit(everything, labels, groups)
        if seen.seconds is not None:
            logs = np.log(np.maximum(seen.seconds, 1e-3))
            self._middle, self._spread = float(logs.mean()), float(logs.std()) or 1.0
            self._seconds = gp.fit(everything, (logs - self._middle) / self._spread, groups)
            self._limit = (math.log(seen.limit) - self._middle) / self._spread

    def log(self, rows: Array) -> Array:
        found = np.zeros(len(rows))
        if self._crashes is not None:
            mean, deviation = self._crashes.believe(rows)
            found += normal.log_mass(mean / np.sqrt(deviation**2 + 0.1))
        if self._seconds is not None:
            mean, deviation = self._seconds.believe(rows)
            found += normal.log_mass((self._limit - mean) / np.sqrt(deviation**2 + 1e-4))
        return found


def _box(
    best: Array, lengths: Array, groups: NDArray[np.intp], radius: float
) -> tuple[Array, Array]:
    """Ends of each column; the whole range of an option."""
    low, high = np.zeros(len(best)), np.ones(len(best))
    if math.isinf(radius):
        return low, high
    plain = np.bincount(groups)[groups] == 1
    usual = lengths / np.exp(np.log(lengths[plain]).mean()) if plain.any() else lengths
    half = radius * np.clip(usual, 0.25, 4.0)
    at = np.clip(best, 0, 1)
    return (
        np.where(plain, np.maximum(at - half, 0), low),
        np.where(plain, np.minimum(at + half, 1), high),
    )


def _candidates(
    cube: Cube,
    centres: Array,
    lengths: Array,
    box: tuple[Array, Array],
    rng: np.random.Generator,
    widest: int,
) -> Array:
    low, high = box
    groups = cube.groups
    count = len(cube.domains)
    first = np.searchsorted(groups, np.arange(count))
    parts = []
    if not widest:
        draws = low[first] + _spread_out(_GLOBAL, count, rng) * (high - low)[first]
        parts.append(cube.uniform(draws))
    for centre in np.clip(centres, 0, 1):
        # From a hair to half the range, and in few or in many values.
        many = _LOCAL if not widest else _LOCAL + _GLOBAL
        sizes = 10 ** rng.uniform(-3.5, -0.3, (many, 1)) * np.minimum(lengths[first], 2.0)
        share = rng.choice([1.0, 0.5, min(1.0, 2 / count)], (many, 1))
        mask = rng.random((many, count)) < share
        empty = ~mask.any(1)
        mask[empty, rng.integers(count, size=int(empty.sum()))] = True
        if widest:
            places = rng.random((many, count)).argsort(1)
            mask = places < rng.integers(1, min(widest, count) + 1, (many, 1))
        shifts = rng.normal(size=(many, count)) * sizes * mask
        base = np.repeat(centre[None], many, axis=0)
        moved = cube.moved(base, shifts, rng.random((many, count)))
        moved[:, cube.free] = np.clip(moved, low, high)[:, cube.free]
        inside = ((moved >= low - _HAIR) & (moved <= high + _HAIR)).all(1)
        parts.append(moved[inside])
    return np.unique(np.concatenate(parts), axis=0)


def _spread_out(count: int, size: int, rng: np.random.Generator) -> Array:
    """Points that fill the unit cube evenly: an additive recurrence, shifted at random."""
    if size > 12:  # beyond, its later columns go together
        return rng.random((count, size))
    root = 2.0
    for _ in range(30):
        root = (1 + root) ** (1 / (size + 1))
    steps = root ** -np.arange(1.0, size + 1)
    return np.asarray(np.mod(rng.random(size) + np.arange(1, count + 1)[:, None] * steps, 1.0))


def _climb(
    process: gp.Process,
    start: Array,
    free: NDArray[np.bool_],
    best: float,
    low: Array,
    high: Array,
) -> Array:
    """The nearest top of the expected improvement, in the free columns."""

    def negative(part: Array) -> tuple[float, Array]:
        row = start.copy()
        row[free] = part
        mean, deviation, mean_slope, deviation_slope = process.slopes(row)
        z = (best - mean) / deviation
        log_h = float(normal.log_improvement(np.array([z]))[0])
        density = math.exp(min(-0.5 * z * z - normal.LOG_ROOT_2PI - log_h, 700))
        mass = math.exp(min(float(normal.log_mass(np.array([z]))[0]) - log_h, 700))
        slope = density * deviation_slope / deviation - mass * mean_slope / deviation
        return -(math.log(deviation) + log_h), -slope[free]

    row = start.copy()
    row[free] = descent.least(negative, start[free], low[free], high[free], _STEPS)
    return row


def near_limit(seconds: Sequence[float], limit: float) -> bool:
    """Whether the time limit is near enough to be learnt."""
    return bool(seconds) and max(seconds) > _NEAR_LIMIT * limit
