"""A value axis that a picture is drawn along: linear, or in proportion where the values ask it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from autoexp_tui.summary.series import nice_ticks
from autoexp_tui.text.numbers import format_column, format_number

_WIDE = 5.0
"""Steps that span more than this factor are drawn in proportion."""


class Axis:
    """Maps values to 0 (the axis' beginning) to 1 (its end); what lies beyond sticks there."""

    def __init__(
        self, low: float, high: float, steps: Iterable[float] = (), *, margin: float = 0.0
    ) -> None:
        """From `low` to `high`, and `margin` (a share of that) more at both ends.

        `steps` are what the picture is about: gains that come late are small beside the first, and
        on a linear axis could not be seen.
        """
        values = list(steps)
        least = min(values, default=0.0)
        self.log = least > 0 and low > 0 and max(values) / least > _WIDE
        first, last = self._level(low), self._level(high)
        # Halved, so that the span of the largest numbers there are doesn't overflow.
        room = (last / 2 - first / 2) * 2 * margin
        if last / 2 - first / 2 <= 0:
            room = abs(first) * 0.1 or 1.0
        self._first, self._last = first - room, last + room

    def share(self, value: float) -> float:
        """Where `value` is, 0 to 1."""
        if self.log and value <= 0:
            return 0.0
        share = (self._level(value) / 2 - self._first / 2) / (self._last / 2 - self._first / 2)
        return min(1.0, max(0.0, share))

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """At most `most` round values and how they are written."""
        if not self.log:
            ticks = nice_ticks(self._first, self._last, most)
            return list(zip(ticks, map(str.strip, format_column(ticks)), strict=True))
        powers = range(math.floor(self._first), math.ceil(self._last) + 1)
        inside: list[float] = []
        for digits in ((1, 2, 5), (1, 3), (1,)):
            ticks = [float(f"{digit}e{power}") for power in powers for digit in digits]
            inside = [
                tick for tick in ticks if tick and self._first <= math.log10(tick) <= self._last
            ]
            if len(inside) <= most:
                break
        thinned = inside[:: math.ceil(len(inside) / most)] if inside else []
        return [(tick, format_number(tick)) for tick in thinned]

    def _level(self, value: float) -> float:
        return math.log10(value) if self.log else value
