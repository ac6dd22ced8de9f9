"""Optuna's journal storage: operations on trials, folded into trials."""

from __future__ import annotations

from typing import Any

from autoexp_tui.tables.json_sheet import Gatherer
from autoexp_tui.tables.sheet import Config, Sheet


def read_journal(objects: list[tuple[int, dict[str, Any]]]) -> Sheet:
    """Optuna's journal storage: operations on trials, folded into trials."""
    states = {0: "RUNNING", 1: "COMPLETE", 2: "PRUNED", 3: "FAIL", 4: "WAITING"}
    trials: list[tuple[int, dict[str, Any]]] = []
    configs: list[Config] = []
    for line, operation in objects:
        code, which = operation.get("op_code"), operation.get("trial_id")
        if code == 0:
            ways = operation.get("directions") or [0]
            way: Any = {1: "lower", 2: "higher"}.get(ways[0] if isinstance(ways, list) else 0)
            source = f"the study in line {line}"
            configs.append(Config(line, len(trials), "value", way=way or "unknown", source=source))
        elif code == 4:
            started = operation.get("datetime_start")
            trials.append((line, {"number": len(trials), "datetime_start": started}))
        elif isinstance(which, int) and 0 <= which < len(trials):
            trial = trials[which][1]
            if code == 5:
                trial[f"params.{operation.get('param_name')}"] = operation.get(
                    "param_value_internal"
                )
            elif code == 6:
                values = operation.get("values")
                trial["value"] = values[0] if isinstance(values, list) and values else None
                trial["state"] = states.get(operation.get("state", -1), "")
                trial["datetime_complete"] = operation.get("datetime_complete")
    gatherer = Gatherer(Sheet("jsonl", [], configs=configs, flavour="optuna journal"))
    for line, trial in trials:
        gatherer.add(line, trial)
    return gatherer.done()
