"""Exports as CSV and JSON: the metric, the direction and the states as the program means them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autoexp_tui.tables import Table, parse_table, read_table, summarise

OPTUNA = (
    ",number,value,datetime_start,duration,params_lr,state\n"
    "0,0,0.5,2026-11-26 02:48:27.561439,0 days 00:00:00.424054,0.1,COMPLETE\n"
    "1,1,0.001,2026-11-26 02:48:28.561439,0 days 00:00:00.424054,0.7,PRUNED\n"
    "2,2,,2026-11-26 02:48:29.561439,0 days 00:00:00.424054,0.8,FAIL\n"
    "3,3,0.25,2026-11-26 02:48:30.561439,0 days 00:00:00.424054,0.2,COMPLETE\n"
)
MLFLOW = (
    "run_id,experiment_id,status,artifact_uri,start_time,end_time,metrics.val_acc,"
    "metrics.epoch_seconds,params.lr,params.layers,tags.mlflow.runName\n"
    "aaaa,1,FAILED,/x,2026-11-26 02:49:03.316+00:00,,,,9,3,bad\n"
    "bbbb,1,FINISHED,/x,2026-11-26 02:48:03.316+00:00,,0.875,12.5,1e-05,3,second\n"
    "cccc,1,FINISHED,/x,2026-11-26 02:47:03.316+00:00,,0.75,11.5,1e-05,3,first\n"
)
WANDB_RUNS = (
    '"Name","State","Notes","User","Tags","Created","Runtime","Sweep","lr","val_loss"\n'
    '"sun-2","finished","-","me","","2026-03-27T13:30:00.000Z","51","","0.01","0.5"\n'
    '"sea-1","crashed","-","me","","2026-03-27T13:25:00.000Z","12","","0.02","0.1"\n'
)
WANDB_CHART = (
    '"Step","sun-1 - val/acc","sun-1 - val/acc__MIN","sun-1 - val/acc__MAX"\n'
    '"0","0.5","0.1","0.99"\n"1","0.625","0.1","0.99"\n'
)
YOLO = (
    "                  epoch,             train/box_loss,   metrics/mAP50(B),"
    "   metrics/mAP50-95(B),  val/box_loss,   lr/pg0\n"
    "                      1,                       1.57,               0.61,"
    "                  0.31,           1.4,    0.001\n"
    "                      2,                       1.47,               0.71,"
    "                  0.51,           1.3,    0.002\n"
)
LIGHTNING = (
    "epoch,lr-Adam,step,train_loss,val_loss\n"
    "0,0.001,49,1.5,\n0,,99,,1.25\n1,0.001,149,1.0,\n1,,199,,1.125\n"
)
KERAS = (
    "epoch,accuracy,learning_rate,loss,val_accuracy,val_loss\n"
    "0,0.5,0.001,1.5,0.5,1.25\n1,0.75,0.001,1.0,0.625,0.75\n2,0.99,0.001,0.1,0.6,0.875\n"
)
HYPERFINE = (
    "command,mean,stddev,median,user,system,min,max,parameter_n\n"
    'sort -n,0.5,0.1,0.5,0.1,0,0.4,0.6,1\n"sort, fast",0.25,0.1,0.3,0.1,0,0.2,0.6,2\n'
)


@pytest.mark.parametrize(
    ("text", "dialect", "rows", "metric", "direction", "best"),
    [
        (MLFLOW, "mlflow runs", 3, "metrics.val_acc", "higher", 0.875),
        (WANDB_RUNS, "wandb runs", 2, "val_loss", "lower", 0.5),
        (WANDB_CHART, "wandb chart", 2, "sun-1 - val/acc", "higher", 0.625),
        (YOLO, "ultralytics results", 2, "metrics/mAP50-95(B)", "higher", 0.51),
        (LIGHTNING, "lightning metrics", 4, "val_loss", "lower", 1.125),
        (KERAS, "keras log", 3, "val_loss", "lower", 0.75),
        (HYPERFINE, "hyperfine", 2, "mean", "lower", 0.25),
        (OPTUNA, "optuna trials", 4, "value", "lower", 0.25),
    ],
)  # fmt: skip
def test_an_export_has_the_metric_and_the_direction_that_its_program_means(
    text: str, dialect: str, rows: int, metric: str, direction: str, best: float
) -> None:
    table = parse_table(text.encode())
    found = summarise(table)
    assert (found.dialect, found.rows) == (dialect, rows)
    assert (found.metric, found.direction, found.best) == (metric, direction, best)
    assert not table.judged, "states of a run are no verdicts"


def test_pruned_trials_dont_compete_and_what_they_had_reached_is_kept() -> None:
    table = parse_table(OPTUNA.encode())
    assert [row.status for row in table.rows] == ["none", "other", "failed", "none"]
    assert table.rows[1].value is None
    assert table.rows[1].values["pruned_value"] == 0.001
    assert [row.n for row in table.rows] == ["0", "1", "2", "3"]


def _trials(values: list[float], name: str = "value") -> Table:
    lines = [f"{n},{value},COMPLETE" for n, value in enumerate(values)]
    return parse_table("\n".join([f"number,{name},state", *lines]).encode())


def test_the_direction_of_trials_is_the_way_the_search_went_and_called_a_guess() -> None:
    climbing = [0.1, 0.4, 0.2, 0.3, 0.5, 0.6, 0.7, 0.9, 0.8, 0.95, 0.85, 0.97]
    up, down, flat = _trials(climbing), _trials(climbing[::-1]), _trials([0.1, 0.4, 0.2])
    for table, way in [(up, "higher"), (down, "lower"), (flat, "lower")]:
        assert table.primary.direction.way == way
        assert table.primary.direction.confidence == "low"
    assert "minimises if nothing else is said" in flat.primary.direction.source
    named = _trials(climbing[::-1], "value_accuracy")
    assert named.primary.direction.way == "higher", "the name tells"


def test_runs_come_in_the_order_in_which_they_began() -> None:
    table = parse_table(MLFLOW.encode())
    assert [row.value for row in table.rows] == [0.75, 0.875, None]
    assert [row.status for row in table.rows] == ["none", "none", "failed"]


@pytest.mark.parametrize("form", ["lines", "list"])
def test_a_history_of_wandb_as_json_is_judged_by_what_was_logged(form: str) -> None:
    rows = [
        {"_step": at, "_runtime": 2.5 * at, "_timestamp": 1.7e9 + at, "val_loss": 1 / (at + 1)}
        for at in range(4)
    ]
    text = json.dumps(rows) if form == "list" else "\n".join(map(json.dumps, rows))
    table = parse_table(text.encode())
    found = summarise(table)
    assert (found.dialect, found.metric, found.best) == ("wandb history", "val_loss", 0.25)
    assert table.rows[2].time == 1.7e9 + 2


@pytest.mark.parametrize(
    "text",
    [
        "epoch,loss,status,description\n0,0.5,keep,first\n1,0.25,keep,second\n",
        "epoch,step,loss,verdict\n0,1,0.5,keep\n1,2,0.25,keep\n",
        KERAS + "3,0.5\n",  # cut, or edited
    ],
)
def test_a_table_that_only_begins_like_a_trainers_is_read_as_any_other(text: str) -> None:
    table = parse_table(text.encode())
    assert table.dialect not in {"keras log", "lightning metrics"}
    assert len(table.rows) == len(text.splitlines()) - 1


def test_the_name_of_a_file_is_no_evidence(tmp_path: Path) -> None:
    path = tmp_path / "optuna.db"
    path.write_text(KERAS)
    assert read_table(path).dialect == "keras log"
