"""`autoexp prompt`: what the next request to the model would say, to the letter."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import click

from autoexp_tui.core.problem import UsageProblem
from autoexp_tui.core.text import clean
from autoexp_tui.project import run_here
from autoexp_tui.sources.journals import read_state


@click.command()
@click.argument("tag", required=False)
def prompt(tag: str | None) -> None:
    """Print what the next request of the run TAG would contain; nothing is sent."""
    from autoexp_tui.core.situation import gather  # noqa: PLC0415
    from autoexp_tui.hosting.researchers import Lookout  # noqa: PLC0415
    from autoexp_tui.lab.bench import Bench  # noqa: PLC0415 - git
    from autoexp_tui.lab.repository import Repository  # noqa: PLC0415
    from autoexp_tui.proposers.anthropic.prompt import build  # noqa: PLC0415
    from autoexp_tui.proposers.anthropic.settings import Credentials  # noqa: PLC0415

    run = run_here(tag)
    state = read_state(run)
    if state.started is None or state.runner is None:
        raise UsageProblem(f"run {run.tag} has not begun yet")
    secrets = Credentials(
        api_key=os.environ.get("ANTHROPIC_API_KEY"),
        auth_token=os.environ.get("ANTHROPIC_AUTH_TOKEN"),
    )
    with contextlib.closing(Repository.open(Path(state.runner.root))) as repository:
        bench = Bench(run, repository, state.started)
        situation = gather(state, bench, [])
        request = build(situation, Lookout(run, bench, state).look(situation), secrets.scrub)
    click.echo(clean(request.as_text()))
