"""JSON: every number and switch, called by its path."""

from __future__ import annotations

import json
import re
from typing import Any

from autoexp_tui.proposers.tuner.found import Literal, Unreadable

_TOKEN = re.compile(r'[ \t\r\n]*(?P<token>"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+)')


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
        token = match["token"]
        if token in "{[":
            stack.append("" if token == "{" else 0)
            expects_key = token == "{"
        elif token in "}]":
            stack.pop()
            expects_key = False
        elif token == ",":
            if isinstance(stack[-1], int):
                stack[-1] += 1
            expects_key = isinstance(stack[-1], str)
        elif token == ":":
            expects_key = False
        elif expects_key:
            stack[-1] = json.loads(token)
        elif token[0] != '"' and token != "null":
            name = path(stack)
            found.append(Literal(name, match.start("token"), match.end(), low=-float("inf")))
    return found


def path(parts: list[Any]) -> str:
    """`["stages", 0, "k"]` as `stages[0].k`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".") or "value"
