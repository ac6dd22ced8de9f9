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

    @property
    def primary(self) -> TableSegment:
        """The first segment that has rows: what the table set out to improve."""
        return next((part for part in self.segments if part.stop > part.start), self.segments[0])

    @property
    def judged(self) -> bool:
        """Whether any row has a verdict."""
        return any(row.status in {"kept", "rejected"} for row in self.rows)

    def directed(self, way: Literal["lower", "higher"]) -> Table:
        """Return the same table with the primary metric's direction as a person says it is."""
        said = InferredWay(way, "as you said", "high")
        primary = self.primary
        parts = tuple(
            msgspec.structs.replace(part, direction=said) if part.measures_as(primary) else part
            for part in self.segments
        )
        return msgspec.structs.replace(self, segments=parts)
