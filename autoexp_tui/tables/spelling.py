"""One way of writing numbers in each column: one unit, and points for decimal commas."""

from __future__ import annotations

import re
from collections import Counter

from autoexp_tui.tables import cell_values
from autoexp_tui.tables.sheet import Sheet

_SAMPLE = 200
"""Rows that tell how a column is written."""
_COMMA = re.compile(r"[+\-\u2212]?\d{1,3},\d{3}")
_DECIMAL = re.compile(r"[+\-\u2212]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))\s*%?")


def one_unit(sheet: Sheet) -> None:
    """Write a column's amounts of time or memory in the unit that the most of them are in."""
    for place in range(len(sheet.columns)):
        cells = [
            (record, cell) for record in sheet.records[:_SAMPLE]
            if not record.text and place < len(record.cells)
            and isinstance(cell := record.cells[place], str) and cell[-1:].isalpha()
        ]  # fmt: skip
        units = Counter(cell_values.unit(cell) for _, cell in cells)
        if len(units) < 2:
            continue
        scales = next((s for s in cell_values.SCALES_OF_UNITS if units.keys() <= s.keys()), None)
        if scales is None:
            continue
        usual = units.most_common(1)[0][0]
        for record in sheet.records:
            cell = record.cells[place] if place < len(record.cells) else None
            unit = cell_values.unit(cell)
            value = cell_values.number(cell)
            if not record.text and value is not None and unit != usual and unit in scales:
                record.cells[place] = f"{value * scales[unit] / scales[usual]:.12g} {usual}"


def point_decimals(sheet: Sheet, *, plainly: bool) -> None:
    """Write a point for the decimal comma of columns where `1,234` is less than two.

    Told by other cells of the column (`0,98`, `1,5`); `plainly`: semicolons part the
    columns, so that a comma is a decimal one unless another cell has a point.
    """
    for place in range(len(sheet.columns)):
        sample = [
            cell.strip()
            for record in sheet.records[:_SAMPLE]
            if not record.text and place < len(record.cells)
            and isinstance(cell := record.cells[place], str)
        ]  # fmt: skip
        if not any(_COMMA.fullmatch(cell) for cell in sample):
            continue
        pointed = any("." in cell or cell.count(",") > 1 for cell in sample if cell[:1].isdigit())
        if not pointed and (plainly or any(_DECIMAL.fullmatch(cell) for cell in sample)):
            for record in sheet.records:
                cell = record.cells[place] if place < len(record.cells) else None
                if isinstance(cell, str) and not record.text:
                    record.cells[place] = cell.replace(",", ".", 1)
