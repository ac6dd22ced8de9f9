"""Other tables beside one that doesn't tell its direction: the same table, further along."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.tables.model import InferredWay, Table, Way

_DIGITS = re.compile(r"\d+")
_FILES = 24
_BYTES = 256 * 1024


def sibling_direction(path: Path, table: Table, parse: Callable[..., Table]) -> InferredWay | None:
    """The direction in files whose names differ by their numbers only and that have its columns.

    A table without a header is taken to have another's columns where those are of the same sorts.
    None where there is none, or where they disagree.
    """
    stem = _DIGITS.sub("", path.name)
    found: dict[Way, str] = {}
    try:
        beside = sorted(other for other in path.parent.iterdir() if other != path)
    except OSError:
        return None
    for other in [o for o in beside if _DIGITS.sub("", o.name) == stem][:_FILES]:
        try:
            with other.open("rb") as file:
                sibling = parse(file.read(_BYTES))
        except (OSError, UsageProblem):
            continue
        way = sibling.primary.direction.way
        if way != "unknown" and _same(table, sibling):
            found.setdefault(way, other.name)
    if len(found) != 1:
        return None
    ((way, name),) = found.items()
    return InferredWay(way, f"{name}, the same table", "low")


def _same(table: Table, other: Table) -> bool:
    mine, theirs = table.columns, other.columns
    if len(mine) < 3 or len(mine) != len(theirs):
        return False
    if mine[0].name.startswith("#") != theirs[0].name.startswith("#"):
        place = [column.name for column in mine].index(table.primary.metric)
        return theirs[place].name == other.primary.metric and _sorts(table) == _sorts(other)
    return table.primary.metric == other.primary.metric and [c.name for c in mine] == [
        c.name for c in theirs
    ]


def _sorts(table: Table) -> list[str]:
    return ["figure" if c.role in {"metric", "setting", "cost", "seconds"} else c.role
            for c in table.columns]  # fmt: skip
