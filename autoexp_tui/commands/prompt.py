"""`autoexp prompt`: what the next request to the model would say, to the letter."""

from __future__ import annotations

import contextlib
import os

import click

from autoexp_tui.console import echo
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.project import run_here
from autoexp_tui.sources.journals import read_state
from autoexp_tui.text.safe import clean


@click.command()
@click.argument("tag", required=False)
def prompt(tag: str | None) -> None:
    """Print what the next request of the run TAG would contain; nothing is sent."""
    from autoexp_tui.loop.guidance import Guidance  # noqa: PLC0415
    from autoexp_tui.loop.situation import gather  # noqa: PLC0415
    from autoexp_tui.model.search import Start, next_start  # noqa: PLC0415
    from autoexp_tui.proposers import registry  # noqa: PLC0415
    from autoexp_tui.proposers.context import ContextGatherer  # noqa: PLC0415
    from autoexp_tui.repository.candidates import Candidates  # noqa: PLC0415
    from autoexp_tui.repository.repository import Repository  # noqa: PLC0415

    run = run_here(tag)
    state = read_state(run)
    if state.started is None or state.runner is None:
        raise UsageProblem(f"run {run.tag} has not begun yet")
    root = run.place(state.runner.root)
    flight = state.current
    if state.slots:  # of several, the one that a proposal is made for now
        proposing = (one for one in state.in_flight.values() if one.phase == "proposing")
        flight = next(proposing, None)
    n = flight.n if flight else state.next_n
    with contextlib.closing(Repository.open(root)) as repository:
        candidates = Candidates(repository, state.started)
        guidance = Guidance(root / state.started.folder, state.contract)
        begun = state.row(flight.made_from) if flight else None
        start = Start(begun) if begun else next_start(state)
        situation = gather(n, state, start, candidates, guidance, [])
        context = ContextGatherer(run, candidates.harness_text, state).gather(situation)
    proposer = state.run.proposer
    told = registry.factory(proposer).prompt(situation, context, os.environ)
    if told is None:
        raise UsageProblem(
            f"run {run.tag} is proposed for by {proposer}, which asks no model: there is no prompt"
        )
    echo(clean(told))
