"""MLflow's runs in its database: each with the last value of every metric."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autoexp_tui.tables.model import Outcome
from autoexp_tui.tables.sheet import Sheet
from autoexp_tui.tables.stores.rows import chosen, gathered
from autoexp_tui.tables.stores.sqlite import opened

TABLES = frozenset({"runs", "latest_metrics", "params", "experiments"})
STATES: Mapping[str, Outcome] = {
    "FINISHED": "none", "FAILED": "failed", "KILLED": "failed", "RUNNING": "other",
    "SCHEDULED": "other",
}  # fmt: skip
"""What the states of a run amount to: none of them judges it."""


def read(path: Path) -> Sheet:
    """The runs that were not deleted, in the order in which they began."""
    with opened(path) as connection:
        metrics = _by_run(
            connection.execute(
                "SELECT run_uuid, key, CASE WHEN is_nan THEN NULL ELSE value END AS value"
                " FROM latest_metrics"
            )
        )
        params = _by_run(connection.execute("SELECT run_uuid, key, value FROM params"))
        runs = connection.execute(
            "SELECT run_uuid, runs.name AS name, status, start_time, end_time,"
            " experiments.name AS experiment FROM runs"
            " LEFT JOIN experiments ON experiments.experiment_id = runs.experiment_id"
            " WHERE runs.lifecycle_stage IS NOT 'deleted' ORDER BY start_time, runs.rowid"
        ).fetchall()
    rows = [
        {
            "name": run["name"] or run["run_uuid"],
            "status": run["status"],
            **{f"metrics.{key}": value for key, value in metrics[run["run_uuid"]].items()},
            "description": chosen(params[run["run_uuid"]]),
            **{f"params.{key}": value for key, value in params[run["run_uuid"]].items()},
            "start_time": run["start_time"],
            "duration_s": _seconds(run["start_time"], run["end_time"]),
            "experiment": run["experiment"],
            "run_id": run["run_uuid"],
        }
        for run in runs
    ]
    sheet = gathered("sqlite", "mlflow runs", rows)
    sheet.status, sheet.outcomes = "status", dict(STATES)
    sheet.settings = frozenset(name for name in sheet.columns if not name.startswith("metrics."))
    sheet.settings -= {"name", "description", "start_time", "duration_s"}
    return sheet


def _by_run(found: Any) -> defaultdict[str, dict[str, Any]]:
    runs: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for row in found:
        runs[row["run_uuid"]][row["key"]] = row["value"]
    return runs


def _seconds(start: object, end: object) -> float | None:
    known = isinstance(start, int) and isinstance(end, int)
    return (end - start) / 1000.0 if known else None  # type: ignore[operator]
