"""The name of a table's form, for people."""

from __future__ import annotations

from autoexp_tui.tables import names
from autoexp_tui.tables.layout import Layout
from autoexp_tui.tables.sheet import Sheet


def dialect_of(sheet: Sheet, layout: Layout) -> str:
    """What kind of table this is, by its columns."""
    if sheet.flavour:
        return sheet.flavour
    leaves = [names.leaf(name) for name in sheet.columns]
    if sheet.kind in {"json", "jsonl"}:
        return _objects(sheet.columns, leaves)
    return _table(leaves, layout) if sheet.named else "no header"


def _table(leaves: list[str], layout: Layout) -> str:
    first = layout.columns[0].role if layout.columns else "text"
    if "state" in leaves and any(name.startswith("params_") for name in leaves):
        found = "optuna trials"
    elif {"old_value", "new_value"} <= set(leaves):
        found = "parameter changes"
    elif layout.status is None:
        found = "table without verdicts"
    elif first == "commit":
        found = _karpathy(leaves)
    elif first == "time":
        found = "time first"
    elif {"iteration", "commit", "metric", "delta"} <= set(leaves):
        found = "iteration, commit, metric, delta"
    elif first == "index":
        found = "counter or name first"
    else:
        found = "columns of its own"
    return found


def _karpathy(leaves: list[str]) -> str:
    if leaves[-1:] == ["description"] and leaves[-2:-1] == ["status"]:
        if len(leaves) == 4:
            return "commit, metric, status, description"
        if len(leaves) == 5 and leaves[2].startswith("mem"):
            return "commit, metric, memory, status, description"
        return "commit, several metrics, status, description"
    return "commit first"


def _objects(columns: list[str], leaves: list[str]) -> str:
    if any(name.startswith("params.") for name in columns) and (
        "trial_number" in leaves or "optuna_trial" in leaves or "number" in leaves
    ):
        return "trials with parameters"
    if "parent" in leaves and "status" in leaves:
        return "tree of runs"
    return "runs as JSON, columns inferred"
