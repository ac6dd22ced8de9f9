"""What the syntaxes report, and helpers that turn their positions into offsets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate


class Unreadable(Exception):
    """The target is not valid in its own language; the message says where."""


@dataclass(frozen=True, slots=True)
class Literal:
    """One number or switch at `text[start:end]`; `low`, `high` limit what it may mean."""

    name: str
    start: int
    end: int
    low: float = 0.0
    high: float = float("inf")


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
