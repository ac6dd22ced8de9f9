"""What the syntaxes report, and helpers that turn their positions into offsets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal as Word

Standing = Word["declared", "named", "inner"]
"""How a literal stands. declared: a constant of a module or class, an entry of a settings file.
named: the whole of a keyword argument, a default, an entry or a local assignment. inner: a part of
an expression."""


class Unreadable(Exception):
    """The target is not valid in its own language; the message says where."""


@dataclass(frozen=True, slots=True)
class Literal:
    """One number or switch at `text[start:end]`; `low`, `high` limit what it may mean.

    The name hangs on where it stands, never on its value.
    """

    name: str
    start: int
    end: int
    low: float = 0.0
    high: float = float("inf")
    standing: Standing = "declared"
    why: str = ""
    """Why it is left alone, as a kind: `seed`, `index or size`; empty for what may move."""


class Rows:
    """Offsets of line beginnings, for languages that count lines in their own way."""

    def __init__(self, text: str, ends: str = r"\r\n|\r|\n") -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in re.finditer(ends, text))]

    def offset(self, line: int, column: int) -> int:
        """`line` counts from 1, `column` from 0 in characters."""
        return self._starts[line - 1] + column

    def offset_of_byte(self, line: int, column: int) -> int:
        """The same with `column` in bytes of UTF-8."""
        start = self._starts[line - 1]
        row = self.text[start : start + column]  # a character has at least one byte
        if row.isascii():
            return start + column
        sizes = accumulate(len(character.encode()) for character in row)
        return start + sum(1 for size in sizes if size <= column)
