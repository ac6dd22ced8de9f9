"""Agreement with an independent reader over a collection of real tables, where it is at hand."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from autoexp_tui.tables import TableSummary, parse_table, read_table, summarise

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "ledgers"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "index.json").is_file(), reason="the collection of tables is not here"
)


@cache
def compared() -> list[tuple[TableSummary, dict[str, Any]]]:
    entries = json.loads((FOLDER / "index.json").read_text("utf-8"))
    return [(summarise(read_table(FOLDER / entry["file"])), entry) for entry in entries]


def share(same: list[bool]) -> float:
    assert len(same) > 50
    return sum(same) / len(same)


def equal(mine: float | None, theirs: float | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return math.isclose(mine, theirs, rel_tol=1e-9)


def test_the_rows_agree() -> None:
    assert share([mine.rows == entry["rows"] for mine, entry in compared()]) >= 0.99


def test_the_primary_metrics_agree() -> None:
    assert share([mine.metric == entry["primary_metric"] for mine, entry in compared()]) >= 0.97


def test_the_directions_agree() -> None:
    assert share([mine.direction == entry["direction"] for mine, entry in compared()]) >= 0.97


def test_the_bests_agree() -> None:
    assert share([equal(mine.best, entry["best"]) for mine, entry in compared()]) >= 0.97


def test_the_kinds_agree() -> None:
    assert all(mine.kind == entry["kind"] for mine, entry in compared())


def test_every_verdict_that_the_index_found_is_there() -> None:
    for mine, entry in compared():
        for word, count in entry["statuses"].items():
            assert mine.statuses.get(word, 0) >= count, (entry["file"], word)


def facts(text: str, name: str) -> tuple[int, str | None, str, float | None]:
    found = summarise(parse_table(text.encode(), name=name))
    return found.rows, found.metric, found.direction, found.best


def written(rows: list[list[str]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def piped(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def objects(rows: list[list[str]]) -> str:
    return "".join(json.dumps(dict(zip(rows[0], row, strict=True))) + "\n" for row in rows[1:])


def _cells(rows: list[list[str]]) -> set[str]:
    """Names in cells: objects that name their metric are read by that name, not by the column's."""
    return {cell for row in rows[1:] for cell in row}


def _rest(after: tuple[object, ...], before: tuple[object, ...]) -> bool:
    return (after[0], after[2:]) == (before[0], before[2:])


@pytest.mark.parametrize("form", [written, piped, objects])
def test_another_form_of_the_same_table_says_the_same(
    form: Callable[[list[list[str]]], str],
) -> None:
    tried, wrong = 0, []
    for path in sorted(FOLDER.glob("*.tsv")):
        text = path.read_text("utf-8", "replace")
        rows = [line.split("\t") for line in text.splitlines() if line]
        before = facts(text, path.name)
        named = before[1] in rows[0] and len({*rows[0]}) == len(rows[0])
        if not before[0] or not named or any(len(row) != len(rows[0]) for row in rows):
            continue
        values = {row[rows[0].index(before[1])] for row in rows[1:]} - {""}
        if len(values) < 2:
            continue  # one number is no evidence of a metric in any form
        tried += 1
        after = facts(form(rows), path.name)
        if after != before and not (after[1] in _cells(rows) and _rest(after, before)):
            wrong.append((path.name, before, after))
    assert tried > 40
    assert not wrong
