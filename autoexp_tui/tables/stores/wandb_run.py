"""Weights & Biases' log of one run, `run-*.wandb`: records of protobuf in the log form of LevelDB.

Only what a table is made of is decoded, by the numbers of its fields, which protobuf never gives
to others: so no package is needed, and none of another version is in the way.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from autoexp_tui.tables.model import InferredWay, Note, Way
from autoexp_tui.tables.sheet import Config, Sheet
from autoexp_tui.tables.stores.rows import gathered
from autoexp_tui.tables.stores.source import Source

_MAGIC = b":W&B\xe1\xbe"
_BLOCK = 32768
_HEADER = struct.Struct("<IHB")
_HISTORY, _METRIC, _RUN, _EXIT = 2, 12, 17, 18
"""Fields of a record: what was logged, what was said of a metric, of the run, and of its end."""
_GOALS: dict[object, Way] = {1: "lower", 2: "higher"}
_FACTS = frozenset({"_runtime", "_step"})


class _Damaged(Exception):
    """The bytes are no protobuf, or end early."""


Field = tuple[int, int | bytes]


def read(source: Source) -> Sheet | None:
    """The run's history, a row for each time that it logged; None for any other file.

    A metric is declared where the run has defined a goal for it, or a summary by its best.
    """
    if not source.head.startswith(_MAGIC):
        return None
    rows: list[dict[str, Any]] = []
    ways: dict[str, InferredWay] = {}
    notes: list[Note] = []
    try:
        for record in _records(source.data):
            for number, inner in _fields(record):
                if not isinstance(inner, bytes):
                    continue
                if number == _HISTORY:
                    rows.append(_row(inner))
                elif number == _METRIC:
                    ways |= _defined(inner)
                elif number in {_RUN, _EXIT} and (said := _said(number, inner)):
                    notes.append(Note(0, said))
    except _Damaged as damage:
        notes.append(Note(0, f"the log is read as far as it is whole: {damage}"))
    sheet = gathered("wandb", "wandb run", rows)
    found = next((name for name in ways if name in sheet.columns), "")
    if found:
        sheet.configs = [Config(0, 0, found, way=ways[found].way, source=ways[found].source)]
    sheet.ways, sheet.settings = ways, _FACTS
    sheet.notes += notes
    return sheet


def _records(data: bytes) -> Iterator[bytes]:
    """The log's records, put together of their pieces. Raises _Damaged."""
    at, pieces = len(_MAGIC) + 1, b""
    while at + _HEADER.size <= len(data):
        left = _BLOCK - at % _BLOCK
        if left < _HEADER.size:
            at += left
            continue
        seal, length, kind = _HEADER.unpack_from(data, at)
        if not seal and not length and not kind:
            return  # room that was made for what never came
        start, at = at + _HEADER.size, at + _HEADER.size + length
        piece = data[start:at]
        if len(piece) < length:
            raise _Damaged("its end is not there yet")
        if zlib.crc32(piece, zlib.crc32(bytes([kind]))) != seal:
            raise _Damaged(f"what stands at byte {start} is damaged")
        pieces = piece if kind in {1, 2} else pieces + piece
        if kind in {1, 4}:
            yield pieces
    if data[at:].strip(b"\0"):
        raise _Damaged("its end is not there yet")


def _fields(data: bytes) -> Iterator[Field]:
    """Numbers and values of a protobuf message's fields, in order. Raises _Damaged."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(data, at)
        elif wire in {1, 5}:
            length = 8 if wire == 1 else 4
        else:
            raise _Damaged("a record is no protobuf")
        if at + length > len(data):
            raise _Damaged("a record ends early")
        yield number, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _Damaged("a record ends early")


def _row(history: bytes) -> dict[str, Any]:
    """What was logged at one time; pictures, histograms and the like have no cell in a table."""
    row: dict[str, Any] = {}
    for number, item in _fields(history):
        if number != 1 or not isinstance(item, bytes):
            continue
        found = list(_fields(item))
        keys = [_text(value) for at, value in found if at in {1, 2}]
        value = next((_value(at, value) for at, value in found if at > 2), None)
        media = isinstance(value, list) or (isinstance(value, dict) and "_type" in value)
        if not media and keys[-1:] != ["_type"]:
            row[".".join(keys)] = value
    return row


def _value(number: int, value: int | bytes) -> Any:
    """An item's value, in one of the forms that it may have."""
    if isinstance(value, int):
        return bool(value) if number == 4 else (value >> 1) ^ -(value & 1)
    if number == 6:
        return struct.unpack("<d", value)[0] if len(value) == 8 else None
    text = _text(value)
    if number == 7:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _text(value: int | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def _defined(metric: bytes) -> dict[str, InferredWay]:
    """The way of a metric for which the run has defined a goal, or the best as its summary."""
    said: dict[int, int | bytes] = dict(_fields(metric))
    name = _text(said.get(1, b""))
    way = _GOALS.get(said.get(8), "unknown")
    summary = said.get(7, b"")
    if way == "unknown" and isinstance(summary, bytes):
        best = {number for number, chosen in _fields(summary) if chosen == 1} & {1, 2}
        way = _GOALS[best.pop()] if len(best) == 1 else "unknown"
    known = name and way != "unknown"
    return {name: InferredWay(way, "what the run has defined for it", "high")} if known else {}


def _said(number: int, record: bytes) -> str:
    said = dict(_fields(record))
    if number == _EXIT:
        code = said.get(1, 0)
        return f"the run ended with exit code {code}" if isinstance(code, int) and code else ""
    name, project = _text(said.get(8, b"")), _text(said.get(3, b""))
    return f"the run {name or _text(said.get(1, b''))} of {project or 'no project'}"
