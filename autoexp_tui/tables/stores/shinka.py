"""ShinkaEvolve's database of programs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autoexp_tui.tables.model import InferredWay, Note
from autoexp_tui.tables.sheet import Config, Sheet
from autoexp_tui.tables.stores.rows import gathered, parsed
from autoexp_tui.tables.stores.sqlite import opened

TABLES = frozenset({"programs", "archive", "metadata_store"})
_METRIC = "combined_score"
_SAYS = "ShinkaEvolve, which looks for the highest"
_WANTED = (
    "id", "parent_id", "generation", "timestamp", _METRIC, "correct", "public_metrics",
    "private_metrics", "complexity", "island_idx", "metadata",
)  # fmt: skip
"""Columns that are read: not the programs and their embeddings, which are most of the file."""
_COSTS = ("api_costs", "embed_cost", "novelty_cost", "meta_cost")


def read(path: Path) -> Sheet:
    """The programs in the order in which they came. One that isn't correct has failed.

    Copies of a program on other islands are left out, and told.
    """
    with opened(path) as connection:
        there = {row["name"] for row in connection.execute("PRAGMA table_info(programs)")}
        names = [name for name in _WANTED if name in there]
        if _METRIC not in names:
            raise sqlite3.DatabaseError(f"its programs have no {_METRIC}")
        order = "timestamp, rowid" if "timestamp" in names else "rowid"
        found = connection.execute(f"SELECT {', '.join(names)} FROM programs ORDER BY {order}")  # noqa: S608 - our own names
        programs = [dict(row) for row in found]
    numbers: dict[str, int] = {}
    rows = list(_rows(programs, numbers))
    sheet = gathered("sqlite", "shinka programs", rows)
    sheet.configs = [Config(0, 0, _METRIC, way="higher", source=_SAYS)]
    sheet.ways = {_METRIC: InferredWay("higher", _SAYS, "high")}
    sheet.status, sheet.outcomes = "state", {"incorrect": "failed"}
    sheet.settings = frozenset({"generation", "island", "parent", "complexity"})
    if len(rows) < len(programs):
        copies = len(programs) - len(rows)
        sheet.notes.append(Note(0, f"{copies} copies on other islands are left out"))
    return sheet


def _rows(programs: list[dict[str, Any]], numbers: dict[str, int]) -> Iterator[dict[str, Any]]:
    for program in programs:
        told = parsed(program.get("metadata"))
        if told.get("_is_island_copy"):
            original = numbers.get(str(told.get("_original_program_id")))
            if original is not None:
                numbers[str(program["id"])] = original
            continue
        numbers[str(program["id"])] = len(set(numbers.values())) + 1
        costs = [float(told[name]) for name in _COSTS if isinstance(told.get(name), int | float)]
        named = [told.get("patch_name"), told.get("patch_description")]
        yield {
            "n": numbers[str(program["id"])],
            "generation": program.get("generation"),
            "parent": numbers.get(str(program.get("parent_id"))),
            "island": program.get("island_idx"),
            _METRIC: program[_METRIC],
            "state": None if program.get("correct", True) else "incorrect",
            "description": ": ".join(str(words) for words in named if words),
            "patch_type": told.get("patch_type"),
            "timestamp": program.get("timestamp"),
            "duration_s": told.get("compute_time", told.get("pipeline_seconds")),
            "cost_usd": sum(costs) if costs else None,
            "model": told.get("model_name"),
            "public": parsed(program.get("public_metrics")),
            "private": parsed(program.get("private_metrics")),
            "complexity": program.get("complexity"),
        }
