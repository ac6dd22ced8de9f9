"""The metrics out of a harness's output, read as it streams and in constant memory."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from autoexp_tui.model.contract import Metric
from autoexp_tui.text.safe import clean, clean_line, decode

_LINE_BYTES = 64 * 1024
"""A longer line holds no metric."""
_EXTRAS = 32
_EXTRA = re.compile(r"[A-Za-z_][A-Za-z0-9_./%-]{0,39}")
_NUMBER = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf(?:inity)?)", re.IGNORECASE
)
_UNIT = re.compile(r"%|°?[^\W\d_][\w/%²³^*·.-]{0,15}")


@dataclass(frozen=True, slots=True)
class MetricReading:
    """What one run of the harness printed."""

    metrics: dict[str, float]
    """Every metric of the contract, finite; empty when there is a failure."""
    extras: dict[str, float]
    """The last finite value of up to 32 other names, in the order of their first appearance."""
    failure: str
    """The first problem in words for a person; empty when all metrics are there."""


@dataclass(slots=True)
class _Seen:
    """The values printed for one metric."""

    metric: Metric
    count: int = 0
    first: float = math.nan
    last: float = math.nan
    other: float | None = None
    """The first that differed from the first."""
    near: str = ""
    """The first line that nearly was one."""

    def add(self, value: float) -> None:
        if not self.count:
            self.first = value
        elif self.other is None and not _same(value, self.first):
            self.other = value
        self.last = value
        self.count += 1

    def missed(self, line: str) -> None:
        if not self.near:
            self.near = clean_line(line, 60)

    def failure(self, others: Sequence[str]) -> str:
        name = self.metric.name
        if self.other is not None and self.metric.take == "only":
            return (
                f"{name} was printed {self.count} times with different values "
                f"({_shown(self.first)}, {_shown(self.other)}): set take: last if the last counts"
            )
        if self.count:
            finite = math.isfinite(self.last)
            return "" if finite else f"{name} is {self.last}: not a finite number"
        if self.near:
            return f"{name} was not printed (saw {self.near!r})"
        if self.metric.pattern is not None:
            return f"{name} was not printed: no line matched its pattern"
        similar = get_close_matches(name, others, 1)
        return f"{name} was not printed" + (f" (saw {similar[0]})" if similar else "")


class MetricReader:
    """Finds the contract's metrics in the bytes a harness prints.

    A metric is a line `name: value`, `name = value` or `METRIC name=value`, with one unit after the
    value at most, or a line that is a JSON object with `"name": value` at its top, or with
    `"metric": "name"` and `"value": value`. One with a pattern is only what the pattern finds.
    Raises `re.error` for a pattern that is none.
    """

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._all = [_Seen(metric) for metric in metrics]
        self._named: dict[str, _Seen] = {
            seen.metric.name: seen for seen in self._all if seen.metric.pattern is None
        }
        self._squashed = {_squash(name): seen for name, seen in self._named.items()}
        self._searched = [
            (seen, re.compile(seen.metric.pattern))
            for seen in self._all
            if seen.metric.pattern is not None
        ]
        self._names = {metric.name for metric in metrics}
        self._extras: dict[str, float] = {}
        self._held = bytearray()
        self._overlong = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes, cut anywhere."""
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            self._hold(chunk[start:end])
            self._end_line()
            start = end + 1
        self._hold(chunk[start:])

    def finish(self) -> MetricReading:
        """Take what is left as the last line, and return what was found."""
        self._end_line()
        others = list(self._extras)
        failure = next(filter(None, (seen.failure(others) for seen in self._all)), "")
        metrics: dict[str, float] = (
            {} if failure else {seen.metric.name: seen.last for seen in self._all}
        )
        return MetricReading(metrics, dict(self._extras), failure)

    def _hold(self, part: bytes) -> None:
        """Keep the line so far: all of it, or what the last carriage return has left of it."""
        if self._overlong:
            part = part[part.find(b"\r") :] if b"\r" in part else b""
        self._held += part
        if len(self._held) <= _LINE_BYTES:
            self._overlong = self._overlong and not part
            return
        shown = self._held.rstrip(b"\r")
        returned = self._held[len(shown) :][:1]
        last = shown.rpartition(b"\r")[2]
        self._overlong = len(last) > _LINE_BYTES and not returned
        self._held = (bytearray() if len(last) > _LINE_BYTES else last) + returned

    def _end_line(self) -> None:
        if self._held:
            self._read(bytes(self._held))
            self._held.clear()
        self._overlong = False

    def _read(self, data: bytes) -> None:
        if not self._searched and b":" not in data and b"=" not in data:
            return
        line = clean(decode(data)).strip()
        for seen, pattern in self._searched:
            if match := pattern.search(line):
                value = _number((match.group(min(1, pattern.groups)) or "").strip())
                if value is None:
                    seen.missed(line)
                else:
                    seen.add(value)
        if line.startswith("{") and line.endswith("}"):
            self._read_object(line)
        else:
            self._read_line(line)

    def _read_line(self, line: str) -> None:
        left, right = _halves(line)
        name = left.strip().removeprefix("METRIC ").strip()
        tokens = right.split(maxsplit=2)
        unitless = len(tokens) == 1 or (len(tokens) == 2 and _UNIT.fullmatch(tokens[1]))
        value = _number(tokens[0]) if unitless else None
        if value is not None:
            self._record(name, value, line)
        else:
            self._look_near(line)

    def _read_object(self, line: str) -> None:
        if "\\u" not in line and not any(name in line for name in self._named):
            return
        try:
            pairs = json.loads(line, object_pairs_hook=tuple, parse_int=float)
        except (ValueError, RecursionError):
            self._look_near(line)
            return
        fields = dict(pairs)
        named, value = fields.get("metric"), fields.get("value")
        if isinstance(named, str) and isinstance(value, float):
            self._record(named, value, line)
            return
        for name, value in pairs:
            if isinstance(value, float):
                self._record(name, value, line)
        self._look_near(line)

    def _record(self, name: str, value: float, line: str) -> None:
        if name in self._names:
            if seen := self._named.get(name):
                seen.add(value)
            return
        if name not in self._extras:
            if near := self._squashed.get(_squash(name[:80])):
                near.missed(line)
            self._look_near(line)
            if len(self._extras) >= _EXTRAS or not _EXTRA.fullmatch(name):
                return
        if math.isfinite(value):
            self._extras[name] = value

    def _look_near(self, line: str) -> None:
        for name, seen in self._named.items():
            if not seen.near and name in line:
                seen.missed(line)


def _halves(line: str) -> tuple[str, str]:
    """What stands before and after the first colon or equals sign."""
    colon, equals = line.find(":"), line.find("=")
    cut = max(colon, equals) if colon < 0 or equals < 0 else min(colon, equals)
    return (line[:cut], line[cut + 1 :]) if cut >= 0 else (line, "")


def _number(text: str) -> float | None:
    """The value of a full number token, with a percent sign at most; it may be infinite or NaN."""
    number = text.removesuffix("%")
    return float(number) if _NUMBER.fullmatch(number) else None


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _squash(name: str) -> str:
    """A name without what people write differently."""
    return "".join(filter(str.isalnum, name.casefold()))


def _shown(value: float) -> str:
    return repr(value).removesuffix(".0")
