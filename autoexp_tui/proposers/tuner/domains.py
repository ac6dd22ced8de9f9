"""What a slot may become: a range of numbers on a scale that suits it, or a few choices."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Literal, TypeAlias

from autoexp_tui.proposers.tuner import literals

SearchScale = Literal["linear", "log", "odds", "signed"]
"""signed: linear near zero and logarithmic beyond `bend` on either side of it (asinh)."""

_MOST_COUNTED = 4096
"""Longer integer ranges are taken as unlimited."""
_SWITCHES = (
    ("true", "false"),
    ("True", "False"),
    ("TRUE", "FALSE"),
    ("yes", "no"),
    ("Yes", "No"),
    ("YES", "NO"),
    ("on", "off"),
    ("On", "Off"),
    ("ON", "OFF"),
)


@dataclass(frozen=True, slots=True)
class Choices:
    """A few texts, one of which stands in the target."""

    options: tuple[str, ...]

    def count(self) -> int:
        return len(self.options)

    def literals(self) -> tuple[str, ...]:
        return self.options


@dataclass(frozen=True, slots=True)
class Numbers:
    """A range `low .. high`, walked on `scale`, written in `style`."""

    low: float
    high: float
    scale: SearchScale
    style: literals.NumberStyle
    halves: bool = False
    """Whole powers of two and the halves between them only, as people write sizes."""
    step: float = 0.0
    bend: float = 1.0
    """Of the signed scale."""

    def encode(self, literal: str) -> float | None:
        """The literal's coordinate, clipped to the range; None for what is no number."""
        known = literals.read(literal)
        if known is None:
            return None
        return self._coordinate(min(max(known[0], self.low), self.high))

    def whereabouts(self, literal: str) -> float | None:
        """The literal's coordinate, also outside the range; None where the scale has none."""
        known = literals.read(literal)
        if known is None:
            return None
        try:
            return self._coordinate(known[0])
        except (ValueError, ZeroDivisionError):  # a logarithm of what is not above zero
            return None

    def decode(self, coordinate: float, figures: int = literals.FIGURES) -> str:
        """The literal at a coordinate, rounded as a person would, to so many digits."""
        value = min(max(self.number(coordinate), self.low), self.high)
        if self.step:
            value = self.low + round((value - self.low) / self.step) * self.step
            value = value if value <= self.high * (1 + 1e-9) else value - self.step
        elif self.halves:
            value = _nearest_half(value)
        text = literals.write(value, self.style, figures)
        return text if self._inside(text) else self._exactly(value)

    @property
    def ends(self) -> tuple[float, float]:
        return self._coordinate(self.low), self._coordinate(self.high)

    def count(self) -> int | None:
        """How many literals there are; None for a range too long to be counted."""
        found = self.literals()
        return len(found) if found is not None else None

    def literals(self) -> tuple[str, ...] | None:
        return _listed(self)

    def _coordinate(self, value: float) -> float:
        match self.scale:
            case "log":
                return math.log(value)
            case "odds":
                return math.log(value / (1 - value))
            case "signed":
                return math.asinh(value / self.bend)
            case "linear":
                return value

    def number(self, coordinate: float) -> float:
        """The number at a coordinate, with all its digits."""
        match self.scale:
            case "log":
                return math.exp(coordinate)
            case "odds":
                return 1 / (1 + math.exp(-coordinate))
            case "signed":
                return math.sinh(coordinate) * self.bend
            case "linear":
                return coordinate

    def _inside(self, text: str) -> bool:
        known = literals.read(text)
        return known is not None and self.low <= known[0] <= self.high

    def _exactly(self, value: float) -> str:
        """Rounding left the range: the end that it went over, in all its digits."""
        end = self.low if value - self.low < self.high - value else self.high
        if self.style.integer:
            end = math.ceil(end) if end == self.low else math.floor(end)
        text = f"{Decimal(repr(end)):f}"
        point = "" if self.style.integer or "." in text else ".0"
        return f"{text}{point}"


Domain: TypeAlias = Choices | Numbers


@lru_cache(maxsize=256)
def _listed(numbers: Numbers) -> tuple[str, ...] | None:
    low, high = numbers.low, numbers.high
    step = numbers.step or (1.0 if numbers.style.integer else 0.0)
    if not step or (high - low) / step > _MOST_COUNTED:
        return None
    start = low if numbers.step else math.ceil(low)
    sizes = [start + i * step for i in range(int((high - start) / step + 1e-9) + 1)]
    found = (numbers.decode(numbers._coordinate(size)) for size in sizes)  # noqa: SLF001 - its own
    return tuple(dict.fromkeys(found))


def switch(literal: str) -> Choices | None:
    """Both words of a switch, in the hand of the one that stands there."""
    for pair in _SWITCHES:
        if literal in pair:
            return Choices(pair)
    return None


def ranged(literal: str, low: str, high: str, *, log: bool, step: float) -> Numbers | None:
    """The range a person gave; None where it makes no range."""
    current, least, most = (literals.read(text) for text in (literal, low, high))
    if current is None or least is None or most is None or not least[0] < most[0]:
        return None
    integer = all(number[1].integer for number in (current, least, most))
    style = current[1]
    if style.integer and not integer:  # `2  # tune: 0.5 .. 4` asks for fractions
        style = literals.NumberStyle(integer=False, plus=style.plus)
    scale: SearchScale = "log" if log and least[0] > 0 else "linear"
    return Numbers(least[0], most[0], scale, style, step=step)


def bounded(domain: Domain | None, low: float, high: float) -> Domain | None:
    """The same range within the limits of what the number means."""
    if not isinstance(domain, Numbers):
        return domain
    low, high = max(low, domain.low), min(high, domain.high)
    return replace(domain, low=low, high=high) if low < high else None


def _nearest_half(size: float) -> float:
    below = 2.0 ** math.floor(math.log2(size))
    between: Callable[[float], float] = lambda other: abs(math.log(size / other))  # noqa: E731
    return min((below, 1.5 * below, 2 * below), key=between) if size >= 2 else float(round(size))
