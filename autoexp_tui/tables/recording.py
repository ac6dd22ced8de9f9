"""A table as the records that every viewer folds: what was decided, without what led to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from autoexp_tui.model import events
from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.events import AnyEvent, Mark, Record, Status
from autoexp_tui.tables import progress
from autoexp_tui.tables.direction import Judged, level_votes
from autoexp_tui.tables.model import Table, TableRow
from autoexp_tui.tables.names import name_direction
from autoexp_tui.tables.wording import judged_words
from autoexp_tui.text.safe import NOTHING, Safe, clean_line, one_line

_NAME = 80
_REASON = 200
_NOTICE = 400
_NONE: dict[str, float] = {}
_OURS = frozenset({"keep", "discard", "crash"})
"""Verdicts that the status tells already."""


def table_events(table: Table) -> Iterator[Record]:
    """Return the table as a run: its start, a decision per row, its end.

    What there is to know of it comes first, as notices; lines of text between the rows are notices
    at their place. Rows are numbered from 1. Without verdicts a new best counts as kept; whatever
    has no verdict is marked as unjudged. The run clock is what the rows' times, or durations,
    amount to.
    """
    elapsed = 0.0
    first: float | None = None
    last = 0.0
    for seq, (event, row) in enumerate(_events(table), start=1):
        if row is not None and row.time is not None:
            first = row.time if first is None else first
            last = max(last, row.time)
            elapsed = max(elapsed, last - first)
        elif row is not None and row.seconds is not None and first is None:
            elapsed += row.seconds
        yield Record(seq, last, elapsed, event)


def _events(table: Table) -> Iterator[tuple[AnyEvent, TableRow | None]]:
    yield _started(table), None
    for note in table.notes:
        place = f"line {note.line}: " if note.line else ""
        yield events.Noticed("info", clean_line(place + note.text, _NOTICE)), None
    parts = [part.metric for part in table.segments]
    primary = table.primary.metric
    directed = table.primary.direction.way != "unknown"
    tops = _tops(table) if directed and not table.judged else set()
    n = 0
    for row in table.rows:
        if row.text:
            line = clean_line(f"line {row.line}: {row.description}", _REASON)
            yield events.Noticed("info", line), row
            continue
        n += 1
        metric = parts[row.segment]
        yield _decided(row, n, metric, own=metric == primary, top=id(row) in tops), row
    yield events.RunFinished(one_line(f"the table ends after {n} rows"), ok=True), None


def _started(table: Table) -> events.RunStarted:
    names = _metrics(table)
    return events.RunStarted(
        tag=clean_line(table.name),
        project=clean_line(table.folder),
        folder="",
        base="",
        contract=Contract(
            target="",
            harness="",
            metrics=tuple(Metric(one_line(name[:_NAME]), _way(table, name)) for name in names),
        ),
        proposer=NOTHING,
        seed=0,
        protection=Safe("unknown"),
        version=NOTHING,
        directed=table.primary.direction.way != "unknown",
        origin="table",
        judged=table.judged,
        known_by=judged_words(table),
        texts=tuple([one_line(name[:_NAME]) for name in table.texts]),
    )


def _metrics(table: Table) -> tuple[str, ...]:
    """The primary metric, and another where the table has just two, as ours do."""
    primary = table.primary.metric or "value"
    others = [
        column.name
        for column in table.columns
        if column.role == "metric" and column.name != primary
        and table.kind not in {"json", "jsonl"}
    ]  # fmt: skip
    return (primary, others[0]) if len(others) == 1 else (primary,)


def _way(table: Table, name: str) -> Literal["lower", "higher"]:
    """The direction; where nothing tells it, the way that the kept rows went."""
    way = name_direction(name)[0]
    if name == table.primary.metric:
        way = table.primary.direction.way
    if way != "unknown":
        return way
    points = [Judged(row.values[name], row.status) for row in table.rows if name in row.values]
    return "higher" if level_votes(points).way == "higher" else "lower"


def _decided(row: TableRow, n: int, metric: str, *, own: bool, top: bool) -> events.Decided:
    """Decide as the row says.

    `metric` is what it is measured by, the table's first one where `own`; `top`: it was a new best
    in a table without verdicts.
    """
    word, measured = row.word, own and row.value is not None
    status: Status = "discard"
    mark: Mark = ""
    reason = "" if word in _OURS else word
    if row.status == "failed":
        status, reason = "crash", reason or "no measurement"
    elif row.status == "kept" and measured:
        status = "keep"
    elif top:
        status, mark, reason = "keep", "unjudged", reason or "the best when it came"
    elif row.status != "rejected":
        mark = "unjudged"
        if row.status == "kept":
            reason = f"{word}, without a number in {metric}" if own else f"{word}, for {metric}"
    values = row.values if measured and status != "crash" else _NONE
    return events.Decided(
        n=n,
        status=status,
        commit=one_line(row.commit),
        parent="",
        description=one_line(row.description),
        reason=clean_line(reason, _REASON),
        metrics=values,
        seconds=row.seconds or 0.0,
        cost_usd=row.cost or 0.0,
        mark=mark,
        others=_NONE if values else row.values,
        texts=tuple([one_line(text) for text in row.texts]),
    )


def _tops(table: Table) -> set[int]:
    """The rows that were a new best when they came, by identity."""
    rows = progress.measured(table)
    before: float | None = None
    found = set()
    tops = progress.running_best(rows, _way(table, table.primary.metric))
    for row, top in zip(rows, tops, strict=True):
        if top != before:
            found.add(id(row))
        before = top
    return found
