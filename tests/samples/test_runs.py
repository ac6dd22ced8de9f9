"""Every sample, really run for a few experiments, where its component is installed.

Those that need more than Python packages, or more than seconds, wait for `make test-samples`.
"""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import pytest
from support.projects import autoexp

from autoexp_tui.cli import run_command
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.repository.gitdir import find
from autoexp_tui.sources.journals import read_state

SAMPLES = Path(__file__).parents[2] / "sample_projects"
QUICK = {"infrastructure", "ml_training"}
ALL = sorted(path.parent.name for path in SAMPLES.glob("*/autoexp.yaml"))
WHOLE = os.environ.get("AUTOEXP_SAMPLES") == "all"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ALL)
def test_a_few_experiments_give_real_measurements_and_a_table(name: str, tmp_path: Path) -> None:
    if name not in QUICK and not WHOLE:
        pytest.skip("runs in `make test-samples`")
    project = tmp_path / name
    assert run_command(["new", name, str(project)]) == 0
    for part in (".venv", ".packages", "node_modules", "encodings", "corpus"):
        if (SAMPLES / name / part).exists():
            (project / part).unlink(missing_ok=True)
            shutil.copytree(SAMPLES / name / part, project / part, symlinks=True)
    if autoexp("check", cwd=project, check=False, timeout=300).returncode != 0:
        pytest.skip("its component is not installed: its ./setup tells")
    autoexp("run", "--tag", "t", "--max-experiments", "3", cwd=project, timeout=500)
    place = find(project)
    assert place is not None
    state = read_state(RunDirectory(place.common_dir / "autoexp" / "t"))
    names = [metric.name for metric in state.contract.metrics]
    lines = (project / "results.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["commit", *names, "status", "description"]
    assert len(lines) == 4
    assert state.baseline is not None
    assert all(math.isfinite(state.baseline.metrics[metric]) for metric in names)
