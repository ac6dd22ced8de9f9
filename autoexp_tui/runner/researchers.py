"""Hires the proposer that a run was begun with, and gives it what it needs of the run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from autoexp_tui.evaluation.harness import run_harness
from autoexp_tui.loop.control import Controls
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model import budget, events
from autoexp_tui.model.proposal import Crash, Proposer, Situation, Unable
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.proposers.anthropic import (
    AnthropicProposer,
    Change,
    Context,
    Credentials,
    Patience,
    Reservation,
    Settings,
    Settlement,
)
from autoexp_tui.proposers.anthropic.context import GatherContext
from autoexp_tui.repository.candidates import Candidates
from autoexp_tui.text.safe import clean, decode

_RECENT = 5
"""Experiments whose diffs are shown again."""
_TAIL = 8 << 10
_LATELY = 10


def make_researcher(
    run: RunDirectory,
    candidates: Candidates,
    workspace: Path,
    recorder: Recorder,
    controls: Controls,
) -> Proposer:
    """The proposer of this run, ready to work.

    Raises:
        Unable: it can't work: no key, a wrong one, say.
        UsageProblem: its settings can't be used.
    """
    state = recorder.state
    gather_context = ContextGatherer(run, candidates.harness_text, state).gather
    match state.run.proposer:
        case "anthropic":
            return _claude(gather_context, recorder, controls)
        case "command":
            return _agent(gather_context, workspace, recorder, controls)
    from autoexp_tui.proposers.tuner import Tuner  # noqa: PLC0415 - Optuna takes 400 ms to import

    return Tuner()


def _claude(
    gather_context: GatherContext, recorder: Recorder, controls: Controls
) -> AnthropicProposer:
    state = recorder.state
    settings = claude_settings(state)

    def announce(seconds: float, reason: str) -> None:
        recorder.record(events.WaitBegan(controls.proposing, seconds, reason))

    patience = Patience(controls, lambda: budget.used_up(state, recorder.elapsed), announce)
    proposer = AnthropicProposer(
        settings,
        Credentials.from_environment(os.environ, settings),
        _AnthropicSpend(SpendLedger(recorder)),
        patience,
        gather_context=gather_context,
    )
    proposer.check_credentials()
    return proposer


def _agent(
    gather_context: GatherContext, workspace: Path, recorder: Recorder, controls: Controls
) -> Proposer:
    from autoexp_tui.proposers.command import CommandProposer, Supervised  # noqa: PLC0415

    state = recorder.state
    agent = state.contract.command
    if not agent.run:
        raise Unable("proposer: command needs `command: {run: …}`: a command line, or a preset")
    return CommandProposer(
        agent.run,
        root=workspace,
        folder=state.run.folder,
        home=workspace.parent / ".agent",
        run=Supervised(run_harness, os.environ, agent.time_limit, controls.check_proposal),
        gather_context=gather_context,
        notice=recorder.warn,
    )


def claude_settings(state: RunState) -> Settings:
    """The run's settings, as requests need them."""
    return Settings(**msgspec.structs.asdict(state.contract.anthropic))


class _AnthropicSpend:
    """The books, in the words of the proposer."""

    def __init__(self, books: SpendLedger) -> None:
        self._books = books

    def reserve(self, reservation: Reservation) -> int:
        return self._books.reserve(events.CostReserved(0, **msgspec.structs.asdict(reservation)))

    def settle(self, reservation: int, settlement: Settlement) -> None:
        tokens: Mapping[str, int] = msgspec.structs.asdict(settlement.tokens)
        self._books.settle(
            reservation,
            {kind: count for kind, count in tokens.items() if count},
            settlement.usd,
            settlement.outcome,
            exact=settlement.exact,
        )


class ContextGatherer:
    """Gathers what a model is told beside the situation, from what the experiments left."""

    def __init__(self, run: RunDirectory, harness_text: Callable[[], str], state: RunState) -> None:
        self._run = run
        self._harness_text = harness_text
        self._state = state

    def gather(self, situation: Situation) -> Context:
        """The context of that situation."""
        rows = self._state.rows
        crash = None
        if rows and rows[-1].status == "crash":
            last = rows[-1]
            crash = Crash(last.n, last.reason, _tail(self._run.output(last.n)))
        changes = [Change(row.n, _text(self._run.diff(row.n))) for row in rows[1:][-_RECENT:]]
        return Context(
            harness=self._harness_text(),
            recent=[change for change in changes if change.diff],
            crash=crash,
            pace=self._pace(),
        )

    def _pace(self) -> float | None:
        rows = self._state.rows[-_LATELY:]
        if len(rows) < 2:
            return None
        return (rows[-1].elapsed - rows[0].elapsed) / (len(rows) - 1)


def _text(path: Path) -> str:
    try:
        return decode(path.read_bytes())
    except OSError:
        return ""


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            return clean(decode(file.read()))
    except OSError:
        return ""
