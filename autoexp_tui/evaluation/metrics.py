"""The metrics out of a harness's output, read as it streams and in constant memory.

A name with a value beside it is read whole or refused, never read in part: what is trusted is one
number with one unit at most, the same wherever the name stands.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from autoexp_tui.evaluation import documents
from autoexp_tui.evaluation.units import Quantity, convert, quantity, quantity_at
from autoexp_tui.model.contract import Metric
from autoexp_tui.text.safe import clean, clean_line, decode

_LINE_BYTES = 64 * 1024
"""A longer line holds no metric."""
DOCUMENT_BYTES = 16 << 20
"""What may be printed or written around a document."""
_EXTRAS = 32
_EXTRA = re.compile(r"[A-Za-z_][A-Za-z0-9_./%-]{0,39}")
_BESIDE = r"[\"']?\s{0,3}[:=]\s{0,3}"
"""Between a name and its value, in whatever text."""
_MENTION_BYTES = 64
"""As long as a name with that may be, and more."""
_COLOUR = re.compile(r"\x1b\[[0-9:;]*m")


@dataclass(frozen=True, slots=True)
class MetricReading:
    """What one run of the harness printed."""

    metrics: dict[str, float]
    """Every metric of the contract, finite; empty when there is a failure."""
    extras: dict[str, float]
    """The last finite value of up to 32 other names, in the order of their first appearance."""
    failure: str
    """The first problem in words for a person; empty when all metrics are there."""
    units: dict[str, str] = field(default_factory=dict)
    """What each metric was printed in, where the contract doesn't say; empty: a bare number."""


@dataclass(slots=True)
class _Seen:
    """The values printed for one metric."""

    metric: Metric
    unit: str | None
    """What it was printed in before; None before the first time."""
    count: int = 0
    first: float = math.nan
    last: float = math.nan
    other: float | None = None
    """The first that differed from the first."""
    printed: Quantity | None = None
    """The last, as it was printed."""
    problem: str = ""
    """Why no value can be believed."""
    beside: list[tuple[Quantity, str]] = field(default_factory=list)
    """Up to two different values beside the name in lines that aren't its form."""
    near: str = ""
    """The first line that nearly was one."""
    mention: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self.mention = re.compile(rf"(?<![\w./-]){re.escape(self.metric.name)}{_BESIDE}")

    def add(self, found: Quantity) -> None:
        if self.metric.take == "last":
            self.problem = ""
            self.beside.clear()
        value = found.value
        if self.metric.unit is None:
            if self.unit is None:
                self.unit = found.unit
            elif found.unit != self.unit:
                self.refuse(self._other_unit(found))
        elif found.unit:
            converted = convert(value, found.unit, self.metric.unit)
            if converted is None:
                self.refuse(f"prints `{found}`, which can't be told in {self.metric.unit}")
            else:
                value = converted
        if not self.count:
            self.first = value
        elif self.other is None and not _same(value, self.first):
            self.other = value
        self.last, self.printed = value, found
        self.count += 1

    def refuse(self, problem: str) -> None:
        self.problem = self.problem or problem

    def missed(self, line: str) -> None:
        """A line that isn't the metric's form: a value beside the name there must be no other."""
        shown = clean_line(line, 60)
        self.near = self.near or shown
        for mention in self.mention.finditer(line):
            found = beside(line, mention.end())
            if found and len(self.beside) < 2 and not any(_alike(found, b) for b, _ in self.beside):
                self.beside.append((found, shown))

    def failure(self, others: Sequence[str]) -> str:  # noqa: PLR0911 - one for each reason
        name = self.metric.name
        if self.problem:
            return f"{name} {self.problem}"
        if self.other is not None and self.metric.take == "only":
            return (
                f"{name} was printed {self.count} times with different values "
                f"({_shown(self.first)}, {_shown(self.other)}): set take: last if the last counts"
            )
        if self.printed is not None:
            for found, line in self.beside:
                if not (
                    _same(found.value, self.printed.value) and found.unit in {"", self.printed.unit}
                ):
                    return (
                        f"{name} has another value in {line!r}: write `take: last` if the last "
                        f"counts, or `pattern: '^{re.escape(name)}: (.+)$'` for a line of its own"
                    )
            finite = math.isfinite(self.last)
            return "" if finite else f"{name} is {self.last}: not a finite number"
        if self.near:
            advice = self._advice()
            return f"{name} was not printed (saw {self.near!r}){advice and f': {advice}'}"
        if self.metric.json is not None:
            return f"{name} was not printed: no JSON document has {self.metric.json}"
        if self.metric.source != "lines":
            return f"{name} was not printed: there is no summary of {self.metric.source}"
        if self.metric.pattern is not None:
            return f"{name} was not printed: no line matched its pattern"
        similar = get_close_matches(name, others, 1)
        return f"{name} was not printed" + (f" (saw {similar[0]})" if similar else "")

    def _other_unit(self, found: Quantity) -> str:
        was = f" where it was in {self.unit}" if self.unit else ""
        return f"prints `{found}`{was}: write `unit: {self.unit or found.unit}`"

    def _advice(self) -> str:
        if self.metric.pattern is None and (match := self.mention.search(self.near)):
            return reading_advice(self.near, match.start(), match.end())
        return ""


