"""What an agent program's failure means: whether it passes, when, or what a person has to do.

An agent says so in words of its own, at the end of what it prints. The tables are of what such
programs say, and the libraries and servers below them; a preset may add to them.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["passes", "lasts", "unknown"]
"""`passes`: by itself. `lasts`: until a person has done something. `unknown`: nobody can say."""

_LAST_LINES = 12
_LONGEST_S = 6 * 3600.0
"""Seconds after which it is tried again, whatever time was named."""
_JUST_PASSED_S = 3600.0
"""A clock time that was this short a while ago is meant to be over."""

_TOP_UP = "top up the account, or use another"
_LOG_IN = "log in with the agent itself, or give it its key"
_LASTS = {
    _TOP_UP: (
        r"credit balance|insufficient[_ ](?:quota|credits?|funds|balance)|(?:out of|no) credits?\b"
        r"|payment required|(?:billing|spend(?:ing)?) (?:hard )?limit|payment method"
    ),
    "name a model that it has (`command: {model: …}`)": (
        r"\bmodels?\b(?! metadata)[^\n]{0,80}(?:does(?: not|n't) exist|(?:is |was )?not (?:found|"
        r"supported|available (?:to|for|in|with|on))|may not exist|isn't available)"
        r"|litellm\.NotFoundError|model_?not_?found|(?:unknown|invalid|no such|unsupported) model\b"
        r"|llm provider not provided|not found for api version"
    ),
    "choose a model that reads more at once, or shorten the instructions": (
        r"prompt is too long|(?:maximum|exceeds?|exceeded)[^\n]{0,40}context[ _](?:length|window)"
        r"|context[ _](?:length|window)[ _]exceeded|input is too long"
    ),
}
"""What a person has to do, by what is said; these say so plainly."""
_TOP_UP_UNLESS_TIMED = re.compile(
    r"check your (?:plan|billing)|out of (?:extra )?usage|exceeded your current quota"
    r"|quota[^\n]{0,40}upgrade",
    re.IGNORECASE,
)
"""Said of a rate, with the time at which it goes on, and of an empty account, without one."""
_PASSES = re.compile(
    r"(?:usage|rate|session|weekly|monthly|hourly|daily|request|requests per \w+|tokens per \w+)s?"
    r"[- _]?limit|limit (?:was |is |has been )?(?:reached|exceeded|hit)|hit your limit"
    r"|too many requests|throttl|overloaded|at capacity|exhausted|quota|unavailable|bad gateway"
    r"|try again|retry(?:ing|-after)?\b|timed? ?out|connection|network|disconnected|fetch failed"
    r"|socket hang up|getaddrinfo|could not resolve|name resolution|\bE(?:CONN\w+|AI_AGAIN|NOTFOUND"
    r"|TIMEDOUT|HOSTUNREACH|PIPE)\b|internal server error|server[_ ]error"
    r"|litellm\.(?:RateLimit|ServiceUnavailable|Timeout|APIConnection|InternalServer)\w*"
    r"|\b(?:408|429|500|502|503|504|520|522|524|529)\b",
    re.IGNORECASE,
)
_LASTS_TOO = {
    _LOG_IN: (
        r"(?:not (?:logged|signed) in|log ?in (?:required|again|first|to)|sign ?in (?:required"
        r"|again|first|to)|(?:please|run).{0,20}log ?in|(?:invalid|incorrect|missing|no) (?:x-)?"
        r"api[- _]?key|unauthori[sz]ed|api[- _]?key (?:has |is |was )?(?:not|missing|required"
        r"|invalid|expired)|token (?:has |is )?(?:expired|invalid)|authentication[_ ](?:error"
        r"|failed|required|information|credentials)|no (?:authentication|auth|credentials)\b"
        r"|litellm\.(?:Authentication|PermissionDenied)\w*|(?:specify|set|provide)[^\n]{0,60}"
        r"(?:api_key|auth method)|auth method|\b401\b)"
    ),
    "mend the command": (
        r"(?:unknown|unrecogni[sz]ed|unexpected|invalid|no such) (?:options?|arguments?|flags?"
        r"|commands?|values?)\b|module not found|cannot find module|no such file or directory"
        r"|permission denied"
    ),
}
"""These words are also said beside a limit that passes: they count where nothing says so."""

_PLAINLY = re.compile(
    r"(?:usage|rate|session|weekly|monthly|daily|opus) limit (?:was |is |has been )?(?:reached"
    r"|exceeded|hit)|hit your [\w ]{0,20}limit|too many requests|resource.?exhausted"
    r"|overloaded_error|^\W*(?:api )?error\b|\bAPI Error\b|litellm\.\w+(?:Error|Timeout)"
    r"|credit balance is too low|insufficient_quota|not logged in|invalid api key",
    re.IGNORECASE | re.MULTILINE,
)
"""What nobody says of an experiment: it ended well and changed nothing, since it could not work."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = r"\d+(?:\.\d+)?"
_UNIT = r"(?:ms|s|m|h|d|milliseconds?|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?)(?![a-z])"
_SPAN = re.compile(
    rf"(?<!retrying )(?:in|after|for|within|delay)[\"']?[ :=]+[\"']?(?:about |approximately |~)?"
    rf"((?:{_NUMBER}\s*{_UNIT}[\s,and]*)+)",
    re.IGNORECASE,
)
_PIECE = re.compile(rf"({_NUMBER})\s*([a-z]+)", re.IGNORECASE)
_SECONDS = re.compile(
    r"(?:retry[-_ ]?after|(?:resets?|retry)[-_ ]?(?:in|after)[-_ ]?(?:seconds|secs?|s)?)"
    r"(_?ms)?[\"']?[ :=]+[\"']?(\d+(?:\.\d+)?)(?!\.\d|\s*[a-z\d:])",
    re.IGNORECASE,
)
_EPOCH = re.compile(
    r"(?:\||(?:resets?|retry|until)[-_ ]?(?:at|after|time|timestamp)?[\"']?\s*[ :=]+\s*[\"']?)\s*"
    r"(1[5-9]\d{8}|2\d{9})(\d{3})?\b",
    re.IGNORECASE,
)
_MOMENT = re.compile(
    r"(20\d\d-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d|UTC|GMT)?"
)
_AWAITED = re.compile(r"reset|retry|again|until|available|limit", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?:at|resets?|until|after)[ :]+(?:on )?(?:(?P<date>(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
    r",? ?)?(?:[a-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?|\d{1,2}(?:st|nd|rd|th)? [a-z]{3,9})?"
    r"(?:,? 20\d\d)?|tomorrow|today),?\s+(?:at\s+)?)?"
    r"(\d{1,2})(?::(\d{2}))?(?::\d{2})?\s*([ap])?\.?(?:m\b)?\.?"
    r"(?:\s*\(?([A-Z][\w+-]*(?:/[\w+-]+)*)\)?)?",
    re.IGNORECASE,
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAYS = "mon tue wed thu fri sat sun".split()
_ZONES = {
    "UTC": 0.0,
    "GMT": 0.0,
    "Z": 0.0,
    "PST": -8.0,
    "PDT": -7.0,
    "MST": -7.0,
    "MDT": -6.0,
    "CST": -6.0,
    "CDT": -5.0,
    "EST": -5.0,
    "EDT": -4.0,
    "CET": 1.0,
    "CEST": 2.0,
    "BST": 1.0,
    "IST": 5.5,
    "JST": 9.0,
}
"""Hours from UTC of zones that are called by letters."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a failure of an agent means."""

    kind: Kind
    remedy: str = ""
    """What a person has to do; of what lasts."""
    after: float | None = None
    """Seconds until the time that it names, six hours at most; None where it names none."""


def judge(said: str, now: dt.datetime, own: Mapping[str, str] = {}) -> Failure:
    """What a failure means, by `said`: the end of what the agent printed.

    `now` has a zone. `own` are patterns of the agent's own: for a remedy, or for "" what passes.
    """
    words = _last_lines(said)
    after = named_wait(said, now)
    for what, pattern in own.items():
        if re.search(pattern, words, re.IGNORECASE):
            return Failure("lasts", what) if what else Failure("passes", after=after)
    if what := _first(_LASTS, words):
        return Failure("lasts", what)
    if after is None and _TOP_UP_UNLESS_TIMED.search(words):
        return Failure("lasts", _TOP_UP)
    if after is not None or _PASSES.search(words):
        return Failure("passes", after=after)
    if what := _first(_LASTS_TOO, words):
        return Failure("lasts", what)
    return Failure("unknown")


def could_not_work(said: str, own: Mapping[str, str] = {}) -> bool:
    """Whether an agent that ended well, without a change, says that it could not work.

    Only what nobody says of an experiment counts: such an agent may speak of anything.
    """
    words = _last_lines(said)
    return bool(_PLAINLY.search(words)) or any(
        re.search(pattern, words, re.IGNORECASE) for pattern in own.values()
    )


def named_wait(said: str, now: dt.datetime) -> float | None:
    """Seconds until the time that a failure names, six hours at most; None where it names none.

    It may name a span (`in 2h 5m`, `retry-after: 20`), a Unix time, a moment as ISO 8601 has it, or
    an hour of the clock with or without a day, where the agent runs unless it names a zone. `now`
    has a zone.
    """
    seconds = _named(_last_lines(said), now)
    return None if seconds is None or seconds <= 0 else min(seconds, _LONGEST_S)


def _last_lines(said: str) -> str:
    return "\n".join(said.strip().split("\n")[-_LAST_LINES:])


def _first(table: Mapping[str, str], words: str) -> str:
    for what, pattern in table.items():
        if re.search(pattern, words, re.IGNORECASE):
            return what
    return ""


def _named(words: str, now: dt.datetime) -> float | None:
    if found := _EPOCH.search(words):
        return float(found[1]) - now.timestamp()
    if found := _MOMENT.search(words):
        before = words[max(0, found.start() - 60) : found.start()]
        if _AWAITED.search(before) and (wait := _until_moment(found, now)) is not None:
            return wait
    if found := _SECONDS.search(words):
        return float(found[2]) * (0.001 if found[1] else 1.0)
    if found := _SPAN.search(words):
        return sum(float(number) * _unit(unit) for number, unit in _PIECE.findall(found[1]))
    for found in _CLOCK.finditer(words):
        if (wait := _until_clock(found, now)) is not None:
            return wait
    return None


def _unit(word: str) -> float:
    word = word.lower()
    return _UNITS["ms" if word.startswith(("ms", "milli")) else word[0]]


def _until_moment(found: re.Match[str], now: dt.datetime) -> float | None:
    zone = {"Z": "+00:00", "UTC": "+00:00", "GMT": "+00:00"}.get(found[4] or "", found[4] or "")
    try:
        moment = dt.datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ''}{zone}")
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)).timestamp() - (
        now.timestamp()
    )


