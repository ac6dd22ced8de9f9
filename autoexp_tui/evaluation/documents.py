"""Figures in documents: JSON among other output, a JUnit report, pytest's last line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

COUNTS = ("tests", "passed", "failed", "errors", "skipped", "xfailed", "xpassed", "deselected")
"""What test runners tell, under one set of names."""

_IN_VAIN = 64 << 20
"""Characters that may be read of what only begins like a document; then the text is refused."""
_SUMMARY = re.compile(
    r"=*\s*((?:[0-9]+ [a-z]+, )*[0-9]+ [a-z]+|no tests ran) in [0-9.]+s(?: \([0-9:, a-z]+\))?\s*=*"
)
_SINGULAR = {"error": "errors", "failures": "failed"}


class Ambiguous(ValueError):
    """An object with a key twice, and two values for it."""


def json_documents(data: bytes) -> Iterator[Any]:
    """Every JSON object or array that begins on a line of its own and fills its last one.

    Raises ValueError: a key stands twice in one object, or too much only begins like a document.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    text = data.decode("utf-8", "replace")
    vain, position = 0, 0
    for opening in re.finditer(r"^[ \t]*([\[{])", text, re.MULTILINE):
        if opening.start() < position:
            continue
        try:
            found, end = decoder.raw_decode(text, opening.start(1))
        except json.JSONDecodeError as error:
            vain += error.pos - opening.start() + 1
        except RecursionError:
            vain += len(text) - opening.start()
        else:
            line_end = text.find("\n", end)
            if not text[end : line_end if line_end >= 0 else len(text)].strip():
                yield found
                position = end
        if vain > _IN_VAIN:
            raise ValueError("too many lines begin like documents and are none")


def at_path(document: Any, path: str) -> Any:
    """What stands at `result.ndcg@10` or `runs.0.loss`; a key may hold dots. Raises KeyError."""
    if not path:
        return document
    if isinstance(document, list):
        index, _, rest = path.partition(".")
        if not index.isdecimal() or int(index) >= len(document):
            raise KeyError(path)
        return at_path(document[int(index)], rest)
    if isinstance(document, dict):
        for key in document:
            if path == key:
                return document[key]
        for key in document:
            if path.startswith(f"{key}."):
                try:
                    return at_path(document[key], path[len(key) + 1 :])
                except KeyError:
                    continue
    raise KeyError(path)


def numbers(document: Any, prefix: str = "") -> Iterator[tuple[str, float]]:
    """The path and the value of every number in a document."""
    match document:
        case bool():
            return
        case int() | float():
            yield prefix, float(document)
        case dict() | list():
            items = document.items() if isinstance(document, dict) else enumerate(document)
            for key, value in items:
                yield from numbers(value, f"{prefix}.{key}" if prefix else str(key))


def places(document: Any, key: str) -> Iterator[tuple[str, Any]]:
    """The path and the value of whatever has this key in a document, however deep it is."""
    waiting = [("", document)]
    while waiting:
        prefix, inner = waiting.pop()
        items = inner.items() if isinstance(inner, dict) else enumerate(inner)
        for name, value in items:
            path = f"{prefix}.{name}" if prefix else str(name)
            if name == key:
                yield path, value
            if isinstance(value, dict | list):
                waiting.append((path, value))


def pytest_counts(line: str) -> Mapping[str, float] | None:
    """`== 7 passed, 2 failed in 1.2s ==` as numbers by name; None for any other line."""
    match = _SUMMARY.fullmatch(line.strip())
    if match is None:
        return None
    counts = dict.fromkeys(COUNTS, 0.0)
    for part in re.finditer(r"([0-9]+) ([a-z]+)", match[1]):
        counts[_SINGULAR.get(part[2], part[2])] = float(part[1])
    counts["tests"] = sum(counts[name] for name in COUNTS[1:7])
    return counts


def holds_counts(line: str) -> bool:
    """Whether such a line is in a longer one."""
    return " in " in line and _SUMMARY.search(line) is not None


def junit_counts(data: bytes) -> Mapping[str, float]:
    """The test cases of a JUnit report, counted by how they went. Raises ValueError."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ValueError("it declares entities")
    try:
        root = ET.fromstring(data)  # noqa: S314 - without entities it can't grow
    except ET.ParseError as error:
        raise ValueError(str(error)) from None
    if root.tag not in {"testsuites", "testsuite"}:
        raise ValueError(f"it is no JUnit report, but <{root.tag[:40]}>")
    counts = dict.fromkeys(COUNTS, 0.0)
    for case in root.iter("testcase"):
        kinds = {child.tag for child in case}
        named = ("errors", "error"), ("failed", "failure"), ("skipped", "skipped")
        counts[next((name for name, tag in named if tag in kinds), "passed")] += 1
        counts["tests"] += 1
    return counts


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs) and any(found[key] != value for key, value in pairs):
        raise Ambiguous("a key stands twice in one object")
    return found
