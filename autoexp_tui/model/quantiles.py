"""Quantiles of Student's t distribution, without SciPy: it would take more memory than a runner."""

from __future__ import annotations

import math

_TINY = 1e-300
_EXACT = 1e-14
_TERMS = 10_000
_HALVINGS = 200


def student_above(tail: float, freedom: float) -> float:
    """The t that is exceeded with probability `tail`, from 0 to 1 without its ends."""
    if tail > 0.5:
        return -student_above(1 - tail, freedom)
    low, high = 0.0, 1.0
    while student_tail(high, freedom) > tail:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if high - low <= _EXACT * high:
            break
        if student_tail(middle, freedom) > tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def student_tail(t: float, freedom: float) -> float:
    """The probability of more than t, of 0 or above."""
    square = t * t
    return 0.5 * _beta(freedom / 2, 0.5, freedom / (freedom + square), square / (freedom + square))


def _beta(a: float, b: float, x: float, rest: float) -> float:
    """The regularised incomplete beta function at x, which with `rest` makes 1."""
    if x <= 0 or rest <= 0:
        return float(rest <= 0)
    log = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(log + a * math.log(x) + b * math.log(rest))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, rest) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Its continued fraction, by Lentz's method (Press et al., "Numerical Recipes", 6.4)."""
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _TERMS):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _nonzero(1 + factor * d)
            c = _nonzero(1 + factor / c)
            found *= c * d
        if abs(c * d - 1) < _EXACT:
            break
    return found


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
