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
from autoexp_tui.tables.cell_values import way_of_unit
from autoexp_tui.tables.model import Cell, Way
from autoexp_tui.tables.sheet import COLUMNS, Config, Remarks, Sheet, SheetRecord, cut, way_of

_DEPTH = 3
_KEYS = 50_000
"""Different keys that are told apart."""
_WAYS = ("max", "min", "maximize", "minimize")
_LISTS = (
    "runs", "experiments", "trials", "results", "history", "iterations", "nodes", "rows",
    "entries", "attempts", "log", "records", "benchmarks",
)  # fmt: skip
_METRIC_KEYS = ("metricName", "metric_name", "primary_metric", "primaryMetric")
_WAY_KEYS = (
    "bestDirection", "best_direction", "metric_direction", "metricDirection", "direction",
    "directions", "optimize", "goal_direction",
)  # fmt: skip
_MEASURED = ("metric", "value", "score", "metrics", "results", "values", "loss", "status")
_TYPES = ("type", "event", "kind", "record_type")
_CONFIG_TYPES = frozenset("config header meta session metadata init setup segment".split())

_CONFIG_KEYS = ("config", "configuration", "settings", "setup", "goal", "objective", "spec")

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
            return _document(_turned(document))
    return _lines(text)


def _holds_a_list(value: Any) -> bool:
    return isinstance(value, dict) and (
        any(isinstance(value.get(key), list | dict) for key in _LISTS)
        or _turned(value) is not value
        or (not _is_measured(value) and len(_entries(value)[0]) > 1)
    )


def _turned(document: Any) -> Any:
    """A list of rows, where a document holds a table by its columns; itself where it doesn't.

    `{"loss": [1, 2], …}`, `{"loss": {"0": 1, "1": 2}, …}`, `{"columns": […], "data": [[…], …]}`
    and a list of lists whose first holds the names.
    """
    if isinstance(document, dict) and document:
        header, rows = document.get("columns"), document.get("data")
        if isinstance(header, list) and isinstance(rows, list):
            return _named(header, rows) or document
        return _by_column(document) or document
    if (
        isinstance(document, list)
        and len(document) > 2
        and isinstance(document[0], list)
        and document[0]
        and all(isinstance(name, str) for name in document[0])
    ):
        return _named(document[0], document[1:]) or document
    return document


def _named(header: list[Any], rows: list[Any]) -> list[dict[str, Any]]:
    """Lists under their names; empty where one doesn't fit."""
    if not rows or not all(isinstance(row, list) and len(row) == len(header) for row in rows):
        return []
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def _by_column(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows from lists of one length, or from objects with the same numbers as keys."""
    columns = {key: value for key, value in document.items() if isinstance(value, list | dict)}
    first = next(iter(columns.values()), None)
    if isinstance(first, list):
        lists = {
            key: value
            for key, value in columns.items()
            if isinstance(value, list) and not any(isinstance(v, dict | list) for v in value)
        }
        length = max(map(len, lists.values()), default=0)
        whole = {key: value for key, value in lists.items() if len(value) == length}
        if length < 2 or len(whole) * 2 <= len(document):
            return []
        return [{key: value[at] for key, value in whole.items()} for at in range(length)]
    if isinstance(first, dict) and len(columns) == len(document) and first:
        keys = list(first)
        if not all(key.isdigit() for key in keys) or any(
            not isinstance(value, dict) or list(value) != keys
            or any(isinstance(inner, dict) for inner in value.values())
            for value in columns.values()
        ):  # fmt: skip
            return []
        return [{name: column[key] for name, column in columns.items()} for key in keys]
    return []


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
            if sort is dict and depth < _DEPTH:
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
        if type(inner) is dict and depth < _DEPTH:
            _names_of(f"{prefix}{key}.", inner, found, depth + 1)
        else:
            found[prefix + key] = None


_MEASUREMENTS = 64
"""Of one run that stand in a list, at most."""


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
    objects = _one_shape(_joined(objects, remarks))
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


def _is_figure(key: str, value: object) -> bool:
    """Whether a key holds a measurement, and not a number that was given to the run."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and names.merit(key) >= 1.0
        and not names.is_setting(key)
    )


def _is_measured(value: Mapping[str, Any]) -> bool:
    return any(
        key in _MEASURED
        or _is_figure(key, inner)
        or names.leaf(key) in names.STATUS
        or (isinstance(inner, dict) and any(map(_is_figure, inner, inner.values())))
        for key, inner in value.items()
    )


def _plain_metric(value: Mapping[str, Any]) -> str:
    said = value.get("metric") or value.get("objective")
    return cut(said)[:200] if isinstance(said, str) and said not in _WAYS else ""


_Numbered = tuple[int, dict[str, Any]]


