"""The normal distribution's mass and what follows from it, without underflow in the tail."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ROOT2 = math.sqrt(2.0)
_ROOT_HALF_PI = math.sqrt(math.pi / 2)
LOG_ROOT_2PI = 0.5 * math.log(2 * math.pi)
_BEYOND = 1e100
_FAR = 25.0
"""From so many deviations on, a few terms of the series are exact."""


def log_mass(z: Array) -> Array:
    """Logarithm of the mass below z: log Φ(z)."""
    return _each(_log_mass, z)


def log_improvement(z: Array) -> Array:
    """log(φ(z) + z Φ(z)): the expected improvement of z deviations, in deviations."""
    return _each(_log_improvement, z)


def _log_mass(z: float) -> float:
    if z > -1:
        return math.log(0.5 * math.erfc(-z / _ROOT2))
    return math.log(_mills(-z)) - 0.5 * z * z - LOG_ROOT_2PI


def _log_improvement(z: float) -> float:
    density = -0.5 * z * z - LOG_ROOT_2PI
    if z > -1:
        return math.log(math.exp(density) + z * 0.5 * math.erfc(-z / _ROOT2))
    if z > -_FAR:
        return density + math.log(1 + z * _mills(-z))
    square = 1 / (z * z)
    return density + math.log(square * (1 - 3 * square * (1 - 5 * square)))


def _mills(size: float) -> float:
    """Mass beyond `size` over the density there."""
    if size < _FAR:
        return _ROOT_HALF_PI * math.exp(0.5 * size * size) * math.erfc(size / _ROOT2)
    square = 1 / (size * size)
    return (1 - square * (1 - 3 * square * (1 - 5 * square))) / size


def _each(function: Callable[[float], float], z: Array) -> Array:
    return np.array([function(one) for one in np.maximum(z, -_BEYOND).tolist()])
