"""Points of the space as numbers: each value's range is 0 to 1, each option a column of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from autoexp_tui.proposers.tuner.domains import Choices, Domain, Numbers
from autoexp_tui.proposers.tuner.literals import FIGURES

Array = NDArray[np.float64]

_BESIDE = 1.0
"""So far beyond its range, in ranges, an old point is still seen where it is."""
_CORNER = math.sqrt(0.5)
"""Of the columns of options: two points that differ in their option are 1 apart, as in Hamming's
distance."""
MOST_FIGURES = 8


@dataclass(frozen=True, slots=True)
class Cube:
    """The columns of some slots."""

    domains: Mapping[str, Domain]

    @property
    def groups(self) -> NDArray[np.intp]:
        """For each column the number of its slot."""
        return np.repeat(np.arange(len(self.domains)), [_width(d) for d in self.domains.values()])

    @property
    def free(self) -> NDArray[np.bool_]:
        """Which columns may take any figure, as they are no options and not counted."""
        return np.concatenate(
            [np.full(_width(d), is_free(d), dtype=bool) for d in self.domains.values()]
        )

    def row(self, values: Mapping[str, str]) -> Array | None:
        """A point's columns; None where it lacks a slot, or has what the slot can't be."""
        parts: list[float] = []
        for name, domain in self.domains.items():
            literal = values.get(name)
            if literal is None:
                return None
            if isinstance(domain, Choices):
                if literal not in domain.options:
                    return None
                parts += (_CORNER * (literal == option) for option in domain.options)
                continue
            at = domain.whereabouts(literal)
            if at is None:
                return None
            low, high = domain.ends
            parts.append(min(max((at - low) / (high - low), -_BESIDE), 1 + _BESIDE))
        return np.array(parts)

    def uniform(self, draws: Array) -> Array:
        """Points for m × (number of slots) draws from 0 to 1, each one that can be written."""
        columns = [self._column(d, draws[:, k]) for k, d in enumerate(self.domains.values())]
        return np.concatenate(columns, axis=1)

    def moved(self, rows: Array, shifts: Array, draws: Array) -> Array:
        """Rows with each slot shifted, or its option drawn anew where the shift is not zero."""
        made = rows.copy()
        at = 0
        for k, domain in enumerate(self.domains.values()):
            width = _width(domain)
            moves = shifts[:, k] != 0
            if width > 1:
                made[moves, at : at + width] = self._column(domain, draws[moves, k])
            elif moves.any():
                made[moves, at] = _reflected(rows[moves, at] + shifts[moves, k])
                if not is_free(domain):
                    made[moves, at] = _nearest(_rungs(domain), made[moves, at])
            at += width
        return made

    def values(self, row: Array, figures: Mapping[str, int] | None = None) -> dict[str, str]:
        """The literals at a row."""
        found: dict[str, str] = {}
        at = 0
        for name, domain in self.domains.items():
            width = _width(domain)
            if isinstance(domain, Choices):
                found[name] = domain.options[int(row[at : at + width].argmax())]
            else:
                low, high = domain.ends
                digits = (figures or {}).get(name, FIGURES)
                found[name] = domain.decode(low + float(row[at]) * (high - low), digits)
            at += width
        return found

    def figures(self, row: Array, near: Array) -> dict[str, int]:
        """Digits for each number, so that rounding is small against the distance to `near`.

        Three to begin with, as a person writes; more where the search has come to a point.
        """
        found: dict[str, int] = {}
        at = 0
        for name, domain in self.domains.items():
            if isinstance(domain, Numbers) and is_free(domain):
                low, high = domain.ends
                step = abs(float(row[at] - near[at])) * (high - low)
                there = low + float(row[at]) * (high - low)
                value = domain.number(there)
                size = abs(domain.number(there + step) - value)
                if size > 0 and value:
                    digits = math.ceil(math.log10(abs(value) / size)) + 2
                    found[name] = min(max(digits, FIGURES), MOST_FIGURES)
            at += _width(domain)
        return found

    def _column(self, domain: Domain, draws: Array) -> Array:
        if isinstance(domain, Choices):
            count = len(domain.options)
            chosen = np.minimum((draws * count).astype(int), count - 1)
            return np.asarray(np.eye(count)[chosen] * _CORNER)
        if is_free(domain):
            return draws[:, None]
        rungs = _rungs(domain)
        # Each rung as likely as its stretch is long: small integers on a log scale are rare.
        return _nearest(rungs, draws)[:, None]


def is_free(domain: Domain) -> bool:
    """Whether it is a number that may take any figure."""
    return isinstance(domain, Numbers) and domain.count() is None


def _width(domain: Domain) -> int:
    return len(domain.options) if isinstance(domain, Choices) else 1


@lru_cache(maxsize=256)
def _rungs(domain: Numbers) -> Array:
    """Where in the cube the literals of a counted range are."""
    low, high = domain.ends
    listed: Sequence[str] = domain.literals() or (domain.decode(low), domain.decode(high))
    places = [domain.encode(literal) for literal in listed]
    return np.array(sorted((at - low) / (high - low) for at in places if at is not None))


def _nearest(rungs: Array, at: Array) -> Array:
    after = np.clip(np.searchsorted(rungs, at), 1, len(rungs) - 1)
    before = after - 1
    return np.where(at - rungs[before] < rungs[after] - at, rungs[before], rungs[after])


def _reflected(at: Array) -> Array:
    """Back into 0 to 1, as from a mirror at either end."""
    folded = np.abs(np.mod(at, 2.0))
    return np.where(folded > 1, 2 - folded, folded)
