"""`autoexp notebook`: what a run has taught so far; to read, and to put right."""

from __future__ import annotations

from pathlib import Path

import click

from autoexp_tui.console import echo, say
from autoexp_tui.loop.commands import NOTEBOOK_MOST
from autoexp_tui.loop.control import Command
from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.runlock import is_running, locked
from autoexp_tui.loop.wire import NoRunner, send
from autoexp_tui.model import events
from autoexp_tui.model.problem import Problem, UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.project import run_here
from autoexp_tui.sources.journals import read_state
from autoexp_tui.summary.notebook import notebook as written
from autoexp_tui.summary.notebook import notebook_title
from autoexp_tui.system.person import whoami
from autoexp_tui.text.safe import Safe, clean, decode, part_of


@click.command()
@click.argument("tag", required=False)
@click.option("--edit", is_flag=True, help="Open it in your editor; what you save is told to it.")
@click.option(
    "--set",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the text of this file instead; an empty one takes it away.",
)
def notebook(tag: str | None, edit: bool, file: Path | None) -> None:
    """Show what the run TAG has taught so far, as the researcher is told it."""
    run = run_here(tag)
    state = read_state(run)
    if state.started is None:
        raise UsageProblem(f"run {run.tag} has not begun yet")
    if file is not None:
        _write(run, decode(file.read_bytes()))
    elif edit:
        text = click.edit(written(state), extension=".txt")
        if text is None:
            say("nothing was changed")
        else:
            _write(run, text)
    else:
        say(notebook_title(state))
        echo()
        echo(written(state) or Safe("nothing yet: it takes a few experiments"))


def _write(run: RunDirectory, text: str) -> None:
    """Have it journalled: by the run's runner, or here where there is none."""
    safe = part_of(clean(text.strip()), 0, NOTEBOOK_MOST)
    try:
        reply = send(run, Command("notebook", by=whoami(), text=safe))
    except NoRunner:
        if is_running(run):
            raise
        with locked(run), Journal(run.journal, clock_runs=False) as journal:
            recorder = Recorder(journal)
            n = recorder.state.next_n
            recorder.record(events.NotebookWritten(n, whoami(), safe))
        say(f"{run.tag}: notebook noted for when it goes on")
        return
    if not reply.ok:
        raise Problem(f"{run.tag}: {reply.text}")
    say(f"{run.tag}: {reply.text}")
