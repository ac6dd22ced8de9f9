"""Moments and durations as people and programs write them into cells."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from itertools import pairwise
from typing import Literal

from autoexp_tui.tables.cell_values import number, unit
from autoexp_tui.tables.model import Cell

Order = Literal["month first", "day first"]
"""How `03/04/2026` is meant."""

_YEARS = 631_152_000.0, 4_102_444_800.0
"""1990 to 2100, as seconds since the epoch."""
_LONGEST = 48
_MONTHS = {
    name: month
    for month, names in enumerate(
        ("jan januar january janvier enero gennaio", "feb februar february février febrero",
         "mar mär märz march mars marzo mrz", "apr april avril abril aprile",
         "may mai mayo maggio", "jun juni june juin junio giugno",
         "jul juli july juillet julio luglio", "aug august août agosto",
         "sep sept september septembre septiembre settembre",
         "oct okt oktober october octobre octubre ottobre", "nov november novembre noviembre",
         "dec dez dezember december décembre diciembre dicembre"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_CLOCK = re.compile(
    r"(?P<h>\d{1,2})\s*[:h時时点_-]\s*(?P<m>\d{2})(?:\s*[:m分_-]\s*(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s*[秒s分]?\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>z|utc|gmt|(?:utc|gmt)?[+-]\d{2}:?\d{2})?"
    r"\s*(?:\([a-z ]{1,30}\))?",
    re.IGNORECASE,
)
_PACKED = re.compile(
    r"(?P<h>\d{2})(?P<m>\d{2})(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?(?P<zone>z)?", re.IGNORECASE
)
_YEAR_FIRST = re.compile(
    r"(?P<y>(?:19|20)\d{2})(?:(?P<mark>[-/._])(?P<mo>\d{1,2})(?P=mark)(?P<d>\d{1,2})"
    r"|\s*[年년]\s*(?P<mo2>\d{1,2})\s*[月월]\s*(?P<d2>\d{1,2})\s*[日일]|(?P<mo3>\d{2})(?P<d3>\d{2}))"
    r"(?:[ T,_-]+(?P<rest>.*))?",
    re.IGNORECASE,
)
_YEAR_LAST = re.compile(
    r"(?P<a>\d{1,2})(?P<mark>[-/.])(?P<b>\d{1,2})(?P=mark)(?P<y>(?:19|20)\d{2}|\d{2})"
    r"(?:[ T,_]+(?P<rest>.*))?",
    re.IGNORECASE,
)
_AROUND = 2
"""Words that a date may have besides its month: a weekday, a zone."""
_WORDED = re.compile(r"[^\W\d_]+\.?|\d+(?:[:.]\d+)*|[+-]\d{4}")


def moment(cell: Cell, order: Order = "month first") -> float | None:
    """Seconds since the epoch of a date or a time in any usual form; None where there is none.

    ISO 8601, `2026/03/27 13:25`, `27.3.2026`, `3/27/2026 1:25 PM`, what ctime and mail write, and
    counts of seconds, milli-, micro- or nanoseconds. Without a zone it is taken as UTC; `order` is
    for dates with slashes whose first two numbers might both be a month.
    """
    if type(cell) is str:
        text = cell.strip()
        if not 6 <= len(text) <= _LONGEST:
            return None
        if text.replace(".", "", 1).isdigit() and (value := _epoch(number(text))) is not None:
            return value
        return _iso(text) if _is_isolike(text) else _written(text, order)
    return _epoch(number(cell))


def reader(cells: Iterable[Cell]) -> Callable[[Cell], float | None]:
    """Return `moment` with the order that a column's dates have among themselves.

    A number above 12 tells which is the day; else the order in which the dates rise.
    """
    pairs = [
        (int(match["a"]), int(match["b"]))
        for cell in cells
        if type(cell) is str and (match := _YEAR_LAST.match(cell.strip())) and match["mark"] != "."
    ]
    if any(second > 12 for _, second in pairs):
        return moment
    day_first = partial(moment, order="day first")
    if any(first > 12 for first, _ in pairs):
        return day_first
    days = [month * 32 + day for month, day in pairs]
    swapped = [month * 32 + day for day, month in pairs]
    return day_first if _breaks(swapped) < _breaks(days) else moment


def _breaks(days: list[int]) -> int:
    """How often a row of dates goes against the way that it mostly goes."""
    up = sum(later < earlier for earlier, later in pairwise(days))
    return min(up, sum(later > earlier for earlier, later in pairwise(days)))


def duration(cell: Cell, scale: float = 1.0) -> float | None:
    """Seconds that a cell tells: `233ms`, `2.1 min`, `1h 02m`, `0:12:33`, `0 days 00:01:05.2`.

    A bare number is multiplied by `scale`. None for what is no duration, or a negative one.
    """
    value = number(cell)
    if value is not None:
        seconds = value * _SECONDS.get(unit(cell).lower(), scale)
        return seconds if seconds >= 0 else None
    if type(cell) is not str or not 2 <= len(cell) <= _LONGEST:
        return None
    return _lasting(cell.strip().lower())


_SECONDS = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "secs": 1.0,
    "second": 1.0, "seconds": 1.0, "m": 60.0, "min": 60.0, "mins": 60.0, "minute": 60.0,
    "minutes": 60.0, "h": 3600.0, "hr": 3600.0, "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0,
    "d": 86400.0, "day": 86400.0, "days": 86400.0, "秒": 1.0, "分": 60.0, "分钟": 60.0,
    "小时": 3600.0, "時間": 3600.0, "sekunden": 1.0, "minuten": 60.0, "stunden": 3600.0,
}  # fmt: skip
_SPANS = re.compile(
    r"(?:(?P<d>\d+)\s*d(?:ays?)?,?\s*)?(?:(?P<h>\d+):)?(?P<m>\d{1,2}):(?P<s>\d{2}(?:\.\d+)?)"
)
_PARTS = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zµμ]+|秒|分钟?|小时|時間)\s*")


@lru_cache(maxsize=4096)
def _lasting(text: str) -> float | None:
    if match := _SPANS.fullmatch(text):
        days, hours = int(match["d"] or 0), int(match["h"] or 0)
        return 86400.0 * days + 3600.0 * hours + 60.0 * int(match["m"]) + float(match["s"])
    whole = 0.0
    at = 0
    for match in _PARTS.finditer(text):
        if match.start() != at or match[2] not in _SECONDS:
            return None
        whole += float(match[1]) * _SECONDS[match[2]]
        at = match.end()
    return whole if at and at == len(text) else None


def _epoch(value: float | None) -> float | None:
    if value is None:
        return None
    for scale in (1.0, 1e3, 1e6, 1e9):
        if _YEARS[0] <= value / scale < _YEARS[1]:
            return value / scale
    return None


def _is_isolike(text: str) -> bool:
    return text[:4].isdigit() and len(text) >= 8


@lru_cache(maxsize=8192)
def _iso(text: str) -> float | None:
    try:
        return _stamp(dt.datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return _written(text, "month first")


def _stamp(value: dt.datetime) -> float:
    return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp()


@lru_cache(maxsize=8192)
def _written(text: str, order: Order) -> float | None:
    try:
        if match := _YEAR_FIRST.fullmatch(text):
            month = match["mo"] or match["mo2"] or match["mo3"]
            day = match["d"] or match["d2"] or match["d3"]
            return _dated(int(match["y"]), int(month), int(day), match["rest"])
        if match := _YEAR_LAST.fullmatch(text):
            return _year_last(match, order)
        return _worded(text) if any(letter.isalpha() for letter in text) else None
    except (ValueError, OverflowError):
        return None


def _year_last(match: re.Match[str], order: Order) -> float | None:
    first, second, mark = int(match["a"]), int(match["b"]), match["mark"]
    year = int(match["y"]) + (2000 if len(match["y"]) == 2 else 0)
    if len(match["y"]) == 2 and (mark != "/" and match["rest"] is None):
        return None  # 1.2.26 may well be a version
    day_first = mark != "/" or order == "day first" or first > 12
    if second > 12:
        day_first = False
    day, month = (first, second) if day_first else (second, first)
    return _dated(year, month, day, match["rest"])


def _worded(text: str) -> float | None:
    """A date with its month in letters; the forms of its numbers tell which is which."""
    month = day = year = others = 0
    clock = zone = ""
    for word in _WORDED.findall(text.replace(",", " ").replace("-", " ", 2)):
        plain = word.rstrip(".").lower()
        if plain in _MONTHS and not month:
            month = _MONTHS[plain]
        elif ":" in word:
            clock = word
        elif plain in {"am", "pm", "utc", "gmt", "z"} or word[0] in "+-":
            zone += f" {word}"
        elif word.isdigit() and len(word) == 4 and not year:
            year = int(word)
        elif word.isdigit() and len(word) <= 2 and not day:
            day = int(word)
        elif word.isdigit():
            return None
        else:
            others += 1
    if not (month and day and year) or others > _AROUND:
        return None
    return _dated(year, month, day, clock + zone if clock else None)


def _dated(year: int, month: int, day: int, rest: str | None) -> float | None:
    """Seconds since the epoch. Raises ValueError where there is no such day."""
    value = dt.datetime(year, month, day, tzinfo=dt.UTC)
    rest = (rest or "").strip()
    if not rest:
        return value.timestamp()
    match = _PACKED.fullmatch(rest) or _CLOCK.fullmatch(rest)
    if match is None:
        return None
    parts = match.groupdict()
    hour = int(parts["h"])
    if half := (parts.get("half") or "").lower():
        hour = hour % 12 + 12 * half.startswith("p")
    second = float(f"{parts['s'] or 0}.{parts['f'] or 0}")
    found = value.replace(hour=hour, minute=int(parts["m"])).timestamp() + second
    sign = re.search(r"([+-])(\d{2}):?(\d{2})$", parts.get("zone") or "")
    if sign:
        shift = 3600.0 * int(sign[2]) + 60.0 * int(sign[3])
        found -= shift if sign[1] == "+" else -shift
    return found