def _joined(objects: list[_Numbered], remarks: Remarks) -> list[_Numbered]:
    """The same lines, where a run and what came of it stand in two: put together by their key.

    The result takes the place of both. A run without a result stays as it is.
    """
    types: dict[str, list[_Numbered]] = {}
    for entry in objects:
        types.setdefault(_type(entry[1]), []).append(entry)
    if not 2 <= len(types) <= _TYPES_MOST:
        return objects
    results = [n for n, lines in types.items() if sum(_is_measured(v) for _, v in lines) * 2
               >= len(lines) and n.lower() not in _CONFIG_TYPES]  # fmt: skip
    openings = [n for n in types if n not in results and n.lower() not in _CONFIG_TYPES]
    gone: dict[int, str] = {}
    whole: dict[int, dict[str, Any]] = {}
    for result in results:
        for opening in openings:
            key, own = _shared_key(types[opening], types[result])
            if not own:
                continue
            begun = {_key(value[own]): (line, value) for line, value in types[opening]
                     if own in value}  # fmt: skip
            for line, value in types[result]:
                found = begun.get(_key(value.get(key)))
                if found is not None:
                    whole[line] = _merged(found[1], whole.get(line, value))
                    gone[found[0]] = opening
            for line, _ in types[opening]:
                if line not in gone:
                    remarks.add(line, f"a `{cut(opening)[:40]}` without a `{cut(result)[:40]}`")
                    gone[line] = opening
    return [(line, whole.get(line, value)) for line, value in objects if line not in gone]


_TYPES_MOST = 12


def _shared_key(openings: list[_Numbered], results: list[_Numbered]) -> tuple[str, str]:
    """The keys by which results name their openings, each for once; empty where there are none."""
    own = {key: {_key(v[key]) for _, v in openings if key in v} for key in openings[0][1]}
    for mine, held in own.items():
        if len(held) < len(openings):
            continue
        for key in results[0][1]:
            if key != mine and not _refers(key, mine):
                continue
            if key == mine and names.leaf(key) not in names.INDEX and not key.endswith("id"):
                continue
            said = [_key(v.get(key)) for _, v in results]
            if sum(value in held for value in said) * 2 >= len(said) == len(set(said)):
                return key, mine
    return "", ""


def _refers(key: str, to: str) -> bool:
    """`run_id`, `run`, `parent` or `ref` may hold another line's `id`."""
    return to in {"id", "uuid", "name", "key"} and (
        key.lower().endswith(("id", "_ref")) or key in {"run", "trial", "experiment", "ref", "of"}
    )


def _key(value: object) -> str:
    return value if isinstance(value, str) else repr(value)[:200]


def _merged(opening: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """What a run's two lines say; the result's word counts, but the name is the run's own."""
    whole = opening | {key: value for key, value in result.items() if value is not None}
    whole.update({key: opening[key] for key in ("id", "name") if key in opening})
    return whole


def _one_shape(objects: list[_Numbered]) -> list[_Numbered]:
    """The same, with a measurement under one key where some lines name it by `metric` and `value`.

    Only where other lines have a number under that name.
    """
    named = {
        said
        for _, value in objects
        if isinstance(said := _called(value), str) and said not in value
    }
    if not named:
        return objects
    keyed = {key for _, value in objects for key in named & value.keys()
             if isinstance(value[key], int | float)}  # fmt: skip
    return [
        (line, {**value, called: value["value"]})
        if (called := _called(value)) in keyed and isinstance(value.get("value"), int | float)
        and called not in value
        else (line, value)
        for line, value in objects
    ]  # fmt: skip


def _called(value: Mapping[str, Any]) -> str | None:
    said = value.get("metric", value.get("metric_name"))
    return said if isinstance(said, str) else None


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
        tally[0] += _is_measured(value)
        tally[1] += 1
    runs = frozenset(name for name, (held, count) in measured.items() if held * 2 >= count)
    return runs if runs and len(runs) < len(measured) else None


def _config(line: int, at: int, value: Mapping[str, Any]) -> Config | None:
    """What a line says of the runs after it; None where it is a run itself."""
    if any(isinstance(value.get(key), int | float) for key in ("metric", "value", "score")):
        return None
    declared = _type(value).lower() in _CONFIG_TYPES
    if not declared and any(map(_is_figure, value, value.values())):
        return None
    if not declared and any(key in value or f"metric_{key}" in value for key in _MEASURED):
        return None
    if not declared and any(names.leaf(key) in names.STATUS for key in value):
        return None
    found = _said(line, at, value)
    inner = next((value[k] for k in _CONFIG_KEYS if isinstance(value.get(k), dict)), None)
    if inner is not None and not found.metric:
        more = _said(line, at, inner)
        metric = more.metric or _plain_metric(inner)
        way = found.way if found.way != "unknown" else more.way
        found.metric, found.way = metric, way
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
        said.metric = said.metric or _plain_metric(context)
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
    most = (False, 0)
    around: list[dict[str, Any]] = []

    def look(
        value: Any, above: list[dict[str, Any]], depth: int, bonus: int, *, fact: bool
    ) -> None:
        nonlocal best, most, around
        if isinstance(value, list):
            found = value if any(isinstance(entry, dict) for entry in value) else []
        elif isinstance(value, dict) and value and all(isinstance(v, dict) for v in value.values()):
            found = [{"id": key, **inner} for key, inner in value.items()]
        else:
            found = []
        measured = bonus > 0 or any(_is_measured(e) for e in found[:8] if isinstance(e, dict))
        own = measured and not fact
        if found and (own, len(found) + bonus) > most:
            best, around, most = found, above, (own, len(found))
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict) and depth < _DEPTH:
            for key, inner in value.items():
                # The machine's caches are runs only where nothing else is.
                of_machine = fact or names.leaf(key) in names.FACTS | {"context"}
                look(inner, [*above, value], depth + 1, int(key in _LISTS), fact=of_machine)

    look(document, [], 0, 0, fact=False)
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
