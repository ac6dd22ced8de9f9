"""A new run that starts from what an experiment of an earlier one has left."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from support.gitrepos import commit_files, git
from support.projects import TARGET, fingerprint, make_project
from support.told_run import Told, tell_run

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.project import find_project
from autoexp_tui.runner.preparation import Prepared, Wishes, prepare
from autoexp_tui.sources.journals import read_state

KEPT, POOR, BROKEN, ELSEWHERE = (TARGET.replace("3.0", rate) for rate in ("2.0", "4.0", "x", "1.5"))
TOLD = [
    Told(KEPT, 3.0, "keep"),
    Told(POOR, 9.0, "discard"),
    Told(BROKEN, None, "crash"),
    Told(ELSEWHERE, 2.0, "keep", made_from=1),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = make_project(tmp_path / "project")
    tell_run(path, "old", TOLD)
    return path


def begin(project: Path, origin: str, tag: str | None = None) -> Prepared:
    wishes = Wishes(tag=tag, origin=origin)
    return prepare(find_project(project), wishes, today=dt.date(2026, 3, 8))


def base_text(project: Path, prepared: Prepared) -> str:
    base = read_state(prepared.run).run.base
    return git(project, "show", f"{base}:target.py") + "\n"


@pytest.mark.parametrize(
    ("origin", "text"),
    [("2", KEPT), ("3", POOR), ("4", BROKEN), ("old:3", POOR), ("old", ELSEWHERE), ("1", TARGET)],
)
def test_it_starts_from_the_text_that_is_named(project: Path, origin: str, text: str) -> None:
    before = fingerprint(project)
    prepared = begin(project, origin)
    assert prepared.run.tag == "mar8-target"
    assert base_text(project, prepared) == text
    assert "starting from " in prepared.notes[-1]
    assert fingerprint(project) == before


def test_the_rest_is_as_head_has_it(project: Path) -> None:
    head = commit_files(project, {"evaluate.sh": "echo loss: 1\n"}, "another harness")
    base = read_state(begin(project, "2").run).run.base
    assert git(project, "rev-parse", f"{base}^") == head
    assert git(project, "show", f"{base}:evaluate.sh") == "echo loss: 1"


def test_a_run_that_was_cut_is_not_gone_on_with_instead(project: Path) -> None:
    tell_run(project, "cut", TOLD[:1], ended=False)
    assert begin(project, "old:3").run.tag == "mar8-target"
    with pytest.raises(UsageProblem, match="has begun already"):
        begin(project, "old:3", tag="cut")


def test_a_run_whose_tag_is_a_number_goes_first(project: Path) -> None:
    tell_run(project, "3", TOLD[:1])
    assert base_text(project, begin(project, "3")) == KEPT


@pytest.mark.parametrize(
    "origin", ["9", "0", "old:9", "old:x", "old:", "nosuch", "nosuch:1", ":", ""]
)
def test_what_is_not_there_is_told_and_nothing_begins(project: Path, origin: str) -> None:
    with pytest.raises(UsageProblem):
        begin(project, origin)
    assert not (project / ".git" / "autoexp" / "mar8-target").exists()


def test_another_projects_run_has_no_text_for_it(project: Path) -> None:
    (project / "autoexp.yaml").write_text(
        (project / "autoexp.yaml").read_text().replace("target.py", "other.py")
    )
    commit_files(project, {"other.py": "RATE = 1\n"})
    with pytest.raises(UsageProblem, match="has no text"):
        begin(project, "old:2")
