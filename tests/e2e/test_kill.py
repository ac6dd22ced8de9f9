"""kill -9 at every step boundary and at random moments: a resume loses no row, by itself."""

from __future__ import annotations

import datetime as dt
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.gitrepos import git
from support.projects import make_project
from support.waiting import until

from autoexp_tui.model.state import RunState
from autoexp_tui.project import find_project
from autoexp_tui.runner.preparation import Prepared, Wishes, prepare
from autoexp_tui.sources.journals import read_state

SCRIPT = Path(__file__).parents[1] / "support" / "cut_runner.py"
EXPERIMENTS = 4
EVENTS_OF_ONE = 6
DAY = dt.date(2026, 3, 8)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def begin(project: Path, experiments: int = EXPERIMENTS) -> Prepared:
    return prepare(find_project(project), Wishes(tag="cut", max_experiments=experiments), today=DAY)


def runner(prepared: Prepared, cut: int = 0, side: str = "after") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, str(SCRIPT), str(prepared.run.path), str(prepared.root)),
            *(str(prepared.results), str(cut), side),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def assert_whole(project: Path, state: RunState, experiments: int) -> None:
    """Journal, table, branch and refs tell the same story, and all of it."""
    assert [row.n for row in state.rows] == list(range(1, experiments + 1))
    table = (project / "results.tsv").read_text().splitlines()
    assert [line.split("\t")[0] for line in table[1:]] == [row.commit[:7] for row in state.rows]
    kept = [row.commit for row in state.rows if row.status == "keep"]
    branch = git(project, "rev-list", "--reverse", "autoexp/cut").splitlines()
    assert branch == kept
    for row in state.rows[1:]:
        assert git(project, "rev-parse", f"refs/autoexp/cut/{row.n}") == row.commit
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "fsck", "--no-dangling") == ""


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("cut", range(2, 2 + 2 * EVENTS_OF_ONE))
def test_killed_at_an_event(project: Path, cut: int, side: str) -> None:
    prepared = begin(project)
    assert runner(prepared, cut, side).wait(60) == -signal.SIGKILL
    before = read_state(prepared.run).rows
    assert runner(prepared).wait(60) == 0
    state = read_state(prepared.run)
    assert [row.commit for row in state.rows[: len(before)]] == [row.commit for row in before]
    assert_whole(project, state, EXPERIMENTS)


@pytest.mark.timeout(200)
def test_killed_at_a_dozen_random_moments(project: Path) -> None:
    experiments = 25
    prepared = begin(project, experiments)
    moments = random.Random(8)
    rows: list[str] = []
    for turn in range(12):
        process = runner(prepared)
        if not turn:  # a baseline has two lives only
            until(lambda: read_state(prepared.run).rows or None, "a baseline")
        time.sleep(moments.uniform(0.2, 1.2))
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        now = [row.commit for row in read_state(prepared.run).rows]
        assert now[: len(rows)] == rows
        rows = now
    assert runner(prepared).wait(120) == 0
    state = read_state(prepared.run)
    assert [row.commit for row in state.rows[: len(rows)]] == rows
    assert_whole(project, state, experiments)
