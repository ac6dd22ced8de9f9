"""`autoexp note`: what a person says of an experiment, for the record and for the researcher."""

from __future__ import annotations

import click

from autoexp_tui.commands.control import say_answer
from autoexp_tui.loop.asking import ask
from autoexp_tui.loop.control import Command
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.project import run_here
from autoexp_tui.system.person import whoami
from autoexp_tui.text.safe import clean_line


@click.command()
@click.argument("n", type=click.IntRange(min=1))
@click.argument("words", nargs=-1)
@click.option("--never/--again", default=None, help="Don't try this idea again; or do, after all.")
@click.option("--tag", help="Of which run; else the one running, or the last.")
def note(n: int, words: tuple[str, ...], never: bool | None, tag: str | None) -> None:
    """Note something of experiment N: `autoexp note 31 "overfits" --never`.

    It is written into the run's journal, shown with the experiment, and told to the researcher.
    """
    if not words and never is None:
        raise UsageProblem(f'note what? `autoexp note {n} "words"`, or --never')
    text = clean_line(" ".join(words), 2000)
    run = run_here(tag)
    say_answer(run, ask(run, Command("note", by=whoami(), text=text, n=n, never=never)))
