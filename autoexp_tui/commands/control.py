"""`autoexp pause`, `resume`, `skip`, `stop`: steer a run from any shell."""

from __future__ import annotations

from collections.abc import Callable

import click

from autoexp_tui.console import say
from autoexp_tui.loop.control import Command, Verb
from autoexp_tui.loop.wire import send
from autoexp_tui.model.problem import Problem
from autoexp_tui.project import run_here
from autoexp_tui.system.person import whoami
from autoexp_tui.text.safe import clean_line

_Command = Callable[..., None]


def _tag(command: _Command) -> _Command:
    """Which run, by its name alone or with `--tag` as everywhere."""
    named = click.option("--tag", "named", help="Of which run; else the one running.")(command)
    return click.argument("tag", required=False)(named)


def ask(tag: str | None, verb: Verb, text: str = "") -> None:
    """Send a command to a run's runner, and print its answer."""
    run = run_here(tag)
    reply = send(run, Command(verb, by=whoami(), text=clean_line(text, 2000)))
    if not reply.ok:
        raise Problem(f"{run.tag}: {reply.text}")
    say(f"{run.tag}: {reply.text}")


@click.command()
@_tag
def pause(tag: str | None, named: str | None) -> None:
    """Let the current experiment end, then wait for `resume`."""
    ask(named or tag, "pause")


@click.command()
@_tag
def resume(tag: str | None, named: str | None) -> None:
    """End a pause."""
    ask(named or tag, "resume")


@click.command()
@_tag
def skip(tag: str | None, named: str | None) -> None:
    """End the current experiment at once and go on with the next."""
    ask(named or tag, "skip")


@click.command()
@_tag
@click.option("--now", is_flag=True, help="Don't wait for the experiment in flight.")
def stop(tag: str | None, named: str | None, now: bool) -> None:
    """End the run after the current experiment; `autoexp run` takes it up again."""
    ask(named or tag, "stop-now" if now else "stop")
