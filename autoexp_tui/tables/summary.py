"""A table summed up: what `autoexp summary` prints, for a person or a program."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import msgspec

from autoexp_tui.model.objective import Objective
from autoexp_tui.tables import flags, progress
from autoexp_tui.tables.model import FileKind, InferredWay, Table, TableRow, TableSegment, Way
from autoexp_tui.tables.progress import GainShare
from autoexp_tui.text.numbers import telling


class TableSummary(msgspec.Struct, frozen=True):
    """What a table amounts to; field names are stable."""

    kind: FileKind
    dialect: str
    rows: int
    """Lines of data: not blank ones, comments, headers or configurations."""
    statuses: dict[str, int]
    """Verdicts as written, the most frequent first."""
    metric: str | None
    """The primary one: its column, or the name that a configuration gives it."""
    direction: Way
    direction_source: str
    baseline: float | None
    """The first usable value."""
    best: float | None
    """The best kept value, or the best usable one without verdicts; None where it is unknown."""
    gain_shares: tuple[GainShare, ...]
    """How much of the whole gain was there after 1, 2, 5, 10 … experiments."""
    longest_drought: int | None
    """The most experiments in a row without a new best."""
    notes: tuple[str, ...]
    decimals: int = 0
    """That tell each best from the one before, where five significant digits don't."""


def summarise(table: Table) -> TableSummary:
    """Sum a table up."""
    primary = table.primary
    rows = progress.measured(table)
    way = primary.direction.way
    top = progress.best(rows, way)
    tops = progress.running_best(rows, way)
    words = Counter(row.word for row in table.rows if row.word)
    source = primary.direction.source
    if primary.direction.is_guess:
        source = f"a guess, by {source}"
    return TableSummary(
        kind=table.kind,
        dialect=table.dialect,
        rows=len(table.rows),
        statuses=dict(words.most_common()),
        metric=primary.metric or None,
        direction=way,
        direction_source=source,
        baseline=progress.baseline(rows),
        best=None if top is None else top.value,
        gain_shares=progress.gain_shares(rows, way),
        longest_drought=progress.longest_drought(rows, way),
        notes=tuple(
            f"line {note.line}: {note.text}" if note.line else note.text for note in table.notes
        ),
        decimals=telling(value for value, _ in groupby(tops)),
    )


def summarise_run(table: Table, objective: Objective) -> TableSummary:
    """Sum up the table of a run of ours, by what the run optimises."""
    known = InferredWay(objective.direction, "the run's contract", "none")
    rows = tuple(_measured(row, objective) for row in table.rows)
    whole = TableSegment(objective.title, known, 0, len(rows))
    seen = msgspec.structs.replace(table, rows=rows, segments=(whole,))
    return summarise(msgspec.structs.replace(seen, notes=tuple(flags.flagged(seen))))


def _measured(row: TableRow, objective: Objective) -> TableRow:
    figure = None if row.value is None else objective.figure(row.values)
    if figure is None:
        return row
    return msgspec.structs.replace(
        row, value=figure, values={**row.values, objective.title: figure}
    )
