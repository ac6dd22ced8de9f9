"""The way down a smooth function within bounds: quasi-Newton steps, projected.

Limited-memory BFGS over the coordinates that no bound holds (Nocedal and Wright, "Numerical
optimization", 7.2 and 16.7). Here and in `normal` is all that the model needs beyond numpy: SciPy
would take more memory than the rest of a runner.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Sloped = Callable[[Array], tuple[float, Array]]
"""A point to the value there, and its slope."""

_PAIRS = 10
"""Latest steps that the curvature is learnt from."""
_FLAT = 1e-5
"""A slope below this is none."""
_LITTLE = 1e-9
"""A gain below this, as a share of the value, is the last."""
_ENOUGH = 1e-4
"""Share of what the slope promises that a step must bring (Armijo)."""
_HALVINGS = 20


def least(function: Sloped, start: Array, low: Array, high: Array, steps: int) -> Array:
    """A point with no way down, or where so many steps have led to."""
    at = np.clip(start, low, high)
    value, slope = function(at)
    pairs: deque[tuple[Array, Array]] = deque(maxlen=_PAIRS)
    for _ in range(steps):
        held = ((at <= low) & (slope > 0)) | ((at >= high) & (slope < 0))
        open_slope = np.where(held, 0.0, slope)
        if np.abs(open_slope).max() < _FLAT:
            break
        way = np.where(held, 0.0, -_curved(pairs, open_slope))
        if way @ open_slope >= 0:
            pairs.clear()
            way = -open_slope
        length = 1.0 if pairs else min(1.0, 1 / float(np.abs(way).sum()))
        for _ in range(_HALVINGS):
            there = np.clip(at + length * way, low, high)
            found, found_slope = function(there)
            if found <= value + _ENOUGH * float(open_slope @ (there - at)):
                break
            length /= 2
        else:
            break
        moved, bent = there - at, found_slope - slope
        if moved @ bent > 1e-10 * float(np.linalg.norm(moved) * np.linalg.norm(bent)):
            pairs.append((moved, bent))
        gain = value - found
        at, value, slope = there, found, found_slope
        if gain <= _LITTLE * max(abs(value), 1.0):
            break
    return at


def _curved(pairs: deque[tuple[Array, Array]], slope: Array) -> Array:
    """The slope times the inverse of the curvature that the pairs tell: the two loops."""
    found = slope.copy()
    shares = []
    for moved, bent in reversed(pairs):
        share = float(moved @ found) / float(moved @ bent)
        found -= share * bent
        shares.append(share)
    if pairs:
        moved, bent = pairs[-1]
        found *= float(moved @ bent) / float(bent @ bent)
    for (moved, bent), share in zip(pairs, reversed(shares), strict=True):
        found += moved * (share - float(bent @ found) / float(moved @ bent))
    return found
