"""Opening a table: the file's text in, a `Table` out. Never fails on what the text says.

Owns the order of the steps: form (`grids`, `json_rows`), columns (`layout`), rows, directions.
What words mean is known by `names` and `statuses`; what is doubtful is noted by `flags`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from autoexp_tui.tables import flags, names, series, statuses
from autoexp_tui.tables.cell_values import number, way_of_unit
from autoexp_tui.tables.chronology import newest_first
from autoexp_tui.tables.dialects import dialect_of
from autoexp_tui.tables.direction import infer, judged_points
from autoexp_tui.tables.docs import DocLine, aimed_at, read_docs, spoken_of
from autoexp_tui.tables.grids import read_grid
from autoexp_tui.tables.json_rows import looks_like_json, read_objects
from autoexp_tui.tables.layout import Layout, lay_out
from autoexp_tui.tables.model import (
    UNKNOWN,
    Cell,
    InferredWay,
    Note,
    Outcome,
    Table,
    TableRow,
    TableSegment,
)
from autoexp_tui.tables.primary import mean_of_scores, total_of
from autoexp_tui.tables.sentinels import sentinels
from autoexp_tui.tables.sheet import Config, Sheet, SheetRecord, cut, way_of
from autoexp_tui.tables.siblings import sibling_direction
from autoexp_tui.tables.stores import read_store
from autoexp_tui.tables.stores.binary import refuse
from autoexp_tui.tables.stores.source import Source
from autoexp_tui.text.safe import one_line

_DESCRIPTION = 2000
_DECISIONS = 10_000
"""Rows whose verdicts are enough to tell a direction."""


def read_table(path: Path, *, docs: bool = True) -> Table:
    """Read any experiment table. `docs`: look at documents and tables beside it for a direction.

    Raises OSError where the file can't be read, and UsageProblem where it is no table at all.
    """
    lines = read_docs(path) if docs else []
    table = _table(_sheet_at(path), path.name, path.resolve().parent.name, lines)
    if docs and table.primary.metric and table.primary.direction.way == "unknown":
        found = sibling_direction(path, table, parse_table)
        if found is not None:
            table = _redirected(table, found)
    return table


def parse_table(
    data: bytes, *, name: str = "", folder: str = "", docs: Sequence[DocLine] = ()
) -> Table:
    """Read a table from its bytes. `docs` are lines of documents that may speak of its columns.

    Nothing that a text may hold raises; UsageProblem: the bytes are a damaged store.
    """
    source = Source(data)
    return _table(read_store(source) or _text_sheet(source.text), name, folder, docs)


def _sheet_at(path: Path) -> Sheet:
    """What lies at a path, taken apart; its bytes and its text are let go."""
    source = Source.at(path)
    sheet = read_store(source)
    if sheet is not None:
        return sheet
    refuse(source)
    text = source.text
    del source
    return _text_sheet(text)


def _text_sheet(text: str) -> Sheet:
    return read_objects(text) if looks_like_json(text) else read_grid(text)


def _table(sheet: Sheet, name: str, folder: str, docs: Sequence[DocLine]) -> Table:
    # Names are keys: they are cleaned here, where two that look the same still can be one column
    # each. Cells and notes are shown by way of events and summaries, whose types clean them.
    sheet.columns = _cleaned(sheet.columns)
    for config in sheet.configs:
        config.metric, config.title = one_line(config.metric), one_line(config.title)
    said = spoken_of(docs, [*sheet.columns, *(config.metric for config in sheet.configs)])
    own = [("the text beside the table", line, text) for line, text in sheet.prose]
    said = spoken_of(own, sheet.columns) | said | sheet.ways
    aim = aimed_at(sheet.prose, sheet.columns)
    layout = lay_out(sheet, said, aim)
    if newest_first(sheet, layout.time, layout.index):
        sheet.records.reverse()
        sheet.notes.append(Note(0, "the newest row stands first in the file, and last here"))
    return _Builder(sheet, layout, said).table(name, folder)


def _cleaned(names: Sequence[str]) -> list[str]:
    """The names as they may be shown; those that differ only by what is not shown, numbered."""
    found: dict[str, str] = {}
    for at, name in enumerate(names):
        shown: str = one_line(name)
        if shown in found.values() and name not in found:
            shown = f"{shown} #{at}"
        found.setdefault(name, shown)
    return [found[name] for name in names]


def _redirected(table: Table, direction: InferredWay) -> Table:
    parts = tuple(
        msgspec.structs.replace(part, direction=direction)
        if part.metric == table.primary.metric and part.direction.way == "unknown"
        else part
        for part in table.segments
    )
    return flags.noted(msgspec.structs.replace(table, segments=parts))


_READ: list[Cell] = []


class _Builder:
    """A sheet and its layout, put together into rows and segments."""

    def __init__(self, sheet: Sheet, layout: Layout, said: dict[str, InferredWay]) -> None:
        self._sheet = sheet
        self._layout = layout
        self._said = said
        self._words = [self._word(record) for record in sheet.records]
        self._standings = statuses.outcomes_of(self._words, accepting=layout.accepting)
        self._standings.update(sheet.outcomes)
        read = [(at, series.figures(series.cells_of(sheet.records, at))) for at in layout.figures]
        self._figures = [(sheet.columns[at], found) for at, found in read]
        self._times = self._series(layout.time, series.moments)
        self._seconds = self._series(
            layout.seconds, lambda cells: series.seconds(cells, layout.seconds_scale)
        )
        self._primary = "" if layout.primary is None else sheet.columns[layout.primary]
        self._texts = _text_columns(layout)
        self._sentinels = self._marks()
        self._total = layout.primary is not None and total_of(sheet, layout.primary)
        self._mean = layout.primary is not None and mean_of_scores(sheet, layout.primary)
        self._signed = self._is_signed()

    def table(self, name: str, folder: str) -> Table:
        sheet, layout = self._sheet, self._layout
        cuts = self._cuts()
        rows: list[TableRow] = []
        segments: list[TableSegment] = []
        for count, (start, config) in enumerate(cuts):
            stop = cuts[count + 1][0] if count + 1 < len(cuts) else len(sheet.records)
            metric = self._metric(config, start)
            part = []
            for at in range(start, stop):
                part.append(self._row(at, count, metric))
                sheet.records[at].cells = _READ  # a long table is not held twice
            direction = self._direction(config, metric, part)
            rows += part
            segments.append(TableSegment(metric, direction, start, stop, config.title))
        found = Table(
            name=name,
            folder=folder,
            kind=sheet.kind,
            dialect=dialect_of(sheet, layout),
            columns=layout.columns,
            rows=tuple(rows),
            segments=tuple(segments),
            notes=(),
            texts=tuple(sheet.columns[at] for at in self._texts),
            remarks=tuple(sheet.notes),
            doubt=layout.doubtful,
        )
        return flags.noted(found)

    def _cuts(self) -> list[tuple[int, Config]]:
        """Where segments begin, and what is said about each."""
        sheet = self._sheet
        cuts = [(config.at, config) for config in sheet.configs]
        if not cuts or cuts[0][0] > 0:
            cuts.insert(0, (0, Config(0, 0)))
        if len(cuts) == 1 and (self._layout.direction is not None or self._layout.name is not None):
            return self._changes(cuts[0][1])
        return cuts

    def _changes(self, general: Config) -> list[tuple[int, Config]]:
        """Segments where the columns of the direction or of the metric's name change."""
        layout = self._layout
        cuts: list[tuple[int, Config]] = []
        last: tuple[str, str] | None = None
        generic = layout.primary is not None and _is_generic(self._sheet.columns[layout.primary])
        for at, record in enumerate(self._sheet.records):
            if record.text:
                continue
            now = (_text(record, layout.name), _text(record, layout.direction).lower())
            if any(now) and now != last:
                column = layout.direction if layout.direction is not None else 0
                cuts.append(
                    (
                        at if cuts else 0,
                        Config(
                            record.line,
                            at,
                            metric=general.metric or (now[0] if generic else ""),
                            title=now[0],
                            way=way_of(now[1]),
                            source=f"the column {self._sheet.columns[column]}",
                        ),
                    )
                )
                last = now
                if len(cuts) > 1000:
                    break
        return cuts or [(0, general)]

    def _marks(self) -> frozenset[float]:
        """The numbers of the primary column that stand for a failure."""
        primary = self._layout.primary
        if primary is None:
            return frozenset()
        return sentinels(
            (figure, self._standings[word] if word else "none")
            for record, word in zip(self._sheet.records, self._words, strict=True)
            if not record.text and primary < len(record.cells)
            and (figure := number(record.cells[primary])) is not None
        )  # fmt: skip

    def _metric(self, config: Config, start: int) -> str:
        """The metric's name from `start` on: the configuration's, or its column's."""
        primary = self._layout.primary
        if config.metric and (start > 0 or primary is None or self._stands_for(config.metric)):
            return config.metric
        return "" if primary is None else self._sheet.columns[primary]

    def _stands_for(self, metric: str) -> bool:
        """Whether the primary column is the one that a configuration gives a name to."""
        primary = self._layout.primary
        column = "" if primary is None else self._sheet.columns[primary]
        return self._sheet.kind in {"json", "jsonl"} and (column == metric or _is_generic(column))

    def _word(self, record: SheetRecord) -> str:
        return "" if record.text else _text(record, self._layout.status)

    def _row(self, at: int, segment: int, metric: str) -> TableRow:
        record = self._sheet.records[at]
        if record.text:
            text = str(record.cells[0])[:_DESCRIPTION]
            return TableRow(record.line, "", {}, None, "none", "", text, segment=segment, text=True)
        layout = self._layout
        values: dict[str, float] = {}
        for name, figures in self._figures:
            if (figure := figures[at]) is not None:
                values[name] = figure
        word = self._words[at]
        status = self._standings[word] if word else "none"
        if layout.state is not None and status != "failed":
            status = self._ended(record, status)
        if layout.group is not None and statuses.is_reference(_text(record, layout.group)):
            status, word = "other", word or _text(record, layout.group)
        value = None
        if layout.primary is not None and (value := values.get(self._primary)) is not None:
            if metric != self._primary:
                values[metric] = values.pop(self._primary)
            if value in self._sentinels or (value == 0.0 and status == "failed"):
                value = None
        return TableRow(
            record.line,
            _text(record, layout.index) or str(at + 1),
            values,
            value,
            status,
            word,
            self._description(record),
            _text(record, layout.commit),
            None if self._times is None else self._times[at],
            None if self._seconds is None else self._seconds[at],
            None if layout.cost is None else _scaled(record, layout.cost, 1.0),
            segment,
            texts=tuple([_text(record, column) for column in self._texts]),
        )

    def _series(
        self, column: int | None, read: Callable[[Sequence[Cell]], series.Series]
    ) -> series.Series | None:
        return None if column is None else read(series.cells_of(self._sheet.records, column))

    def _ended(self, record: SheetRecord, status: Outcome) -> Outcome:
        """The outcome, once it is known how the run ended: what failed was not judged."""
        ended = statuses.outcome_of(_text(record, self._layout.state))
        return "failed" if ended == "failed" else status

    def _description(self, record: SheetRecord) -> str:
        for column in self._layout.description:
            if text := _text(record, column):
                return text[:_DESCRIPTION]
        return ""

    def _direction(self, config: Config, metric: str, rows: Sequence[TableRow]) -> InferredWay:
        if config.way != "unknown":
            return InferredWay(config.way, config.source, "high")
        if not metric:
            return InferredWay("unknown", "no metric was found", "none")
        if metric in self._said:
            return self._said[metric]
        points = judged_points(
            [(row.value, row.word, row.status) for row in rows[:_DECISIONS]],
            accepting=self._layout.accepting,
        )
        primary = self._layout.primary
        if not any(point.status == "kept" for point in points) and primary is None:
            return UNKNOWN
        found = infer(
            metric,
            points,
            delta=names.is_delta(metric) or self._signed,
            total=self._total,
        )
        return self._by_contents(config, metric, rows) if found.way == "unknown" else found

    def _by_contents(self, config: Config, metric: str, rows: Sequence[TableRow]) -> InferredWay:
        """The way where neither the name nor what was kept tells it: a guess, or unknown."""
        primary = self._layout.primary
        unit = "" if primary is None else self._layout.columns[primary].unit
        if (way := way_of_unit(unit)) != "unknown":
            return InferredWay(way, f"its unit, {unit}", "low")
        said, strength = names.name_direction(config.title)
        if strength and self._layout.name is not None:  # the part's metric, of a column of names
            return InferredWay(said, f"the name {config.title}", "low")
        if self._mean:
            return InferredWay("higher", f"{metric} is the mean of scores", "low")
        return _by_stopped(rows)

    def _is_signed(self) -> bool:
        """Whether the primary column writes a plus before its positive numbers."""
        primary = self._layout.primary
        if primary is None:
            return False
        cells = [_text(record, primary) for record in self._sheet.records[:400] if not record.text]
        signed = sum(cell.startswith("+") for cell in cells)
        return signed > 0 and signed * 5 >= sum(bool(cell.strip("-")) for cell in cells)


