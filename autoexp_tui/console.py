"""Standard output and standard error: the only way in which a command says anything."""

from __future__ import annotations

from collections.abc import Iterable

import click

from autoexp_tui.text.safe import NOTHING, Safe, one_line


def echo(text: Safe = NOTHING) -> None:
    """Write one text and a line break to standard output."""
    click.echo(text)


def say(line: str) -> None:
    """Write one line that was put together, cleaned here, to standard output."""
    echo(one_line(line))


def warn(line: str) -> None:
    """Write one line that was put together, cleaned here, to standard error."""
    err(one_line(line))


def err(text: Safe) -> None:
    """Write one text and a line break to standard error."""
    click.echo(text, err=True)


def echo_painted(parts: Iterable[tuple[Safe, str | None]]) -> None:
    """Write a line of coloured parts; without colours where there is no terminal."""
    click.echo("".join(click.style(text, fg=colour) for text, colour in parts).rstrip())


def write(document: Safe) -> None:
    """Write a whole document to standard output as it is, in UTF-8 whatever the locale."""
    click.echo(document.encode(), nl=False)
