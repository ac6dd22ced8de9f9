"""JSON lines and JSON documents as tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from autoexp_tui.tables import parse_table, summarise


def lines(*objects: Any) -> bytes:
    return "".join(json.dumps(entry) + "\n" for entry in objects).encode()


def config(metric: str, way: str) -> dict[str, Any]:
    return {"type": "config", "name": "n", "metricName": metric, "bestDirection": way}


def run(n: int, metric: float, status: str, **more: Any) -> dict[str, Any]:
    return {
        "run": n,
        "commit": f"abcdef{n}",
        "metric": metric,
        "metrics": {"mem": 5 * n},
        "status": status,
        "description": f"try {n}",
        "timestamp": 1777144208804 + n,
        **more,
    }


def test_configuration_and_runs() -> None:
    table = parse_table(
        lines(
            config("total_ms", "lower"),
            run(1, 40, "keep"),
            run(2, 0, "crash"),
            run(3, 42, "checks_failed"),
            run(4, 30, "keep"),
        )
    )
    assert table.kind == "jsonl"
    assert table.primary.metric == "total_ms"
    assert table.primary.direction.confidence == "high"
    assert [row.value for row in table.rows] == [40.0, None, 42.0, 30.0]
    assert [row.status for row in table.rows] == ["kept", "failed", "failed", "kept"]
    assert table.rows[0].time == 1777144208.805
    assert table.rows[0].values == {"run": 1.0, "total_ms": 40.0, "metrics.mem": 5.0} or (
        table.rows[0].values == {"total_ms": 40.0, "metrics.mem": 5.0}
    )
    summary = summarise(table)
    assert (summary.rows, summary.baseline, summary.best) == (4, 40.0, 30.0)


def test_a_second_configuration_starts_another_part() -> None:
    table = parse_table(
        lines(
            config("ops", "higher"),
            run(1, 10, "keep"),
            run(2, 12, "keep"),
            config("eff_ops", "higher"),
            run(3, 9, "keep"),
            run(4, 90, "keep"),
        )
    )
    summary = summarise(table)
    assert [part.metric for part in table.segments] == ["ops", "eff_ops"]
    assert (summary.metric, summary.best) == ("ops", 12.0)
    assert summary.rows == 4


def test_a_repeated_configuration_goes_on_with_the_same_metric() -> None:
    table = parse_table(
        lines(config("ms", "lower"), run(1, 10, "keep"), config("ms", "lower"), run(1, 7, "keep"))
    )
    assert summarise(table).best == 7.0


def test_the_direction_may_flip() -> None:
    table = parse_table(
        lines(config("x", "lower"), run(1, 10, "keep"), config("x", "higher"), run(2, 50, "keep"))
    )
    summary = summarise(table)
    assert (summary.direction, summary.best) == ("lower", 10.0)


def test_a_leading_configuration_without_runs_is_passed_over() -> None:
    table = parse_table(lines(config("a", "lower"), config("b", "higher"), run(1, 5, "keep")))
    assert summarise(table).metric == "b"


def test_unknown_objects_are_inferred() -> None:
    rows = [
        {"trial_number": k, "params": {"lr": 0.1 * k}, "results": {"val_bpb": 1.5 - 0.1 * k,
         "peak_vram_mb": 2186.4, "status": "success"}, "timestamp": "2026-03-12T08:44:27"}
        for k in range(3)
    ]  # fmt: skip
    table = parse_table(lines(*rows))
    summary = summarise(table)
    assert (summary.metric, summary.direction) == ("results.val_bpb", "lower")
    assert summary.best == rows[2]["results"]["val_bpb"]  # type: ignore[index] # a dict is there
    assert table.dialect == "trials with parameters"


def test_bare_infinity_is_read_and_is_no_measurement() -> None:
    rows = [(2.5, "ok"), (float("inf"), "failed"), (float("nan"), "failed")]
    table = parse_table(lines(*[{"loss": loss, "status": status} for loss, status in rows]))
    assert [row.value for row in table.rows] == [2.5, None, None]


def test_the_texts_tell_which_of_two_like_numbers_counts() -> None:
    rows = [
        {
            "number": k,
            "status": "accepted",
            "logloss": {"ahead": 0.37 - k / 100, "imm": 0.32 - k / 100},
            "comment": "the imm value beats the reference, imm again",
        }
        for k in range(4)
    ]
    assert summarise(parse_table(lines(*rows))).metric == "logloss.imm"


def test_torn_and_foreign_lines_stay() -> None:
    data = lines(config("ms", "lower"), run(1, 10, "keep")) + b'{"run": 2, "met\n[1, 2]\n'
    table = parse_table(data)
    assert [row.text for row in table.rows] == [False, True, True]
    assert {note.line for note in table.notes if "not a JSON object" in note.text} == {3}


def test_lines_of_other_types_are_no_runs() -> None:
    data = lines(
        config("ms", "lower"),
        {"type": "run", "metric": 5, "status": "keep"},
        {"type": "hook", "stdout": "hello"},
        {"type": "run", "metric": 4, "status": "keep"},
    )
    table = parse_table(data)
    assert len(table.rows) == 2
    assert any("hook" in note.text for note in table.notes)


def test_one_document_with_a_list_of_runs() -> None:
    document = {
        "metric_direction": "maximize",
        "experiments": [
            {"id": "exp_1", "parent": "root", "status": "committed", "score": 0.5},
            {"id": "exp_2", "parent": "exp_1", "status": "discarded", "score": 0.4},
            {"id": "exp_3", "parent": "exp_1", "status": "committed", "score": 0.8},
        ],
    }
    for text in (json.dumps(document), json.dumps(document, indent=2)):
        summary = summarise(parse_table(text.encode()))
        assert (summary.kind, summary.rows, summary.best) == ("json", 3, 0.8)
        assert summary.direction == "higher"


def test_one_document_with_runs_by_name() -> None:
    document = {"nodes": {f"n{k}": {"status": "committed", "score": k / 4} for k in range(4)}}
    table = parse_table(json.dumps(document).encode())
    assert [row.n for row in table.rows] == ["n0", "n1", "n2", "n3"]


def test_a_tree_of_runs_says_which_way_is_better() -> None:
    nodes = {f"n{k}": {"parent": "root", "status": "committed", "score": 9 - k} for k in range(3)}
    table = parse_table(json.dumps({"metric": "min", "nodes": nodes}).encode())
    assert (table.dialect, table.primary.direction.way) == ("tree of runs", "lower")
    assert summarise(table).best == 7.0


def test_a_list_of_runs_alone() -> None:
    data = json.dumps([run(1, 4, "keep"), run(2, 3, "discard")], indent=1).encode()
    assert summarise(parse_table(data)).rows == 2


def test_the_journal_of_optuna_is_folded_into_trials() -> None:
    data = lines(
        {"op_code": 0, "study_name": "s", "directions": [2]},
        {"op_code": 4, "study_id": 0, "datetime_start": "2026-01-01T00:00:00"},
        {"op_code": 5, "trial_id": 0, "param_name": "lr", "param_value_internal": 0.1},
        {"op_code": 6, "trial_id": 0, "state": 1, "values": [0.25]},
        {"op_code": 4, "study_id": 0},
        {"op_code": 6, "trial_id": 1, "state": 3, "values": None},
    )
    table = parse_table(data)
    summary = summarise(table)
    assert (summary.rows, summary.metric, summary.best) == (2, "value", 0.25)
    assert summary.direction == "higher"
    assert [row.status for row in table.rows] == ["none", "failed"]
    assert not table.judged


def test_deep_and_huge_values_do_no_harm() -> None:
    data = b'{"metric": 1, "x": ' + b"[" * 5000 + b"]" * 5000 + b"}\n"
    data += b'{"metric": ' + b"9" * 5000 + b"}\n"
    assert len(parse_table(data).rows) == 2


def test_runs_that_name_their_metric_are_no_configuration() -> None:
    found = summarise(
        parse_table(
            lines(
                *(
                    {
                        "run_id": f"r{n}",
                        "metric_name": "separation",
                        "metric_value": value,
                        "metric_direction": "max",
                        "decision": word,
                    }
                    for n, (value, word) in enumerate([(0.9, "keep"), (0.94, "keep"), (0.7, "no")])
                )
            )
        )
    )
    assert (found.rows, found.direction, found.best) == (3, "higher", 0.94)


@pytest.mark.parametrize("part", ["context", "system", "study"])
def test_runs_are_found_wherever_they_lie_and_the_machine_is_none(part: str) -> None:
    runs = {"runs": [{"id": 1, "loss": 2.0}, {"id": 2, "loss": 1.5}]}
    caches = {"context": {"caches": [{"level": n, "size": 32768 << n} for n in range(4)]}}
    for document in ({part: runs}, {**caches, "study": runs}):
        summary = summarise(parse_table(json.dumps(document).encode()))
        assert (summary.rows, summary.metric, summary.best) == (2, "loss", 1.5)
