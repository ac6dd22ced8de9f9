"""Asks something of a run, whether somebody runs it or it stands still."""

from __future__ import annotations

from collections.abc import Callable

from autoexp_tui.loop.commands import change_budget, give_note
from autoexp_tui.loop.control import Command, Reply, Verb
from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.runlock import locked
from autoexp_tui.loop.wire import NoRunner, send
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState

_AT_REST: dict[Verb, Callable[[Command, RunState, Recorder], Reply]] = {
    "note": give_note,
    "budget": change_budget,
}
"""What needs no loop: it is written down by whoever asks."""


def ask(run: RunDirectory, command: Command) -> Reply:
    """The answer of the run's runner, or of nobody's where it needs none.

    Raises NoRunner where it needs one and there is none; AlreadyRunning where another process has
    the run and takes no commands: it verifies, say; UsageProblem where it has not begun.
    """
    try:
        return send(run, command)
    except NoRunner:
        do = _AT_REST.get(command.verb)
        if do is None:
            raise
    with locked(run), Journal(run.journal, clock_runs=False) as journal:
        recorder = Recorder(journal)
        with recorder.transaction() as state:
            if state.started is None:
                raise UsageProblem(f"run {run.tag} has not begun yet: `autoexp run` begins it")
            return do(command, state, recorder)
