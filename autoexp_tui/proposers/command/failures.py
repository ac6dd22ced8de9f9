"""What an agent program's failure means: whether it passes, when, or what a person has to do.

An agent says so in words of its own, at the end of what it prints.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo

_LAST_LINES = 12
_LONGEST_S = 6 * 3600.0
"""Seconds after which it is tried again, whatever time was named."""
_JUST_PASSED_S = 3600.0
"""A clock time that was this short a while ago is meant to be over."""

_REMEDIES = {
    "top up the account, or use another": (
        r"credit balance|insufficient[_ ](?:quota|credits?|funds|balance)|(?:out of|no) credits?\b"
        r"|payment required|(?:billing|spend(?:ing)?) (?:hard )?limit|payment method"
    ),
    "": (
        r"(?:usage|rate|session|weekly|hourly|daily|request|token)s?[- _]limit|limit (?:was |is )?"
        r"(?:reached|exceeded)|hit your limit|too many requests|overloaded|quota|unavailable"
        r"|try again|retry|timed? ?out|connection|network|\b(?:429|5\d\d)\b"
    ),
    "log in with the agent itself, or give it its key": (
        r"not (?:logged|signed) in|log ?in (?:required|again|first|to)|(?:please|run).{0,20}log ?in"
        r"|(?:invalid|incorrect|missing|no) (?:x-)?api[- _]?key|unauthori[sz]ed"
        r"|api[- _]?key (?:is |was )?(?:not|missing|required|invalid)|token (?:has |is )?expired"
        r"|authentication[_ ](?:error|failed|required)"
    ),
    "mend the command": (
        r"(?:unknown|unrecogni[sz]ed|unexpected|invalid|no such)"
        r" (?:options?|arguments?|flags?|commands?|model)\b"
    ),
}
"""What a person has to do, by what such agents say; the first that fits counts, none passes."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = r"\d+(?:\.\d+)?"
_UNIT = r"(?:ms|s|m|h|d|milliseconds?|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?)(?![a-z])"
_SPAN = re.compile(
    rf"(?:in|after|for)[\"']?[ :=]+(?:about |~)?((?:{_NUMBER}\s*{_UNIT}[\s,and]*)+)", re.IGNORECASE
)
_PIECE = re.compile(rf"({_NUMBER})\s*([a-z]+)", re.IGNORECASE)
_SECONDS = re.compile(r"retry[-_ ]after[\"']?[ :=]+(\d+(?:\.\d+)?)(?!\s*[a-z\d])", re.IGNORECASE)
_EPOCH = re.compile(r"\|\s*(1[5-9]\d{8}|2\d{9})(\d{3})?\b")
_CLOCK = re.compile(
    r"(?:at|resets?|until)[ :]+(?:(?:\w{3,9} \d{1,2},?|tomorrow|today),?\s+(?:at\s+)?)?"
    r"(\d{1,2})(?::(\d{2}))?\s*([ap])?\.?(?:m\b)?\.?(?:\s*\(?([A-Z][\w+-]*(?:/[\w+-]+)*)\)?)?",
    re.IGNORECASE,
)


def remedy(said: str) -> str:
    """What a person has to do about a failure; empty where it passes by itself.

    `said` is the end of what the agent printed.
    """
    words = "\n".join(said.strip().split("\n")[-_LAST_LINES:])
    for what, pattern in _REMEDIES.items():
        if re.search(pattern, words, re.IGNORECASE):
            return what
    return ""


def named_wait(said: str, now: dt.datetime) -> float | None:
    """Seconds until the time that a failure names, six hours at most; None where it names none.

    It may name a span (`in 2h 5m`, `retry-after: 20`), a Unix time after a `|`, or an hour of the
    clock, where the agent runs unless it names a zone. `now` has a zone.
    """
    words = "\n".join(said.strip().split("\n")[-_LAST_LINES:])
    seconds = _named(words, now)
    return None if seconds is None or seconds <= 0 else min(seconds, _LONGEST_S)


def _named(words: str, now: dt.datetime) -> float | None:
    if found := _EPOCH.search(words):
        return float(found[1]) - now.timestamp()
    if found := _SECONDS.search(words):
        return float(found[1])
    if found := _SPAN.search(words):
        return sum(float(number) * _unit(unit) for number, unit in _PIECE.findall(found[1]))
    for found in _CLOCK.finditer(words):
        if (wait := _until_clock(found, now)) is not None:
            return wait
    return None


def _unit(word: str) -> float:
    word = word.lower()
    return _UNITS["ms" if word.startswith(("ms", "milli")) else word[0]]


def _until_clock(found: re.Match[str], now: dt.datetime) -> float | None:
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if not (half or found[2]) or hour > (12 if half else 23) or minute > 59:
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        here = now.astimezone(zoneinfo.ZoneInfo(found[4])) if found[4] else now
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        here = now
    wait = (here.replace(hour=hour, minute=minute, second=0, microsecond=0) - here).total_seconds()
    return wait if wait > -_JUST_PASSED_S else wait + 86400.0
