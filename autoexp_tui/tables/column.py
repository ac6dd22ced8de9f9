"""A column of a sheet, looked at through a sample of its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from autoexp_tui.tables import cell_values
from autoexp_tui.tables.model import Cell, ColumnRole
from autoexp_tui.tables.sheet import Sheet, SheetRecord

_SAMPLE = 600


@dataclass(slots=True)
class Sampled:
    """A column and what a sample of its cells looks like."""

    at: int
    name: str
    cells: list[Cell]
    """Of the sample, one per sampled row."""
    filled: int = 0
    figures: list[float | None] = field(default_factory=list)
    """The sample's numbers, one per sampled row."""
    numeric: float = 0.0
    """Share of numbers among the cells that hold something."""
    distinct: int = 0
    """Different numbers in the sample."""
    role: ColumnRole | None = None
    unit: str = ""

    def __post_init__(self) -> None:
        self.figures = [cell_values.number(cell) for cell in self.cells]
        held = [cell for cell in self.cells if not cell_values.is_blank(cell)]
        self.filled = len(held)
        found = [figure for figure in self.figures if figure is not None]
        self.numeric = len(found) / len(held) if held else 0.0
        self.distinct = len(set(found))

    def share(self, test: Callable[[Cell], bool]) -> float:
        """Share of the cells that hold something for which `test` is true."""
        held = [cell for cell in self.cells if not cell_values.is_blank(cell)]
        return sum(map(test, held)) / len(held) if held else 0.0


def sampled(sheet: Sheet) -> list[Sampled]:
    """The columns, with the cells of the first rows, the last ones and some from in between."""
    sample = _sample([record for record in sheet.records if not record.text])
    return [Sampled(at, name, _cells(sample, at)) for at, name in enumerate(sheet.columns)]


def _sample(rows: Sequence[SheetRecord]) -> Sequence[SheetRecord]:
    """The first rows, the last ones, and some from in between."""
    if len(rows) <= _SAMPLE:
        return rows
    third = _SAMPLE // 3
    step = max(1, (len(rows) - 2 * third) // third)
    return [*rows[:third], *rows[third:-third:step], *rows[-third:]]


def _cells(rows: Sequence[SheetRecord], at: int) -> list[Cell]:
    return [row.cells[at] if at < len(row.cells) else "" for row in rows]


def is_long_text(cell: Cell) -> bool:
    return type(cell) is str and len(cell) > 12 and cell_values.number(cell) is None


def counts(column: Sampled) -> bool:
    return all(figure is None or figure == int(figure) for figure in column.figures)


def rises(column: Sampled) -> bool:
    """Whole numbers that go up nearly always, nearly each of them once: a number, no measure."""
    found = [figure for figure in column.figures if figure is not None]
    if len(found) < 2 or any("." in str(cell) for cell in column.cells if type(cell) is str):
        return False
    up = sum(after >= before for before, after in pairwise(found))
    return up >= 0.7 * (len(found) - 1) and column.distinct >= 0.6 * len(found)
