"""Databases of other programs: read through a copy, each with what its program declares."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import optuna
import pytest

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.tables import Table, read_table, summarise
from autoexp_tui.tables.stores import database, optuna_studies


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[optuna.storages.RDBStorage]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path / 'study.db'}")
    yield storage
    storage.remove_session()
    storage.engine.dispose()


def _trial(
    value: float | list[float] | None, state: str = "COMPLETE", **params: float
) -> optuna.trial.FrozenTrial:
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState[state],
        value=None if isinstance(value, list) else value,
        values=value if isinstance(value, list) else None,
        params=params,
        distributions={name: optuna.distributions.FloatDistribution(0, 9) for name in params},
        intermediate_values={1: 0.3, 2: 0.05} if state == "PRUNED" else {},
    )


def test_a_study_of_optuna_has_its_direction_and_no_verdicts(
    storage: optuna.storages.RDBStorage, tmp_path: Path
) -> None:
    study = optuna.create_study(storage=storage, study_name="wide", direction="maximize")
    for trial in [
        _trial(0.5, lr=0.1),
        _trial(9.0, "PRUNED", lr=0.5),
        _trial(None, "FAIL", lr=9),
        _trial(0.8, lr=0.25),
        _trial(0.7, lr=0.3),
    ]:
        study.add_trial(trial)
    table = read_table(tmp_path / "study.db")
    found = summarise(table)
    assert (found.rows, found.metric, found.direction) == (5, "value", "higher")
    assert found.direction_source.startswith("the study wide")
    # A pruned trial's last report is no whole trial's value: Optuna itself doesn't compare them.
    assert (found.baseline, found.best) == (0.5, 0.8)
    assert [row.status for row in table.rows] == ["none", "other", "failed", "none", "none"]
    assert table.rows[1].values["last_intermediate"] == 0.05
    assert not table.judged
    assert table.rows[3].description == "lr 0.25"


def test_studies_of_one_database_are_parts_with_a_direction_each(
    storage: optuna.storages.RDBStorage, tmp_path: Path
) -> None:
    first = optuna.create_study(
        storage=storage, study_name="a", directions=["minimize", "maximize"]
    )
    first.add_trials([_trial([2.0, 5.0]), _trial([1.0, 3.0])])
    optuna.create_study(storage=storage, study_name="empty")
    other = optuna.create_study(storage=storage, study_name="b", direction="maximize")
    other.add_trials([_trial(0.25), _trial(0.5)])
    table = read_table(tmp_path / "study.db")
    told = [(part.title, part.direction.way, part.metric) for part in table.segments]
    assert told == [("a", "lower", "values_0"), ("b", "higher", "value")]
    assert [row.value for row in table.rows] == [2.0, 1.0, 0.25, 0.5]
    notes = " ".join(note.text for note in table.notes)
    assert "the study a has 2 objectives: values_0, values_1" in notes
    assert "the study empty has no trials" in notes


def test_a_database_that_only_looks_like_optunas_is_a_problem_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with closing(sqlite3.connect(path)) as connection:
        for name in sorted(optuna_studies.TABLES):
            connection.execute(f"CREATE TABLE {name} (whatever TEXT)")
        connection.commit()
    with pytest.raises(UsageProblem, match=r"study\.db.*Optuna says") as caught:
        read_table(path)
    assert "\n" not in caught.value.message


def shinka(path: Path) -> sqlite3.Connection:
    """A database with those columns of ShinkaEvolve's that matter, in WAL mode, as it has it."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(
        "CREATE TABLE programs (id TEXT PRIMARY KEY, code TEXT NOT NULL, parent_id TEXT,"
        " generation INTEGER NOT NULL, timestamp REAL NOT NULL, combined_score REAL,"
        " public_metrics TEXT, correct BOOLEAN DEFAULT 0, metadata TEXT, island_idx INTEGER);"
        "CREATE TABLE archive (program_id TEXT PRIMARY KEY);"
        "CREATE TABLE metadata_store (key TEXT PRIMARY KEY, value TEXT);"
    )
    programs = [
        ("a", None, 0, 1.0, True, {"patch_name": "start"}),
        ("a2", None, 0, 1.0, True, {"_is_island_copy": True, "_original_program_id": "a"}),
        ("b", "a2", 1, 9.0, False, {"patch_name": "cheat", "api_costs": 0.5}),
        ("c", "a2", 2, 2.5, True, {"patch_name": "grid", "patch_description": "a finer one",
                                   "api_costs": 0.25, "embed_cost": 0.125}),
    ]  # fmt: skip
    for at, (name, parent, generation, score, correct, told) in enumerate(programs):
        connection.execute(
            "INSERT INTO programs VALUES (?, 'code', ?, ?, ?, ?, ?, ?, ?, 0)",
            (name, parent, generation, 1.7e9 + at, score, json.dumps({"radius": score}), correct,
             json.dumps(told)),
        )  # fmt: skip
    connection.commit()
    return connection