def _by_stopped(rows: Sequence[TableRow]) -> InferredWay:
    """The way from the runs that a scheduler stopped to those that it let finish."""
    stopped = [
        row.value for row in rows if statuses.was_stopped(row.word) and row.value is not None
    ]
    whole = [row.value for row in rows if statuses.only_ran(row.word) and row.value is not None]
    if not stopped or len(whole) < 2:
        return UNKNOWN
    says = "the runs that were stopped early, which are worse"
    if max(stopped) < min(whole):
        return InferredWay("higher", says, "low")
    return InferredWay("lower", says, "low") if min(stopped) > max(whole) else UNKNOWN


def _is_generic(column: str) -> bool:
    """Whether a column is called what a metric is, and not by its own name."""
    return names.leaf(column) in names.EXACT - {"score", "fitness"}


def _text_columns(layout: Layout) -> tuple[int, ...]:
    """The columns whose cells stand in no other part of a row."""
    elsewhere = {
        *layout.figures, *layout.description[:1], layout.commit, layout.status,
        layout.time, layout.seconds, layout.cost,
    }  # fmt: skip
    return tuple(at for at in range(len(layout.columns)) if at not in elsewhere)


def _text(record: SheetRecord, column: int | None) -> str:
    if column is None or column >= len(record.cells):
        return ""
    cell = record.cells[column]
    return cell.strip() if type(cell) is str else _written(cell)


def _written(cell: Cell) -> str:
    if type(cell) is str:
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    try:
        return cut(str(cell))
    except ValueError:  # more digits than Python writes out
        return "…"


def _scaled(record: SheetRecord, column: int, scale: float) -> float | None:
    value = number(record.cells[column]) if column < len(record.cells) else None
    return None if value is None or value < 0 else value * scale
