"""The notebook from a shell: read, written while a run goes on and when it has ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fakes import Rig, contract
from support.gitrepos import git

from autoexp_tui.cli import run_command
from autoexp_tui.loop.commands import NOTEBOOK_MOST, handle_command
from autoexp_tui.loop.control import Command
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.sources.journals import read_state
from autoexp_tui.text.safe import Safe

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    """A run of five experiments that has ended, in the current folder's repository."""
    git(tmp_path, "init", "-q")
    (tmp_path / "autoexp.yaml").write_text(
        "target: t.py\nharness: 'true'\nmetrics: {loss: lower}\n"
    )
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".git" / "autoexp"
    rig = Rig(folder, ["9", "11", "boom", "8"], contract(max_experiments=5))
    rig.run()
    return rig.directory


def shown(printed: Printed, *arguments: str) -> str:
    assert run_command(["notebook", *arguments]) == 0
    return printed.readouterr().out


def test_before_anybody_writes_it_the_rows_tell(run: RunDirectory, capsys: Printed) -> None:
    text = shown(capsys)
    assert "What 5 experiments tell" in text
    assert (
        "What helped most:\n- #2 … 10 -> 9: kept, 10 % better\n- #5 … 9 -> 8: kept, 11.1 " in text
    )
    assert "Crashes:\n- boom: 1, the last #4" in text


def test_a_person_writes_it_of_a_run_that_stands_still(
    run: RunDirectory, tmp_path: Path, capsys: Printed
) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("Patterns\nsmaller is better\x1b[31m\n")
    assert "noted" in shown(capsys, "--set", str(file))
    text = shown(capsys)
    assert "as of #6" in text
    assert text.endswith("Patterns\nsmaller is better\n")
    file.write_text("")
    shown(capsys, "--set", str(file))
    assert "What 5 experiments tell" in shown(capsys)


def test_an_editor_gets_what_there_is(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setenv("EDITOR", "sed -i 's/What helped most/I say/'")
    monkeypatch.delenv("VISUAL", raising=False)
    assert "noted" in shown(capsys, "--edit")
    assert "I say:\n- #2" in shown(capsys)
    monkeypatch.setenv("EDITOR", "true")
    assert "nothing was changed" in shown(capsys, "--edit")


def test_a_running_run_takes_it_and_tells_the_next_proposal(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8"], contract(max_experiments=3))
    long = Safe("line one\nline two" + "x" * 2 * NOTEBOOK_MOST)

    def write(n: int) -> None:
        if n == 2:
            assert handle_command(
                Command("notebook", Safe("ann"), long), rig.recorder, rig.controls
            ).ok

    rig.lab.before_result = write
    rig.run()
    told = rig.proposer.situations[-1]
    assert told.notebook.startswith("line one\nline two")
    assert len(told.notebook) == NOTEBOOK_MOST
    assert told.notebook_n == 3


def test_it_is_kept_in_the_journal(run: RunDirectory, tmp_path: Path, capsys: Printed) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("mine")
    shown(capsys, "--set", str(file))
    state: RunState = read_state(run)
    assert state.notebook is not None
    assert state.notebook.text == "mine"
