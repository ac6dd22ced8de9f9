"""What comes from outside, made safe to show: no control, no escape sequence, nothing invisible.

Every rule works on one line at a time, so lines cleaned one by one make the cleaned text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, islice
from operator import itemgetter
from typing import NewType, overload
from unicodedata import category

Safe = NewType("Safe", str)
"""Text that has been cleaned: what every terminal, page and prompt asks for."""

NOTHING = Safe("")

Colour = int | tuple[int, int, int] | None
"""0 to 255 of the terminal's palette, red-green-blue of 0 to 255 each, or the terminal's own."""

_MARKS = 4
"""Combining marks left on one character; living scripts need no more."""

# A string (OSC, DCS, APC, PM, SOS) ends at its terminator. One that has none swallows its line, as
# it would in a terminal; after an 8-bit introducer it doesn't, since those are most often mojibake.
# No two adjacent repeats share a character, so that matching takes linear time.
_STRING = r"[^\x07\n\x18\x1a\x1b\x80-\x9f]*+"
_END = r"(?:\x07|\x1b\\|\x9c)"
_SEQUENCE = re.compile(
    rf"\x1b[\]P_^X]{_STRING}{_END}?"
    rf"|[\x90\x98\x9d-\x9f]{_STRING}{_END}"
    r"|(?:\x1b\[|\x9b)[ -?]*+[@-~]?"
    r"|\x1b[ -/]*+[0-~]?"
)
_SGR = re.compile(r"(?:\x1b\[|\x9b)([0-9:;]*)m")

_SPACES = re.compile("[\x0b\x0c\x85\u2028\u2029]")
"""Line breaks to some programs and not to others: never to us."""

# Controls, format characters (bidirectional ones, zero-width ones, tags), variation selectors and
# other default-ignorable code points. Without joiners and selectors a character is as wide as
# every terminal believes it to be.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_NOT_CHARACTERS = re.compile(
    "[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(1, 17))
    + "]"
)
_HIDDEN = re.compile(f"{_INVISIBLE.pattern}|{_SPACES.pattern}|{_NOT_CHARACTERS.pattern}")
_FLAT = {ord("\n"): " ", ord("\t"): " "}
_MAYBE_MARKS = re.compile(rf"[^\w\s\x00-\x7f]{{{_MARKS + 1},}}")


@dataclass(frozen=True, slots=True)
class Style:
    """How a piece of terminal output looks."""

    fg: Colour = None
    bg: Colour = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN = Style()


def clean(text: str) -> Safe:
    """Return `text` as it may be shown; newlines and tabs stay.

    Escape sequences go whole, other controls and invisible characters singly. What a carriage
    return overwrites is gone, as in a terminal. What is no character becomes U+FFFD, and no
    character wears more than four combining marks. Idempotent; linear in time.
    """
    if text.isascii() and text.isprintable():
        return Safe(text)
    text = _visible(_SEQUENCE.sub("", text))
    return Safe("".join([text[start:end] for start, end in _kept(text)]))


def clean_line(text: str, limit: int = 200) -> Safe:
    """Return the cleaned text as one line: every run of whitespace is one space, none at the ends.

    At most `limit` characters (at least 1), an ellipsis for what was cut among them.
    """
    return cut(Safe(" ".join(clean(text).split())), limit)


@overload
def cut(text: Safe, limit: int) -> Safe: ...
@overload
def cut(text: str, limit: int) -> str: ...
def cut(text: str, limit: int) -> str:
    """Return `text` in at most `limit` characters (at least 1): an ellipsis for what was cut.

    What was clean stays it; nothing else becomes it.
    """
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def part_of(text: Safe, start: int, end: int | None = None) -> Safe:
    """Return the characters from `start` on, up to `end`."""
    return Safe(text[start:end])


def one_line(text: str) -> Safe:
    """Return the cleaned text as one line whose layout stays: a line break or a tab is one space.

    For what is composed of parts: a part that holds a line break can't forge a line of its own.
    """
    if text.isascii() and text.isprintable():
        return Safe(text)
    return Safe(clean(text).translate(_FLAT))


def safe_json(data: bytes) -> Safe:
    """Return a JSON document whose strings say the same in characters that may be shown.

    A string is all that may hold a control or an invisible character; there `\\u` can stand for it.
    """
    return Safe(_HIDDEN.sub(_escaped, decode(data)))


def _escaped(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def decode(data: bytes | bytearray) -> str:
    """Return the text of UTF-8 bytes, with U+FFFD for what isn't; it still wants cleaning."""
    return data.decode("utf-8", "replace")


