"""`autoexp hint`: a suggestion for the next proposals, from any shell."""

from __future__ import annotations

import click

from autoexp_tui.commands.control import ask


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--tag", help="For which run; else the one running.")
def hint(words: tuple[str, ...], tag: str | None) -> None:
    """Give the researcher a hint: `autoexp hint "try a cosine schedule"`."""
    ask(tag, "hint", " ".join(words))
