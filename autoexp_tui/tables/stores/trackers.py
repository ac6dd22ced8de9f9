"""What trackers of experiments export as CSV or JSON: Optuna, MLflow, Weights & Biases."""

from __future__ import annotations

from statistics import fmean

from autoexp_tui.tables.cell_values import number
from autoexp_tui.tables.json_rows import looks_like_json, read_objects
from autoexp_tui.tables.model import InferredWay, Outcome
from autoexp_tui.tables.names import name_direction
from autoexp_tui.tables.sheet import Config, Sheet
from autoexp_tui.tables.stores.mlflow_runs import STATES as MLFLOW_STATES
from autoexp_tui.tables.stores.optuna_studies import STATES as OPTUNA_STATES
from autoexp_tui.tables.stores.source import Source

_WANDB_STATES: dict[str, Outcome] = {
    "finished": "none", "failed": "failed", "crashed": "failed", "killed": "failed",
    "running": "other", "pending": "other", "preempting": "other", "preempted": "other",
}  # fmt: skip
_COMPARED = 200
"""Trials of the beginning and of the end that are held against each other."""
_MLFLOW_FACTS = frozenset(
    {"run_id", "experiment_id", "artifact_uri", "end_time", "Run ID", "Source Type", "Source Name",
     "User"}
)  # fmt: skip
_WANDB_FACTS = frozenset(
    {"_step", "_runtime", "Step", "ID", "Sweep", "Hostname", "User", "GPU Count", "GPU Type",
     "Relative Time (Wall)", "Relative Time (Process)", "Wall Time"}
)  # fmt: skip


# ---- Optuna --------------------------------------------------------------------------------------


def optuna(source: Source) -> Sheet | None:
    """`study.trials_dataframe()` as CSV. Which way is better doesn't stand in it."""
    values = [name for name in source.header if name == "value" or name[:6] in {"value_", "values"}]
    if not {"number", "state"} <= set(source.header) or not values:
        return None
    sheet = source.records()
    if sheet is None:
        return None
    if sheet.columns[0] == "":  # the index of the data frame, which numbers the trials again
        _without_first(sheet)
    sheet.flavour, sheet.status, sheet.outcomes = "optuna trials", "state", dict(OPTUNA_STATES)
    sheet.settings = frozenset(
        name for name in sheet.columns if name.startswith(("params_", "system_attrs_"))
    )
    _pruned(sheet, values)
    sheet.configs = [Config(0, 0, values[0])]
    if name_direction(values[0])[0] == "unknown" and len(values) == 1:
        sheet.ways = {values[0]: _searched(sheet, values[0])}
    return sheet


def _without_first(sheet: Sheet) -> None:
    del sheet.columns[0]
    for record in sheet.records:
        del record.cells[0]


def _pruned(sheet: Sheet, values: list[str]) -> None:
    """What a pruned trial had reached is put aside: Optuna compares whole trials alone."""
    state = sheet.columns.index("state")
    places = [sheet.columns.index(name) for name in values]
    sheet.columns += [f"pruned_{name}" for name in values]
    for record in sheet.records:
        if record.cells[state] == "PRUNED":
            record.cells += [record.cells[place] for place in places]
            for place in places:
                record.cells[place] = ""


def _searched(sheet: Sheet, value: str) -> InferredWay:
    """The way that the search went: its sampler leaves what is worse."""
    at = sheet.columns.index(value)
    found = [figure for record in sheet.records if (figure := number(record.cells[at])) is not None]
    third = len(found) // 3
    pairs = (
        [late < early for early in found[:third] for late in found[-third:]] if third > 3 else []
    )
    lower = fmean(pairs) if third > 3 else 0.5
    if lower <= 0.3:
        return InferredWay("higher", "the later trials, which are higher", "low")
    if lower >= 0.7:
        return InferredWay("lower", "the later trials, which are lower", "low")
    return InferredWay("lower", "Optuna, which minimises if nothing else is said", "low")


# ---- MLflow --------------------------------------------------------------------------------------


def mlflow(source: Source) -> Sheet | None:
    """`mlflow experiments csv`, `search_runs().to_csv()`, or what its page exports."""
    header = set(source.header)
    api = {"run_id", "experiment_id", "status", "start_time"} <= header
    if not api and not {"Run ID", "Start Time", "Status", "Source Type"} <= header:
        return None
    sheet = source.records()
    if sheet is None:
        return None
    sheet.flavour, sheet.outcomes = "mlflow runs", dict(MLFLOW_STATES)
    sheet.status = "status" if api else "Status"
    sheet.settings = frozenset(
        name
        for name in sheet.columns
        if name in _MLFLOW_FACTS or name.startswith(("params.", "tags.", "mlflow."))
    )
    sheet.settings -= {"tags.mlflow.runName", "tags.mlflow.note.content"}
    return sheet


# ---- Weights & Biases ----------------------------------------------------------------------------


def wandb(source: Source) -> Sheet | None:
    """A table of runs, a history of one, or a chart's lines, as its page and its API export."""
    header = set(source.header)
    found: Sheet | None = None
    if b'"_step"' in source.head and b'"_timestamp"' in source.head:
        if looks_like_json(source.text):
            found, flavour = read_objects(source.text), "wandb history"
    elif {"_step", "_timestamp"} <= header:
        found, flavour = source.records(), "wandb history"
    elif {"Name", "State", "Created"} <= header:
        found, flavour = source.records(), "wandb runs"
    elif any(f"{name}__MIN" in header and f"{name}__MAX" in header for name in header):
        found, flavour = source.records(), "wandb chart"
    return None if found is None else _wandb(found, flavour)


def _wandb(sheet: Sheet, flavour: str) -> Sheet:
    sheet.flavour = flavour
    sheet.settings = _WANDB_FACTS.union(
        name for name in sheet.columns if name.endswith(("__MIN", "__MAX"))
    )
    if flavour == "wandb runs":
        sheet.status, sheet.outcomes = "State", dict(_WANDB_STATES)
    return sheet
