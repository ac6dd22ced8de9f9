"""`autoexp brief`: what a run has come to, in a screenful of lines."""

from __future__ import annotations

import click

from autoexp_tui.console import say
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.project import run_here
from autoexp_tui.sources.journals import read_state
from autoexp_tui.summary.night import story
from autoexp_tui.text.safe import Safe, cut


@click.command()
@click.argument("tag", required=False)
def brief(tag: str | None) -> int:
    """Tell what the run TAG has come to: what was won, whether it is real, what it cost."""
    run = run_here(tag)
    state = read_state(run)
    lines = story(state)
    if not lines:
        say(Safe("nothing is measured yet"))
        return 1
    going = "goes on" if is_running(run) else "stands still" if state.finished is None else ""
    say(cut(f"{run.tag} {going}".strip(), 120))
    for line in lines:
        say(line.text)
    return 0
