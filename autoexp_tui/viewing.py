"""Which way a person or a program watches a run, and the exit code that the watching gives."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import click

from autoexp_tui import plain
from autoexp_tui.console import echo, err, say, warn
from autoexp_tui.loop.asking import ask
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.model.problem import INTERRUPTED, Problem, UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.sources.habits import habits, keep
from autoexp_tui.sources.journals import JournalSource, read_state
from autoexp_tui.sources.seen import last_seen, leave
from autoexp_tui.summary.headline import best_line
from autoexp_tui.system.editing import edit
from autoexp_tui.system.guarding import guarded
from autoexp_tui.text.safe import NOTHING, cut

if TYPE_CHECKING:
    from autoexp_tui.ui.app import AutoexpApp
    from autoexp_tui.ui.screens.run import RunScreen

View = Literal["screen", "plain", "json"]

_SIGNALS = 128
"""An exit code above tells which signal asked for the end."""
_INCAPABLE = frozenset({"", "dumb", "unknown"})
"""What TERM says where the terminal can't move its cursor."""


def choose_view(*, plain: bool, as_json: bool) -> View:
    """What was asked for, else the screen where the terminal can show it. Raises UsageProblem."""
    if plain and as_json:
        raise UsageProblem("--plain and --json: choose one")
    if as_json:
        return "json"
    terminal = sys.stdout.isatty() and sys.stdin.isatty()
    capable = os.environ.get("TERM", "").lower() not in _INCAPABLE
    shown = (terminal and capable) or bool(os.environ.get("TEXTUAL_DRIVER"))  # a page of a browser
    return "screen" if shown and not plain else "plain"


def watch(run: RunDirectory, how: View, *, since: int = 0, read_only: bool = False) -> int:
    """`view`; an interrupt leaves the run going, and says so."""
    try:
        return view(run, how, since=since, read_only=read_only)
    except KeyboardInterrupt:
        err(NOTHING)  # the line that ^C stands in
        warn(
            f"left {run.tag} running: `autoexp attach {run.tag}` comes back, "
            f"`autoexp stop {run.tag}` ends it"
        )
        return INTERRUPTED


def view(
    run: RunDirectory, how: View, *, since: int = 0, hosted: bool = False, read_only: bool = False
) -> int:
    """Watch `run`, until it ends or the screen is left; the exit code.

    Plain lines begin after record `since`; `hosted` tells the screen that the loop lives here; on
    one that is `read_only` no key steers it.
    """
    if how == "screen":
        return _screen(run, hosted=hosted, read_only=read_only)
    return _lines(run, as_json=how == "json", since=since)


def show(screen: RunScreen) -> AutoexpApp:
    """Show a run's screen as this person likes it, until it is left; the app, which has ended."""
    from autoexp_tui.ui.app import AutoexpApp  # noqa: PLC0415 - Textual, where it is shown

    app = AutoexpApp(screen)
    app.like(screen.habits.theme)
    run_app(app)
    keep(replace(screen.habits, theme=app.theme))
    return app


def run_app(app: AutoexpApp) -> None:
    """Run it in this terminal, which is left in order however the app ends."""
    from autoexp_tui.ui.terminal import RESET  # noqa: PLC0415 - Textual, where it is shown

    with guarded(sys.stdout.fileno(), RESET):
        app.run()


def _screen(run: RunDirectory, *, hosted: bool, read_only: bool) -> int:
    from autoexp_tui.ui.screens.run import RunScreen  # noqa: PLC0415 - Textual, where it is shown
    from autoexp_tui.ui.screens.view import Viewer  # noqa: PLC0415 - as above

    # What may follow the end is done in this terminal: a browser, say, has none.
    leads = not hosted and not read_only and sys.stdout.isatty()
    screen = RunScreen(
        JournalSource(run),
        run,
        steer=None if read_only else lambda command: ask(run, command),
        hosted=hosted,
        viewer=Viewer(last_seen(run), habits(), leads=leads),
    )
    screen.edit = None if read_only else edit
    app = show(screen)
    leave(run, screen.state)
    if app.return_value is not None:
        return _go_on(app.return_value, run)
    if app.return_code and hosted and app.return_code > _SIGNALS:
        raise SystemExit(app.return_code)  # the loop that this process hosts ends with it
    if app.return_code:
        return app.return_code
    state = read_state(run)
    if state.finished is not None and not is_running(run):
        say(f"{run.tag}: {cut(state.finished.reason, 300)} · {best_line(state)}")
        say(f"table: {run.place(state.runner.results) if state.runner else run.results}")
        return 0 if state.finished.ok else 1
    if not hosted:
        say(f"{run.tag} goes on: `autoexp attach {run.tag}` comes back")
    return 0


def _go_on(wanted: str, run: RunDirectory) -> int:
    """What a person wants after the run's end, and then the screen again; the exit code."""
    wanted, _, n = wanted.partition(":")
    words = ["run", "--from", f"{run.tag}:{n}" if n else run.tag]
    words = words if wanted == "run" else [wanted, run.tag]
    command = click.get_current_context().find_root().command
    try:
        code = command.main(words, prog_name="autoexp", standalone_mode=False)
    except Problem as problem:
        warn(f"autoexp: {problem}")
        code = problem.exit_code
    if wanted != "run":
        try:
            input("⏎ shows the run again, ^C leaves: ")
        except (EOFError, KeyboardInterrupt):
            err(NOTHING)
        else:
            return _screen(run, hosted=False, read_only=False)
    return code if isinstance(code, int) else 0


def _lines(run: RunDirectory, *, as_json: bool, since: int) -> int:
    state = RunState()
    try:
        for record in plain.follow(JournalSource(run)):
            state.apply(record)
            if as_json:
                echo(plain.as_json(record))
            elif record.seq > since:
                for line in plain.as_lines(record, state):
                    echo(line)
    except plain.RunnerGone:
        warn(
            f"autoexp: the runner of {run.tag} is gone without an end: "
            f"`autoexp run --tag {run.tag}` goes on from row {len(state.rows)}"
        )
        return 1
    if not as_json and state.rows:
        say(f"table: {run.place(state.runner.results) if state.runner else run.results}")
        say(f"branch: autoexp/{run.tag}; `autoexp show N` shows one experiment")
    return 0 if state.finished is not None and state.finished.ok else 1
