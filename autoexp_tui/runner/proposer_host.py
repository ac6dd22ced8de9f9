"""Makes the proposer that a run was begun with, and gives it what it needs of the run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from autoexp_tui.evaluation.harness import run_harness
from autoexp_tui.loop.control import Controls
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model import budget, events
from autoexp_tui.model.proposal import Proposer
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.proposers import registry
from autoexp_tui.proposers.context import ContextGatherer
from autoexp_tui.proposers.hosting import Hosting
from autoexp_tui.proposers.waiting import Waiter
from autoexp_tui.repository.candidates import Candidates
from autoexp_tui.text.safe import clean_line


def make_proposer(
    run: RunDirectory,
    candidates: Candidates,
    workspace: Path,
    refresh: Callable[[], None],
    recorder: Recorder,
    controls: Controls,
) -> Proposer:
    """The proposer of this run, ready to work; `refresh` makes the workspace exact.

    Raises:
        Unable: it can't work: no key, a wrong one, say.
        UsageProblem: its settings can't be used, or it isn't installed any more.
    """
    state = recorder.state

    def announce(seconds: float, reason: str) -> None:
        recorder.record(events.WaitBegan(controls.proposing, seconds, clean_line(reason, 500)))

    hosting = Hosting(
        state=state,
        environ=os.environ,
        workspace=workspace,
        gather_context=ContextGatherer(run, candidates.harness_text, state).gather,
        ledger=SpendLedger(recorder),
        waiter=Waiter(controls, lambda: budget.used_up(state, recorder.elapsed), announce),
        run=run_harness,
        notice=recorder.warn,
        refresh=refresh,
    )
    return registry.factory(state.run.proposer).make(hosting)
