"""Figures as people read them: aligned, signed with a real minus, with a unit where one helps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

NONE = "—"
MINUS = "\u2212"

_DIGITS = 5
"""Significant digits: enough to tell two losses apart, few enough to take in at a glance."""
_MAX_DECIMALS = 8
_MOST_DECIMALS = 12
"""For figures that differ in nothing before."""
_ORDINARY = (1e-4, 1e7)
"""Magnitudes that are written without an exponent: from the first, below the second."""


def decimals(x: float | None) -> int:
    """The decimals that `x` needs at five significant digits; 0 where an exponent is used."""
    if x is None or not is_ordinary(x) or x == 0:
        return 0
    places = min(_MAX_DECIMALS, max(0, _DIGITS - 1 - math.floor(math.log10(abs(x)))))
    return len(f"{x:.{places}f}".rstrip("0").partition(".")[2])


def fitting(places: int) -> float:
    """The least positive number from which on `decimals` are at most `places`."""
    return max(_ORDINARY[0], 10.0 ** (_DIGITS - 1 - places))


def is_ordinary(x: float) -> bool:
    """Whether `x` is written without an exponent."""
    return x == 0 or (math.isfinite(x) and _ORDINARY[0] <= abs(x) < _ORDINARY[1])


def format_fixed(x: float | None, places: int) -> str:
    """`x` with exactly `places` decimals, unless it is too large or too small to be read so."""
    if x is None:
        return NONE
    if not math.isfinite(x):
        return str(x).replace("-", MINUS)
    vanishes = 0 < abs(x) < min(_ORDINARY[0], 10.0**-places)
    if vanishes or abs(x) >= _ORDINARY[1]:
        return f"{x:.3e}".replace("-", MINUS)
    return _real_minus(f"{x:.{places}f}")


def format_number(x: float | None, least: int = 0) -> str:
    """`x` at up to five significant digits, with `least` decimals or more; `—` for None."""
    return format_fixed(x, max(decimals(x), least))


def apart(one: float | None, other: float | None) -> int:
    """The decimals that tell two figures apart where the usual ones don't; else 0."""
    if one is None or other is None or one == other or not math.isfinite(one - other):
        return 0
    usual = max(decimals(one), decimals(other))
    if round(one, usual) != round(other, usual):
        return 0
    more = range(usual + 1, _MOST_DECIMALS + 1)
    return next((places for places in more if round(one, places) != round(other, places)), 0)


def telling(values: Iterable[float | None]) -> int:
    """The decimals that tell each figure from the one before it where the usual ones don't."""
    known = [x for x in values if x is not None]
    return max((apart(*pair) for pair in pairwise(known)), default=0)


def told_apart(one: float | None, other: float | None) -> tuple[str, str]:
    """Both in as many digits as tell them apart."""
    places = apart(one, other)
    return format_number(one, places), format_number(other, places)


def format_column(values: Iterable[float | None]) -> list[str]:
    """All values with the same number of decimals, padded to one width: the points line up.

    As many as tell each from the one before it.
    """
    figures = list(values)
    places = max([telling(figures), *map(decimals, figures)])
    cells = [format_fixed(x, places) for x in figures]
    width = max(map(len, cells), default=0)
    return [cell.rjust(width) for cell in cells]


def format_change(x: float | None, places: int | None = None) -> str:
    """A difference with its sign, a real minus; one that rounds to nothing has none."""
    text = format_number(x) if places is None else format_fixed(x, places)
    if x is None or math.isnan(x) or text.startswith(MINUS) or not text.strip("0.") or x <= 0:
        return text
    return f"+{text}"


def format_runs(values: Sequence[float]) -> str:
    """What several runs have measured, to stand behind their median; empty for one run."""
    return f" ({', '.join(map(format_number, values))})" if len(values) > 1 else ""


def format_duration(seconds: float) -> str:
    """`0.4s`, `14s`, `3m 12s`, `1h 04m`, `2d 03h`."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    minutes = whole // 60
    if minutes < 24 * 60:
        return f"{minutes // 60}h {minutes % 60:02}m"
    hours = minutes // 60
    return f"{hours // 24}d {hours % 24:02}h"


def duration_width(longest: float) -> int:
    """The characters that every duration up to `longest` seconds has room in."""
    return max(len(format_duration(min(seconds, longest))) for seconds in (9.9, 59, 3599, longest))


def format_clock(timestamp: float) -> str:
    """A wall clock time, in seconds since the epoch, as `04:10` here."""
    return datetime.fromtimestamp(timestamp, tz=UTC).astimezone().strftime("%H:%M")


def money(usd: float) -> str:
    """`$0.42`; `<$0.01` for what is not nothing but rounds to it."""
    if 0 < usd < 0.005:
        return "<$0.01"
    return f"${usd:,.2f}"


def _real_minus(text: str) -> str:
    if not text.startswith("-"):
        return text
    return text[1:] if not text.strip("-0.") else MINUS + text[1:]
