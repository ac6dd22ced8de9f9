"""Who may end a runner by a signal, and what its limits are for."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from autoexp_tui.loop.control import Command
from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.runner import runner as module
from autoexp_tui.runner.runner import Runner
from autoexp_tui.system.limits import Limits
from autoexp_tui.system.processes import unblocked
from autoexp_tui.text.safe import Safe


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Runner, list[str]]:
    runner = Runner(RunDirectory(tmp_path), tmp_path, tmp_path / "results.tsv")
    told: list[str] = []

    class Recorder:
        def alarm(self, text: str) -> None:
            told.append(f"alarm: {text}")

    def handle(command: Command, *_: object) -> None:
        told.append(f"{command.verb} by {command.by}")

    monkeypatch.setattr(module, "handle_command", handle)
    monkeypatch.setattr(runner, "_recorder", Recorder())
    monkeypatch.setattr(runner._thread, "is_alive", lambda: True)
    return runner, told


def test_what_an_experiment_runs_may_not_end_the_run(heard: tuple[Runner, list[str]]) -> None:
    runner, told = heard
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        runner.hear(child.pid)
    assert told == ["alarm: what an experiment runs asked the runner to end: not heeded"]


def test_a_person_may_and_who_has_gone_is_told_apart(heard: tuple[Runner, list[str]]) -> None:
    runner, told = heard
    runner.hear(0)
    runner.hear(os.getppid())
    runner.hear(1 << 22)  # more than any process has
    assert told == [
        *("stop-now by a signal", "stop-now by a signal"),
        f"stop-now by {events.GONE}",
    ]


@pytest.mark.parametrize(("by", "deaths"), [(events.GONE, 1), (Safe("ann@pts/1"), 0)])
def test_an_end_that_nobody_can_be_asked_about_counts_against_what_is_measured(
    by: Safe, deaths: int
) -> None:
    state = RunState()
    for event in (
        events.ExperimentStarted(2, "a"),
        events.EvaluationStarted(2),
        events.StopRequested(by, True),
    ):
        state.apply(Record(1, 0.0, 0.0, event))
    assert state.in_flight[2].deaths == deaths


def test_limits_that_were_lowered_are_brought_back_or_told() -> None:
    code = (
        "import resource, sys; from autoexp_tui.system.limits import Limits; limits = Limits()\n"
        "soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard)); assert limits.hold()\n"
        "assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_limits_that_nobody_may_raise_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits()

    def refuse(*_: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (4, 4))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert not limits.hold()


def test_a_program_that_is_started_has_no_signal_blocked() -> None:
    code = (
        "import signal, subprocess, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [15])\n"
        "print(subprocess.run(sys.argv[1:], capture_output=True, text=True).stdout, end='')"
    )
    ask = [sys.executable, "-c", "import signal; print(signal.pthread_sigmask(0, []))"]
    for words, said in ((unblocked(ask), "set()\n"), (ask, "{<Signals.SIGTERM: 15>}\n")):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
        )
        assert done.stdout == said
