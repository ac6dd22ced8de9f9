"""Numbers with the unit that stands beside them, and what one unit is in another."""

from __future__ import annotations

import re
from typing import NamedTuple

_SCALES: dict[str, tuple[str, int]] = {
    "ns": ("time", 1),
    **dict.fromkeys(("us", "µs", "μs"), ("time", 10**3)),  # micro sign and Greek letter
    "ms": ("time", 10**6),
    **dict.fromkeys(("s", "sec"), ("time", 10**9)),
    "min": ("time", 60 * 10**9),
    "h": ("time", 3600 * 10**9),
    "B": ("size", 1),
    **{f"{prefix}B": ("size", 1000**n) for n, prefix in enumerate("kMGT", 1)},
    **{f"{prefix}iB": ("size", 1024**n) for n, prefix in enumerate("KMGT", 1)},
    "%": ("share", 1),
}
NUMBER = r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:nan|inf(?:inity)?))"
_KNOWN = "|".join(sorted(map(re.escape, _SCALES), key=len, reverse=True))
# A word is a unit where it stands apart, but for what continues a number: `0.5 e-3`, `5 x10`.
_WORD = r"(?![eEx][+-]?[0-9])(?:%|°?[^\W\d_][\w/%²³^*·.-]{0,15})"
_QUANTITY = re.compile(rf"({NUMBER})(?:({_KNOWN})|\s+({_WORD}))?")
_PLAIN = re.compile(NUMBER)
_AT = re.compile(rf"({NUMBER})(?: ?({_KNOWN})(?!\w))?")


class Quantity(NamedTuple):
    """A number as it was printed."""

    value: float
    """May be infinite or NaN."""
    unit: str = ""
    digits: str = ""
    """The number's own characters."""

    def __str__(self) -> str:
        return f"{self.digits or self.value} {self.unit}".rstrip()


def quantity(text: str) -> Quantity | None:
    """The number that the whole `text` is, with one unit after it at most; None for all else."""
    if _PLAIN.fullmatch(text):
        return Quantity(float(text), "", text)
    if match := _QUANTITY.fullmatch(text):
        return Quantity(float(match[1]), match[2] or match[3] or "", match[1])
    return None


def quantity_at(line: str, start: int) -> tuple[Quantity, int] | None:
    """The longest number at a place in a line, a known unit after it, and where both end."""
    if match := _AT.match(line, start):
        return Quantity(float(match[1]), match[2] or "", match[1]), match.end()
    return None


def convert(value: float, unit: str, to: str) -> float | None:
    """`value` in another unit; None where the one can't be told in the other."""
    if unit == to:
        return value
    kind, scale = _SCALES.get(unit, ("", 1))
    wanted, per = _SCALES.get(to, (None, 1))
    return value * scale / per if kind == wanted else None