class MetricReader:
    """Finds the contract's metrics in the bytes a harness prints.

    A metric is a line `name: value`, `name = value` or `METRIC name=value`, with one unit after the
    value at most, or a line that is a JSON object with `"name": value` at its top, or with
    `"metric": "name"` and `"value": value`. What a carriage return overwrites is a line too, but
    of several with the metric only the last counts. One with a pattern, a path or another source
    is only what that finds. `units` are those that earlier runs were printed in. `file`: the bytes
    are a whole file, in which names may stand in one JSON object of many lines.
    Raises `re.error` for a pattern that is none.
    """

    def __init__(
        self, metrics: Sequence[Metric], units: Mapping[str, str] | None = None, file: bool = False
    ) -> None:
        units = units or {}
        self._all = [_Seen(metric, units.get(metric.name)) for metric in metrics]
        self._named: dict[str, _Seen] = {
            seen.metric.name: seen
            for seen in self._all
            if seen.metric.pattern is seen.metric.json is None and seen.metric.source == "lines"
        }
        self._squashed = {_squash(name): seen for name, seen in self._named.items()}
        self._searched = [
            (seen, re.compile(seen.metric.pattern))
            for seen in self._all
            if seen.metric.pattern is not None
        ]
        self._counted = [seen for seen in self._all if seen.metric.source == "pytest"]
        self._paths = [(seen, seen.metric.json) for seen in self._all if seen.metric.json]
        self._reports = [seen for seen in self._all if seen.metric.source == "junit"]
        self._file = file
        self._whole = bytearray()
        self._keeps_whole = file or bool(self._paths or self._reports)
        self._every_line = bool(self._searched or self._counted)
        self._names = {metric.name for metric in metrics}
        # Whatever stands before a name: a line may be long for having swallowed the metric's own.
        self._mentions = re.compile(
            rb"(?:%s)%s"
            % (b"|".join(re.escape(name).encode() for name in self._named), _BESIDE.encode())
        )
        self._extras: dict[str, float] = {}
        self._held = bytearray()
        self._overlong = False
        self._mentioned = False
        """Whether an overlong line may hold a metric."""
        self._returns = 0
        """Carriage returns in this line so far."""
        self._pending: dict[str, tuple[int, list[tuple[Callable[[Any], None], Any]]]] = {}
        """What the last part of such a line that tells of a metric tells, by name."""
        self._raw = ""
        """The line with its controls, where it has any but colours."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes, cut anywhere."""
        if self._keeps_whole and len(self._whole) <= DOCUMENT_BYTES:
            self._whole += chunk
        lines = chunk.split(b"\n")
        last = lines.pop()
        for line in lines:
            if self._held or self._overlong or self._returns or b"\r" in line:
                self._hold(line)
                self._end_line()
            elif len(line) <= _LINE_BYTES:
                self._read(line)
            else:
                self._hold(line)
                self._end_line()
        self._hold(last)

    def finish(self) -> MetricReading:
        """Take what is left as the last line, and return what was found."""
        self._end_line()
        if self._keeps_whole:
            self._read_whole()
        others = list(self._extras)
        failure = next(filter(None, (seen.failure(others) for seen in self._all)), "")
        metrics: dict[str, float] = (
            {} if failure else {seen.metric.name: seen.last for seen in self._all}
        )
        units: dict[str, str] = {
            seen.metric.name: seen.unit
            for seen in self._all
            if seen.unit is not None and not failure
        }
        return MetricReading(metrics, dict(self._extras), failure, units)

    def _hold(self, part: bytes) -> None:
        """Keep the line so far, cut at carriage returns."""
        if b"\r" in part:
            *ended, part = part.split(b"\r")
            for piece in ended:
                self._hold(piece)
                self._returns += 1
                self._end_part()
        self._held += part
        if self._overlong or len(self._held) > _LINE_BYTES:
            # What was searched before stays for what goes on in it; it is not found twice.
            found = self._named and self._mentions.search(self._held, int(self._overlong))
            self._mentioned = self._mentioned or bool(found)
            self._overlong = True
            del self._held[:-_MENTION_BYTES]

    def _end_part(self) -> None:
        if self._mentioned:
            for seen in self._named.values():
                size = f"{_LINE_BYTES >> 10} KiB"
                words = f"may be in a line longer than {size}: print it on a line of its own"
                self._note(seen, seen.refuse, words)
        elif self._held and not self._overlong:
            self._read(bytes(self._held))
        self._held.clear()
        self._overlong = self._mentioned = False

    def _end_line(self) -> None:
        self._end_part()
        self._returns = 0
        for _, told in self._pending.values():
            for tell, what in told:
                tell(what)
        self._pending.clear()

    def _note(self, seen: _Seen, tell: Callable[[Any], None], what: Any) -> None:
        """Tell it at once, or at the line's end unless a later part of the line tells more."""
        if not self._returns:
            tell(what)
            return
        part, told = self._pending.get(seen.metric.name, (0, []))
        if part != self._returns:
            self._pending[seen.metric.name] = self._returns, (told := [])
        told.append((tell, what))

    def _read(self, data: bytes) -> None:
        if not self._every_line and b":" not in data and b"=" not in data:
            return
        text = decode(data)
        cleaned = clean(text)
        line = cleaned.strip()
        self._raw = "" if cleaned is text else _COLOUR.sub("", text)
        if self._every_line:
            self._search(line)
        if line.startswith("{") and line.endswith("}"):
            self._read_object(line)
        else:
            self._read_line(line)
        if self._raw:
            for name, seen in self._named.items():
                if name in self._raw and name not in line:
                    self._note(seen, seen.refuse, "is hidden by control characters in its line")

    def _search(self, line: str) -> None:
        for seen, pattern in self._searched:
            if match := pattern.search(line):
                group = min(1, pattern.groups)
                text = match.group(group) or ""
                found = quantity(text.strip())
                if found is None:
                    self._note(seen, seen.missed, line)
                    continue
                start = match.start(group) + len(text) - len(text.lstrip())
                if whole := whole_number(line, start, found):
                    self._add(seen, whole)
                else:
                    words = f"has a pattern that takes part of a number: {clean_line(line, 60)!r}"
                    self._note(seen, seen.refuse, words)
        if self._counted and (counts := documents.pytest_counts(line)):
            self._count(self._counted, counts)

    def _read_line(self, line: str) -> None:
        left, right = _halves(line)
        name = left.strip().removeprefix("METRIC ").strip()
        found = quantity(right.strip())
        if found is None or not (name in self._names or name in self._extras):
            self._look_near(line)
        if found is not None:
            self._record(name, found, line)

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
            unit = fields.get("unit")
            unit = clean_line(unit, 20) if isinstance(unit, str) else ""
            self._record(named, Quantity(value, unit, line), line)
            return
        for name, value in pairs:
            if isinstance(value, float):
                self._record(name, Quantity(value, "", line), line)
            elif name in self._named:
                self._note(self._named[name], self._named[name].missed, line)
        for name, seen in self._named.items():
            if not seen.near and name in line:
                seen.near = clean_line(line, 60)

    def _read_whole(self) -> None:
        if len(self._whole) > DOCUMENT_BYTES:
            size = f"{DOCUMENT_BYTES >> 20} MiB"
            for seen in self._all:
                seen.refuse(f"can't be told from more than {size}: write it to a file of its own")
            return
        data = bytes(self._whole)
        paths = self._paths
        if self._file and data.lstrip()[:1] in {b"{", b"["}:
            paths = [*paths, *((s, n) for n, s in self._named.items() if not s.count)]
        try:
            for document in documents.json_documents(data) if paths else ():
                self._follow(paths, document)
            if self._reports:
                self._count(self._reports, documents.junit_counts(data))
        except ValueError as error:
            for seen in (*(seen for seen, _ in paths), *self._reports):
                seen.refuse(f"can't be read: {clean_line(str(error), 100)}")

    def _follow(self, paths: Sequence[tuple[_Seen, str]], document: Any) -> None:
        for seen, path in paths:
            try:
                found = documents.at_path(document, path)
            except KeyError:
                continue
            if isinstance(found, int | float) and not isinstance(found, bool):
                seen.add(Quantity(_float(found)))
            else:
                seen.refuse(f"is no number at {path}, but {clean_line(repr(found)[:80], 40)}")

    def _count(self, counted: Sequence[_Seen], counts: Mapping[str, float]) -> None:
        for seen in counted:
            if (value := counts.get(seen.metric.name)) is not None:
                self._note(seen, seen.add, Quantity(value))
            else:
                names = ", ".join(documents.COUNTS)
                self._note(seen, seen.refuse, f"is no count of tests: name it one of {names}")

    def _record(self, name: str, found: Quantity, line: str) -> None:
        if name in self._names:
            if seen := self._named.get(name):
                self._add(seen, found)
            return
        if name not in self._extras:
            if near := self._squashed.get(_squash(name[:80])):
                self._note(near, near.missed, line)
            if len(self._extras) >= _EXTRAS or not _EXTRA.fullmatch(name):
                return
        if math.isfinite(found.value):
            self._extras[name] = found.value

    def _add(self, seen: _Seen, found: Quantity) -> None:
        if self._raw and found.digits not in self._raw:
            self._note(seen, seen.refuse, f"is broken by control characters: {found.digits[:40]!r}")
        else:
            self._note(seen, seen.add, found)

    def _look_near(self, line: str) -> None:
        for name, seen in self._named.items():
            if name in line:
                self._note(seen, seen.missed, line)


