"""What a table is once it has been read: rows in the file's own order, and what they mean."""

from __future__ import annotations

from typing import Literal

import msgspec

FileKind = Literal[
    "tsv", "csv", "markdown", "jsonl", "json", "sqlite", "parquet", "xlsx", "wandb", "folder",
]  # fmt: skip
Outcome = Literal["kept", "rejected", "failed", "other", "none"]
"""What became of an experiment; `none` where the row gives no verdict."""
Way = Literal["lower", "higher", "unknown"]
Confidence = Literal["high", "medium", "low", "none"]
Chosen = Literal["", "lower", "higher"]
"""Which way a person says is better; empty where nobody did."""
Cell = str | float | int | bool | None
ColumnRole = Literal[
    "metric", "index", "commit", "time", "status", "description", "direction", "name",
    "seconds", "cost", "setting", "text",
]  # fmt: skip


class InferredWay(msgspec.Struct, frozen=True):
    """Which way is better, where that is known from, and how far it can be trusted."""

    way: Way
    source: str
    confidence: Confidence

    @property
    def is_guess(self) -> bool:
        """Whether neither a person nor the file says so."""
        return self.confidence in {"medium", "low"}


_COUNTED = 50
"""Rows by which it is told whether a table numbers its rows or names them."""
UNKNOWN = InferredWay("unknown", "nothing in the file tells", "none")


class Note(msgspec.Struct, frozen=True):
    """Something that a reader of the table should know."""

    line: int
    """In the file, 1 for the first; 0 when it is about the whole of it."""
    text: str


class TableColumn(msgspec.Struct, frozen=True):
    """A column of a table, or a key of JSON objects (dots for nested ones)."""

    name: str
    """As written; `#0`, `#1` … where the table has no header."""
    role: ColumnRole
    unit: str = ""


class TableSegment(msgspec.Struct, frozen=True):
    """Rows that are measured by one metric, in one direction."""

    metric: str
    """Empty when there is none."""
    direction: InferredWay
    start: int
    """Index of its first row."""
    stop: int
    """One past its last row."""
    title: str = ""

    def measures_as(self, other: TableSegment) -> bool:
        """Whether both have the same metric in the same direction."""
        return (self.metric, self.direction.way) == (other.metric, other.direction.way)


class TableRow(msgspec.Struct, frozen=True, gc=False):
    """One line of the table, or one entry of the list."""

    line: int
    """In the file, 1 for the first; in a JSON document the entry's number."""
    n: str
    """The experiment's own number or name, as written; the row's number where it has none."""
    values: dict[str, float]
    """Every number of the row, sentinels too, by the column's name."""
    value: float | None
    """The primary metric's measurement: finite, and not the zero that stands for a failure."""
    status: Outcome
    word: str
    """The verdict as written."""
    description: str
    commit: str = ""
    time: float | None = None
    """Seconds since the epoch."""
    seconds: float | None = None
    """How long it took."""
    cost: float | None = None
    """In the table's own currency."""
    segment: int = 0
    text: bool = False
    """A line between the rows that has no cells; `description` holds it."""
    texts: tuple[str, ...] = ()
    """Its other words, in the order of `Table.texts`."""


class Table(msgspec.Struct, frozen=True):
    """A table of experiments, whoever wrote it."""

    name: str
    """Of the file."""
    folder: str
    """Name of the folder that it lies in."""
    kind: FileKind
    dialect: str
    columns: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]
    segments: tuple[TableSegment, ...]
    """At least one; together they cover all rows."""
    notes: tuple[Note, ...]
    """All there is to say: of its reading, of the choice of its metric, and of its contents."""
    texts: tuple[str, ...] = ()
    """Names of the columns of words that no other part of a row holds."""
    remarks: tuple[Note, ...] = ()
    """Of `notes` those of its reading, which hold by whatever metric it is judged."""
    doubt: str = ""
    """Why the metric is one choice among several; empty when it is plain, or a person's."""

    @property
    def primary(self) -> TableSegment:
        """The first segment that has rows: what the table set out to improve."""
        return next((part for part in self.segments if part.stop > part.start), self.segments[0])

    @property
    def judged(self) -> bool:
        """Whether any row has a verdict."""
        return any(row.status in {"kept", "rejected"} for row in self.rows)

    @property
    def numeric(self) -> tuple[str, ...]:
        """Names of the columns of numbers, any of which may be what the table is judged by.

        The likelier a metric, the sooner.
        """
        roles: list[ColumnRole] = ["metric", "seconds", "cost", "setting"]
        if any(row.n.lstrip("#").isdigit() for row in self.rows[:_COUNTED]):
            roles.append("index")
        found = [c.name for role in roles for c in self.columns if c.role == role]
        named = [part.metric for part in self.segments if part.metric]
        return tuple(dict.fromkeys([*named, *found]))


class TableChoice(msgspec.Struct, frozen=True):
    """What a person says that a table is judged by; empty where they leave it to the reader."""

    metric: str = ""
    """A column."""
    direction: Chosen = ""


AS_READ = TableChoice()
"""Nobody chose anything."""
