"""What a reader should be warned of: sentinels, jumps of scale, relative values, two bests."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from autoexp_tui.model.objective import beats
from autoexp_tui.tables import names, progress, statuses
from autoexp_tui.tables.model import Note, Table, TableRow

_JUMP = 20.0


def noted(table: Table) -> Table:
    """Return the table with all its notes: of its reading, of its metric, and of its contents."""
    doubts = [Note(0, table.doubt)] if table.doubt else []
    notes = [*table.remarks, *doubts, *flagged(table)]
    return msgspec.structs.replace(table, notes=tuple(sorted(notes, key=lambda note: note.line)))


def flagged(table: Table) -> list[Note]:
    """Notes about the table's contents."""
    rows = progress.measured(table)
    return [
        *_texts(table),
        *_segments(table),
        *_direction(table),
        *_values(table, rows),
        *_bests(table, rows),
        *_jumps(rows),
        *_words(table),
    ]


def _texts(table: Table) -> Iterator[Note]:
    texts = sum(row.text for row in table.rows)
    if texts:
        yield Note(0, f"{texts} of {len(table.rows)} lines: text without cells")


def _segments(table: Table) -> Iterator[Note]:
    filled = [part for part in table.segments if part.stop > part.start]
    for part in filled[1:]:
        first = table.rows[part.start]
        title = part.title or part.metric
        yield Note(
            first.line,
            f"a new part starts here: {title}, {part.direction.way} is better "
            f"({part.stop - part.start} rows)",
        )
        if part.start > 5000:
            return


def _direction(table: Table) -> Iterator[Note]:
    direction = table.primary.direction
    if table.primary.metric and direction.way == "unknown":
        yield Note(0, "which way is better is not known, so there is no best")
    elif direction.confidence == "low":
        yield Note(0, f"{direction.way} is better, by {direction.source}: not certain")


def _values(table: Table, rows: Sequence[TableRow]) -> Iterator[Note]:
    metric = table.primary.metric
    if not metric:
        if table.rows:
            yield Note(0, "no column could be taken for the metric")
        return
    marks = Counter(
        row.values[metric] for row in rows if row.value is None and metric in row.values
    )
    for mark, count in marks.most_common(3):
        yield Note(0, f"{count} rows with {metric} {mark:g} for a failure: not measurements")
    odd = [row for row in rows if row.value == 0.0 and row.status == "rejected"]
    usual = [row.value for row in rows if row.value]
    if odd and len(usual) > len(odd) * 4 and min(map(abs, usual)) > 0.01 * abs(
        statistics.median(usual)
    ):  # fmt: skip
        yield Note(odd[0].line, f"{len(odd)} rejected rows with {metric} 0, far from all others")
    missing = sum(metric not in row.values for row in rows)
    if missing:
        yield Note(0, f"{missing} rows without a number in {metric}")
    if names.is_delta(metric):
        yield Note(0, f"{metric} is a difference, not a level: bests don't add up")


def _bests(table: Table, rows: Sequence[TableRow]) -> Iterator[Note]:
    way = table.primary.direction.way
    kept = [row for row in rows if row.status == "kept" and row.value is not None]
    if not kept or way == "unknown":
        return
    top = progress.best(rows, way)
    if top is not None and top.value != kept[-1].value:
        yield Note(
            kept[-1].line,
            f"the last kept value is {kept[-1].value:g}, the best kept one {top.value:g}",
        )
    other = progress.best_of((row for row in rows if row.status in {"rejected", "other"}), way)
    if top is not None and other is not None and beats(way, other.value, top.value):
        yield Note(
            other.line, f"{other.value:g} would be better than the best kept, and was not kept"
        )


def _jumps(rows: Sequence[TableRow]) -> Iterator[Note]:
    kept = [r for r in rows if r.status in {"kept", "none"} and r.value]
    for before, after in pairwise(kept):
        old, new = abs(before.value or 1.0), abs(after.value or 1.0)
        if old and max(old / new, new / old) >= _JUMP:
            yield Note(
                after.line,
                f"{before.value:g} to {after.value:g} from one kept row to the next: "
                "another scale, another benchmark, or a huge step",
            )
            return


def _words(table: Table) -> Iterator[Note]:
    foreign = sorted(
        {row.word for row in table.rows if row.word and statuses.outcome_of(row.word) is None}
    )
    if foreign:
        shown = ", ".join(word[:40] for word in foreign[:8])
        yield Note(0, f"verdicts that are not understood: {shown}")
