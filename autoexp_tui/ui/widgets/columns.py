"""The columns of the results table: their cells, and which of them a width has room for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Literal, NamedTuple

from rich.cells import cell_len

from autoexp_tui.model.objective import Objective, arrow
from autoexp_tui.model.state import Row
from autoexp_tui.summary.outcomes import LEGEND, NEW_BEST, OF_LANES, OUTCOMES, Outcome, outcome_of
from autoexp_tui.text.numbers import (
    NONE,
    apart,
    decimals,
    duration_width,
    fitting,
    format_change,
    format_duration,
    format_fixed,
    is_ordinary,
    money,
)
from autoexp_tui.text.safe import cut, one_line
from autoexp_tui.ui.widgets.continuing import common_start

GAP = 2
"""Blanks between columns."""

_DESCRIPTION_LIMIT = 500
_TITLE_LIMIT = 16
_OTHER_LIMIT = 24
"""Of words in a column that a person wants to see."""
_LEAST_DESCRIPTION = 12
"""Narrower than this it says nothing; the columns beside it get the room."""
_GOOD_DESCRIPTION = 24
"""Only what leaves this much to the description is shown beside the essential columns."""
_INDEX = itemgetter(0)
_FREE = len("+1.234e-308")
_ORDER = ("n", "commit", "metric", "change", "status", "other", "took", "cost")

RowOrder = Literal["newest", "best", "longest", "dearest"]
OPTIONAL = ("commit", "took", "cost", "vs best")
"""Columns that a person may leave out."""
Tone = Literal["", "keep", "discard", "crash", "better", "worse", "quiet"]
"""What a cell's colour says; the table has a component class for each."""


class Column(NamedTuple):
    """A column as it is laid out at some width."""

    title: str
    width: int
    """In terminal cells."""
    right: bool
    """Whether it is aligned on the right."""
    text: Callable[[int], str]
    """The cell of the row at an index."""
    tone: Callable[[int], Tone]


class _Figures:
    """How much room a column of numbers needs, kept up to date row by row."""

    def __init__(self) -> None:
        self.places = 0
        """Decimals of all its figures."""
        self.odd = 0
        """Width of the widest that has no such form; 0 when there is none."""
        self._whole = 0
        self._low = self._high = self._least = 0.0
        """Between the first two, and of at least this magnitude, a figure fits."""

    def add(self, x: float) -> None:
        if self._low < x < self._high and abs(x) >= self._least:
            return  # as nearly every figure does: it fits
        if is_ordinary(x):
            self.places = max(self.places, decimals(x))
            self._whole = max(self._whole, _whole(x))
            self._least = fitting(self.places)
            self._high = 10.0**self._whole
            self._low = 0.0 if self._whole < 2 else -self._high / 10
        else:
            self.odd = max(self.odd, len(format_fixed(x, 0)))

    def tell(self, new: float, old: float) -> None:
        """Have as many decimals as tell two figures apart."""
        self.places = max(self.places, apart(new, old))

    @property
    def width(self) -> int:
        return max(self._whole + (self.places and self.places + 1), self.odd, 1)

    def text(self, x: float | None) -> str:
        """The figure; the dash for none stands where the points do."""
        return NONE + " " * self.places if x is None else format_fixed(x, self.places)


class _Other:
    """A column that a person wants to see, of numbers or of words, as far as it was looked at."""

    def __init__(self) -> None:
        self.figures = _Figures()
        self.widest = 0
        """Of its words."""
        self.seen = 0
        """Rows."""


class _Part(NamedTuple):
    """A column of figures."""

    title: str
    """With the way that is better, where it is known: `val_loss ↓`."""
    value: Callable[[Row], float | None]


def _parts(objective: Objective) -> Iterator[_Part]:
    """What is optimised where it is no metric, then every metric."""
    if not objective.is_metric:
        title = f"{objective.title} {objective.arrow}"
        yield _Part(title.rstrip(), lambda row: objective.figure(row.metrics))
    for metric in objective.metrics:
        title = f"{metric.name} {arrow(metric)}" if objective.directed else metric.name
        yield _Part(title, partial(_metric, metric.name))


def _metric(name: str, row: Row) -> float | None:
    return row.metrics.get(name)


