"""26 circles in the unit square, as large together as they can be: the one file that may change.

`pack()` is asked once. What it returns is checked elsewhere, with exact arithmetic; how it finds
its circles is its own business.
"""

from __future__ import annotations

from math import cos, hypot, pi, sin

N = 26

# One stands in the middle, INNER on the inner ring, the others on the outer one.
INNER = 8  # tune: 5 .. 14
INNER_RING = 0.3  # tune: 0.1 .. 0.6
OUTER_RING = 0.7  # tune: 0.2 .. 0.9
INNER_TURN = 0.0  # tune: 0.0 .. 0.2
OUTER_TURN = 0.0  # tune: 0.0 .. 0.2
MARGIN = 0.01  # tune: 0.005 .. 0.25


def pack() -> list[tuple[float, float, float]]:
    """x, y and radius of each of the N circles."""
    centres = [(0.5, 0.5)]
    centres += ring(INNER, INNER_RING, INNER_TURN)
    centres += ring(N - 1 - INNER, OUTER_RING, OUTER_TURN)
    radii = fitted(centres)
    return [(x, y, r) for (x, y), r in zip(centres, radii, strict=True)]


def ring(count: int, radius: float, turn: float) -> list[tuple[float, float]]:
    """Centres at equal angles, from a share of a turn on; none is nearer to a side than MARGIN."""
    angles = [2 * pi * (i / count + turn) for i in range(count)]
    return [(inside(0.5 + radius * cos(a)), inside(0.5 + radius * sin(a))) for a in angles]


def inside(value: float) -> float:
    return min(max(value, MARGIN), 1 - MARGIN)


def fitted(centres: list[tuple[float, float]]) -> list[float]:
    """A radius for each centre: as far as the sides allow, then both shrunk where two overlap."""
    radii = [min(x, y, 1 - x, 1 - y) for x, y in centres]
    for i, (x, y) in enumerate(centres):
        for j in range(i):
            apart = hypot(x - centres[j][0], y - centres[j][1])
            if radii[i] + radii[j] > apart:
                shrink = apart / (radii[i] + radii[j])
                radii[i] *= shrink
                radii[j] *= shrink
    return [r * (1 - 1e-12) for r in radii]  # the check has no tolerance, floats are rounded
