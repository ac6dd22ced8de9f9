"""JSON objects put under columns: nested keys are joined by dots."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from autoexp_tui.tables import names
from autoexp_tui.tables.cell_values import way_of_unit
from autoexp_tui.tables.model import Cell
from autoexp_tui.tables.sheet import COLUMNS, Remarks, Sheet, SheetRecord, cut

DEPTH = 3
_KEYS = 50_000
"""Different keys that are told apart."""
_MEASUREMENTS = 64
"""Of one run that stand in a list, at most."""
_PLAIN = frozenset([int, float, bool, type(None)])


class Gatherer:
    """Objects in, a sheet out: keys become columns as they turn up.

    Where there are too many of them, those stay that tell what the others are about.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.remarks = Remarks()
        self._places: dict[str, int] = {}
        self._wanted: frozenset[str] | None = None
        self._given: list[tuple[SheetRecord, Mapping[str, Any]]] = []

    def add(self, line: int, value: Mapping[str, Any]) -> None:
        record = SheetRecord(line, [])
        self.sheet.records.append(record)
        if len(self._places) <= COLUMNS:
            self._flatten("", value, record.cells, 0)
        self._given.append((record, value))

    def _flatten(
        self, prefix: str, value: Mapping[str, Any], cells: list[Cell], depth: int
    ) -> None:
        for key, inner in value.items():
            name = prefix + key
            sort = type(inner)
            if sort is dict and depth < DEPTH:
                self._flatten(f"{name}.", inner, cells, depth + 1)
                continue
            if sort is list and 0 < len(inner) <= 4 and "values" in key:
                self._flatten(f"{name}.", dict(zip("0123", inner, strict=False)), cells, depth + 1)
                continue
            if sort is list and (measured := _by_their_names(inner)):
                self._flatten(f"{name}.", measured, cells, depth + 1)
                continue
            place = self._places.get(name)
            if place is None:
                if self._wanted is not None and name not in self._wanted:
                    continue
                if len(self._places) > COLUMNS:
                    return
                place = self._places[name] = len(self.sheet.columns)
                self.sheet.columns.append(cut(name)[:200])
            if place >= len(cells):
                cells.extend([None] * (place + 1 - len(cells)))
            cells[place] = inner if sort in _PLAIN else _scalar(inner)

    def _again(self) -> None:
        """Read everything once more, the columns chosen among all that there are."""
        found: dict[str, None] = {}
        for _, value in self._given:
            if len(found) < _KEYS:
                _names_of("", value, found, 0)
        every = sorted(found, key=lambda name: name.count("."))
        self._wanted = frozenset(every[at] for at in names.weightiest(every, COLUMNS))
        self.remarks.add(0, f"only {COLUMNS} of {len(found)} keys are read")
        self._places.clear()
        self.sheet.columns.clear()
        for record, value in self._given:
            record.cells.clear()
            self._flatten("", value, record.cells, 0)

    def done(self) -> Sheet:
        if len(self._places) > COLUMNS:
            self._again()
        self._given.clear()
        self.sheet.notes += self.remarks.notes()
        return self.sheet


def _names_of(prefix: str, value: Mapping[str, Any], found: dict[str, None], depth: int) -> None:
    """Add the dotted names of all that an object holds, as they are flattened."""
    for key, held in value.items():
        inner = (_by_their_names(held) or held) if type(held) is list else held
        if type(inner) is dict and depth < DEPTH:
            _names_of(f"{prefix}{key}.", inner, found, depth + 1)
        else:
            found[prefix + key] = None


def _by_their_names(items: list[Any]) -> dict[str, Any]:
    """`[{"name": "load", "value": 3.1, "unit": "ms"}, …]` as `{"load": "3.1 ms"}`.

    Empty for any other list.
    """
    found: dict[str, Any] = {}
    for item in items[: _MEASUREMENTS + 1]:
        if type(item) is not dict:
            return {}
        name = item.get("name", item.get("metric"))
        value = item.get("value", item.get("score"))
        if not isinstance(name, str) or not isinstance(value, int | float | None):
            return {}
        unit = item.get("unit")
        found[name] = value
        if isinstance(unit, str) and type(value) in {int, float} and way_of_unit(unit) != "unknown":
            found[name] = f"{value!r} {unit}"
    return found if len(found) == len(items) else {}


def _scalar(value: Any) -> Cell:
    if isinstance(value, str):
        return cut(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    try:
        return cut(json.dumps(value, ensure_ascii=False))
    except (ValueError, RecursionError):
        return "…"
