"""What one run has told of one metric, and whether that is one figure that can be believed."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from autoexp_tui.evaluation.mentions import (
    BESIDE,
    NO_NUMBER,
    beside,
    form,
    reading_advice,
    word_before,
)
from autoexp_tui.evaluation.units import Quantity, convert
from autoexp_tui.model.contract import Metric
from autoexp_tui.text.safe import clean_line

_FORMS = 64
"""Other forms that are told apart; a baseline with more of them is held to none."""
ANY_FORM = "*"
_DISTINCT = 3
"""Of values beside the name: two may be the figure, bare and with its unit."""


@dataclass(slots=True)
class Told:
    """The values printed for one metric."""

    metric: Metric
    unit: str | None
    """What it was printed in before; None before the first time."""
    usual: Collection[str] | None = None
    """The forms in which its name stood beside other values before; None: this is the baseline."""
    count: int = 0
    first: float = math.nan
    last: float = math.nan
    first_line: str = ""
    other: float | None = None
    """The first that differed from the first."""
    other_line: str = ""
    printed: Quantity | None = None
    """The last, as it was printed."""
    problem: str = ""
    """Why no value can be believed."""
    beside: list[tuple[Quantity, str]] = field(default_factory=list)
    """Up to three different values beside the name in lines that aren't its form."""
    forms: dict[str, None] = field(default_factory=dict)
    """All other forms in which its name stood, in the order of their appearance."""
    unusual: list[tuple[Quantity, str]] = field(default_factory=list)
    """Values in forms that the baseline didn't have, and what is wrong with them."""
    at_the_end: float | None = None
    """The value that was known when the harness' shell had ended."""
    near: str = ""
    """The first line that nearly was one."""
    mention: re.Pattern[str] = field(init=False)
    _as_value: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        name = re.escape(self.metric.name)
        self.mention = re.compile(rf"{name}{BESIDE}")
        self._as_value = re.compile(rf"[\"']metric[\"']\s*:\s*[\"']{name}[\"']")

    def add(self, found: Quantity, line: str = "") -> None:
        if self.metric.take == "last":
            self.problem = ""
            self.beside.clear()
            self.unusual.clear()
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
            self.first, self.first_line = value, line
        elif self.other is None and not _same(value, self.first):
            self.other, self.other_line = value, line
        self.last, self.printed = value, found
        self.count += 1

    def refuse(self, problem: str) -> None:
        self.problem = self.problem or problem

    def missed(self, line: str) -> None:
        """A line that isn't the metric's form: a value beside the name there must be no other."""
        self.near = self.near or clean_line(line, 60)
        for mention in self.mention.finditer(line):
            start, end = mention.span()
            found = beside(line, end)
            word = word_before(line, start) if start and not line[start - 1].isspace() else ""
            if found is None:
                if not line[end:].strip():
                    words = f"has lost its value in {clean_line(line, 60)!r}"
                    self.stood_in(f"{form(word)}:", NO_NUMBER, words)
            elif word:
                name = clean_line(f"{word}{self.metric.name}", 60)
                words = f"has another value as {name!r}, which the baseline lacks"
                self.stood_in(form(word), found, words)
            elif len(self.beside) < _DISTINCT and not any(_alike(found, b) for b, _ in self.beside):
                self.beside.append((found, clean_line(line, 60)))
        if "metric" in line and self._as_value.search(line):
            words = f"stands in a damaged object: {clean_line(line, 60)!r}"
            self.stood_in("metric", NO_NUMBER, words)

    def stood_in(self, other: str, found: Quantity, words: str) -> None:
        """Its name, or what would be it, stood in another form; what is wrong where that is new."""
        if other not in self.forms:
            if len(self.forms) >= _FORMS:
                other = ANY_FORM
            self.forms[other] = None
        if self.usual is None or other in self.usual or ANY_FORM in self.usual:
            return
        if len(self.unusual) < _DISTINCT and not any(
            _alike(found, known) for known, _ in self.unusual
        ):
            self.unusual.append((found, words))

    def is_usual(self, word: str) -> bool:
        """Whether a name that has the metric's at its end and `word` before it does no harm."""
        return self.usual is None or form(word) in self.usual or ANY_FORM in self.usual

    def failure(self, others: Sequence[str]) -> str:  # noqa: PLR0911 - one for each reason
        name = self.metric.name
        if self.problem:
            return f"{name} {self.problem}"
        if self.other is not None and self.metric.take == "only":
            return self._differs()
        if self.at_the_end is not None and not _same(self.at_the_end, self.last):
            return (
                f"{name} was {_shown(self.at_the_end)} when the harness had ended, and became "
                f"{_shown(self.last)} after it: what it leaves running is not believed"
            )
        if self.printed is not None:
            if other := self._contradiction():
                return f"{name} {other}"
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

    def _contradiction(self) -> str:
        """What else is told of it that isn't the figure, in words."""
        for found, line in self.beside:
            if not self._agrees(found):
                return f"has another value in {line!r}{self._remedy()}"
        for found, words in self.unusual:
            if not self._agrees(found):
                return words
        return ""

    def _differs(self) -> str:
        values = f"{_shown(self.first)}, {_shown(self.other or 0.0)}"
        words = f"{self.metric.name} was printed {self.count} times with different values"
        if self.usual is None:
            return f"{words} ({values}): set take: last if the last counts"
        lines = clean_line(self.first_line, 60), clean_line(self.other_line, 60)
        first, other = lines if lines[0] != lines[1] else values.split(", ")
        return f"{words}: first {first!r}, then {other!r}; the baseline printed one"

    def _remedy(self) -> str:
        """For the person who makes the harness; a candidate is not to be told how to be believed"""
        if self.usual is not None:
            return ""
        return (
            ": write `take: last` if the last counts, or "
            f"`pattern: '^{re.escape(self.metric.name)}: (.+)$'` for a line of its own"
        )

    def _agrees(self, found: Quantity) -> bool:
        printed = self.printed
        return (
            printed is not None
            and _same(found.value, printed.value)
            and found.unit in {"", printed.unit}
        )

    def _other_unit(self, found: Quantity) -> str:
        was = f" where it was in {self.unit}" if self.unit else ""
        return f"prints `{found}`{was}: write `unit: {self.unit or found.unit}`"

    def _advice(self) -> str:
        match = None if self.metric.pattern else self.mention.search(self.near)
        if match is None or word_before(self.near, match.start()):
            return ""
        return reading_advice(self.near, match.start(), match.end())


def _alike(one: Quantity, other: Quantity) -> bool:
    return one.unit == other.unit and _same(one.value, other.value)


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _shown(value: float) -> str:
    return repr(value).removesuffix(".0")
