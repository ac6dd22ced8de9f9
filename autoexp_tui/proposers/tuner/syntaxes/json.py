"""JSON: every number and switch, called by its path."""

from __future__ import annotations

import json
import re
from typing import Any

from autoexp_tui.proposers.tuner.found import Literal, Unreadable

_TOKEN = re.compile(r'[ \t\r\n]*(?P<part>"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+)')


def literals(text: str) -> list[Literal]:
    """Raises Unreadable."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}: {error.msg}") from error
    found: list[Literal] = []
    stack: list[Any] = []  # a key (str) for an open object, an index (int) for an open array
    expects_key = False
    for match in _TOKEN.finditer(text):
        piece = match["part"]
        if piece in "{[":
            stack.append("" if piece == "{" else 0)
            expects_key = piece == "{"
        elif piece in "}]":
            stack.pop()
            expects_key = False
        elif piece == ",":
            if isinstance(stack[-1], int):
                stack[-1] += 1
            expects_key = isinstance(stack[-1], str)
        elif piece == ":":
            expects_key = False
        elif expects_key:
            stack[-1] = json.loads(piece)
        elif piece[0] != '"' and piece != "null":
            name = path(stack)
            found.append(Literal(name, match.start("part"), match.end(), low=-float("inf")))
    return found


def path(parts: list[Any]) -> str:
    """`["stages", 0, "k"]` as `stages[0].k`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".") or "value"
