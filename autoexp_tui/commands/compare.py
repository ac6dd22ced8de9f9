"""`autoexp compare`: several runs or tables on one plot."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from autoexp_tui.commands.judged_by import judged_by
from autoexp_tui.console import echo, echo_painted, say, warn
from autoexp_tui.report.comparison import By, Entry, entry_of, kept_lines, picture, table
from autoexp_tui.report.comparison import compare as compared
from autoexp_tui.report.textplot import LETTERS, paint, runs
from autoexp_tui.sources.archive import is_archive
from autoexp_tui.sources.opening import opened
from autoexp_tui.sources.tables import is_table
from autoexp_tui.tables import AS_READ, TableChoice
from autoexp_tui.text.safe import Safe, cut, one_line

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
    "--most", type=click.IntRange(min=1), default=10, show_default=True, help="Kept changes each."
)
@judged_by
def compare(which: tuple[str, ...], by: By, most: int, choice: TableChoice) -> None:
    """Lay the running bests of runs, tables or archives over each other, and list what each kept.

    Where their metrics differ, each is shown as per cent better than its own baseline.
    """
    entries: list[Entry] = []
    caveats: list[str] = []
    for one in which:
        is_of_others = is_table(one) and not is_archive(Path(one))
        with opened(one, choice if is_of_others else AS_READ) as found:
            taken = any(entry.name == found.name for entry in entries)
            name = f"{found.name} ({one})" if taken else found.name
            entries.append(entry_of(name, found.state, by))
            caveats += [f"{name}: {text}" for text in found.caveats]
    comparison = compared(entries, by)
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    painting = paint(picture(comparison), width, _HEIGHT)
    if painting:
        say(f"{comparison.scale}, by {by}")
    for cells in painting.lines if painting else []:
        echo_painted(_coloured(text, role) for text, role in runs(cells))
    echo()
    for letter, line in zip(LETTERS, table(comparison), strict=False):
        echo_painted([_coloured(line, letter)])
    for letter, entry in zip(LETTERS, comparison.entries, strict=False):
        echo()
        echo_painted([_coloured(f"{letter}  {cut(entry.name, 60)} kept", letter)])
        for line in kept_lines(entry, most):
            echo(line)
    for caveat in caveats:
        warn(f"note: {caveat}")


def _coloured(text: str, role: str) -> tuple[Safe, str | None]:
    """The text, and the colour of the curve that it belongs to."""
    at = LETTERS.find(role) if role else -1
    return one_line(text), None if at < 0 else _COLOURS[at % len(_COLOURS)]
