"""What benchmarks of speed export as JSON: hyperfine and pytest-benchmark."""

from __future__ import annotations

from typing import Any

from autoexp_tui.tables.model import InferredWay
from autoexp_tui.tables.sheet import Config, Sheet
from autoexp_tui.tables.stores.rows import gathered, objects, part
from autoexp_tui.tables.stores.source import Source

_TIMES = ("mean", "median", "min", "max")
_HYPERFINE = ("command", "mean", "stddev", "median", "user", "system", "min", "max")
_SPREADS = ("stddev", "user", "system", "iqr", "rounds", "iterations", "runs", "total")


def hyperfine(source: Source) -> Sheet | None:
    """Commands with the mean of their times, in seconds. One that only failed has failed."""
    if b'"results"' not in source.head or b'"command"' not in source.head:
        return None
    found = objects(part(source.document).get("results"))
    if not found or not all("command" in one and "mean" in one for one in found):
        return None
    return _timed("hyperfine", [_command(one) for one in found])


def _command(one: dict[str, Any]) -> dict[str, Any]:
    codes = one.get("exit_codes")
    failed = isinstance(codes, list) and bool(codes) and all(codes)
    times = one.get("times")
    return {
        "description": one["command"],
        **{name: one.get(name) for name in (*_TIMES[:1], "stddev", *_TIMES[1:], "user", "system")},
        "state": f"failed, exit {codes[0]}" if failed and isinstance(codes, list) else None,
        "runs": len(times) if isinstance(times, list) else None,
        "parameters": part(one.get("parameters")),
    }


def hyperfine_table(source: Source) -> Sheet | None:
    """The same as CSV."""
    if source.header[:8] != _HYPERFINE:
        return None
    sheet = source.records()
    return None if sheet is None else _declared(sheet, "hyperfine")


def pytest_benchmark(source: Source) -> Sheet | None:
    """Tests with the mean of their times, in seconds."""
    if b'"machine_info"' not in source.head:
        return None
    document = part(source.document)
    found = objects(document.get("benchmarks"))
    if not found or not all(part(one.get("stats")) for one in found):
        return None
    commit = part(document.get("commit_info")).get("id")
    rows = []
    for one in found:
        stats = part(one["stats"])
        names = (*_TIMES[:1], "stddev", *_TIMES[1:], "iqr", "ops", "rounds", "iterations", "total")
        rows.append(
            {
                "description": one.get("fullname") or one.get("name"),
                **{name: stats.get(name) for name in names},
                "group": one.get("group"),
                "commit": commit if commit != "unversioned" else None,
                "datetime": document.get("datetime"),
                "params": part(one.get("params")),
                "extra_info": part(one.get("extra_info")),
            }
        )
    return _timed("pytest-benchmark", rows)


def _timed(program: str, rows: list[dict[str, Any]]) -> Sheet:
    sheet = _declared(gathered("json", program, rows), program)
    sheet.status = "state" if "state" in sheet.columns else ""
    sheet.outcomes = {str(row["state"]): "failed" for row in rows if row.get("state") is not None}
    return sheet


def _declared(sheet: Sheet, program: str) -> Sheet:
    says = f"{program} measures seconds"
    sheet.flavour = program
    sheet.configs = [Config(0, 0, "mean", way="lower", source=says)]
    sheet.ways = {name: InferredWay("lower", says, "high") for name in _TIMES}
    sheet.ways["ops"] = InferredWay("higher", f"{program} counts runs per second", "high")
    sheet.settings = frozenset(
        name for name in sheet.columns if name in _SPREADS or name.startswith("param")
    )
    return sheet
