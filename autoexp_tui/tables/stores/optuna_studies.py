"""Optuna's studies in a database, read through its own API."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoexp_tui.tables.model import InferredWay, Note, Outcome, Way
from autoexp_tui.tables.sheet import Config, Sheet
from autoexp_tui.tables.stores.rows import chosen, gathered

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

TABLES = frozenset({"studies", "study_directions", "trials", "trial_params", "trial_values"})
STATES: Mapping[str, Outcome] = {
    "COMPLETE": "none", "PRUNED": "other", "FAIL": "failed", "RUNNING": "other", "WAITING": "other",
}  # fmt: skip
"""What a trial's states amount to: none of them judges it."""


def read(path: Path) -> Sheet:
    """The trials of all studies, each study with its metric and direction; `path` may be changed.

    Raises sqlite3.Error.
    What a pruned trial had reached stands beside its value: Optuna compares whole trials alone.
    """
    rows: list[dict[str, Any]] = []
    configs: list[Config] = []
    columns: dict[str, InferredWay] = {}
    notes: list[Note] = []
    with _studies(path) as studies:
        for study in studies:
            says = f"the study {study.study_name}"
            names = _objectives(study)
            # One column holds the first objective of all studies, whatever each calls it.
            for name, way in list(names.items())[len(columns) :]:
                columns[name] = InferredWay(way, says, "high")
            start = len(rows)
            rows += [_row(trial, list(columns)) for trial in study.get_trials(deepcopy=False)]
            if len(rows) == start:
                notes.append(Note(0, f"{says} has no trials"))
                continue
            metric, way = next(iter(names.items()))
            configs.append(Config(0, start, metric, way=way, title=study.study_name, source=says))
            if len(names) > 1:
                notes.append(Note(0, f"{says} has {len(names)} objectives: {', '.join(names)}"))
    sheet = gathered("sqlite", "optuna studies", rows)
    sheet.configs, sheet.ways, sheet.notes = configs, columns, [*sheet.notes, *notes]
    sheet.status, sheet.outcomes = "state", dict(STATES)
    sheet.settings = frozenset(name for name in sheet.columns if name.startswith("params_"))
    return sheet


@contextmanager
def _studies(path: Path) -> Iterator[list[Study]]:
    import optuna  # noqa: PLC0415 - half a second, for files of its own
    from alembic.util import CommandError  # noqa: PLC0415 - as above
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - as above

    damage = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage: RDBStorage | None = None
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{path}", skip_compatibility_check=True)
        if storage.get_current_version() != storage.get_head_version():
            storage.upgrade()  # the copy: an older Optuna may have written the database
        yield [
            optuna.load_study(study_name=name, storage=storage)
            for name in optuna.get_all_study_names(storage)
        ]
    except (*damage, CommandError, SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        why = str(error).partition("\n")[0][:200]
        raise sqlite3.DatabaseError(f"Optuna says: {why}") from None
    finally:
        optuna.logging.set_verbosity(before)
        if storage is not None:
            storage.remove_session()
            storage.engine.dispose()


def _objectives(study: Study) -> dict[str, Way]:
    """What the study optimises, by the columns' names, and which way."""
    known: dict[str, Way] = {"MINIMIZE": "lower", "MAXIMIZE": "higher"}
    ways = [known.get(way.name, "unknown") for way in study.directions]
    named = study.metric_names
    if named is None or len(named) != len(ways):
        named = ["value"] if len(ways) == 1 else [f"values_{at}" for at in range(len(ways))]
    return dict(zip(named, ways, strict=True))


def _row(trial: FrozenTrial, names: list[str]) -> dict[str, Any]:
    whole = trial.state.name == "COMPLETE"
    values: list[float | None] = [*trial.values] if whole and trial.values else [None] * len(names)
    started, ended = trial.datetime_start, trial.datetime_complete
    row: dict[str, Any] = {
        "number": trial.number,
        "state": trial.state.name,
        **dict(zip(names, values, strict=False)),
        "description": chosen(trial.params),
        **{f"params_{name}": value for name, value in trial.params.items()},
        "datetime_start": started and started.isoformat(sep=" "),
        "duration_s": (ended - started).total_seconds() if ended and started else None,
        **{f"user_attrs_{name}": value for name, value in trial.user_attrs.items()},
    }
    if trial.intermediate_values and not whole:
        step = max(trial.intermediate_values)
        row |= {"last_step": step, "last_intermediate": trial.intermediate_values[step]}
    return row
