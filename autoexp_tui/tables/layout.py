"""What each column is, found by its name first and by what it holds second."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from autoexp_tui.tables import cell_values, dates, names, statuses
from autoexp_tui.tables.column import Sampled, counts, is_long_text, rises, sampled
from autoexp_tui.tables.model import Cell, ColumnRole, TableColumn
from autoexp_tui.tables.primary import candidates_of, primary_of
from autoexp_tui.tables.sheet import Sheet, way_of


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a sheet to find what; None for what it doesn't have."""

    columns: tuple[TableColumn, ...]
    primary: int | None
    status: int | None
    accepting: bool
    """Whether the status column asks what was kept, so that 1, true and OK say that it was."""
    state: int | None
    """Another column that tells how a run ended."""
    group: int | None
    """A column that says which rows are there to be compared with."""
    description: tuple[int, ...]
    """The best first; later ones stand in where it is empty."""
    index: int | None
    commit: int | None
    time: int | None
    seconds: int | None
    seconds_scale: float
    cost: int | None
    direction: int | None
    name: int | None
    figures: tuple[int, ...]
    """Columns of numbers, the primary one among them."""
    doubtful: str = ""
    """Why the choice of the primary metric is one among several; empty when it is plain."""


def lay_out(sheet: Sheet, hints: Iterable[str] = (), aim: str = "") -> Layout:
    """Find out what the columns of a sheet are.

    `hints` are names that documents speak of, `aim` the one that the text beside the table calls
    its goal.
    """
    columns = sampled(sheet)
    rows = any(not record.text for record in sheet.records)
    declared = next((c for c in columns if sheet.status and c.name == sheet.status), None)
    status, state = (declared, None) if declared else _status(columns, sheet.named)
    direction = _named(columns, names.DIRECTION, lambda c: c.share(_is_way) >= 0.5)
    name = _named(
        columns, names.NAME, lambda c: c.filled > 0 and c.numeric < 0.2 and c.distinct == 0
    )
    _assign(status, "status")
    _assign(state, "status")
    _assign(direction, "direction")
    _assign(name, "name")
    time = _time(columns)
    commit = _commit(columns, sheet.named)
    index = _index(columns, sheet.named)
    for column in columns:
        if column.role is None and column.name in sheet.settings:
            column.role = "setting" if column.numeric >= 0.5 else "text"
    candidates = candidates_of(columns, rows, sheet)
    primary, doubtful = primary_of(columns, candidates, status, sheet, set(hints), aim)
    group = _group(columns)
    if primary is not None:
        primary.role = "metric"
    seconds, scale = _seconds(columns)
    cost = _named(columns, _COSTS, lambda c: c.numeric > 0.5)
    _assign(cost, "cost")
    description = _description(columns)
    for column in columns:
        if column.role is None:
            figures = column.numeric >= 0.5
            column.role = ("setting" if names.is_setting(column.name) else "metric") if (
                figures) else "text"  # fmt: skip
        column.unit = _unit(column) or _unit_beside(column, columns)
    return Layout(
        columns=tuple(TableColumn(c.name, c.role or "text", c.unit) for c in columns),
        primary=None if primary is None else primary.at,
        status=_at(status),
        accepting=status is not None and statuses.accepts(status.name),
        state=_at(state),
        group=_at(group),
        description=tuple(description),
        index=_at(index),
        commit=_at(commit),
        time=_at(time),
        seconds=_at(seconds),
        seconds_scale=scale,
        cost=_at(cost),
        direction=_at(direction),
        name=_at(name),
        figures=tuple(
            c.at
            for c in columns
            if c is primary
            or c.role in {"seconds", "cost"}
            or (c.role in {"metric", "setting"} and c.numeric > 0)
        ),
        doubtful=doubtful,
    )


def _at(column: Sampled | None) -> int | None:
    return None if column is None else column.at


def _assign(column: Sampled | None, role: ColumnRole) -> None:
    if column is not None:
        column.role = role


def _is_way(cell: Cell) -> bool:
    return way_of(cell) != "unknown"


def _is_word(cell: Cell) -> bool:
    return type(cell) is str and statuses.is_verdict(cell) and cell_values.number(cell) is None


def _is_judgement(cell: Cell) -> bool:
    return _is_word(cell) and not statuses.is_baseline(str(cell))


def _judges(column: Sampled) -> bool:
    """Whether some rows are kept and some rejected, in words that mean it."""
    found = {statuses.outcome_of(str(c)) for c in column.cells if _is_judgement(c)}
    return {"kept", "rejected"} <= found and column.distinct == 0


