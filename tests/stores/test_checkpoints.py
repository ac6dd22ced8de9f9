"""Checkpoints of OpenEvolve: a folder is a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autoexp_tui.tables import read_table, summarise


def _checkpoint(folder: Path, scores: list[float], **more: Any) -> None:
    (folder / "programs").mkdir(parents=True)
    (folder / "metadata.json").write_text(json.dumps({"last_iteration": len(scores)}))
    for at, score in enumerate(scores):
        program = {
            "id": f"p{at}", "code": "print()", "changes_description": f"change {at}",
            "parent_id": f"p{at - 1}" if at else None, "generation": at,
            "timestamp": 1.7e9 - at, "iteration_found": at,
            "metrics": {"combined_score": score, "speed": 10 - score}, "metadata": {"island": 0},
        } | more  # fmt: skip
        # Names that sort otherwise than the programs came.
        (folder / "programs" / f"{9 - at}.json").write_text(json.dumps(program))


@pytest.mark.parametrize("which", ["", "checkpoints", "checkpoints/checkpoint_10"])
def test_the_last_checkpoint_is_read_wherever_in_the_output_one_points(
    which: str, tmp_path: Path
) -> None:
    output = tmp_path / "openevolve_output"
    _checkpoint(output / "checkpoints" / "checkpoint_9", [0.9])
    _checkpoint(output / "checkpoints" / "checkpoint_10", [0.25, 0.75, 0.5])
    (output / "checkpoints" / "checkpoint_10" / "programs" / "half.json").write_text('{"id": ')
    migrant = {"id": "m", "metrics": {"combined_score": 9.0}, "metadata": {"migrant": True}}
    (output / "checkpoints" / "checkpoint_10" / "programs" / "m.json").write_text(
        json.dumps(migrant)
    )
    table = read_table(output / which)
    found = summarise(table)
    assert (found.metric, found.direction, found.best) == ("combined_score", "higher", 0.75)
    assert [row.description for row in table.rows] == ["change 0", "change 1", "change 2"]
    assert table.rows[2].values["parent"] == 2.0
    assert any("1 copies" in note for note in found.notes)
    assert any("half.json" in note for note in found.notes), "no program vanishes unsaid"


def test_without_a_score_of_its_own_a_program_is_judged_by_the_mean_of_its_metrics(
    tmp_path: Path,
) -> None:
    _checkpoint(tmp_path, [0.5], metrics={"a": 1.0, "b": 3, "passed": True, "why": "text"})
    found = summarise(read_table(tmp_path))
    assert (found.metric, found.best) == ("average", 2.0)
