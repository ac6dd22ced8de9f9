"""What a person says to a run by hand: notes on experiments, other caps; alive or at rest."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fakes import Rig, contract
from support.projects import TARGET, make_project
from support.told_run import Told, tell_run

from autoexp_tui.cli import run_command
from autoexp_tui.loop.commands import handle_command
from autoexp_tui.loop.control import Command, Controls
from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.runlock import locked
from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model import events
from autoexp_tui.model.budget import Caps
from autoexp_tui.model.contract import Budget
from autoexp_tui.model.proposal import Exhausted, Situation
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.report.account import account_of
from autoexp_tui.report.markdown import as_markdown
from autoexp_tui.report.page import as_html
from autoexp_tui.sources.journals import read_state
from autoexp_tui.text.safe import Safe

TOLD = [Told(TARGET.replace("3.0", "2.0"), 3.0, "keep"), Told("RATE = 9\n", 9.5, "discard", "up")]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_project(tmp_path / "project")
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def run(project: Path) -> RunDirectory:
    return tell_run(project, "t", TOLD)


# Notes.


def test_a_note_is_shown_wherever_its_experiment_is(
    run: RunDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_state(run).elapsed
    assert run_command(["note", "3", "too", "greedy\x1b[31m", "--never"]) == 0
    state = read_state(run)
    assert (state.note(3), state.is_never(3), state.is_never(2)) == ("too greedy", True, False)
    assert (state.elapsed, len(state.rows)) == (before, 3)  # the run's clock stands still
    assert run_command(["show", "3"]) == 0
    assert "noted      never again: too greedy" in capsys.readouterr().out
    assert "noted: never again: too greedy" in as_markdown(account_of(state))
    assert "noted: never again: too greedy" in as_html(account_of(state))


def test_a_note_may_be_taken_back_and_more_be_said(run: RunDirectory) -> None:
    run_command(["note", "3", "--never"])
    run_command(["note", "3", "why not"])
    assert read_state(run).is_never(3)
    run_command(["note", "3", "--again", "after all"])
    state = read_state(run)
    assert (state.is_never(3), state.note(3)) == (False, "why not; after all")


@pytest.mark.parametrize("words", [["9", "x"], ["0", "x"], ["3"], ["x", "y"], ["3", " ", "\x07"]])
def test_what_can_not_be_noted_is_refused(run: RunDirectory, words: list[str]) -> None:
    before = run.journal.read_bytes()
    assert run_command(["note", *words]) != 0
    assert run.journal.read_bytes() == before


def test_a_run_that_another_process_holds_is_left_alone(run: RunDirectory) -> None:
    before = run.journal.read_bytes()
    with locked(run):  # it verifies, say
        assert run_command(["note", "3", "x"]) == 1
        assert run_command(["budget", "--hours", "2"]) == 1
    assert run.journal.read_bytes() == before


def test_the_next_proposal_is_told_what_was_noted(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8", "7"], contract(max_experiments=4))
    heard: list[list[tuple[str, bool]]] = []

    def hear(situation: Situation) -> None:
        heard.append([(trial.note, trial.never) for trial in situation.history])
        # Of the row before, which the history has had already.
        say(rig, Command("note", Safe("ann"), Safe("no"), n=situation.n - 1, never=True))

    rig.proposer.before = hear
    rig.run()
    no = ("no", True)
    assert heard == [[("", False)], [no, ("", False)], [no, no, ("", False)]]


def say(rig: Rig, command: Command) -> bool:
    assert rig.recorder is not None
    return handle_command(command, rig.recorder, rig.controls).ok


# Budgets.


def test_caps_are_changed_at_rest_and_told(
    run: RunDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["budget", "--max-experiments", "200", "--max-cost", "5"]) == 0
    told = capsys.readouterr().out
    assert "max_experiments 50 → 200" in told
    assert "max_cost_usd $10.00 → $5.00" in told
    budget = read_state(run).budget
    assert (budget.max_experiments, budget.max_cost_usd) == (200, 5.0)
    assert budget.max_wall_clock_hours == Budget().max_wall_clock_hours
    run_command(["budget"])
    assert "3 of 200 experiments" in capsys.readouterr().out
    run_command(["budget", "--max-experiments", "2"])
    assert "all 2 experiments done (max_experiments)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["--hours", "0"], ["--hours", "nan"], ["--max-cost", "-1"], ["--max-cost", "inf"],
              ["--max-experiments", "0"]],
)  # fmt: skip
def test_what_is_no_cap_is_refused(run: RunDirectory, words: list[str]) -> None:
    before = run.journal.read_bytes()
    assert run_command(["budget", *words]) != 0
    assert run.journal.read_bytes() == before


def test_a_live_run_ends_with_the_caps_reason(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [str(9 - k) for k in range(9)])

    def lower(situation: object) -> None:
        if len(rig.proposer.situations) == 2:
            say(rig, Command("budget", Safe("ann"), caps=Caps(max_experiments=1)))

    rig.proposer.before = lower
    finished = rig.run()
    # The experiment in flight is decided, as after a stop.
    assert len(rig.state.rows) == 3
    assert finished.reason == "all 1 experiments done (max_experiments)"


def test_a_live_run_goes_on_where_its_cap_is_raised(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [str(9 - k) for k in range(4)], contract(max_experiments=2))
    rig.proposer.before = lambda situation: say(
        rig, Command("budget", Safe("ann"), caps=Caps(max_experiments=4))
    )
    rig.run()
    assert len(rig.state.rows) == 4


@contextlib.contextmanager
def recording(run: RunDirectory) -> Iterator[Recorder]:
    with Journal(run.journal) as journal:
        yield Recorder(journal)


def test_no_request_passes_a_cap_that_was_lowered_meanwhile(run: RunDirectory) -> None:
    with recording(run) as recorder:
        recorder.record(events.RunnerStarted(1, Safe("host"), "", "results.tsv", resumed=True))
        ledger = SpendLedger(recorder)
        reservation = events.CostReserved(0, 4, Safe("m"), 1, 1, 3.0)
        ledger.reserve(reservation)
        command = Command("budget", Safe("ann"), caps=Caps(max_cost_usd=5.0))
        assert handle_command(command, recorder, Controls()).ok
        with pytest.raises(Exhausted, match="max_cost_usd"):
            ledger.reserve(reservation)
