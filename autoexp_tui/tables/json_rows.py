"""JSON: a line per run, or one document with a list of runs in it.

Owns the form of a file alone, as `grids` does for tables of text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from autoexp_tui.tables import names
from autoexp_tui.tables.model import Cell, Way
from autoexp_tui.tables.sheet import COLUMNS, Config, Remarks, Sheet, SheetRecord, cut, way_of

_DEPTH = 3
_WAYS = ("max", "min", "maximize", "minimize")
_LISTS = (
    "runs", "experiments", "trials", "results", "history", "iterations", "nodes", "rows",
    "entries", "attempts", "log", "records",
)  # fmt: skip
_METRIC_KEYS = ("metricName", "metric_name", "primary_metric", "primaryMetric")
_WAY_KEYS = (
    "bestDirection", "best_direction", "metric_direction", "metricDirection", "direction",
    "directions", "optimize", "goal_direction",
)  # fmt: skip
_MEASURED = ("metric", "value", "score", "metrics", "results", "values", "loss", "status")
_TYPES = ("type", "event", "kind", "record_type")
_CONFIG_TYPES = frozenset("config header meta session metadata init setup segment".split())

_SAYS = frozenset((*_METRIC_KEYS, *_WAY_KEYS, *_TYPES))

_decode = msgspec.json.Decoder().decode


def looks_like_json(text: str) -> bool:
    """Whether a file holds JSON objects rather than a table."""
    start = text[:4096].lstrip("\ufeff \t\r\n")
    if start.startswith("{"):
        return True
    return re.match(r"\[\s*(?:[{\[\]]|$)", start) is not None


def read_objects(text: str) -> Sheet:
    """Take JSON apart: one document if it is one, else line by line."""
    start = text.lstrip("\ufeff \t\r\n")
    first, _, more = start.partition("\n")
    value = _parsed(first)
    alone = not more or more.isspace()
    if value is None or isinstance(value, list) or (alone and _holds_a_list(value)):
        document = _parsed(start)
        if isinstance(document, dict | list):
            return _document(document)
    return _lines(text)


def _holds_a_list(value: Any) -> bool:
    return isinstance(value, dict) and any(
        isinstance(value.get(key), list | dict) for key in _LISTS
    )


def _parsed(text: str) -> Any:
    """The value; None for what is no JSON. NaN and Infinity are let through."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


_PLAIN = frozenset([int, float, bool, type(None)])


