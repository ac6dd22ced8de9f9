"""`autoexp repair`: cut a damaged journal back to its last whole event, keeping what was cut."""

from __future__ import annotations

import click

from autoexp_tui.console import say
from autoexp_tui.loop.journal import salvage
from autoexp_tui.loop.runlock import locked
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
        say(f"{run.tag}: {found.problem}")
        say(f"whole up to there: {len(found.records)} events, {len(state.rows)} rows")
        if not yes and not click.confirm("Cut it there? What is cut is kept beside it"):
            return
        say(f"{run.tag}: cut; the rest is in {found.cut()}")
