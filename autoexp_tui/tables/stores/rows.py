"""Rows as mappings, put together into a sheet: what the readers of stores have in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from autoexp_tui.tables.model import Cell, FileKind, Note
from autoexp_tui.tables.sheet import COLUMNS, Sheet, SheetRecord, cut
from autoexp_tui.text.numbers import format_number

_DEPTH = 6


def gathered(kind: FileKind, flavour: str, rows: Iterable[Mapping[str, Any]]) -> Sheet:
    """A sheet with a record for each row; keys become columns in the order in which they come.

    Mappings in a row are flattened, with dots. What is too much is noted.
    """
    sheet = Sheet(kind, [], flavour=flavour)
    places: dict[str, int] = {}
    for line, row in enumerate(rows, start=1):
        cells: list[Cell] = []
        for name, value in flat(row):
            place = places.setdefault(name, len(places))
            if place < COLUMNS:
                cells.extend([None] * (place + 1 - len(cells)))
                cells[place] = value
        sheet.records.append(SheetRecord(line, cells))
    sheet.columns = [cut(name)[:200] for name in list(places)[:COLUMNS]]
    if len(places) > COLUMNS:
        sheet.notes.append(Note(0, f"only the first {COLUMNS} of {len(places)} columns are read"))
    return sheet


def flat(row: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterable[tuple[str, Cell]]:
    """The names and cells of a mapping, those of the mappings in it with dots."""
    for key, value in row.items():
        if isinstance(value, dict) and depth < _DEPTH:
            yield from flat(value, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", cell(value)


def cell(value: object) -> Cell:
    """What a cell may hold: numbers and words as they are, all else as JSON."""
    if isinstance(value, str):
        return cut(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    try:
        return cut(json.dumps(value, ensure_ascii=False, default=str))
    except (ValueError, RecursionError):
        return "…"


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a JSON list; none of what is no list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def part(value: object) -> dict[str, Any]:
    """A JSON object; an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def parsed(text: object) -> dict[str, Any]:
    """The JSON object that a column of text holds; an empty one where it holds none."""
    if not isinstance(text, str | bytes):
        return {}
    try:
        return part(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def chosen(settings: Mapping[str, Any]) -> str:
    """Settings in words, as a description of what was tried: `lr 0.01, depth 4`."""
    return ", ".join(
        f"{name} {format_number(value) if isinstance(value, float) else value}"
        for name, value in settings.items()
    )
