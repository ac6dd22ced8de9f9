"""A Gaussian process: what was measured, as a belief about what was not.

Matérn 5/2 with a length for each value (automatic relevance determination), a constant mean and a
scale that are integrated or profiled out, and a nugget. The lengths are the most probable ones
under a prior that grows with the number of values (Hvarfner et al., ICML 2024, "Vanilla Bayesian
optimization performs great in high dimensions"). Losses are seen on the scale that makes the data
likeliest: as they are, or as the logarithm of their distance from a little below the best.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autoexp_tui.proposers.tuner import descent

Array = NDArray[np.float64]

_ROOT5 = math.sqrt(5.0)
_SHAPE = _RATE = 1.5
"""Of the inverse gamma prior on the scale of losses that are standardised."""
_NUGGET, _NUGGET_SPREAD = math.log(3e-5), 2.0
"""Where the logarithm of the nugget is expected, as a share of the variance."""
_SPREAD = math.sqrt(3.0)
_ISOTROPIC = (0.1, 0.25, 0.6, 1.5, 4.0)
"""Lengths, times the root of the number of values, from which the search for the best starts."""
_OFFSETS = (math.inf, 1.0, 0.1, 0.01)
"""How far below the best the logarithm is taken from, in distances of best and median."""
_ITERATIONS = 25
_LEAST_NUGGET = -20.0
_BLOCK = 48
"""Triangular matrices up to this size are inverted as any other is."""
_JITTER = 1e-9
_EXPECTED = 1e-6
"""Share of the variance that is left at what is being measured."""


@dataclass(frozen=True, slots=True)
class Warp:
    """A rising function of the loss, standardised afterwards: `log(z + offset)`, or z itself."""

    best: float
    unit: float
    offset: float
    mean: float
    deviation: float

    def __call__(self, losses: Array) -> Array:
        return (self._raw(losses) - self.mean) / self.deviation

    def _raw(self, losses: Array) -> Array:
        z = (losses - self.best) / self.unit
        return z if math.isinf(self.offset) else np.log(np.maximum(z, 0) + self.offset)

    def slope(self, losses: Array) -> Array:
        """How much a small difference of losses makes."""
        flat = np.full(len(losses), 1 / (self.unit * self.deviation))
        if math.isinf(self.offset):
            return flat
        return flat / (np.maximum((losses - self.best) / self.unit, 0) + self.offset)

    def back(self, figure: float) -> float:
        """The loss that a figure stands for."""
        raw = figure * self.deviation + self.mean
        z = raw if math.isinf(self.offset) else math.exp(min(raw, 700.0)) - self.offset
        return self.best + z * self.unit


def warp(losses: Array, offset: float) -> Warp:
    """The warp of some losses; of equal ones, it makes nothing of them."""
    best = float(losses.min())
    unit = float(np.median(losses)) - best or float(losses.max()) - best or 1.0
    plain = Warp(best, unit, offset, 0.0, 1.0)
    raw = plain(losses)
    return Warp(best, unit, offset, float(raw.mean()), float(raw.std()) or 1.0)


@dataclass(frozen=True, slots=True)
class Process:
    """What is believed after n measurements, at points of k columns."""

    points: Array
    """n × k."""
    lengths: Array
    """One for each column."""
    mean: float
    scale: float
    """The variance far from every measurement."""
    whitening: Array
    """n × n: the inverse of the lower Cholesky factor of the correlations."""
    weights: Array
    """n: correlations with these make the expectation."""

    def believe(self, at: Array) -> tuple[Array, Array]:
        """Expectation and standard deviation at m × k points."""
        near = _correlation(_distance(at / self.lengths, self.points / self.lengths))
        left = np.maximum(1.0 - ((near @ self.whitening.T) ** 2).sum(1), 1e-12)
        return self.mean + near @ self.weights, np.sqrt(self.scale * left)

    def expecting(self, rows: Array) -> Process:
        """The same once `rows` were measured and gave what is expected: it knows more there.

        What is believed of points that are being measured (Ginsbourger et al. 2010, the "Kriging
        believer"): expectations stay, and deviations shrink around them.
        """
        scaled = rows / self.lengths
        near = _correlation(_distance(scaled, self.points / self.lengths))
        known = near @ self.whitening.T
        own = _correlation(_distance(scaled, scaled)) - known @ known.T
        factor = np.linalg.cholesky(own + _EXPECTED * np.eye(len(rows)))
        inner = np.linalg.inv(factor)
        whitening = np.block(
            [
                [self.whitening, np.zeros((len(self.points), len(rows)))],
                [-inner @ known @ self.whitening, inner],
            ]
        )
        return Process(
            np.concatenate((self.points, rows)),
            self.lengths,
            self.mean,
            self.scale,
            whitening,
            np.concatenate((self.weights, np.zeros(len(rows)))),
        )

    def slopes(self, at: Array) -> tuple[float, float, Array, Array]:
        """Expectation and deviation at one point, and how they change with each column."""
        apart = (at - self.points) / self.lengths
        r = np.sqrt((apart**2).sum(1))
        decay = np.exp(-_ROOT5 * r)
        near = (1 + _ROOT5 * r + 5 / 3 * r * r) * decay
        change = -(5 / 3 * (1 + _ROOT5 * r) * decay)[:, None] * apart / self.lengths
        solved = self.whitening.T @ (self.whitening @ near)
        deviation = math.sqrt(self.scale * max(1.0 - float(near @ solved), 1e-12))
        return (
            self.mean + float(near @ self.weights),
            deviation,
            change.T @ self.weights,
            -self.scale / deviation * (change.T @ solved),
        )


def fit(
    points: Array, figures: Array, groups: NDArray[np.intp], noise: Array | None = None
) -> Process:
    """The most probable process.

    Args:
        points: n × k, each value's usual range 0 to 1.
        figures: n, standardised.
        groups: k numbers from 0: columns of one number share their length.
        noise: n variances that are known of the figures, beside the nugget.
    """
    problem = _Problem(points, figures, groups, _none(figures) if noise is None else noise)
    return problem.process(problem.search(problem.start()[1]))


def fit_losses(
    points: Array, losses: Array, groups: NDArray[np.intp], sigma: float = 0.0
) -> tuple[Process, Warp]:
    """The same for losses as they were measured, each with the standard deviation `sigma`."""
    tried = []
    for offset in _OFFSETS:
        warped = warp(losses, offset)
        slope = warped.slope(losses)
        problem = _Problem(points, warped(losses), groups, (sigma * slope) ** 2)
        density, theta = problem.start()
        tried.append((density + float(np.log(slope).sum()), theta, problem, warped))
    _, theta, problem, warped = max(tried, key=lambda one: one[0])
    return problem.process(problem.search(theta)), warped


def _none(figures: Array) -> Array:
    return np.zeros(len(figures))


@dataclass(frozen=True, slots=True)
class _Problem:
    """The posterior density of the logarithms of lengths and nugget."""

    points: Array
    figures: Array
    groups: NDArray[np.intp]
    noise: Array

    @property
    def _expected(self) -> float:
        return math.sqrt(2.0) + 0.5 * math.log(int(self.groups.max()) + 1)

    def start(self) -> tuple[float, Array]:
        """The likeliest of a few processes with equal lengths."""
        count = int(self.groups.max()) + 1
        apart = _distance(self.points, self.points)
        tried = []
        for length in _ISOTROPIC:
            log = math.log(length * math.sqrt(count))
            theta = np.hstack((np.full(count, log), _NUGGET))
            tried.append((self._density(theta, _correlation(apart / math.exp(log)))[2], theta))
        return max(tried, key=lambda one: one[0])

    def search(self, theta: Array) -> Array:
        """The most probable logarithms, from `theta` on."""
        low, high = np.full(len(theta), math.log(0.01)), np.full(len(theta), math.log(1e3))
        low[-1], high[-1] = _LEAST_NUGGET, 0.0
        return descent.least(self._negative, theta, low, high, _ITERATIONS)

    def process(self, theta: Array) -> Process:
        lengths = np.exp(theta[:-1])[self.groups]
        scaled = self.points / lengths
        whitening, white, _, mean, scale = self._density(
            theta, _correlation(_distance(scaled, scaled))
        )
        return Process(self.points, lengths, mean, scale, whitening, whitening.T @ white)

    def _density(
        self, theta: Array, correlation: Array
    ) -> tuple[Array, Array, float, float, float]:
        """Whitening, whitened figures, logarithm of the density, mean and scale."""
        n = len(self.figures)
        factor = _factor(correlation, self.noise + math.exp(theta[-1]))
        whitening = _inverse(factor)
        ones, white = whitening.sum(1), whitening @ self.figures
        mean = float(ones @ white / (ones @ ones))
        white -= mean * ones
        squares = float(white @ white)
        value = -0.5 * (n + 2 * _SHAPE) * math.log(2 * _RATE + squares)
        value -= float(np.log(np.diag(factor)).sum())
        value -= 0.5 * float((((theta[:-1] - self._expected) / _SPREAD) ** 2).sum())
        value -= 0.5 * ((theta[-1] - _NUGGET) / _NUGGET_SPREAD) ** 2
        return whitening, white, value, mean, (2 * _RATE + squares) / (n + 2 * _SHAPE)

    def _negative(self, theta: Array) -> tuple[float, Array]:
        lengths = np.exp(theta[:-1])[self.groups]
        scaled = self.points / lengths
        r = _distance(scaled, scaled)
        decay = np.exp(-_ROOT5 * r)
        correlation = (1 + _ROOT5 * r + 5 / 3 * r * r) * decay
        whitening, white, value, _, scale = self._density(theta, correlation)
        weights, inverse = whitening.T @ white, whitening.T @ whitening
        lever = np.outer(weights, weights) / scale - inverse
        change = lever * (5 / 3 * (1 + _ROOT5 * r) * decay)
        # The sum over pairs of `change` times the squared distance in one column, for all columns.
        columns = change.sum(1) @ scaled**2 - ((change @ scaled) * scaled).sum(0)
        lengthwise = np.bincount(self.groups, columns, len(theta) - 1)
        slope = np.hstack((lengthwise, 0.5 * math.exp(theta[-1]) * np.trace(lever)))
        slope[:-1] -= (theta[:-1] - self._expected) / _SPREAD**2
        slope[-1] -= (theta[-1] - _NUGGET) / _NUGGET_SPREAD**2
        return -value, -slope


def _distance(one: Array, other: Array) -> Array:
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def _correlation(r: Array) -> Array:
    return np.asarray((1 + _ROOT5 * r + 5 / 3 * r * r) * np.exp(-_ROOT5 * r))


def _factor(correlation: Array, nugget: Array) -> Array:
    """Lower Cholesky factor; what rounding has made indefinite is helped with a larger nugget."""
    for jitter in (_JITTER, 1e-6, 1e-3):
        try:
            lifted = correlation + np.diag(nugget + jitter)
            return np.asarray(np.linalg.cholesky(lifted))
        except np.linalg.LinAlgError:
            continue
    raise FloatingPointError("correlations that no process can have")


def _inverse(factor: Array) -> Array:
    """Of a lower triangular matrix, by halves: products are what a processor does fastest."""
    n = len(factor)
    if n <= _BLOCK:
        return np.asarray(np.linalg.inv(factor))
    half = n // 2
    found = np.zeros_like(factor)
    found[:half, :half] = _inverse(factor[:half, :half])
    found[half:, half:] = _inverse(factor[half:, half:])
    found[half:, :half] = -found[half:, half:] @ factor[half:, :half] @ found[:half, :half]
    return found
