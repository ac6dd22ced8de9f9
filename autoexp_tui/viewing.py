"""Which way a person or a program watches a run, and the exit code that the watching gives."""

from __future__ import annotations

import os
import sys
from typing import Literal

import click

from autoexp_tui import plain
from autoexp_tui.core.problem import UsageProblem
from autoexp_tui.core.rundir import RunDirectory
from autoexp_tui.core.state import RunState
from autoexp_tui.sources import JournalSource

View = Literal["screen", "plain", "json"]

INTERRUPTED = 130


def choose_view(*, plain: bool, as_json: bool) -> View:
    """What was asked for, else the screen where the terminal can show it. Raises UsageProblem."""
    if plain and as_json:
        raise UsageProblem("--plain and --json: choose one")
    if as_json:
        return "json"
    terminal = sys.stdout.isatty() and sys.stdin.isatty() and os.environ.get("TERM") != "dumb"
    return "screen" if terminal and not plain else "plain"


def watch(run: RunDirectory, how: View, *, since: int = 0) -> int:
    """`view`; an interrupt leaves the run going, and says so."""
    try:
        return view(run, how, since=since)
    except KeyboardInterrupt:
        click.echo(
            f"\nleft {run.tag} running: `autoexp attach {run.tag}` comes back, "
            f"`autoexp stop {run.tag}` ends it",
            err=True,
        )
        return INTERRUPTED


def view(run: RunDirectory, how: View, *, since: int = 0) -> int:
    """Watch `run` until it ends; its exit code. Plain lines begin after record `since`."""
    return _lines(run, as_json=how == "json", since=since)


def _lines(run: RunDirectory, *, as_json: bool, since: int) -> int:
    state = RunState()
    try:
        for record in plain.follow(JournalSource(run)):
            state.apply(record)
            if as_json:
                click.echo(plain.as_json(record))
            elif record.seq > since:
                for line in plain.as_lines(record, state):
                    click.echo(line)
    except plain.RunnerGone:
        click.echo(
            f"autoexp: the runner of {run.tag} is gone without an end: "
            f"`autoexp run --tag {run.tag}` goes on from row {len(state.rows)}",
            err=True,
        )
        return 1
    if not as_json and state.rows:
        click.echo(f"table: {state.runner.results if state.runner else run.results}")
        click.echo(f"branch: autoexp/{run.tag}; `autoexp show N` shows one experiment")
    return 0 if state.finished is not None and state.finished.ok else 1
