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
from typing import Any

from autoexp_tui.evaluation import documents
from autoexp_tui.evaluation.mentions import BESIDE, NO_NUMBER, form, loosened, whole_number
from autoexp_tui.evaluation.told import Told
from autoexp_tui.evaluation.units import Quantity, quantity
from autoexp_tui.model.contract import Metric
from autoexp_tui.text.safe import clean, clean_line, decode

_LINE_BYTES = 64 * 1024
"""A longer line holds no metric."""
DOCUMENT_BYTES = 16 << 20
"""What may be printed or written around a document."""
_EXTRAS = 32
_EXTRA = re.compile(r"[A-Za-z_][A-Za-z0-9_./%-]{0,39}")
_MENTION_BYTES = 128
"""As long as a name with what stands beside it may be, and more."""
_PATTERN_BYTES = 1024
"""As long as what a pattern finds in an overlong line may be."""
_RUN = 16
"""Lines that are nothing but a metric and its value, from which on they are taken at once."""
_FIGURE = r"[:=] ?[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,4})?"
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
    forms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """In what other forms each metric's name stood, for `usual` of a later run's reader."""


@dataclass(slots=True)
class _Part:
    """What stands between two carriage returns of a line."""

    number: int
    hides: bool
    """Whether an earlier part told something else of the same metric."""
    told: list[tuple[Callable[..., None], tuple[Any, ...]]] = field(default_factory=list)


