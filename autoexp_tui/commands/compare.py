"""`autoexp compare`: several runs or tables on one plot."""

from __future__ import annotations

import shutil
from typing import Literal

import click

from autoexp_tui.report.comparison import By, Entry, entry_of, kept_lines, plot, table
from autoexp_tui.report.comparison import compare as compared
from autoexp_tui.report.textplot import LETTERS, Run
from autoexp_tui.sources.opening import opened
from autoexp_tui.text.safe import clean_line

_COLOURS = ("green", "blue", "magenta", "yellow", "cyan", "red")
_WIDEST, _HEIGHT = 110, 16


@click.command()
@click.argument("which", metavar="TAG|FILE…", nargs=-1, required=True)
@click.option(
    "--by",
    type=click.Choice(["experiment", "time", "cost"]),
    default="experiment",
    show_default=True,
    help="What the curves run along.",
)
@click.option(
    "--direction",
    type=click.Choice(["lower", "higher"]),
    help="Which way is better, for tables that don't tell.",
)
@click.option(
    "--most", type=click.IntRange(min=1), default=10, show_default=True, help="Kept changes each."
)
def compare(
    which: tuple[str, ...], by: By, direction: Literal["lower", "higher"] | None, most: int
) -> None:
    """Lay the running bests of runs, tables or archives over each other, and list what each kept.

    Where their metrics differ, each is shown as per cent better than its own baseline.
    """
    entries: list[Entry] = []
    caveats: list[str] = []
    for one in which:
        with opened(one, direction) as found:
            taken = any(entry.name == found.name for entry in entries)
            name = f"{found.name} ({one})" if taken else found.name
            entries.append(entry_of(name, found.state, by))
            caveats += [f"{name}: {text}" for text in found.caveats]
    comparison = compared(entries, by)
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    picture = plot(comparison, width, _HEIGHT)
    if picture:
        click.echo(f"{comparison.scale}, by {by}")
    for runs in picture:
        click.echo("".join(map(_painted, runs)).rstrip())
    click.echo()
    for index, line in enumerate(table(comparison)):
        click.echo(_painted(Run(line, index)))
    for index, entry in enumerate(comparison.entries):
        click.echo()
        click.echo(_painted(Run(f"{LETTERS[index]}  {clean_line(entry.name, 60)} kept", index)))
        for line in kept_lines(entry, most):
            click.echo(line)
    for caveat in caveats:
        click.echo(f"note: {clean_line(caveat, 300)}", err=True)


def _painted(run: Run) -> str:
    """Coloured as its curve is; click leaves the colours out where there is no terminal."""
    if run.curve is None:
        return run.text
    return click.style(run.text, fg=_COLOURS[run.curve % len(_COLOURS)])
