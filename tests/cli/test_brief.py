"""`autoexp brief`: a run in a screenful of lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.realistic_run import experiment, opening

from autoexp_tui.cli import run_command
from autoexp_tui.loop.journal import Journal
from autoexp_tui.model import events
from autoexp_tui.model.events import AnyEvent


def written(folder: Path, told: list[AnyEvent]) -> None:
    with Journal(folder / ".git" / "autoexp" / "t" / "journal.jsonl") as journal:
        for event in told:
            journal.append(event)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from support.gitrepos import make_repo  # noqa: PLC0415 - of this fixture alone

    folder = make_repo(tmp_path / "project", {"train.py": "a = 1\n"})
    (folder / ".git" / "autoexp" / "t").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def test_what_was_won_what_it_cost_and_what_led_there(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end = events.RunFinished("all 3 experiments done (max_experiments)", ok=True)
    told = [*experiment(2, "keep", description="a smaller step"), *experiment(3, "discard")]
    written(project, [*opening(), *experiment(1, "keep"), *told, end])
    assert run_command(["brief"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[1] == "val_loss 1 → 0.5, 50.0 % better"
    assert "1 kept of 2" in said
    assert "#2   0.5  a smaller step" in said
    assert "free; ended " in said


def test_before_anything_is_measured_there_is_nothing_to_tell(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(project, opening())
    assert run_command(["brief", "t"]) == 1
    assert "nothing is measured yet" in capsys.readouterr().out