class _Gatherer:
    """Objects in, a sheet out: keys become columns as they turn up."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.remarks = Remarks()
        self._places: dict[str, int] = {}

    def add(self, line: int, value: Mapping[str, Any]) -> None:
        cells: list[Cell] = []
        self._flatten("", value, cells, 0)
        self.sheet.records.append(SheetRecord(line, cells))

    def _flatten(
        self, prefix: str, value: Mapping[str, Any], cells: list[Cell], depth: int
    ) -> None:
        for key, inner in value.items():
            name = prefix + key
            sort = type(inner)
            if sort is dict and depth < _DEPTH:
                self._flatten(f"{name}.", inner, cells, depth + 1)
                continue
            if sort is list and 0 < len(inner) <= 4 and "values" in key:
                self._flatten(f"{name}.", dict(zip("0123", inner, strict=False)), cells, depth + 1)
                continue
            place = self._places.get(name)
            if place is None:
                if len(self._places) >= COLUMNS:
                    self.remarks.add(0, f"only the first {COLUMNS} keys are read")
                    continue
                place = self._places[name] = len(self.sheet.columns)
                self.sheet.columns.append(cut(name)[:200])
            if place >= len(cells):
                cells.extend([None] * (place + 1 - len(cells)))
            cells[place] = inner if sort in _PLAIN else _scalar(inner)

    def done(self) -> Sheet:
        self.sheet.notes += self.remarks.notes()
        return self.sheet


def _scalar(value: Any) -> Cell:
    if isinstance(value, str):
        return cut(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    try:
        return cut(json.dumps(value, ensure_ascii=False))
    except (ValueError, RecursionError):
        return "…"


def _lines(text: str) -> Sheet:
    gatherer = _Gatherer(Sheet("jsonl", []))
    sheet, remarks = gatherer.sheet, gatherer.remarks
    objects: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line or line.isspace():
            continue
        value = _parsed(line)
        if isinstance(value, dict):
            objects.append((number, value))
        else:
            objects.append((number, {"": line.strip()}))
    if objects and sum("op_code" in value for _, value in objects) * 2 > len(objects):
        return _journal(objects)
    runs = _run_types(value for _, value in objects)
    for number, value in objects:
        if "" in value and len(value) == 1:
            remarks.add(number, "not a JSON object")
            sheet.records.append(SheetRecord(number, [cut(str(value[""]))], text=True))
        elif not _SAYS.isdisjoint(value) and (config := _config(number, len(sheet.records), value)):
            sheet.configs.append(config)
        elif runs is not None and _type(value) not in runs:
            remarks.add(number, f"no run: `{cut(_type(value))[:40]}`")
        else:
            gatherer.add(number, value)
    if any(value.get("type") == "config" for _, value in objects):
        sheet.flavour = "pi (config and run lines)"
    return gatherer.done()


def _type(value: Mapping[str, Any]) -> str:
    for key in _TYPES:
        found = value.get(key)
        if type(found) is str:
            return found
    return ""


def _run_types(values: Iterable[Mapping[str, Any]]) -> frozenset[str] | None:
    """Which types of line are runs, where only some are: those that hold a measurement."""
    measured: dict[str, list[int]] = {}
    for value in values:
        tally = measured.setdefault(_type(value), [0, 0])
        tally[0] += any(key in value for key in _MEASURED)
        tally[1] += 1
    runs = frozenset(name for name, (held, count) in measured.items() if held * 2 >= count)
    return runs if runs and len(runs) < len(measured) else None


def _config(line: int, at: int, value: Mapping[str, Any]) -> Config | None:
    """What a line says of the runs after it; None where it is a run itself."""
    if any(isinstance(value.get(key), int | float) for key in ("metric", "value", "score")):
        return None
    declared = _type(value).lower() in _CONFIG_TYPES
    if not declared and any(key in value or f"metric_{key}" in value for key in _MEASURED):
        return None
    if not declared and any(names.leaf(key) in names.STATUS for key in value):
        return None
    found = _said(line, at, value)
    if not declared and found.metric in value:
        return None
    return found if declared or found.metric or found.way != "unknown" else None


def _said(line: int, at: int, value: Mapping[str, Any]) -> Config:
    """The metric and the direction that an object speaks of."""
    metric = next((value[key] for key in _METRIC_KEYS if isinstance(value.get(key), str)), "")
    return Config(
        line,
        at,
        metric=cut(metric)[:200],
        unit=str(value.get("metricUnit") or "")[:20],
        way=_way(value),
        title=str(value.get("name") or value.get("title") or "")[:200],
        source=f"the configuration in line {line}" if line else "the document itself",
    )


def _way(value: Mapping[str, Any]) -> Way:
    for key in _WAY_KEYS:
        said = value.get(key)
        if isinstance(said, list) and said:
            said = said[0]
        if (found := way_of(said)) != "unknown":
            return found
    return way_of(value["metric"]) if value.get("metric") in _WAYS else "unknown"


def _document(document: dict[str, Any] | list[Any]) -> Sheet:
    gatherer = _Gatherer(Sheet("json", []))
    entries, around = _entries(document)
    for context in around:
        said = _said(0, 0, context)
        if said.metric or said.way != "unknown":
            gatherer.sheet.configs = [said]
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, dict):
            gatherer.add(number, entry)
        else:
            gatherer.remarks.add(number, "not a JSON object")
            text = cut(str(entry)) if not isinstance(entry, list | dict) else "…"
            gatherer.sheet.records.append(SheetRecord(number, [text], text=True))
    return gatherer.done()


def _entries(document: Any) -> tuple[list[Any], list[dict[str, Any]]]:
    """The longest list of objects, or mapping of them, and the objects around it."""
    best: list[Any] = []
    around: list[dict[str, Any]] = []

    def look(value: Any, above: list[dict[str, Any]], depth: int, bonus: int) -> None:
        nonlocal best, around
        if isinstance(value, list):
            found = value if any(isinstance(entry, dict) for entry in value) else []
        elif isinstance(value, dict) and value and all(isinstance(v, dict) for v in value.values()):
            found = [{"id": key, **inner} for key, inner in value.items()]
        else:
            found = []
        if len(found) + bonus > len(best) and (found or not best):
            best, around = found, above
        if isinstance(value, dict) and depth < _DEPTH:
            for key, inner in value.items():
                look(inner, [*above, value], depth + 1, 1 if key in _LISTS else 0)

    look(document, [], 0, 0)
    if not best and isinstance(document, dict):
        best = [document]
    return best, around


def _journal(objects: list[tuple[int, dict[str, Any]]]) -> Sheet:
    """Optuna's journal storage: operations on trials, folded into trials."""
    states = {0: "RUNNING", 1: "COMPLETE", 2: "PRUNED", 3: "FAIL", 4: "WAITING"}
    trials: list[tuple[int, dict[str, Any]]] = []
    configs: list[Config] = []
    for line, operation in objects:
        code, which = operation.get("op_code"), operation.get("trial_id")
        if code == 0:
            ways = operation.get("directions") or [0]
            way: Any = {1: "lower", 2: "higher"}.get(ways[0] if isinstance(ways, list) else 0)
            source = f"the study in line {line}"
            configs.append(Config(line, len(trials), "value", way=way or "unknown", source=source))
        elif code == 4:
            started = operation.get("datetime_start")
            trials.append((line, {"number": len(trials), "datetime_start": started}))
        elif isinstance(which, int) and 0 <= which < len(trials):
            trial = trials[which][1]
            if code == 5:
                trial[f"params.{operation.get('param_name')}"] = operation.get(
                    "param_value_internal"
                )
            elif code == 6:
                values = operation.get("values")
                trial["value"] = values[0] if isinstance(values, list) and values else None
                trial["state"] = states.get(operation.get("state", -1), "")
                trial["datetime_complete"] = operation.get("datetime_complete")
    gatherer = _Gatherer(Sheet("jsonl", [], configs=configs, flavour="optuna journal"))
    for line, trial in trials:
        gatherer.add(line, trial)
    return gatherer.done()
