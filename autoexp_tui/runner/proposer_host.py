"""Makes the proposer that a run was begun with, and gives it what it needs of the run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autoexp_tui.evaluation.environment import agent_environment
from autoexp_tui.evaluation.harness import HarnessOutcome, run_harness
from autoexp_tui.evaluation.local import LocalEvaluator
from autoexp_tui.evaluation.sandbox.reach import agent_confinement
from autoexp_tui.loop.control import Desk
from autoexp_tui.loop.projections import Projections
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model import budget, events
from autoexp_tui.model.contract import Contract
from autoexp_tui.model.proposal import Proposer
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.proposers import registry
from autoexp_tui.proposers.command.calling import Called
from autoexp_tui.proposers.command.supervised import RunHarness
from autoexp_tui.proposers.context import ContextGatherer
from autoexp_tui.proposers.hosting import Hosting
from autoexp_tui.proposers.waiting import Waiter
from autoexp_tui.repository.candidates import Candidates
from autoexp_tui.system.removal import discard
from autoexp_tui.text.safe import Safe, clean_line


def make_proposer(
    run: RunDirectory,
    candidates: Candidates,
    evaluator: LocalEvaluator,
    recorder: Recorder,
    desk: Desk,
    projections: Projections,
) -> Proposer:
    """A proposer of this run for one lane, ready to work beside the workspace of `evaluator`.

    Raises:
        Unable: it can't work: no key, a wrong one, say.
        UsageProblem: its settings can't be used, or it isn't installed any more.
    """
    state = recorder.state

    def announce(seconds: float, reason: str) -> None:
        recorder.record(events.WaitBegan(desk.n, seconds, clean_line(reason, 500)))

    def used_up() -> str:
        return budget.used_up(state, recorder.elapsed, settled=True)

    def booked() -> None:
        for note in projections.update_costs():
            recorder.warn(note)

    def acted(tool: Safe, about: Safe) -> None:
        recorder.record(events.AgentActed(desk.n, tool, about))

    hosting = Hosting(
        state=state,
        environ=os.environ,
        workspace=evaluator.workspace.root,
        gather_context=ContextGatherer(run, candidates.harness_text, state).gather,
        ledger=SpendLedger(recorder, booked),
        waiter=Waiter(desk, used_up, announce),
        run=_confined(evaluator, state.contract),
        notice=recorder.warn,
        refresh=evaluator.refresh,
        acted=acted,
        confined=evaluator.sandbox.name != "none",
    )
    if state.runner is None:
        named = state.contract.proposer
        for line in registry.passed_over(named, state.run.proposer, os.environ):
            recorder.record(events.Noticed("info", clean_line(line, 500)))
    return registry.factory(state.run.proposer).make(hosting)


def close(proposer: Proposer) -> None:
    """Close it, where it has such a thing."""
    if end := getattr(proposer, "close", None):
        end()


def _confined(evaluator: LocalEvaluator, contract: Contract) -> RunHarness:
    """Runs an agent program in the sandbox of the run, with what agents need."""
    preset = Called.of(contract.command).preset if contract.command.run else None
    keeps = preset.keeps if preset is not None else ()

    def run(
        argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, **rest: Any
    ) -> HarnessOutcome:
        workspace = evaluator.workspace
        private = workspace.root.with_name(".agent-private")
        scratch = log.parent / cwd.relative_to(log.parent).parts[0]
        env = agent_environment(env, contract.env)
        discard(private)
        try:
            confinement = agent_confinement(
                workspace,
                env,
                " ".join(argv),
                scratch,
                private,
                # What a candidate wrote may stand in `argv`, and is to open nothing.
                line=f"{contract.command.run} {argv[0]}",
                logins=(*contract.command.logins, *keeps),
            )
            confined = evaluator.sandbox.wrap(argv, confinement)
            return run_harness(confined, cwd=cwd, env=env, log=log, mask=evaluator.mask, **rest)
        finally:
            discard(private)

    return run
