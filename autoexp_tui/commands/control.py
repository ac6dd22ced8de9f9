"""`autoexp pause`, `resume`, `skip`, `stop`: steer a run from any shell."""

from __future__ import annotations

from collections.abc import Callable

import click

from autoexp_tui.console import say
from autoexp_tui.loop.control import Command, Reply, Verb
from autoexp_tui.loop.measuring import MOST_DEATHS
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.loop.wire import NoRunner, send
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.project import run_here
from autoexp_tui.sources.journals import read_state
from autoexp_tui.system.person import whoami
from autoexp_tui.text.safe import clean_line, cut

_Command = Callable[..., None]


def _tag(command: _Command) -> _Command:
    """Which run, by its name alone or with `--tag` as everywhere."""
    named = click.option("--tag", "named", help="Of which run; else the one running.")(command)
    return click.argument("tag", required=False)(named)


def say_answer(run: RunDirectory, reply: Reply) -> None:
    """Print the answer to a command. Raises Problem where it is a refusal."""
    if not reply.ok:
        raise Problem(f"{run.tag}: {reply.text}")
    say(f"{run.tag}: {reply.text}")


def ask(tag: str | None, verb: Verb, text: str = "", n: int = 0) -> None:
    """Send a command to a run's runner, and print its answer."""
    run = run_here(tag)
    try:
        reply = send(run, Command(verb, by=whoami(), text=clean_line(text, 2000), n=n))
    except NoRunner:
        if is_running(run):
            raise
        raise NoRunner(_at_rest(run, verb)) from None
    say_answer(run, reply)


def _at_rest(run: RunDirectory, verb: Verb) -> str:
    """What a person can do about a run that nobody answers for."""
    state = read_state(run)
    again = f"`autoexp run --tag {run.tag}` goes on"
    if state.finished is not None:
        return f"{run.tag} has ended ({cut(state.finished.reason, 200)}): {again} where it can"
    words = f"{run.tag} stands still, its runner has died"
    cut_off = [one for one in state.in_flight.values() if one.commit]
    if verb in {"pause", "stop", "stop-now"}:
        return f"{words}: there is nothing to {verb.partition('-')[0]}; {again}"
    if not cut_off:
        return f"{words}: no experiment is in flight; {again}"
    died = max(one.deaths + one.measuring for one in cut_off)
    left = f"runners that died while it was measured: {died}, after {MOST_DEATHS} it is a crash"
    numbers = ", ".join(f"#{one.n}" for one in cut_off)
    return f"{words}: {again}, and measures {numbers} again ({left}, and the run goes on)"


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
@click.option("-n", "n", type=click.IntRange(min=1), help="Which, where several run at once.")
def skip(tag: str | None, named: str | None, n: int | None) -> None:
    """End the current experiment at once and go on with the next."""
    ask(named or tag, "skip", n=n or 0)


@click.command()
@_tag
@click.option("--now", is_flag=True, help="Don't wait for the experiment in flight.")
def stop(tag: str | None, named: str | None, now: bool) -> None:
    """End the run after the current experiment; `autoexp run` takes it up again."""
    ask(named or tag, "stop-now" if now else "stop")