def _is_shinkas(table: Table) -> None:
    found = summarise(table)
    assert (found.metric, found.direction) == ("combined_score", "higher")
    assert [row.n for row in table.rows] == ["1", "2", "3"]
    assert [row.status for row in table.rows] == ["none", "failed", "none"]
    assert found.best == 2.5
    assert table.rows[2].description == "grid: a finer one"
    assert table.rows[2].cost == 0.375
    assert table.rows[2].time == 1.7e9 + 3
    assert table.rows[2].values["parent"] == 1.0, "the copy on another island is its original"
    assert table.rows[2].values["public.radius"] == 2.5
    assert any("1 copies on other islands" in note.text for note in table.notes)


def test_programs_of_shinka_are_read_while_it_writes_and_nothing_of_it_is_touched(
    tmp_path: Path,
) -> None:
    path = tmp_path / "evolution_db.sqlite"
    with closing(shinka(path)) as writer:
        writer.execute("BEGIN EXCLUSIVE")  # no reader of the file itself gets in
        before = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
        content = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        assert "evolution_db.sqlite-wal" in before, "what was written is not in the file yet"
        _is_shinkas(read_table(path))
        assert {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == before
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == content
        writer.rollback()


def test_a_transaction_that_was_never_finished_is_taken_back_in_the_copy_alone(
    tmp_path: Path,
) -> None:
    path, live = tmp_path / "killed.sqlite", tmp_path / "live.sqlite"
    with closing(shinka(live)) as writer:
        writer.execute("PRAGMA journal_mode = DELETE")
        writer.execute("PRAGMA cache_size = 1")  # so that it writes before it commits
        writer.execute("UPDATE programs SET combined_score = 77, code = ?", ("x" * 50_000,))
        for ending in ("", "-journal"):
            Path(f"{path}{ending}").write_bytes(Path(f"{live}{ending}").read_bytes())
        writer.rollback()
    content = path.read_bytes()
    _is_shinkas(read_table(path))
    assert path.read_bytes() == content


def test_a_copy_that_somebody_wrote_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "db.sqlite"
    shinka(path).close()
    whole, copied = path.read_bytes(), []
    path.write_bytes(whole[: len(whole) // 2])
    copy_file = database._copy_file

    def written_meanwhile(source: Path, to: Path) -> None:
        copy_file(source, to)
        copied.append(to.name)
        if len(copied) == 1:
            path.write_bytes(whole)

    monkeypatch.setattr(database, "_copy_file", written_meanwhile)
    _is_shinkas(read_table(path))


def test_runs_of_mlflow_stand_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE experiments (experiment_id INTEGER, name TEXT);"
            "CREATE TABLE runs (run_uuid TEXT, name TEXT, status TEXT, start_time BIGINT,"
            " end_time BIGINT, lifecycle_stage TEXT, experiment_id INTEGER);"
            "CREATE TABLE latest_metrics (key TEXT, value FLOAT, is_nan BOOLEAN, run_uuid TEXT);"
            "CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);"
            "INSERT INTO experiments VALUES (1, 'mnist');"
            "INSERT INTO runs VALUES"
            " ('r2', 'late', 'FINISHED', 1700000060000, 1700000065500, 'active', 1),"
            " ('r1', 'early', 'FINISHED', 1700000000000, 1700000010000, 'active', 1),"
            " ('r3', 'gone', 'FINISHED', 1700000000000, 1700000010000, 'deleted', 1),"
            " ('r4', 'bad', 'FAILED', 1700000090000, NULL, 'active', 1);"
            "INSERT INTO latest_metrics VALUES ('val_loss', 0.5, 0, 'r1'), ('val_loss', 0.25, 0,"
            " 'r2'), ('val_loss', 0, 1, 'r4'), ('train_loss', 0.1, 0, 'r2');"
            "INSERT INTO params VALUES ('lr', '0.01', 'r1'), ('lr', '0.02', 'r2');"
        )
        connection.commit()
    table = read_table(path)
    assert [row.n for row in table.rows] == ["early", "late", "bad"]
    assert [row.status for row in table.rows] == ["none", "none", "failed"]
    assert [row.value for row in table.rows] == [0.5, 0.25, None]
    assert (table.primary.metric, table.primary.direction.way) == ("metrics.val_loss", "lower")
    assert table.rows[1].seconds == 5.5
    assert table.rows[1].time == 1700000060.0


@pytest.mark.parametrize("damage", ["cut", "scribbled", "header alone"])
def test_a_damaged_database_is_a_problem_in_one_line(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    shinka(path).close()
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[:3000],
            "scribbled": whole[:200] + b"\xff" * (len(whole) - 200),
            "header alone": whole[:16] + b"no database" * 9,
        }[damage]
    )
    with pytest.raises(UsageProblem, match=r"can't be read|no program that is known") as caught:
        read_table(path)
    assert "\n" not in caught.value.message


def test_a_view_is_never_asked_since_it_could_be_a_program(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE archive (a); CREATE TABLE metadata_store (a);"
            "CREATE VIEW programs AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
            " FROM n) SELECT i AS combined_score FROM n;"
        )
    with pytest.raises(UsageProblem, match=r"known here \(tables: archive, metadata_store\)"):
        read_table(path)
