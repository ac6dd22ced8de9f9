"""Standard output and standard error: the only way in which a command says anything."""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from collections.abc import Iterable
from io import TextIOWrapper

import click

from autoexp_tui.text.safe import NOTHING, Safe, one_line

_PLAINER = {"·": "-", "–": "-", "—": "-", "─": "-", "│": "|", "→": "->", "≤": "<=", "≥": ">="}
"""For a stream that can't show them; `?` stands for the rest."""


def prepare_streams() -> None:
    """Let every stream be there, and take any text, whatever encoding was asked for."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:  # closed: a file that is opened later would take its place
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    codecs.register_error("plainer", _plainer)
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, TextIOWrapper):
            output.reconfigure(errors="plainer")


def _plainer(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wanted = error.object[error.start : error.end]
    plain = (_PLAINER.get(mark) or unicodedata.normalize("NFKD", mark) for mark in wanted)
    ascii_text = "".join(text if text.isascii() else "?" for text in plain)
    return ascii_text, error.end


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