def beside(line: str, start: int) -> Quantity | None:
    """The number at a place in a line; NaN where it isn't one number: `1,234`, `0.5±0.1`."""
    start += line[start : start + 1] in {"'", '"'}
    found = quantity_at(line, start)
    if found is None:
        return None
    return found[0] if re.match(r"[;)\]}\"'|]|[,.]?(?:\s|$)", line[found[1] :]) else _NO_NUMBER


def whole_number(line: str, start: int, found: Quantity) -> Quantity | None:
    """What a pattern found, with the unit that stands behind it; None for a part of a number."""
    at = quantity_at(line, start)
    if at is None or found.unit:
        return found
    whole, end = at
    before = line[max(start - 2, 0) : start]
    cut = re.search(r"[0-9.]$|(?:^|[\s=:])[+-]$", before) or re.match(
        r",[0-9]{3}(?![0-9])", line[end:]
    )
    return None if cut or whole.digits != found.digits else whole


def reading_advice(line: str, start: int, end: int) -> str:
    """What to write so that the value after `line[start:end]` is read; empty when it can't be."""
    end += line[end : end + 1] in {"'", '"'}
    found = quantity_at(line, end)
    if found is None:
        return ""
    if re.match(r"[,_][0-9]", line[found[1] :]):
        return "print it without a separator of thousands"
    pattern = (re.escape(line[start:end]).replace("\\ ", " ") + r"([-+.\deE]+)").replace("'", "''")
    return f"write `pattern: '{pattern}'`"


def _halves(line: str) -> tuple[str, str]:
    """What stands before and after the first colon or equals sign."""
    colon, equals = line.find(":"), line.find("=")
    cut = max(colon, equals) if colon < 0 or equals < 0 else min(colon, equals)
    return (line[:cut], line[cut + 1 :]) if cut >= 0 else (line, "")


_NO_NUMBER = Quantity(math.nan)


def _alike(one: Quantity, other: Quantity) -> bool:
    return one.unit == other.unit and _same(one.value, other.value)


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _squash(name: str) -> str:
    """A name without what people write differently."""
    return "".join(filter(str.isalnum, name.casefold()))


def _shown(value: float) -> str:
    return repr(value).removesuffix(".0")