class MetricReader:
    """Finds the contract's metrics in the bytes a harness prints.

    A metric is a line `name: value`, `name = value` or `METRIC name=value`, with one unit after the
    value at most, or a line that is a JSON object with `"name": value` at its top, or with
    `"metric": "name"` and `"value": value`. What a carriage return overwrites is a line too, but
    of several with the metric only the last counts. One with a pattern, a path or another source
    is only what that finds. `units` are those that earlier runs were printed in, `usual` the forms
    beside its own in which each name stood when the baseline ran: a value in another one must be
    the metric's, for a line that something was glued to is no longer its own. None: this is the
    baseline. `file`: the bytes are a whole file, in which names may stand in one JSON object of
    many lines. Raises `re.error` for a pattern that is none.
    """

    def __init__(
        self,
        metrics: Sequence[Metric],
        units: Mapping[str, str] | None = None,
        usual: Mapping[str, Sequence[str]] | None = None,
        file: bool = False,
    ) -> None:
        units = units or {}
        self._metrics = metrics
        self._all = [
            Told(
                metric,
                units.get(metric.name),
                None if usual is None else frozenset(usual.get(metric.name, ())),
            )
            for metric in metrics
        ]
        self._named: dict[str, Told] = {
            seen.metric.name: seen
            for seen in self._all
            if seen.metric.pattern is seen.metric.json is None and seen.metric.source == "lines"
        }
        self._squashed = {_squash(name): seen for name, seen in self._named.items()}
        self._searched = [
            (seen, re.compile(seen.metric.pattern), loosened(seen.metric.pattern))
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
        names = "|".join(re.escape(name) for name in self._named)
        self._mentions = re.compile(f"(?:{names})(?:{BESIDE}|[\"'])".encode())
        bare = [re.escape(name) for name in self._named if _EXTRA.fullmatch(name)]
        run = rf"\n(?:(?:{'|'.join(bare)}){_FIGURE}\n){{{_RUN},}}+"
        self._runs = re.compile(run.encode()) if bare and not self._every_line else None
        self._extras: dict[str, float] = {}
        self._apart: set[str] = set()
        """Names of which no value can be a metric's."""
        self._whole_at_the_end: int | None = None
        self._unended = False
        """Whether this is the last line, and its end is missing."""
        self._held = bytearray()
        self._overlong = False
        self._mentioned: set[str] = set()
        """The metrics that an overlong line may hold."""
        self._returns = 0
        """Carriage returns in this line so far."""
        self._pending: dict[str, _Part] = {}
        """What the last part of such a line that tells of a metric tells, by name."""
        self._raw = ""
        """The line with its controls, where it has any but colours."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes, cut anywhere."""
        if self._keeps_whole and len(self._whole) <= DOCUMENT_BYTES:
            self._whole += chunk
        done = 0
        for run in self._runs.finditer(chunk) if self._runs else ():
            self._feed(chunk[done : run.start() + 1])
            self._read_run(run[0].strip().split(b"\n"))
            done = run.end()
        self._feed(chunk[done:] if done else chunk)

    def _feed(self, chunk: bytes) -> None:
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

    def ended(self) -> None:
        """The harness' shell has ended: what follows may add to what is known, not change it."""
        self._whole_at_the_end = len(self._whole)
        known = MetricReader(self._metrics)
        known.feed(bytes(self._held))
        known._end_line()
        for seen, unfinished in zip(self._all, known._all, strict=True):
            last = unfinished if unfinished.count else seen
            seen.at_the_end = last.last if last.count else None

    def lost(self, why: str) -> None:
        """Something that was printed may not have come here, a figure too."""
        for seen in self._all:
            seen.stood_in("lost output", NO_NUMBER, f"may be lost: {why}")

    def finish(self) -> MetricReading:
        """Take what is left as the last line, and return what was found."""
        self._unended = bool(self._held)
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
        forms: dict[str, tuple[str, ...]] = {
            seen.metric.name: (*seen.forms,) for seen in self._all if seen.forms
        }
        return MetricReading(metrics, dict(self._extras), failure, units, forms)

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
            if self._named and self._mentions.search(self._held, int(self._overlong)):
                self._mentioned.update(self._named)
            for seen, pattern, loose in self._searched:
                if (loose or pattern).search(clean(decode(self._held))):
                    self._mentioned.add(seen.metric.name)
            if self._counted and documents.holds_counts(decode(self._held)):
                self._mentioned.update(seen.metric.name for seen in self._counted)
            self._overlong = True
            del self._held[: -(_PATTERN_BYTES if self._every_line else _MENTION_BYTES)]

    def _end_part(self) -> None:
        for seen in self._all if self._mentioned else ():
            if seen.metric.name in self._mentioned:
                size = f"{_LINE_BYTES >> 10} KiB"
                words = f"may be in a line longer than {size}: print it on a line of its own"
                self._note(seen, seen.refuse, words)
        if self._held and not self._overlong:
            self._read(bytes(self._held))
        self._held.clear()
        self._mentioned.clear()
        self._overlong = False

    def _end_line(self) -> None:
        self._returns += bool(self._returns)  # its last part is one too
        self._end_part()
        self._returns = 0
        for name, part in self._pending.items():
            for tell, what in part.told:
                tell(*what)
            figures = any(isinstance(what[0], Quantity) for _, what in part.told)
            if part.hides and figures and name in self._named:
                words = "overwrites what stood before it in its line"
                self._named[name].stood_in("\\r", NO_NUMBER, words)
        self._pending.clear()

    def _note(self, seen: Told, tell: Callable[..., None], *what: Any) -> None:
        """Tell it at once, or at the line's end unless a later part of the line tells more."""
        if not self._returns:
            tell(*what)
            return
        name = seen.metric.name
        before = self._pending.get(name)
        if before is None or before.number != self._returns:
            hides = before is not None and (before.hides or before.told[-1][1][0] != what[0])
            self._pending[name] = before = _Part(self._returns, hides)
        before.told.append((tell, what))

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

    def _read_run(self, lines: Sequence[bytes]) -> None:
        """Read many figures: of each metric, the first two that differ and the last say it all."""
        for name, seen in self._named.items():
            prefixes = (f"{name}:".encode(), f"{name}=".encode())
            mine = [line for line in lines if line.startswith(prefixes)]
            count = seen.count + len(mine)
            for at, line in enumerate(mine):
                if at == 0 or line != mine[at - 1]:
                    self._read(line)
                if seen.other is not None and at < len(mine) - 1:
                    self._read(mine[-1])
                    break
            seen.count = count

    def _search(self, line: str) -> None:
        for seen, pattern, loose in self._searched:
            match = pattern.search(line)
            if match is None:
                # Where controls have taken a part of the line, look at what they took too.
                search = (loose or pattern).search
                damaged = (loose and search(line)) or (self._raw and search(self._raw))
                if damaged:
                    self._note(seen, seen.stood_in, *_damaged(damaged, line))
                continue
            found, start = _grouped(match)
            if found is None:
                self._note(seen, seen.missed, line)
            elif whole := whole_number(line, start, found):
                self._add(seen, whole, line)
            else:
                words = f"has a pattern that takes part of a number: {clean_line(line, 60)!r}"
                self._note(seen, seen.refuse, words)
        if self._counted:
            self._search_counts(line)

    def _search_counts(self, line: str) -> None:
        if counts := documents.pytest_counts(line):
            self._count(self._counted, counts)
        elif documents.holds_counts(self._raw or line):
            words = f"may be in a damaged line: {clean_line(line, 60)!r}"
            for seen in self._counted:
                self._note(seen, seen.stood_in, form(line), NO_NUMBER, words)

    def _read_line(self, line: str) -> None:
        left, right = _halves(line)
        name = left.strip().removeprefix("METRIC ").strip()
        found = quantity(right.strip())
        if found is not None and (seen := self._named.get(name)) is not None:
            self._add(seen, found, line)
            return
        if found is None or not (name in self._names or name in self._apart):
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
        if self._whole_at_the_end is not None:
            self._read_again(data[: self._whole_at_the_end])
        try:
            found = [*documents.json_documents(data)] if paths else []
            for document in found:
                self._follow(paths, document)
            for seen, path in paths:
                self._look_elsewhere(seen, path, data, found)
            if self._reports:
                self._count(self._reports, documents.junit_counts(data))
        except ValueError as error:
            for seen in (*(seen for seen, _ in paths), *self._reports):
                seen.refuse(f"can't be read: {clean_line(str(error), 100)}")

    def _read_again(self, data: bytes) -> None:
        """What was known of documents when the harness' shell had ended."""
        known = MetricReader(self._metrics, file=self._file)
        known.feed(data)
        known.finish()
        for seen, before in zip(self._all, known._all, strict=True):
            if before.count:
                seen.at_the_end = before.last

    @staticmethod
    def _look_elsewhere(seen: Told, path: str, data: bytes, found: Sequence[Any]) -> None:
        """A value by the same key elsewhere: in another place, or in what is no whole document."""
        key = path.rpartition(".")[2]
        count = len(re.findall(rb'"%s"\s*:' % re.escape(key.encode()), data))
        if count <= 1 and seen.count == count:
            return
        for place, value in (each for one in found for each in documents.places(one, key)):
            count -= 1
            if place != path:
                number = isinstance(value, int | float) and not isinstance(value, bool)
                words = f"has another value at {clean_line(place, 60)}, where the baseline has none"
                quantity = Quantity(_float(value)) if number else NO_NUMBER
                seen.stood_in(form(place), quantity, words)
        if count > 0:
            seen.stood_in('"', NO_NUMBER, f"may be in a damaged document: {key!r} is in none")

    def _follow(self, paths: Sequence[tuple[Told, str]], document: Any) -> None:
        for seen, path in paths:
            try:
                found = documents.at_path(document, path)
            except KeyError:
                continue
            if isinstance(found, int | float) and not isinstance(found, bool):
                seen.add(Quantity(_float(found)))
            else:
                seen.refuse(f"is no number at {path}, but {clean_line(repr(found)[:80], 40)}")

    def _count(self, counted: Sequence[Told], counts: Mapping[str, float]) -> None:
        for seen in counted:
            if (value := counts.get(seen.metric.name)) is not None:
                self._note(seen, seen.add, Quantity(value))
            else:
                names = ", ".join(documents.COUNTS)
                self._note(seen, seen.refuse, f"is no count of tests: name it one of {names}")

    def _record(self, name: str, found: Quantity, line: str) -> None:
        if name in self._names:
            if seen := self._named.get(name):
                self._add(seen, found, line)
            return
        if name not in self._extras:
            if near := self._squashed.get(_squash(name[:80])):
                self._note(near, near.missed, line)
            if len(self._extras) >= _EXTRAS or not _EXTRA.fullmatch(name):
                return
            if all(
                seen.is_usual(name.removesuffix(metric))
                for metric, seen in self._named.items()
                if name.endswith(metric)
            ):
                self._apart.add(name)
        if math.isfinite(found.value):
            self._extras[name] = found.value

    def _add(self, seen: Told, found: Quantity, line: str) -> None:
        if self._raw and found.digits not in self._raw:
            self._note(seen, seen.refuse, f"is broken by control characters: {found.digits[:40]!r}")
        elif self._returns:
            self._note(seen, seen.add, found, line)
        else:
            seen.add(found, line)
        if self._unended:
            words = f"may be cut: the output ends within {clean_line(line, 60)!r}"
            self._note(seen, seen.stood_in, "$", NO_NUMBER, words)

    def _look_near(self, line: str) -> None:
        for name, seen in self._named.items():
            if name in line:
                self._note(seen, seen.missed, line)


def _halves(line: str) -> tuple[str, str]:
    """What stands before and after the first colon or equals sign."""
    colon, equals = line.find(":"), line.find("=")
    cut = max(colon, equals) if colon < 0 or equals < 0 else min(colon, equals)
    return (line[:cut], line[cut + 1 :]) if cut >= 0 else (line, "")


def _grouped(match: re.Match[str]) -> tuple[Quantity | None, int]:
    """The number that a pattern found, and where it stands."""
    group = min(1, match.re.groups)
    text = match.group(group) or ""
    return quantity(text.strip()), match.start(group) + len(text) - len(text.lstrip())


def _damaged(match: re.Match[str], line: str) -> tuple[str, Quantity, str]:
    """What a loose pattern found where the strict one finds nothing, for `Told.stood_in`."""
    words = f"has another value in {clean_line(line, 60)!r}, to which its pattern is blind"
    return form(line), _grouped(match)[0] or NO_NUMBER, words


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _squash(name: str) -> str:
    """A name without what people write differently."""
    return "".join(filter(str.isalnum, name.casefold()))