def _named(
    columns: Sequence[Sampled], wanted: Iterable[str], test: Callable[[Sampled], bool]
) -> Sampled | None:
    words = set(wanted)
    return next(
        (c for c in columns if c.role is None and names.leaf(c.name) in words and test(c)), None
    )


def _status(columns: Sequence[Sampled], named: bool) -> tuple[Sampled | None, Sampled | None]:
    """The column of verdicts, and another one that tells how runs ended.

    One that says what was kept goes before one that only says that it ran.
    """
    found: list[Sampled] = []
    if named:
        order = {word: place for place, word in enumerate(names.STATUS)}
        named_so = [c for c in columns if _is_asked(c.name, order) and _answers(c)]
        found = sorted(
            named_so,
            key=lambda c: (_vagueness(c), order.get(names.leaf(c.name), 50), c.name.count(".")),
        )
    if found:
        return found[0], next((c for c in found[1:] if _tells_failures(c)), None)
    likely = [
        c
        for c in columns
        if c.share(_is_word) >= 0.75
        and (
            not named
            or names.tokens(c.name)[-1:] in {("status",), ("decision",), ("verdict",)}
            or _judges(c)
        )
    ]
    return max(likely, key=lambda c: c.share(_is_judgement), default=None), None


def _is_asked(name: str, known: Container[str]) -> bool:
    return names.leaf(name) in known or statuses.accepts(name)


def _answers(column: Sampled) -> bool:
    """Whether a column with the name of a verdict's holds some: a few known words are enough."""
    if not column.filled:
        return True
    asks = statuses.accepts(column.name)
    if asks and column.share(lambda c: statuses.is_flag(c) or statuses.is_verdict(c)) >= 0.75:
        return True
    verdicts = column.share(statuses.is_verdict)
    if asks or names.leaf(column.name) in {"status", "state", "outcome"}:
        return verdicts >= 0.1 and column.share(_is_brief) >= 0.75
    return verdicts >= 0.5


def _is_brief(cell: Cell) -> bool:
    if type(cell) is not str:
        return isinstance(cell, bool)
    return len(cell) <= 40 and cell.count(" ") <= 4 and cell_values.number(cell) is None


def _vagueness(column: Sampled) -> int:
    """0 where a column says what was kept and what wasn't, 2 where it only says what ran."""
    if column.filled and (statuses.accepts(column.name) or _judges(column)):
        return 0
    plain = any(_is_judgement(c) and not statuses.only_ran(str(c)) for c in column.cells[:200])
    return 1 if plain else 2


def _tells_failures(column: Sampled) -> bool:
    return column.share(statuses.is_verdict) >= 0.5 and column.share(
        lambda c: not isinstance(c, bool)
    ) >= 0.5  # fmt: skip


_GROUPS = frozenset("group arm variant condition role kind type cohort label series".split())


def _group(columns: Sequence[Sampled]) -> Sampled | None:
    """The column that marks some rows, not most, as what others are compared with."""

    def marks(column: Sampled) -> bool:
        share = column.share(lambda c: type(c) is str and statuses.is_reference(c))
        return 0.0 < share <= 0.5 and column.share(_is_brief) >= 0.75

    return next(
        (c for c in columns if c.role is None and names.leaf(c.name) in _GROUPS and marks(c)), None
    )


def _time(columns: Sequence[Sampled]) -> Sampled | None:
    def dated(column: Sampled) -> bool:
        return column.share(lambda cell: dates.moment(cell) is not None) >= 0.5

    found = _named(columns, names.TIME, lambda c: not c.filled or dated(c))
    if found is None:
        found = next(
            (
                c
                for c in columns
                if c.role is None and c.filled and c.numeric < 0.5
                and c.share(lambda cell: type(cell) is str) == 1.0 and dated(c)
            ),
            None,
        )  # fmt: skip
    _assign(found, "time")
    for column in columns:
        if column.role is None and names.leaf(column.name) in names.TIME and (
            not column.filled or dated(column)
        ):  # fmt: skip
            column.role = "time"
    return found


def _commit(columns: Sequence[Sampled], named: bool) -> Sampled | None:
    found = None
    for wanted in names.COMMIT if named else ():
        for column in columns:
            if column.role is None and names.leaf(column.name) == wanted:
                column.role = "commit"
                found = found or column
    if found is None:
        found = next((c for c in columns if c.role is None and _is_commits(c)), None)
        _assign(found, "commit")
    return found


def _is_commits(column: Sampled) -> bool:
    lettered = column.share(
        lambda cell: cell_values.is_hash(cell) and re.search("[a-f]", str(cell)) is not None
    )
    return lettered >= 0.5 and column.share(cell_values.is_hash) >= 0.7