class TableRows:
    """Rows and what the columns need to know of all of them, at constant cost per row."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self._parts = list(_parts(objective))
        self.texts: Sequence[str] = ()
        self.parents = False
        """Whether a row tells what it was made from, where that isn't what was kept last."""
        """Names of another program's columns of words."""
        self._others: dict[str, _Other] = {}
        self.notes: Mapping[int, str] = {}
        """What people have noted of experiments, by number."""
        self.rows: Sequence[Row] = ()
        """May grow behind our back; only `count` of them were taken in."""
        self.count = 0
        self._forget()

    def _forget(self) -> None:
        self._figures = [_Figures() for _ in self._parts]
        self._bests: list[tuple[int, float]] = []
        """Index and figure of the kept rows that were better than every kept one before."""
        self._greatest_change = self._longest = self._dearest = 0.0
        self._highest = 0
        """Number: of several that ran at once, that of a row which isn't the last one."""
        self._kept: list[tuple[int, int]] = []
        """Index and number of the kept rows."""
        self._committed = False
        """Whether any row tells a commit."""
        self._rare: set[Outcome] = set()
        """Outcomes that have room of their own only where they came."""
        self._judged = False
        """Whether any row has a verdict."""

    def show(self, rows: Sequence[Row]) -> int:
        """Take in `rows`; how many of them, from the first on, were there before.

        What was there and isn't in `rows` goes; while any is the same, columns stay as wide.
        """
        same = common_start(self.rows, rows, self.count)
        if not same:
            self._forget()
        if same < self.count:
            self._others = {}
        del self._bests[bisect_left(self._bests, same, key=_INDEX) :]
        del self._kept[bisect_left(self._kept, same, key=_INDEX) :]
        self.rows = rows
        for index in range(same, len(rows)):
            self._take_in(index, rows[index])
        self.count = len(rows)
        return same

    def change(self, index: int) -> float | None:
        """What the objective's figure changed by against the best kept row at that time."""
        return _difference(self._figure(index), self._best_before(index))

    def verdict(self, index: int) -> Tone:
        """Whether that was for the better."""
        word = self.objective.gain_of_figures(self._figure(index), self._best_before(index)).word
        return "better" if word == "better" else "worse" if word == "worse" else ""

    def _figure(self, index: int) -> float | None:
        return self.objective.figure(self.rows[index].metrics)

    def _best_before(self, index: int) -> float | None:
        place = bisect_left(self._bests, index, key=_INDEX)
        return self._bests[place - 1][1] if place else None

    def in_order(self, shown: Iterable[int], order: RowOrder) -> list[int]:
        """Indices of rows, as they stand from the top; the newest of equals first."""
        rows, objective = self.rows, self.objective

        def key(i: int) -> float:
            match order:
                case "newest":
                    return 0.0
                case "best":
                    return objective.presumed().cost(rows[i].metrics)
                case "longest":
                    return -rows[i].seconds
                case "dearest":
                    return -rows[i].cost_usd

        return sorted(shown, key=lambda i: (key(i), -i))

    def columns(
        self, width: int, hidden: Collection[str] = (), also: Sequence[str] = ()
    ) -> list[Column]:
        """The columns that `width` cells have room for, in order, without those `hidden`.

        Those `also` shown come before whatever else isn't essential.
        """
        chosen = {
            "n": self._number(),
            "change": self._change(worded=False),
            "status": self._status(worded=True),
        }
        optional: dict[str, Column] = {}
        wanted = {f"other {k}": self._other(name) for k, name in enumerate(also)}
        for k in range(len(self._parts)):
            (optional if k else chosen)[f"metric {k}"] = self._metric(k)
        if self._committed and "commit" not in hidden:
            optional["commit"] = self._commit()
        if self._longest and "took" not in hidden:
            optional["took"] = self._duration()
        if self._dearest and "cost" not in hidden:
            optional["cost"] = self._money()
        if "vs best" in hidden:
            del chosen["change"]

        chosen = self._fitted(chosen, wanted, optional, width)
        names = sorted(chosen, key=lambda name: (_ORDER.index(name.split()[0]), name))
        columns = [chosen[name] for name in names]
        rest = width - _needed(chosen) - GAP
        if rest >= _LEAST_DESCRIPTION:
            columns.append(self._description(rest))
        return columns

    def _fitted(
        self,
        chosen: dict[str, Column],
        wanted: dict[str, Column],
        optional: dict[str, Column],
        width: int,
    ) -> dict[str, Column]:
        """Those of the columns that there is room for, the essential ones first."""
        if _needed(chosen) > width:
            chosen["status"] = self._status(worded=False)
        if _needed(chosen) > width:
            chosen.pop("change", None)
        if "change" in chosen:
            optional["change"] = self._change(worded=True)
        for name, column in wanted.items():
            if _needed({**chosen, name: column}) <= width:
                chosen[name] = column
        for name, column in optional.items():
            more = {**chosen, name: column}
            if _needed(more) + GAP + _GOOD_DESCRIPTION <= width:
                chosen = more
        return chosen

    def _take_in(self, index: int, row: Row) -> None:
        for figures, part in zip(self._figures, self._parts, strict=True):
            if (figure := part.value(row)) is not None:
                figures.add(figure)
        self._highest = max(self._highest, row.n)
        if row.status == "keep":
            self._kept.append((index, row.n))
        figure, best = self._figure(index), self._bests[-1][1] if self._bests else None
        change = _difference(figure, best)
        if change is not None and abs(change) > self._greatest_change and is_ordinary(change):
            self._greatest_change = abs(change)
        if row.status == "keep" and figure is not None and self.objective.beats(figure, best):
            if best is not None:
                self._figures[0].tell(figure, best)
            self._bests.append((index, figure))
        if row.mark and (outcome := outcome_of(row)) in OF_LANES:
            self._rare.add(outcome)
        self._judged = self._judged or (row.is_judged and row.status != "crash")
        self._committed = self._committed or bool(row.commit)
        self._longest = max(self._longest, row.seconds)
        self._dearest = max(self._dearest, row.cost_usd)

    def _number(self) -> Column:
        width = max(2, len(str(self._highest)))
        return Column("#", width, True, lambda i: str(self.rows[i].n), _quiet)

    def _commit(self) -> Column:
        return Column("commit", 7, False, lambda i: self.rows[i].commit[:7], _quiet)

    def _metric(self, k: int) -> Column:
        figures, part = self._figures[k], self._parts[k]
        title = cut(one_line(part.title), _TITLE_LIMIT)
        width = max(cell_len(title), figures.width)
        return Column(
            title,
            width,
            True,
            lambda i: figures.text(part.value(self.rows[i])),
            lambda _: "",
        )

    def _other(self, name: str) -> Column:
        """A column of another program's table, by its name."""
        other = self._others.setdefault(name, _Other())
        at = self.texts.index(name) if name in self.texts else None

        def words(row: Row) -> str:
            return row.texts[at] if at is not None and at < len(row.texts) else ""

        def figure(row: Row) -> float | None:
            return row.metrics.get(name, row.extras.get(name))

        for row in self.rows[other.seen : self.count]:
            if at is not None:
                other.widest = max(other.widest, cell_len(words(row)[:_OTHER_LIMIT]))
            elif (number := figure(row)) is not None:
                other.figures.add(number)
        other.seen = self.count
        title = cut(one_line(name), _TITLE_LIMIT)
        if at is not None:
            width = max(cell_len(title), min(other.widest, _OTHER_LIMIT))
            return Column(title, width, False, lambda i: cut(words(self.rows[i]), width), _quiet)
        width = max(cell_len(title), other.figures.width)
        return Column(
            title, width, True, lambda i: other.figures.text(figure(self.rows[i])), _quiet
        )

    def _change(self, *, worded: bool) -> Column:
        figures = self._figures[0] if self._figures else _Figures()
        # Metrics too small or too large for decimals: each change with digits of its own.
        free = bool(figures.odd)
        whole = 1 + _whole(self._greatest_change)
        width = _FREE if free else whole + (figures.places and figures.places + 1)
        width = max(width, 2 if worded else len("vs best"))

        def text(i: int) -> str:
            change = self.change(i)
            if change is None:
                return ""
            if not free:
                change = round(change, figures.places)
            figure = format_change(change, None if free else figures.places).rjust(width)
            return f"{figure} {self.verdict(i) or 'same'}" if worded else figure

        room = max(len("vs best"), width + len(" better")) if worded else width
        return Column("vs best", room, not worded, text, self.verdict)

    def _other_parent(self, index: int) -> int:
        """What a row was made from, if not from what was kept last before it; else 0."""
        made_from = self.rows[index].made_from
        place = bisect_left(self._kept, index, key=_INDEX)
        return made_from if place and made_from != self._kept[place - 1][1] else 0

    def _status(self, *, worded: bool) -> Column:
        marks = (*(LEGEND if self._judged else (NEW_BEST, OUTCOMES["crash"])), *self._rare)
        width = max(len(str(mark) if worded else mark.sign) for mark in marks)

        def text(i: int) -> str:
            mark = outcome_of(self.rows[i])
            return str(mark) if worded else mark.sign

        return Column(
            "status" if worded else "", width, False, text, lambda i: outcome_of(self.rows[i]).tone
        )

    def _duration(self) -> Column:
        width = max(len("took"), duration_width(self._longest))
        return Column("took", width, True, lambda i: format_duration(self.rows[i].seconds), _quiet)

    def _money(self) -> Column:
        width = max(len("cost"), len(money(self._dearest)))
        return Column("cost", width, True, lambda i: money(self.rows[i].cost_usd), _quiet)

    def _description(self, width: int) -> Column:
        def text(i: int) -> str:
            row = self.rows[i]
            said: str = row.description
            if row.status == "crash" and row.reason and row.reason not in said:
                # The reason first: the end may be cut off.
                said = f"{row.reason}: {said}" if said else row.reason
            if self.parents and (parent := self._other_parent(i)):
                said = f"on #{parent}: {said}"
            if note := self.notes.get(row.n):
                said = f"✎ {note} · {said}"  # a person's word first: the end may be cut off
            return cut(one_line(said), _DESCRIPTION_LIMIT)

        return Column(
            "description",
            width,
            False,
            text,
            lambda i: "" if self.rows[i].status == "keep" else "quiet",
        )


def _difference(new: float | None, old: float | None) -> float | None:
    return None if new is None or old is None else new - old


def _quiet(_: int) -> Tone:
    return "quiet"


def _whole(x: float) -> int:
    """Characters before the decimal point."""
    return len(str(int(x))) + (-1 < x < 0)


def _needed(columns: dict[str, Column]) -> int:
    return sum(column.width for column in columns.values()) + GAP * (len(columns) - 1)
