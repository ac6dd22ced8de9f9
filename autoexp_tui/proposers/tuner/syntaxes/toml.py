"""TOML: numbers and switches by dotted key; the text is scanned, as parsers keep no offsets."""

from __future__ import annotations

import re
import tomllib

from autoexp_tui.proposers.tuner.found import Literal, Unreadable
from autoexp_tui.proposers.tuner.syntaxes.json import path

_SPACE = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE = re.compile(r"[^,\]}#\r\n]+")


def literals(text: str) -> list[Literal]:
    """Raises Unreadable."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(str(error)) from error
    return _Scan(text).document()


class _Scan:
    """A pass over text that is known to be valid, so it need not look for errors."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: list[Literal] = []

    def document(self) -> list[Literal]:
        table: list[str | int] = []
        arrays: dict[tuple[str | int, ...], int] = {}
        while self._next(_GAP) < len(self._text):
            if self._text.startswith("[[", self._at):
                self._at += 2
                keys = self._keys()
                arrays[tuple(keys)] = arrays.get(tuple(keys), -1) + 1
                table = [*keys, arrays[tuple(keys)]]
                self._at += 2
            elif self._text[self._at] == "[":
                self._at += 1
                table = list(self._keys())
                self._at += 1
            else:
                self._pair(table)
        return self._found

    def _next(self, pattern: re.Pattern[str]) -> int:
        if match := pattern.match(self._text, self._at):
            self._at = match.end()
        return self._at

    def _keys(self) -> list[str | int]:
        """A dotted key; stands behind it and the blanks that follow it."""
        keys: list[str | int] = []
        while True:
            start = self._next(_SPACE)
            if self._text[start] in "\"'":
                keys.append(self._text[start + 1 : self._next(_STRING) - 1])
            else:
                keys.append(self._text[start : self._next(_KEY)])
            if self._text[self._next(_SPACE)] != ".":
                return keys
            self._at += 1

    def _pair(self, table: list[str | int]) -> None:
        name = [*table, *self._keys()]
        self._at += 1  # the `=`
        self._next(_SPACE)
        self._value(name)

    def _value(self, name: list[str | int]) -> None:
        first = self._text[self._at]
        if first in "\"'":
            self._next(_STRING)
        elif first == "[":
            self._at += 1
            self._items(name)
        elif first == "{":
            self._at += 1
            while self._text[self._next(_GAP)] != "}":
                self._pair(name)
                self._at += self._text[self._next(_GAP)] == ","
            self._at += 1
        else:
            start = self._at
            end = start + len(self._text[start : self._next(_BARE)].rstrip())
            self._found.append(Literal(path(name), start, end, low=-float("inf")))

    def _items(self, name: list[str | int]) -> None:
        index = 0
        while self._text[self._next(_GAP)] != "]":
            self._value([*name, index])
            index += 1
            self._at += self._text[self._next(_GAP)] == ","
        self._at += 1