def _index(columns: Sequence[Sampled], named: bool) -> Sampled | None:
    if named:
        found = None
        for column in columns[:6] if len(columns) > 6 else columns:
            if column.role is not None or names.leaf(column.name) not in names.INDEX:
                continue
            if column.numeric > 0.5 and (column.distinct * 2 < column.filled or not counts(column)):
                continue
            if column.numeric <= 0.5 and column.share(is_long_text) > 0.7 and column.at > 0:
                continue
            column.role = "index"
            found = found or column
        return found
    for column in columns:
        if column.role is None and column.numeric == 1.0 and counts(column) and rises(column):
            column.role = "index"
            return column
    return None


_COSTS = (
    "cost_usd", "cost", "usd", "price_usd", "total_cost", "total_cost_usd", "api_cost", "spend",
)  # fmt: skip
_TIMES = {
    "duration": 1.0, "duration_s": 1.0, "elapsed": 1.0, "elapsed_s": 1.0, "seconds": 1.0,
    "wall_time_s": 1.0, "wall_s": 1.0, "time_s": 1.0, "training_time_s": 1.0, "runtime_s": 1.0,
    "total_seconds": 1.0, "wall_clock_s": 1.0, "duration_sec": 1.0, "duration_seconds": 1.0,
    "elapsed_sec": 1.0, "elapsed_seconds": 1.0, "wall_seconds": 1.0, "runtime_seconds": 1.0,
    "training_seconds": 1.0, "train_seconds": 1.0, "runtime": 1.0, "wall_time": 1.0,
    "duration_ms": 1e-3, "elapsed_ms": 1e-3, "runtime_ms": 1e-3,
    "runtime_minutes": 60.0, "duration_min": 60.0, "minutes": 60.0, "duration_minutes": 60.0,
    "runtime_min": 60.0, "runtime_hours": 3600.0, "hours": 3600.0,
}  # fmt: skip


_UNITS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "min": 60.0, "minutes": 60.0, "h": 3600.0,
          "hours": 3600.0}  # fmt: skip


def _seconds(columns: Sequence[Sampled]) -> tuple[Sampled | None, float]:
    """How long each experiment took, and what its numbers are to be multiplied by."""

    def lasts(column: Sampled) -> bool:
        return column.share(lambda cell: dates.duration(cell) is not None) > 0.5

    found = _named(columns, _TIMES, lasts) or next(
        (
            c
            for c in columns
            if c.role is None and names.is_duration(c.name) and lasts(c) and not _runs_on(c)
        ),
        None,
    )
    _assign(found, "seconds")
    if found is None:
        return None, 1.0
    return found, _TIMES.get(
        names.leaf(found.name), _UNITS.get((names.tokens(found.name) or ("",))[-1], 1.0)
    )


def _runs_on(column: Sampled) -> bool:
    """Whether numbers go up all the time, as a clock does that nobody starts again."""
    found = [figure for figure in column.figures if figure is not None]
    return len(found) > 2 and all(later > earlier for earlier, later in pairwise(found))


def _description(columns: Sequence[Sampled]) -> list[int]:
    texts = [c for c in columns if c.role is None and c.numeric < 0.5]
    ranked = sorted(texts, key=lambda c: _text_rank(c.name))
    found = [c for c in ranked if names.leaf(c.name) in names.DESCRIPTION]
    if not found:
        lengths = {c.at: sum(len(str(cell)) for cell in c.cells) for c in texts}
        found = sorted((c for c in texts if c.filled), key=lambda c: -lengths[c.at])[:1]
    for column in found[:1]:
        column.role = "text"
    return [c.at for c in found]


def _text_rank(name: str) -> tuple[int, int]:
    word = names.leaf(name)
    known = names.DESCRIPTION.index(word) if word in names.DESCRIPTION else 99
    return name.count("."), known


def _unit_beside(column: Sampled, columns: Sequence[Sampled]) -> str:
    """The unit that a column of units says the others of its object are in."""
    if column.role != "metric" or names.name_direction(column.name)[1] == 2:
        return ""
    parent = column.name.rpartition(".")[0]
    for other in columns:
        above, _, last = other.name.rpartition(".")
        if above in {parent, ""} and names.leaf(last) in {"unit", "units", "time_unit"}:
            said = {str(cell).strip() for cell in other.cells if not cell_values.is_blank(cell)}
            if len(said) == 1:
                return said.pop()[:20]
    return ""


def _unit(column: Sampled) -> str:
    if column.numeric < 0.5:
        return ""
    found = Counter(unit for cell in column.cells[:200] if (unit := cell_values.unit(cell)))
    return found.most_common(1)[0][0] if found else ""