def parse_sgr(line: str, style: Style = PLAIN) -> tuple[list[tuple[Safe, Style]], Style]:
    """Split terminal output into cleaned pieces of one style each, and the style it ends in.

    `style` is the one it begins in. Only "select graphic rendition" (`ESC [ … m`) is honoured, but
    for blink and conceal. The pieces joined are `clean(line)`; none is empty.
    """
    if line.isascii() and line.isprintable():
        return ([(Safe(line), style)] if line else []), style
    runs: list[tuple[str, Style]] = []
    position = 0
    for sequence in _SEQUENCE.finditer(line):
        runs.append((_visible(line[position : sequence.start()]), style))
        position = sequence.end()
        if rendition := _SGR.fullmatch(sequence.group()):
            style = _rendered(style, rendition.group(1))
    runs.append((_visible(line[position:]), style))
    return _cut(runs), style


def _visible(text: str) -> str:
    """Each character by itself: as it is, replaced or left out."""
    text = _INVISIBLE.sub("", _SPACES.sub(" ", text))
    return text if text.isascii() else _NOT_CHARACTERS.sub("\ufffd", text)


def _kept(text: str) -> Iterator[tuple[int, int]]:
    """Where the text lies that neither a carriage return nor the bound on marks takes away."""
    if "\r" not in text:
        yield from _bounded(text, 0)
        return
    start = 0
    for line in text.split("\n"):
        shown = line.rstrip("\r")
        last = shown.rpartition("\r")[2]
        yield from _bounded(last, start + len(shown) - len(last))
        start += len(line) + 1
        if start <= len(text):
            yield start - 1, start


def _bounded(text: str, offset: int) -> Iterator[tuple[int, int]]:
    start = 0
    if not text.isascii():
        for candidates in _MAYBE_MARKS.finditer(text):
            marks = 0
            for index in range(*candidates.span()):
                marks = marks + 1 if category(text[index]) in {"Mn", "Me"} else 0
                if marks > _MARKS:
                    yield offset + start, offset + index
                    start = index + 1
    yield offset + start, offset + len(text)


def _cut(runs: list[tuple[str, Style]]) -> list[tuple[Safe, Style]]:
    """Apply to styled runs what `clean` does to their joined text; join runs of equal style."""
    text = "".join([run for run, _ in runs])
    nowhere = len(text), len(text)
    spans = _kept(text)
    start, end = next(spans, nowhere)
    parts: list[tuple[str, Style]] = []
    position = 0
    for run, style in runs:
        limit = position + len(run)
        while start < limit:
            if part := text[max(start, position) : min(end, limit)]:
                parts.append((part, style))
            if end > limit:
                break
            start, end = next(spans, nowhere)
        position = limit
    return [
        (Safe("".join([part for part, _ in same])), style)
        for style, same in groupby(parts, key=itemgetter(1))
    ]


_SWITCHES: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"reverse": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
    29: {"strike": False},
}


def _rendered(style: Style, parameters: str) -> Style:
    """The style after one sequence's parameters (ECMA-48, and ISO 8613-6 for 38 and 48)."""
    codes = iter(parameters.split(";"))
    for field in codes:
        first, *sub = [_number(code) for code in field.split(":")]
        if first in {38, 48, 58}:
            colour = _extended(sub) if sub else _extended(_following(codes))
            if colour is not None and first != 58:  # 58 colours the underline
                style = replace(style, fg=colour) if first == 38 else replace(style, bg=colour)
        elif first == 0:
            style = PLAIN
        elif first == 4 and sub:
            style = replace(style, underline=sub[0] != 0)
        elif first in _SWITCHES:
            style = replace(style, **_SWITCHES[first])
        else:
            style = _coloured(style, first)
    return style


def _coloured(style: Style, code: int) -> Style:
    tens, colour = divmod(code, 10)
    if colour > 7:
        if code == 39:
            return replace(style, fg=None)
        return replace(style, bg=None) if code == 49 else style
    if tens in {3, 9}:
        return replace(style, fg=colour + (8 if tens == 9 else 0))
    if tens in {4, 10}:
        return replace(style, bg=colour + (8 if tens == 10 else 0))
    return style


def _following(codes: Iterator[str]) -> list[int]:
    """The fields that belong to a 38, 48 or 58 written with semicolons."""
    kind = _number(next(codes, ""))
    return [kind, *(_number(code) for code in islice(codes, {2: 3, 5: 1}.get(kind, 0)))]


def _extended(codes: list[int]) -> Colour:
    """The colour of `5, index` or `2, [colour space,] red, green, blue`; None where it is none."""
    match codes:
        case [5, index] if index <= 255:
            return index
        case [2, red, green, blue] | [2, _, red, green, blue, *_] if max(red, green, blue) <= 255:
            return red, green, blue
    return None


def _number(code: str) -> int:
    """A parameter; left out it means 0, and nonsense becomes a code that means nothing."""
    return int(code or 0) if len(code) <= 5 and ":" not in code else 99_999
