"""Tables as other programs and people write them, each with what is right about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autoexp_tui.tables import read_table, summarise

FOLDER = Path(__file__).parents[2] / "benchmarks" / "tables"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_right_about_a_stranger_s_table_is_read(name: str) -> None:
    expected = EXPECTED[name]
    table = read_table(FOLDER / name, docs=False)
    summary = summarise(table)
    found = {
        "rows": summary.rows,
        "metric": summary.metric,
        "direction": summary.direction,
        "best": summary.best,
        "baseline": summary.baseline,
        "times": sum(row.time is not None for row in table.rows),
    }
    asked = {key: value for key, value in expected.items() if key in found}
    assert {key: found[key] for key in asked} == asked


def test_each_table_of_the_folder_has_an_entry() -> None:
    tables = {path.name for path in FOLDER.iterdir()} - {"expected.json"}
    assert tables == EXPECTED.keys()
