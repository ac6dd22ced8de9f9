"""`autoexp compare`: several runs or tables on one plot."""

from __future__ import annotations

import shutil
from typing import Literal

import click

from autoexp_tui.report.comparison import By, Entry, entry_of, kept_lines, picture, table
from autoexp_tui.report.comparison import compare as compared
from autoexp_tui.report.textplot import LETTERS, paint, runs
from autoexp_tui.sources.opening import opened
from autoexp_tui.text.safe import clean_line

_COLOURS = ("green", "blue", "magenta", "yellow", "cyan", "red")
_WIDEST, _HEIGHT = 110, 18


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
    painting = paint(picture(comparison), width, _HEIGHT)
    if painting:
        click.echo(f"{comparison.scale}, by {by}")
    for cells in painting.lines if painting else []:
        click.echo("".join(_coloured(text, role) for text, role in runs(cells)).rstrip())
    click.echo()
    for letter, line in zip(LETTERS, table(comparison), strict=False):
        click.echo(_coloured(line, letter))
    for letter, entry in zip(LETTERS, comparison.entries, strict=False):
        click.echo()
        click.echo(_coloured(f"{letter}  {clean_line(entry.name, 60)} kept", letter))
        for line in kept_lines(entry, most):
            click.echo(line)
    for caveat in caveats:
        click.echo(f"note: {clean_line(caveat, 300)}", err=True)


def _coloured(text: str, role: str) -> str:
    """Coloured as its curve is; click leaves the colours out where there is no terminal."""
    at = LETTERS.find(role) if role else -1
    return text if at < 0 else click.style(text, fg=_COLOURS[at % len(_COLOURS)])
