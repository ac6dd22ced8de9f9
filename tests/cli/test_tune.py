"""What check and run tell of the numbers that the tuner moves, before anything is measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.gitrepos import git
from support.projects import CONFIG, make_project

from autoexp_tui.cli import run_command

FIT = """\
def fit(rate=0.5, depth=4):
    seed = 3
    return model(learning_rate=rate, trees=100)
RATE = 3.0
DEPTH = 4
"""


def at(path: Path, monkeypatch: pytest.MonkeyPatch, target: str, more: str = "") -> Path:
    made = make_project(path / "project", target_py=target, autoexp_yaml=CONFIG + more)
    monkeypatch.chdir(made)
    return made


def test_check_names_what_moves_and_what_does_not_and_how_to_choose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at(tmp_path, monkeypatch, FIT)
    assert run_command(["check"]) == 0
    out = capsys.readouterr().out
    assert (
        "moves      5 of 6 values: fit.rate 0.5, fit.depth 4, fit.model.trees 100, RATE 3.0, "
        "DEPTH 4\n" in out
    )
    assert "left alone seed 1 (fit.seed)" in out
    assert "to choose  `tune: {only: [fit.rate]}` or `tune: {never: [DEPTH]}`" in out


def test_what_tune_names_is_what_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = at(tmp_path, monkeypatch, FIT, "tune: {only: [RATE, fit.*], never: ['*.trees']}\n")
    assert run_command(["check"]) == 0
    out = capsys.readouterr().out
    assert "moves      3 of 6 values: fit.rate 0.5, fit.depth 4, RATE 3.0\n" in out
    assert run_command(["run", "--plain", "--max-experiments", "6"]) == 0
    run_text = git(project, "log", "--all", "-p", "--format=%s", "--", "target.py")
    changed = [line for line in run_text.splitlines() if line.startswith("-") and line[1:2] != "-"]
    assert changed
    assert not any("trees" in line or "DEPTH" in line or "seed" in line for line in changed)


@pytest.mark.parametrize(
    ("target", "more", "told"),
    [
        ("import this\n", "", "nothing in target.py can be moved: mark values"),
        ("SEED = 3\n", "", "its numbers are left alone (1 seed); mark values"),
        ("RATE = (\n", "", "target.py is not valid: line 1"),
        (FIT, "tune: {only: [fit.rat]}\n", "tune.only: fit.rat names none of its values"),
        (FIT, "tune: {never: ['*']}\n", "nothing in target.py can be moved"),
    ],
)
def test_a_target_that_the_tuner_cannot_move_is_told_before_the_baseline(
    target: str,
    more: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = at(tmp_path, monkeypatch, target, more)
    (project / "evaluate.sh").write_text("echo loss: $(cksum < target.py | cut -d' ' -f1)\n")
    git(project, "commit", "--quiet", "--all", "--message", "anything goes")
    assert run_command(["run", "--plain"]) == 2
    assert told in capsys.readouterr().err
    assert not [*(project / ".git").glob("autoexp/*/journal*")]
    assert run_command(["check"]) == 1
    assert "not ready: " in (out := capsys.readouterr().out)
    assert told in out
