"""`ideas.txt`: lines that a person offers for the target, one idea each."""

from __future__ import annotations

NAME = "ideas.txt"
"""Stands beside the target."""

_MOST = 500
"""More lines than a night can try are left out."""


def read_ideas(text: str) -> tuple[str, ...]:
    """The ideas in order, each once; blank lines and those that begin with `#` are for people."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").split("\n"))
    ideas = dict.fromkeys(line for line in lines if line and not line.startswith("#"))
    return tuple(ideas)[:_MOST]
