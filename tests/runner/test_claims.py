"""What two runs may not share, and what a journal tells of whose it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexp_tui.loop.journal import Journal, read_all
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.runlock import claimed
from autoexp_tui.model.events import Noticed
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "ada" / ".git" / "autoexp" / "t")


def test_of_two_runs_that_begin_at_once_one_gets_the_table(run: RunDirectory) -> None:
    other = RunDirectory(run.path.with_name("u"))
    table = run.home / "results.tsv"
    with (
        claimed(table, run),
        claimed(run.home / "others.tsv", other),
        pytest.raises(UsageProblem, match=r"writing results\.tsv now"),
        claimed(table, other),
    ):
        pass
    with claimed(table, other):
        pass


def test_paths_inside_of_the_project_are_told_relative_to_it(run: RunDirectory) -> None:
    for path in (run.home, run.home / "lab" / "results.tsv", Path("/elsewhere/results.tsv")):
        assert run.place(run.told(path)) == path
    assert run.told(run.home / "results.tsv") == "results.tsv"
    assert run.place("/as/earlier/versions.tsv") == Path("/as/earlier/versions.tsv")


def test_a_message_does_not_tell_where_the_project_is(run: RunDirectory) -> None:
    with Journal(run.journal) as journal:
        Recorder(journal).warn(f"{run.home}/results.tsv had been edited: see {run.path}/set-aside")
    (record,) = read_all(run.journal)
    expected = "results.tsv had been edited: see .git/autoexp/t/set-aside"
    assert record.event == Noticed("warning", expected)
