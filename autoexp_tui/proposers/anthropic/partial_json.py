"""Reads the strings of a JSON text while it is still being written, each character once."""

from __future__ import annotations

import re
from typing import NamedTuple

Path = tuple[str | int, ...]

_PLAIN = re.compile(r'[^"\\]+')
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
_HEX = frozenset("0123456789abcdefABCDEF")


class StringPiece(NamedTuple):
    """Some more of one string value."""

    path: Path
    """Where it stands: `("edits", 0, "search")`."""
    text: str
    """May be empty in the last piece."""
    end: bool
    """Whether the string is complete with it."""


class PartialJson:
    """Feed it the text as it comes; it tells what became known of the string values.

    It is for those who watch: numbers and literals are passed over, and of a text that is no JSON
    it just says nothing more. Whether the whole is valid is for a real parser to decide.
    """

    def __init__(self) -> None:
        self._open: list[str | int | None] = []
        """Of each open container: the index in an array; the key in an object, None before it."""
        self._in_string = False
        self._is_key = False
        self._key: list[str] = []
        self._escape = ""
        """An escape that is not complete yet, or that a second one may have to complete."""
        self._broken = False

    def feed(self, text: str) -> list[StringPiece]:
        """Take some more of the text."""
        pieces: list[StringPiece] = []
        at = 0
        while at < len(text) and not self._broken:
            if not self._in_string:
                self._structure(text[at])
                at += 1
            elif self._escape:
                at += self._in_escape(text[at], pieces)
            elif plain := _PLAIN.match(text, at):
                self._write(plain.group(), pieces)
                at = plain.end()
            elif text[at] == "\\":
                self._escape = "\\"
                at += 1
            else:
                self._close(pieces)
                at += 1
        return pieces

    def _structure(self, character: str) -> None:
        match character:
            case '"':
                self._in_string = True
                self._is_key = bool(self._open) and self._open[-1] is None
                self._key.clear()
            case "{":
                self._open.append(None)
            case "[":
                self._open.append(0)
            case "}" | "]":
                self._broken = not self._open
                if self._open:
                    self._open.pop()
            case "," if self._open:
                last = self._open[-1]
                self._open[-1] = last + 1 if isinstance(last, int) else None

    def _in_escape(self, character: str, pieces: list[StringPiece]) -> int:
        """Take the next character of an escape; returns whether it was used (1) or not (0)."""
        so_far = self._escape
        if len(so_far) == 6 and character != "\\":  # a first half that nothing completes
            self._escape = ""
            self._write(_unit(so_far), pieces)
            return 0
        if len(so_far) == 7 and character != "u":
            self._escape = "\\"
            self._write(_unit(so_far[:6]), pieces)
            return 0
        if so_far == "\\" and character != "u":
            self._escape = ""
            self._broken = character not in _ESCAPES
            if not self._broken:
                self._write(_ESCAPES[character], pieces)
            return 1
        if len(so_far) % 6 >= 2 and character not in _HEX:
            self._broken = True
            return 1
        self._escape = so_far + character
        self._complete(pieces)
        return 1

    def _complete(self, pieces: list[StringPiece]) -> None:
        escape = self._escape
        if len(escape) == 6 and not "\ud800" <= _unit(escape) <= "\udbff":
            self._escape = ""
            self._write(_unit(escape), pieces)
        elif len(escape) == 12:
            first, second = _unit(escape[:6]), _unit(escape[6:])
            if "\udc00" <= second <= "\udfff":
                self._escape = ""
                pair = (first + second).encode("utf-16", "surrogatepass").decode("utf-16")
                self._write(pair, pieces)
            else:
                self._write(first, pieces)
                self._escape = escape[6:]
                self._complete(pieces)

    def _write(self, text: str, pieces: list[StringPiece]) -> None:
        if self._is_key:
            self._key.append(text)
        else:
            pieces.append(StringPiece(self._path(), text, False))

    def _close(self, pieces: list[StringPiece]) -> None:
        self._in_string = False
        if self._is_key:
            self._open[-1] = "".join(self._key)
        else:
            pieces.append(StringPiece(self._path(), "", True))

    def _path(self) -> Path:
        return tuple(part for part in self._open if part is not None)


def _unit(escape: str) -> str:
    return chr(int(escape[2:6], 16))
