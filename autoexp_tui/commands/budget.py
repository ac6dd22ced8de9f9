"""`autoexp budget`: what is used of a run's caps, and other caps, also while it goes on."""

from __future__ import annotations

import math

import click

from autoexp_tui.commands.control import say_answer
from autoexp_tui.console import say
from autoexp_tui.loop.asking import ask
from autoexp_tui.loop.control import Command
from autoexp_tui.model.budget import Caps, use_words
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.project import run_here
from autoexp_tui.sources.journals import read_state
from autoexp_tui.system.person import whoami


@click.command()
@click.argument("tag", required=False)
@click.option("--max-experiments", type=click.IntRange(min=1), help="Rows, baseline included.")
@click.option("--max-cost", type=click.FloatRange(min=0), help="Of dollars.")
@click.option("--hours", "--max-hours", "hours", type=click.FloatRange(min=0, min_open=True),
              help="Of wall clock.")  # fmt: skip
@click.option("--tag", "named", help="Of which run; else the one running, or the last.")
def budget(
    tag: str | None,
    named: str | None,
    max_experiments: int | None,
    max_cost: float | None,
    hours: float | None,
) -> None:
    """Give run TAG other caps, at once; without options, what is used of them.

    A cap that is used up already ends the run after the experiment in flight.
    """
    caps = Caps(max_experiments, max_cost, hours)
    run = run_here(named or tag)
    if caps == Caps():
        state = read_state(run)
        say(f"{run.tag}: {'; '.join(use_words(state, state.elapsed))}")
        return
    if not all(math.isfinite(each) for each in (max_cost, hours) if each is not None):
        raise UsageProblem("a cap is a number: leave an option out to keep what it says")
    say_answer(run, ask(run, Command("budget", by=whoami(), caps=caps)))
