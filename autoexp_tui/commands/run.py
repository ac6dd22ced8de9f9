"""`autoexp run`: start a run or take it up again, and watch it."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from autoexp_tui.commands.overrides import Overrides, overriding
from autoexp_tui.console import say, warn
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.model.problem import INTERRUPTED, Problem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.project import Project, find_project
from autoexp_tui.sources.journals import read_state
from autoexp_tui.summary.headline import best_line
from autoexp_tui.system.person import whoami
from autoexp_tui.system.processes import adopt_orphans
from autoexp_tui.text.safe import Safe
from autoexp_tui.viewing import View, choose_view, view, watch

if TYPE_CHECKING:
    from autoexp_tui.runner.preparation import Wishes
    from autoexp_tui.runner.runner import Runner


class _Wishes(Overrides):
    """The options that `preparation.Wishes` takes."""

    tag: str | None
    seed: int
    results: Path | None
    include_dirty: bool
    origin: str | None


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--tag", help="Name of the run and of its branch; default: date and target.")
@overriding
@click.option("--seed", type=int, default=0, show_default=True, help="Of the proposer.")
@click.option("--results", type=click.Path(dir_okay=False, path_type=Path), help="The table.")
@click.option("--from", "origin", metavar="RUN|N|RUN:N",
              help="Start from the best of RUN, or from experiment N (of the last).")  # fmt: skip
@click.option("--include-dirty", is_flag=True, help="Start from uncommitted changes as they are.")
@click.option("--detach", is_flag=True, help="Start it and return.")
@click.option("--foreground", is_flag=True, help="Host the loop in this very process.")
@click.option("--plain", is_flag=True, help="Plain lines instead of the screen.")
@click.option("--json", "as_json", is_flag=True, help="Events as JSON lines (docs/events.md).")
def run(
    directory: Path,
    *,
    detach: bool,
    foreground: bool,
    plain: bool,
    as_json: bool,
    **wishes: Unpack[_Wishes],
) -> int:
    """Start a run of the project in DIRECTORY, or go on with one, and watch it."""
    from autoexp_tui.runner.preparation import Wishes, prepare  # noqa: PLC0415 - git
    from autoexp_tui.runner.runner import Runner, spawn  # noqa: PLC0415 - the whole loop

    if detach and foreground:
        raise click.UsageError("--detach and --foreground: choose one")
    how = choose_view(plain=plain, as_json=as_json)
    project = find_project(directory)
    tag = wishes["tag"]
    if tag is not None and wishes["origin"] is None and is_running(found := project.run(tag)):
        warn(f"{tag} is running already: watching it")
        return watch(found, how)
    today = dt.datetime.now().astimezone().date()
    wanted = Wishes(**wishes)
    if wanted.origin is None and sys.stdin.isatty() and how == "screen":
        wanted = replace(wanted, origin=_ask_where(project, wanted, today))
    prepared = prepare(project, wanted, today=today)
    for note in prepared.notes:
        warn(f"autoexp: {note}")
    since = read_state(prepared.run).seq if prepared.resumed else 0
    if foreground:
        runner = Runner(prepared.run, prepared.root, prepared.results)
        return _host_here(runner, prepared.run, how, since)
    if failure := spawn(prepared.run, prepared.root, prepared.results):
        raise Problem(f"the runner did not start: {failure} (log: {prepared.run.runner_log})")
    if detach:
        tag = prepared.run.tag
        say(f"{tag} is running: `autoexp attach {tag}` shows it")
        return 0
    return watch(prepared.run, how, since=since)


def _ask_where(project: Project, wishes: Wishes, today: dt.date) -> str | None:
    """The run that a person wants to go on from, of which a new one would know nothing.

    Asked where the last run has found something that is not in the target yet.
    """
    from autoexp_tui.runner.naming import choose_run, last_run  # noqa: PLC0415 - git

    contract = project.contract()
    chosen, last = choose_run(project, wishes.tag, contract.target, wishes.budget, today), None
    if not read_state(chosen).rows:
        last = last_run(project)
    if last is None or not (state := read_state(last)).kept or state.incumbent is None:
        return None
    here, best = project.path / contract.target, last.text(state.incumbent.n)
    if not (here.is_file() and best.is_file()) or here.read_bytes() == best.read_bytes():
        return None
    say(f"{last.tag} ended with {best_line(state)}")
    again = click.confirm("Start from its best? (No: from HEAD)", default=True)
    return last.tag if again else None


def _host_here(runner: Runner, run: RunDirectory, how: View, since: int) -> int:
    """The same runner in a thread of this process: an interrupt or a signal ends the run."""
    adopt_orphans()
    runner.start()
    try:
        return view(run, how, since=since, hosted=True)
    except KeyboardInterrupt:
        runner.stop(whoami())
        return INTERRUPTED
    except SystemExit:
        runner.stop(Safe("a signal"))
        raise
    finally:
        runner.wait()
