"""A table as a person wants it judged: by another column, or the other way round."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import msgspec

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.tables import flags, names
from autoexp_tui.tables.cell_values import number
from autoexp_tui.tables.direction import infer, judged_points
from autoexp_tui.tables.model import InferredWay, Table, TableChoice, TableRow, TableSegment
from autoexp_tui.tables.sentinels import sentinels
from autoexp_tui.tables.statuses import accepts

_SAID = "as you said"
_LISTED = 12


def choose(table: Table, choice: TableChoice) -> Table:
    """Return the table judged as `choice` says; what that leaves open stays as it was read.

    Another metric judges all rows, whatever parts the table has; its direction is found as that of
    any column where none is given. Raises UsageProblem for a column that isn't there or holds no
    number.
    """
    metric = column_of(table, choice.metric) if choice.metric else ""
    if metric and metric != table.primary.metric:
        table = _measured_by(table, metric)
    elif metric:  # what was a guess is one no more
        table = flags.noted(msgspec.structs.replace(table, doubt=""))
    if choice.direction:
        table = _directed(table, InferredWay(choice.direction, _SAID, "high"))
    return table


def column_of(table: Table, wanted: str) -> str:
    """Return the name of the column that a person means, in any case, or by its last part.

    Raises UsageProblem where there is none, with those there are.
    """
    everything = [*table.numeric, *table.texts]
    folded = wanted.strip().casefold()
    found = [name for name in everything if name == wanted]
    found += [name for name in everything if name.casefold() == folded]
    found += [name for name in everything if name.casefold().rpartition(".")[2] == folded]
    if found:
        return found[0]
    near = difflib.get_close_matches(wanted, everything, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    raise UsageProblem(f"{table.name} has no column {wanted}{hint} {_listed(table)}")


def _listed(table: Table) -> str:
    shown = ", ".join(table.numeric[:_LISTED])
    more = len(table.numeric) - _LISTED
    return f"Its numbers: {shown or 'none'}" + (f" and {more} more" if more > 0 else "")


def _measured_by(table: Table, metric: str) -> Table:
    figures = list(_figures(table, metric))
    marks = sentinels(
        (figure, row.status)
        for row, figure in zip(table.rows, figures, strict=True)
        if figure is not None
    )
    if all(figure is None for figure in figures):
        raise UsageProblem(f"{metric} of {table.name} holds no number. {_listed(table)}")
    rows = tuple(
        _measured(row, metric, figure, failed=figure in marks)
        for row, figure in zip(table.rows, figures, strict=True)
    )
    points = judged_points(
        [(row.value, row.word, row.status) for row in rows],
        accepting=any(c.role == "status" and accepts(c.name) for c in table.columns),
    )
    way = infer(metric, points, delta=names.is_delta(metric), total=False)
    whole = TableSegment(metric, way, 0, len(rows))
    return flags.noted(msgspec.structs.replace(table, rows=rows, segments=(whole,), doubt=""))


def _figures(table: Table, metric: str) -> Iterator[float | None]:
    """The column's number of each row."""
    role = next((column.role for column in table.columns if column.name == metric), None)
    at = table.texts.index(metric) if metric in table.texts else None
    for row in table.rows:
        if row.text:
            yield None
        elif at is not None:
            yield number(row.texts[at]) if at < len(row.texts) else None
        else:
            figure = row.values.get(metric)
            yield number(row.n) if figure is None and role == "index" else figure


def _measured(row: TableRow, metric: str, figure: float | None, *, failed: bool) -> TableRow:
    values = row.values
    if figure is not None and metric not in values:
        values = {**values, metric: figure}
    if failed or (figure == 0.0 and row.status == "failed"):
        figure = None
    return msgspec.structs.replace(row, values=values, value=figure, segment=0)


def _directed(table: Table, said: InferredWay) -> Table:
    primary = table.primary
    parts = tuple(
        msgspec.structs.replace(part, direction=said) if part.measures_as(primary) else part
        for part in table.segments
    )
    return flags.noted(msgspec.structs.replace(table, segments=parts))
