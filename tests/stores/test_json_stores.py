"""JSON that programs with a form of their own write: journals of solutions, benchmarks of speed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from autoexp_tui.tables import Table, parse_table, summarise


def _read(document: object) -> Table:
    return parse_table(json.dumps(document).encode())


def _node(at: int, value: float | None, *, buggy: bool = False) -> dict[str, Any]:
    maximize = None if value is None else True
    return {
        "code": "print()", "plan": f"plan {at}", "step": at, "id": f"id{at}", "ctime": 1.7e9 + at,
        "parent": None, "children": [], "_term_out": ["…"], "exec_time": 2.5,
        "exc_type": "ValueError" if buggy else None, "exc_info": None, "exc_stack": None,
        "analysis": "fine", "metric": {"value": value, "maximize": maximize}, "is_buggy": buggy,
    }  # fmt: skip


def test_aides_journal_tells_the_direction_and_which_solutions_are_buggy() -> None:
    nodes = [_node(0, 0.25), _node(1, None, buggy=True), _node(2, 0.5), _node(3, 0.9, buggy=True)]
    table = _read({"nodes": nodes, "node2parent": {"id2": "id0", "id3": "id1"}, "__version": "2"})
    found = summarise(table)
    assert (found.dialect, found.rows) == ("aide journal", 4)
    assert (found.metric, found.direction, found.best) == ("metric", "higher", 0.5)
    assert found.direction_source.startswith("AIDE's journal")
    assert [row.status for row in table.rows] == ["none", "failed", "none", "failed"]
    assert "not understood" not in " ".join(found.notes)
    assert table.rows[2].description == "plan 2"
    assert table.rows[2].values["parent"] == 0.0
    assert (table.rows[2].time, table.rows[2].seconds) == (1.7e9 + 2, 2.5)


def test_hyperfines_commands_are_judged_by_their_mean_and_less_is_better() -> None:
    def result(command: str, mean: float, code: int = 0) -> dict[str, Any]:
        return {
            "command": command, "mean": mean, "stddev": 0.001, "median": mean, "user": 0.01,
            "system": 0.02, "min": mean / 2, "max": mean * 2, "times": [mean] * 4,
            "exit_codes": [code] * 4, "parameters": {"threads": "8"},
        }  # fmt: skip

    table = _read({"results": [result("a", 0.5), result("b -x", 0.001, 3), result("c", 0.25)]})
    found = summarise(table)
    assert (found.metric, found.direction, found.best) == ("mean", "lower", 0.25)
    assert found.direction_source.startswith("hyperfine measures seconds")
    assert [row.status for row in table.rows] == ["none", "failed", "none"], "it did nothing fast"
    assert [row.description for row in table.rows] == ["a", "b -x", "c"]
    assert table.rows[0].values["parameters.threads"] == 8.0
    assert "not understood" not in " ".join(found.notes)


def test_pytests_benchmarks_are_judged_by_their_mean_and_less_is_better() -> None:
    tests = [
        {"group": None, "name": f"test_{name}", "fullname": f"t.py::test_{name}", "params": None,
         "param": None, "extra_info": {}, "options": {"min_rounds": 5},
         "stats": {"min": mean / 2, "max": 9.0, "mean": mean, "stddev": 0.1, "rounds": 100,
                   "median": mean, "iqr": 0.1, "ops": 1 / mean, "total": mean * 100,
                   "iterations": 1}}
        for name, mean in [("sum", 0.5), ("sort", 0.125)]
    ]  # fmt: skip
    table = _read(
        {
            "machine_info": {"node": "n", "cpu": {"flags": ["x"] * 9000}},
            "commit_info": {"id": "a1b2c3d4e5f60718", "dirty": False},
            "benchmarks": tests,
            "datetime": "2026-03-27T13:25:00+00:00",
            "version": "5.3.1",
        }
    )
    found = summarise(table)
    assert (found.dialect, found.rows, found.metric) == ("pytest-benchmark", 2, "mean")
    assert (found.direction, found.best) == ("lower", 0.125)
    assert [row.description for row in table.rows] == ["t.py::test_sum", "t.py::test_sort"]
    assert table.rows[0].commit == "a1b2c3d4e5f60718"
    assert table.rows[0].time == 1774617900.0


@pytest.mark.parametrize(
    "document",
    [
        {"nodes": [{"id": 1, "score": 0.5, "status": "keep"}, {"id": 2, "score": 0.7}]},
        {"results": [{"command": "a", "score": 0.5}, {"command": "b", "score": 0.7}]},
        {"nodes": 3, "runs": [{"score": 0.5}, {"score": 0.7}]},
        {"machine_info": "mine", "runs": [{"score": 0.5}, {"score": 0.7}]},
    ],
)
def test_what_only_has_a_key_in_common_is_read_as_any_other_json(document: object) -> None:
    assert [row.value for row in _read(document).rows] == [0.5, 0.7]
