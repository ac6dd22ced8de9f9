"""JSON: a line per run, or one document with a list of runs in it.

Owns the form of a file alone, as `grids` does for tables of text.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from autoexp_tui.tables import names
from autoexp_tui.tables.json_columns import turned
from autoexp_tui.tables.json_lines import joined, one_shape, run_types
from autoexp_tui.tables.json_says import (
    config_of,
    is_measured,
    plain_metric,
    said_of,
    type_of,
)
from autoexp_tui.tables.json_sheet import DEPTH, Gatherer
from autoexp_tui.tables.optuna_journal import read_journal
from autoexp_tui.tables.sheet import Sheet, SheetRecord, cut

_LISTS = (
    "runs", "experiments", "trials", "results", "history", "iterations", "nodes", "rows",
    "entries", "attempts", "log", "records", "benchmarks",
)  # fmt: skip

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
            return _document(turned(document))
    return _lines(text)


def _holds_a_list(value: Any) -> bool:
    return isinstance(value, dict) and (
        any(isinstance(value.get(key), list | dict) for key in _LISTS)
        or turned(value) is not value
        or (not is_measured(value) and len(_entries(value)[0]) > 1)
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


def _lines(text: str) -> Sheet:
    gatherer = Gatherer(Sheet("jsonl", []))
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
        return read_journal(objects)
    objects = one_shape(joined(objects, remarks))
    runs = run_types(value for _, value in objects)
    for number, value in objects:
        if "" in value and len(value) == 1:
            remarks.add(number, "not a JSON object")
            sheet.records.append(SheetRecord(number, [cut(str(value[""]))], text=True))
        elif config := config_of(number, len(sheet.records), value):
            sheet.configs.append(config)
        elif runs is not None and type_of(value) not in runs:
            remarks.add(number, f"no run: `{cut(type_of(value))[:40]}`")
        else:
            gatherer.add(number, value)
    if any(value.get("type") == "config" for _, value in objects):
        sheet.flavour = "pi (config and run lines)"
    return gatherer.done()


def _document(document: dict[str, Any] | list[Any]) -> Sheet:
    gatherer = Gatherer(Sheet("json", []))
    entries, around = _entries(document)
    for context in around:
        said = said_of(0, 0, context)
        said.metric = said.metric or plain_metric(context)
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
        measured = bonus > 0 or any(is_measured(e) for e in found[:8] if isinstance(e, dict))
        own = measured and not fact
        if found and (own, len(found) + bonus) > most:
            best, around, most = found, above, (own, len(found))
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict) and depth < DEPTH:
            for key, inner in value.items():
                # The machine's caches are runs only where nothing else is.
                of_machine = fact or names.leaf(key) in names.FACTS | {"context"}
                look(inner, [*above, value], depth + 1, int(key in _LISTS), fact=of_machine)

    look(document, [], 0, 0, fact=False)
    if not best and isinstance(document, dict):
        best = [document]
    return best, around