def _until_clock(found: re.Match[str], now: dt.datetime) -> float | None:
    hour, minute, half = int(found[2]), int(found[3] or 0), (found[4] or "").lower()
    if not (half or found[3]) or hour > (12 if half else 23) or minute > 59:
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    here = now.astimezone(_zone(found[5])) if found[5] and _zone(found[5]) else now
    at = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    day = _day(found["date"] or "", at)
    if day is not None:
        return (day - here).total_seconds()
    wait = (at - here).total_seconds()
    return wait if wait > -_JUST_PASSED_S else wait + 86400.0


def _zone(name: str) -> dt.tzinfo | None:
    if (hours := _ZONES.get(name.upper())) is not None:
        return dt.timezone(dt.timedelta(hours=hours))
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _day(date: str, at: dt.datetime) -> dt.datetime | None:
    """`at` on the day that is named, this year or at the turn of it; None where none is."""
    date = date.lower()
    if date == "tomorrow":
        return at + dt.timedelta(days=1)
    month = next((n for n, name in enumerate(_MONTHS, 1) if re.search(rf"\b{name}", date)), 0)
    number = re.search(r"\b(\d{1,2})(?!\d)", date)
    if month and number:
        year = re.search(r"20\d\d", date)
        try:
            then = at.replace(year=int(year[0]) if year else at.year, month=month)
            then = then.replace(day=int(number[1]))
        except ValueError:
            return None
        late = (at - then).days > 180 and not year
        return then.replace(year=then.year + 1) if late else then
    weekday = next((n for n, name in enumerate(_DAYS) if date.startswith(name)), None)
    if weekday is None:
        return None
    days = (weekday - at.weekday()) % 7
    return at + dt.timedelta(days=days)
