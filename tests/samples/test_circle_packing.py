"""The packing sample: exact geometry, without a tolerance that could be used."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from math import nextafter
from pathlib import Path

import pytest

from autoexp_tui import config
from autoexp_tui.proposers.tuner.slots import find

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "circle_packing"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample that a test may change."""
    ignored = shutil.ignore_patterns(".venv", "__pycache__", "circles.json")
    return Path(shutil.copytree(SAMPLE, tmp_path / "circle_packing", ignore=ignored))


def python(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def score(project: Path, circles: object) -> subprocess.CompletedProcess[str]:
    text = circles if isinstance(circles, str) else json.dumps(circles)
    (project / "circles.json").write_text(text)
    return python(project, "score.py")


def grid() -> list[list[float]]:
    """26 circles on an 8 by 8 board that touch their neighbours and the sides exactly."""
    return [[1 / 16 + (i % 8) / 8, 1 / 16 + (i // 8) / 8, 1 / 16] for i in range(26)]


def figures(run: subprocess.CompletedProcess[str]) -> dict[str, float]:
    assert run.returncode == 0, run.stderr
    lines = (line.partition(": ") for line in run.stdout.splitlines())
    return {name: float(value) for name, _, value in lines}


def assert_no_measurement(run: subprocess.CompletedProcess[str], reason: str) -> None:
    assert (run.returncode, "sum_of_radii" in run.stdout) == (1, False)
    assert reason in run.stderr
    assert run.stderr.count("\n") == 1


def test_the_start_gives_the_readmes_figure_and_leaves_nothing(project: Path) -> None:
    before = sorted(project.rglob("*"))
    assert python(project, "run.py").returncode == 0
    found = figures(python(project, "score.py"))
    assert f"| start: two rings and a middle | {found['sum_of_radii']:.4f}"[:-1] in read(
        "README.md"
    )
    assert sorted(project.rglob("*")) == before


def test_circles_may_touch_and_may_not_overlap_by_the_least_that_a_float_can_say(
    project: Path,
) -> None:
    assert figures(score(project, grid()))["sum_of_radii"] == 26 / 16
    for place, reason in (((0, 0), "leaves the square by"), ((9, 2), "overlap: their squares by")):
        circles = grid()
        i, part = place
        circles[i][part] = nextafter(circles[i][part], part)
        assert_no_measurement(score(project, circles), reason)


@pytest.mark.parametrize(
    ("circles", "reason"),
    [
        (grid()[:25], "not a list of 26 circles"),
        ([*grid(), [0.9, 0.9, 0.001]], "not a list of 26 circles"),
        ({"x": 1}, "not a list of 26 circles"),
        ([[0.5, 0.5], *grid()[1:]], "circle 0 is not x, y and a radius"),
        ([[0.5, 0.5, True], *grid()[1:]], "circle 0 is not x, y and a radius"),
        ([[0.9, 0.9, -0.01], *grid()[1:]], "circle 0 has the radius -0.01"),
        ([[0.9, float("nan"), 0.01], *grid()[1:]], "NaN is not a number that can be checked"),
        ("[[1e999999999, 0.5, 0.1]]", "1e999999999 is not a number that can be checked"),
        ("[" * 50_000, "is not JSON"),
        (" " * 70_000, "has 70000 characters"),
        ("", "is not JSON"),
    ],
)
def test_what_is_no_packing_is_no_measurement(project: Path, circles: object, reason: str) -> None:
    assert_no_measurement(score(project, circles), reason)


def test_the_program_has_a_budget_of_processor_seconds(project: Path) -> None:
    (project / "packing.py").write_text("def pack():\n    while True:\n        pass\n")
    run = python(project, "-c", "import run; run.SECONDS = 1; run.main()")
    assert run.returncode == 1
    assert "packing.py took more than 1 processor seconds" in run.stderr


def test_the_contract_is_complete_and_names_files_that_exist() -> None:
    contract = config.load(SAMPLE / "autoexp.yaml")
    assert [(m.name, m.direction) for m in contract.metrics] == [("sum_of_radii", "higher")]
    assert contract.score == "python score.py"
    assert contract.leaves == ("circles.json",)
    assert contract.instructions is not None
    for name in (contract.target, contract.instructions, "run.py", "score.py", "setup"):
        assert (SAMPLE / name).is_file()
    assert (SAMPLE / "setup").stat().st_mode & stat.S_IXUSR
    names = [slot.name for slot in find(read("packing.py"), "packing.py")]
    assert contract.tune.never == ("N",)
    assert len(names) == 7


def read(name: str) -> str:
    return (SAMPLE / name).read_text(encoding="utf-8")
