"""Text from outside as Markdown, where nothing in it means anything."""

from __future__ import annotations

import re

from autoexp_tui.text.safe import clean_line

_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_OPENING = re.compile(r"^(?:[-+=](?=[-=\s]|$)|#(?=#*(?:\s|$))|[0-9]+[.)](?=\s|$))")
"""What makes a list, a heading or a rule of a line that begins with it."""
_AUTOLINK = re.compile(r"(://|www\.|@)", re.IGNORECASE)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def safe_line(text: str, limit: int = 200) -> str:
    """`text` as one line that stands for itself, whatever Markdown it holds."""
    line: str = clean_line(text, limit)
    line = re.sub("[&<>]", lambda found: _ENTITIES[found.group()], line)
    line = _SPECIAL.sub(r"\\\1", line)
    line = _OPENING.sub(_as_entity, line)
    # What some readers make a link of by themselves, they don't where a character is an entity.
    return _AUTOLINK.sub(_as_entity, line)


def _as_entity(found: re.Match[str]) -> str:
    """What was found, its last character written as a number."""
    return f"{found.group()[:-1]}&#{ord(found.group()[-1])};"
