"""What a slot may become: a range of numbers on a scale that suits it, or a few choices."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal, TypeAlias

from autoexp_tui.proposers.tuner import literals

SearchScale = Literal["linear", "log", "odds"]

_SPREAD = 8.0
"""A number that nobody gave a range may become so many times smaller or larger."""
_ODDS = 16.0
"""The same for the odds of a share: from 0.5 it is as far to 0.94."""
_REACH = 4.0
"""So far the range stays open beyond the best text's own value."""
_MOST_COUNTED = 4096
"""Longer integer ranges are taken as unlimited."""
_SHARE = re.compile(
    r"(^|[^a-z])(drop(out|path)?|momentum|beta_?[12]?|p|prob(ability)?|opacity|alpha|fraction|frac"
    r"|ratio|quantile|top_p|threshold|split|decay|ema|gamma|rho|discount|keep|mix|share"
    r"|subsample|smoothing|tau)([^a-z]|$)"
)
_LADDER = ("0.0", "0.001", "0.003", "0.01", "0.03", "0.1", "0.3")
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
    """A range `low .. high` of one sign, walked on `scale`, written in `style`."""

    low: float
    high: float
    scale: SearchScale
    style: literals.NumberStyle
    negative: bool = False
    """The range is that of the size; the number itself stands below zero."""
    halves: bool = False
    """Whole powers of two and the halves between them only, as people write sizes."""
    step: float = 0.0

    def encode(self, literal: str) -> float | None:
        """The literal's coordinate, clipped to the range; None for what is no number."""
        known = literals.read(literal)
        if known is None:
            return None
        return self._coordinate(min(max(self._size(known[0]), self.low), self.high))

    def decode(self, coordinate: float) -> str:
        """The literal at a coordinate, rounded as a person would."""
        size = min(max(self._number(coordinate), self.low), self.high)
        if self.step:
            size = self.low + round((size - self.low) / self.step) * self.step
            size = size if size <= self.high * (1 + 1e-9) else size - self.step
        elif self.halves:
            size = _nearest_half(size)
        text = literals.write(-size if self.negative else size, self.style)
        return text if self._inside(text) else self._exactly(size)

    @property
    def ends(self) -> tuple[float, float]:
        return self._coordinate(self.low), self._coordinate(self.high)

    def count(self) -> int | None:
        """How many literals there are; None for a range too long to be counted."""
        found = self.literals()
        return len(found) if found is not None else None

    def literals(self) -> tuple[str, ...] | None:
        return _listed(self)

    def _size(self, value: float) -> float:
        return -value if self.negative else value

    def _coordinate(self, size: float) -> float:
        if self.scale == "log":
            return math.log(size)
        if self.scale == "odds":
            return math.log(size / (1 - size))
        return size

    def _number(self, coordinate: float) -> float:
        if self.scale == "log":
            return math.exp(coordinate)
        if self.scale == "odds":
            return 1 / (1 + math.exp(-coordinate))
        return coordinate

    def _inside(self, text: str) -> bool:
        known = literals.read(text)
        return known is not None and self.low <= self._size(known[0]) <= self.high

    def _exactly(self, size: float) -> str:
        """Rounding left the range: the end that it went over, in all its digits."""
        end = self.low if size - self.low < self.high - size else self.high
        if self.style.integer:
            end = math.ceil(end) if end == self.low else math.floor(end)
        text = f"{Decimal(repr(end)):f}"
        point = "" if self.style.integer or "." in text else ".0"
        return f"{'-' if self.negative and end else ''}{text}{point}"


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


def blind(name: str, anchor: str, current: str) -> Domain | None:
    """The range of a number without an annotation, around what the run began with.

    A size x may become x/8 to 8x on a log scale. What is called like a share and lies between 0
    and 1 has its odds moved so far instead, and stays between them. The range reaches on beyond
    the best text's own value, so that a good direction has no wall.
    """
    first, now = literals.read(anchor), literals.read(current)
    if first is None or now is None:
        return None
    value, style = first
    if value == 0:
        return Choices(("0", "1", "2", "4")) if style.integer else _ladder(current)
    if style.integer and abs(value) > 2**53:
        return None
    negative = value < 0
    size, reached = abs(value), abs(now[0]) if now[0] * value > 0 else abs(value)
    if not style.integer and not negative and size < 1 and _SHARE.search(name.lower()):
        return _share(size, reached if reached < 1 else size, style)
    low = _neat(min(size / _SPREAD, reached / _REACH))
    high = _neat(max(size * _SPREAD, reached * _REACH))
    if style.integer:
        low, high = max(1.0, math.ceil(low)), math.floor(high)
        halves = size >= 16 and size == 2 ** round(math.log2(size))
        return Numbers(low, high, "log", style, negative, halves)
    return Numbers(low, high, "log", style, negative)


def bounded(domain: Domain | None, low: float, high: float) -> Domain | None:
    """The same range within the limits of what the number means."""
    if not isinstance(domain, Numbers) or domain.negative:
        return domain
    low, high = max(low, domain.low), min(high, domain.high)
    if not low < high:
        return None
    return Numbers(low, high, domain.scale, domain.style, halves=domain.halves, step=domain.step)


def _share(size: float, reached: float, style: literals.NumberStyle) -> Numbers:
    def scaled(share: float, factor: float) -> float:
        odds = share / (1 - share) * factor
        return odds / (1 + odds)

    low = min(scaled(size, 1 / _ODDS), scaled(reached, 1 / _REACH))
    high = max(scaled(size, _ODDS), scaled(reached, _REACH))
    return Numbers(_neat(low), _neat(min(high, 0.9999)), "odds", style)


def _neat(end: float) -> float:
    """Rounded as the numbers in the range will be, so that the end itself can be written."""
    return float(literals.write(end, literals.NumberStyle(integer=False)))


def _ladder(current: str) -> Choices:
    options = _LADDER if current in _LADDER else (current, *_LADDER[1:])
    return Choices(options)


def _nearest_half(size: float) -> float:
    below = 2.0 ** math.floor(math.log2(size))
    between: Callable[[float], float] = lambda other: abs(math.log(size / other))  # noqa: E731
    return min((below, 1.5 * below, 2 * below), key=between) if size >= 2 else float(round(size))
