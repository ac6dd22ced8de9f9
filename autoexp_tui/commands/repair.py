"""`autoexp repair`: a damaged journal is cut back to its last whole event; foreign lines go."""

from __future__ import annotations

import click

from autoexp_tui.console import say
from autoexp_tui.loop.journal import Journal, salvage
from autoexp_tui.loop.runlock import locked
from autoexp_tui.model.events import Noticed
from autoexp_tui.model.state import RunState
from autoexp_tui.project import run_here


@click.command()
@click.argument("tag", required=False)
@click.option("--yes", is_flag=True, help="Don't ask.")
def repair(tag: str | None, yes: bool) -> None:
    """Mend the journal of run TAG, when it was damaged in the middle."""
    run = run_here(tag)
    with locked(run):
        found = salvage(run.journal)
        if found.whole:
            say(f"{run.tag}: the journal is whole, there is nothing to repair")
            return
        state = RunState()
        for record in found.records:
            state.apply(record)
        if found.foreign:
            say(f"{run.tag}: {run.journal} has lines that no runner of this run wrote")
        if found.problem:
            say(f"{run.tag}: {found.problem}")
        rows = f"{len(found.records)} events, {len(state.rows)} rows"
        say(f"{'whole up to there' if found.problem else 'what the runner wrote'}: {rows}")
        question = "Cut it there" if found.problem else "Take them out"
        if not yes and not click.confirm(f"{question}? What is cut is kept beside it"):
            return
        if found.problem:
            say(f"{run.tag}: cut; the rest is in {found.cut()}")
        with Journal(run.journal, clock_runs=False) as journal:
            for notice in journal.take_notices():
                if isinstance(notice.event, Noticed):
                    say(f"{run.tag}: {notice.event.text}")
