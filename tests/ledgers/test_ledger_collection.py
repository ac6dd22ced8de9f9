"""Agreement with an independent reader over a collection of real ledgers, where it is at hand."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from autoexp_tui.ledgers import LedgerSummary, read_ledger, summarise

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "ledgers"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "index.json").is_file(), reason="the collection of ledgers is not here"
)


@cache
def compared() -> list[tuple[LedgerSummary, dict[str, Any]]]:
    entries = json.loads((FOLDER / "index.json").read_text("utf-8"))
    return [(summarise(read_ledger(FOLDER / entry["file"])), entry) for entry in entries]


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
