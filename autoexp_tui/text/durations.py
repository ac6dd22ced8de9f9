"""Lengths of time as people write them: "90", "90s", "5m", "1h30m", "2.5 h"."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from autoexp_tui.text.safe import Safe, one_line

_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_PART = r"(?:(?P<{0}>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*{1})?\s*"
_PARTS = re.compile(
    _PART.format("d", "(?:days?|d)")
    + _PART.format("h", "(?:hours?|hr?)")
    + _PART.format("m", "(?:minutes?|min|m)")
    + _PART.format("s", "(?:seconds?|sec|s)?")
)


def duration(text: str) -> float:
    """Seconds; a bare number is seconds, and larger units come before smaller ones.

    Raises:
        ValueError: `text` is not a length of time, or not a finite one.
    """
    match = _PARTS.fullmatch(text.strip())
    parts = {unit: part for unit, part in match.groupdict().items() if part} if match else {}
    if not parts or (len(parts) > 1 and text.strip()[-1].isdigit()):
        raise ValueError("not a length of time like 90s, 5m or 1h30m")
    seconds = sum(float(part) * _SECONDS[unit] for unit, part in parts.items())
    if not math.isfinite(seconds):
        raise ValueError("too long")
    return seconds


def written(seconds: float) -> str:
    """The inverse of `duration`, exact: 300.0 is `5m`, 5400.0 is `1h30m`, 0.25 is `0.25s`."""
    if seconds != int(seconds) or seconds < 1:
        return f"{Decimal(repr(float(seconds))):f}s"
    rest, parts = int(seconds), []
    for unit, size in _SECONDS.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def age(seconds: float) -> Safe:
    """How long ago, in its greatest unit: `now`, `5m`, `3h`, `12d`."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return one_line(f"{int(seconds // size)}{unit}")
    return Safe("now")
