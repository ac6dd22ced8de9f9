"""`autoexp ls`: the runs of a repository."""

from __future__ import annotations

from pathlib import Path

import click

from autoexp_tui.console import say
from autoexp_tui.loop.journal import JournalError
from autoexp_tui.loop.runlock import is_asleep, is_running
from autoexp_tui.model.rundir import RunDirectory, runs_in
from autoexp_tui.model.state import RunState
from autoexp_tui.project import find_project
from autoexp_tui.sources.journals import read_state
from autoexp_tui.summary.headline import best_line
from autoexp_tui.text.safe import Safe, clean_line, one_line


@click.command()
@click.argument(
    "directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path()
)
def ls(directory: Path) -> None:
    """List the runs of the repository at DIRECTORY, the latest first."""
    place = find_project(directory).place
    lines: list[tuple[Safe, str, str, str]] = []
    for run in runs_in(place.common_dir):
        try:
            state = read_state(run)
        except (JournalError, OSError) as error:
            lines.append((one_line(run.tag), "damaged", "", clean_line(str(error), 300)))
            continue
        lines.append((one_line(run.tag), _condition(run, state), *_figures(run, state)))
    if not lines:
        say(f"no runs in {place.root} yet: `autoexp run` starts one")
        return
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    for tag, condition, rows, best in lines:
        row = f"{tag:<{widths[0]}}  {condition:<{widths[1]}}  {rows:>{widths[2]}}  {best}"
        say(row.rstrip())


def _condition(run: RunDirectory, state: RunState) -> str:
    if is_running(run):
        verification = state.verification
        if state.finished and verification is not None and verification.finished is None:
            return "verifying"
        if is_asleep(run):
            return "not awake"
        if state.current is not None and state.current.waiting is not None:
            return "waiting"
        return "paused" if state.paused else state.phase
    if state.finished is None:
        return "interrupted"
    return "finished" if state.finished.ok else "failed"


def _reason(run: RunDirectory, state: RunState) -> str:
    """Why it stands as it does, where that is not plain."""
    waiting = state.current.waiting if state.current is not None else None
    if is_running(run):
        return waiting[1].reason if waiting is not None else state.paused
    if state.finished is None:
        return f"`autoexp run --tag {run.tag}` goes on"
    return state.finished.reason


def _figures(run: RunDirectory, state: RunState) -> tuple[str, str]:
    rows = f"{len(state.rows)} of {state.budget.max_experiments}"
    words = [f"{best_line(state)}; {state.kept} kept"] if state.rows else []
    if reason := clean_line(_reason(run, state), 100):
        words.append(reason)
    return rows, " — ".join(words)
