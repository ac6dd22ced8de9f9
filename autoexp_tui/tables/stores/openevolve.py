"""OpenEvolve's checkpoints: a folder with a JSON file for each program that is alive."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.tables.model import InferredWay, Note
from autoexp_tui.tables.sheet import Config, Sheet
from autoexp_tui.tables.stores.rows import gathered, part
from autoexp_tui.tables.stores.source import Source

MOST_PROGRAMS = 20_000
_LONGEST = 16 << 20
"""Bytes of a program's file."""
_CHECKPOINT = re.compile(r"checkpoint_(\d{1,9})")
_METRIC = "combined_score"
_SAYS = "OpenEvolve, which looks for the highest"


def read(source: Source) -> Sheet | None:
    """The programs of the last checkpoint in a folder, in the order in which they were found.

    The folder may be the checkpoint, the folder of them, or the output that has this; None for any
    other. Copies that migrated to other islands are left out, and told.
    """
    if not source.is_folder or source.path is None:
        return None
    checkpoint = _last_checkpoint(source.path)
    if checkpoint is None:
        return None
    found = {path.name: _program(path) for path in _files(checkpoint)}
    programs = [program for program in found.values() if program is not None]
    whole = [program for program in programs if not part(program.get("metadata")).get("migrant")]
    whole.sort(
        key=lambda program: (_number(program, "iteration_found"), _number(program, "timestamp"))
    )
    numbers = {str(program["id"]): at for at, program in enumerate(whole, start=1)}
    scored = any(_METRIC in part(program.get("metrics")) for program in whole)
    rows = [_row(at, program, numbers, scored=scored) for at, program in enumerate(whole, start=1)]
    sheet = gathered("folder", "openevolve checkpoint", rows)
    metric = _METRIC if scored else "average"
    sheet.configs = [Config(0, 0, metric, way="higher", source=_SAYS)]
    sheet.ways = {metric: InferredWay("higher", _SAYS, "high")}
    sheet.settings = frozenset({"iteration", "generation", "parent", "island"})
    sheet.notes.append(Note(0, f"{checkpoint.name}: the programs that were alive then"))
    lost = [name for name, program in found.items() if program is None]
    if lost:
        names = ", ".join(lost[:5])
        sheet.notes.append(Note(0, f"{len(lost)} files hold no whole program: {names}"))
    if len(whole) < len(programs):
        copies = len(programs) - len(whole)
        sheet.notes.append(Note(0, f"{copies} copies on other islands are left out"))
    return sheet


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder has a checkpoint in it, or is one."""
    return _last_checkpoint(folder) is not None


def _last_checkpoint(folder: Path) -> Path | None:
    if (folder / "metadata.json").is_file() and (folder / "programs").is_dir():
        return folder
    for place in (folder, folder / "checkpoints"):
        found = {
            int(match[1]): path
            for path in (place.iterdir() if place.is_dir() else ())
            if (match := _CHECKPOINT.fullmatch(path.name)) and (path / "programs").is_dir()
        }
        if found:
            return found[max(found)]
    return None


def _files(checkpoint: Path) -> list[Path]:
    paths = sorted((checkpoint / "programs").glob("*.json"))
    if len(paths) > MOST_PROGRAMS:
        raise UsageProblem(f"{checkpoint}: {len(paths)} programs are more than are read")
    return paths


def _program(path: Path) -> dict[str, Any] | None:
    """A program; None for what is none, or is being written."""
    with path.open("rb") as file:
        data = file.read(_LONGEST)
    try:
        found = part(json.loads(data))
    except (ValueError, RecursionError):
        return None
    return found if "id" in found and "metrics" in found else None


def _number(program: dict[str, Any], name: str) -> float:
    value = program.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _row(
    at: int, program: dict[str, Any], numbers: dict[str, int], *, scored: bool
) -> dict[str, Any]:
    metrics, told = part(program["metrics"]), part(program.get("metadata"))
    figures = [
        value
        for value in metrics.values()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    # Without a score of its own a program is judged by the mean of all that was measured.
    average = {} if scored or not figures else {"average": sum(figures) / len(figures)}
    return {
        "n": at,
        **average,
        **metrics,
        "description": program.get("changes_description") or told.get("changes"),
        "iteration": program.get("iteration_found"),
        "generation": program.get("generation"),
        "parent": numbers.get(str(program.get("parent_id"))),
        "island": told.get("island"),
        "timestamp": program.get("timestamp"),
    }
