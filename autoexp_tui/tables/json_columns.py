"""JSON that holds a table by its columns, turned into rows."""

from __future__ import annotations

from typing import Any


def turned(document: Any) -> Any:
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
