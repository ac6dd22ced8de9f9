"""`autoexp` alone, and the runs that are known on a machine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pexpect
import pytest
from support.projects import TARGET, autoexp, make_project
from support.told_run import Told, tell_run

from autoexp_tui.cli import run_command
from autoexp_tui.repository import gitdir
from autoexp_tui.sources.known import known_places, remember

KEPT = [Told(TARGET.replace("3.0", "2.0"), 6.0, "keep")]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_project(tmp_path / "words")
    monkeypatch.chdir(path)
    return path


def test_alone_it_lists_the_runs_here(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell_run(project, "t", KEPT)
    assert run_command([]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split()[:6] == ["t", "finished", "now", "2", "of", "50"]
    assert "33.3 % better" in line
    assert run_command(["ls"]) == 0
    assert capsys.readouterr().out.splitlines() == [line]


def test_without_runs_it_teaches(
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run_command([]) == 0
    assert "autoexp run      starts the first one" in capsys.readouterr().out
    (project / "autoexp.yaml").unlink()
    assert run_command([]) == 0
    assert "autoexp init" in capsys.readouterr().out
    (tmp_path / "nowhere").mkdir()
    monkeypatch.chdir(tmp_path / "nowhere")
    assert run_command([]) == 0
    out = capsys.readouterr().out
    assert "in no git repository" in out
    assert "autoexp new ml_training" in out


def test_all_lists_what_was_run_on_this_machine(
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run_command(["--all"]) == 0
    assert "no run on this machine yet" in capsys.readouterr().out
    for name in ("one", "two"):
        path = make_project(tmp_path / name)
        tell_run(path, "t", KEPT)
        place = gitdir.find(path)
        assert place is not None
        remember(place)
        remember(place)
    monkeypatch.chdir(tmp_path)
    for command in (["--all"], ["ls", "--all"]):
        assert run_command(command) == 0
        lines = capsys.readouterr().out.splitlines()
        assert sorted(line.split()[0] for line in lines) == ["one/t", "two/t"]
    shutil.rmtree(tmp_path / "one")
    assert [place.root.name for place in known_places()] == ["two"]
    assert len(list((tmp_path / "state").rglob("repositories/*"))) == 1
    assert run_command(["--all", "ls"]) == 2


def test_a_run_is_known_from_its_start_on(project: Path) -> None:
    autoexp("run", "--max-experiments", "1", cwd=project)
    assert [place.root for place in known_places()] == [project]


def test_a_state_folder_that_can_not_be_written_is_no_obstacle(
    tmp_path: Path, project: Path
) -> None:
    (tmp_path / "state").write_text("a file")
    place = gitdir.find(project)
    assert place is not None
    remember(place)
    assert known_places() == []


def test_from_the_list_to_a_run_and_back(project: Path) -> None:
    tell_run(project, "t", KEPT)
    child = pexpect.spawn(
        sys.executable,
        ["-m", "autoexp_tui"],
        cwd=str(project),
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=60,
    )
    child.expect_exact("33.3 % better")
    child.send("f")
    child.expect_exact("git merge autoexp-t")
    child.expect_exact("autoexp clean")
    child.send("\r")
    child.expect_exact("back to the list")
    child.send("\r")
    child.expect_exact("33.3 % better")
    child.send("q")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
