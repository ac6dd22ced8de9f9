"""Slots that a person marked: `# tune: 0.2 .. 4 log`, `# a | b | c`, `# on`, in any language.

A mark stands behind its value on the same line, after `#`, `//`, `--`, `;` or `%`, or in
`/*...*/` or `<!-- ... -->`. It stays in the text and remains true after a change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autoexp_tui.proposers.tuner import literals
from autoexp_tui.proposers.tuner.domains import Choices, Domain, ranged

_BLOCK = re.compile(r"/\*(?P<css>.*?)\*/|<!--(?P<html>.*?)-->")
_TRAILING = re.compile(r"(?:^|(?<=[\s;,]))(?:#|//|--|;|%)(?P<content>.*)$")
_NUMBER = r"[-+]?(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(
    rf"tune:\s*(?P<low>{_NUMBER})\s*\.\.\s*(?P<high>{_NUMBER})(?P<log>\s+log\b)?"
    rf"(?:\s+step\s+(?P<step>{_NUMBER}))?(?:[\s,;(].*)?"
)
_OPTIONS = re.compile(r"(?P<mark>tune:)?\s*(?P<options>[^|]+(?:\|[^|]+)+)")
_SWITCH = re.compile(r"(?:tune:\s*)?(on|off)")
_VALUE = re.compile(rf"(?<![\w.]){_NUMBER}")
_GLUED = re.compile(r"(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?")


class Misread(Exception):
    """A mark says `tune:` and can't be followed; the message names the line and the remedy."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A marked value at `text[start:end]`, and what it may become."""

    start: int
    end: int
    domain: Domain


@dataclass(frozen=True, slots=True)
class _Comment:
    start: int
    end: int
    content: str
    trailing: bool


def marked(text: str, comments: Iterable[int] | None, *, switches: bool) -> list[Marked]:
    """Every marked value, in order.

    Args:
        text: The whole target.
        comments: Offsets of the comments of a language that knows them; None to look for them.
        switches: Whether a line that ends in `# on` or `# off` is a slot.

    Raises:
        Misread: a `tune:` mark without a value that it fits.
    """
    known = None if comments is None else set(comments)
    found: list[Marked] = []
    start = 0
    for number, row in enumerate(text.split("\n"), 1):
        line = row.removesuffix("\r")
        if known is None:
            notes = _comments(line)
        else:
            here = next((at - start for at in range(start, start + len(line)) if at in known), None)
            notes = [] if here is None else [_Comment(here, len(line), line[here + 1 :], True)]
        found += (
            Marked(start + slot.start, start + slot.end, slot.domain)
            for slot in _marked_in(line, notes, number, switches=switches)
        )
        start += len(row) + 1
    return found


def _comments(line: str) -> list[_Comment]:
    blocks = [
        _Comment(match.start(), match.end(), match["css"] or match["html"] or "", False)
        for match in _BLOCK.finditer(line)
    ]
    found = list(blocks)
    at = 0
    while match := _TRAILING.search(line, at):
        if not any(block.start <= match.start() < block.end for block in blocks):
            found.append(_Comment(match.start(), len(line), match["content"], True))
        at = match.start() + 1
    return sorted(found, key=lambda comment: comment.start)


def _marked_in(
    line: str, notes: list[_Comment], number: int, *, switches: bool
) -> Iterator[Marked]:
    after = 0  # a value belongs to the nearest mark behind it
    for index, note in enumerate(notes):
        following = notes[index + 1].start if index + 1 < len(notes) else len(line)
        stretches = [(after, note.start)]
        if not note.trailing:
            stretches.append((note.end, following))
        slot = _slot(line, stretches, note, number, switches=switches)
        if slot is not None:
            yield slot
            after = max(note.end, slot.end)
            if note.trailing:
                return


def _slot(
    line: str, stretches: list[tuple[int, int]], note: _Comment, number: int, *, switches: bool
) -> Marked | None:
    content = note.content.strip().lstrip("#/").strip()
    if match := _RANGE.fullmatch(content):
        for start, end in stretches:
            if (found := _number(line, start, end)) and (
                domain := ranged(
                    line[slice(*found)],
                    match["low"],
                    match["high"],
                    log=match["log"] is not None,
                    step=float(match["step"] or 0),
                )
            ):
                return Marked(*found, domain)
    elif match := _OPTIONS.fullmatch(content):
        options = tuple(dict.fromkeys(part.strip() for part in match["options"].split("|")))
        if len(options) > 1 and all(options):
            for start, end in stretches:
                if chosen := _option(line, start, end, options):
                    return Marked(*chosen, Choices(options))
        if not match["mark"]:
            return None  # prose with a bar in it, or a type
    elif switches and note.trailing and _SWITCH.fullmatch(content) and line[: note.start].strip():
        word = line.rindex(content.split()[-1])
        return Marked(word, word + len(content.split()[-1]), Choices(("on", "off")))
    else:
        return None
    raise Misread(
        f"line {number}: nothing on the line fits `{content}`;"
        " write `# tune: 0.1 .. 10 log` behind a number, or `# a | b | c` behind one of a, b, c"
    )


def _number(line: str, start: int, end: int) -> tuple[int, int] | None:
    """The last number that stands free, or the last one glued to a word like `-O2`."""
    for pattern in (_VALUE, _GLUED):
        found = [match.span() for match in pattern.finditer(line, start, end)]
        if found and literals.read(line[slice(*found[-1])]):
            return found[-1]
    return None


def _option(line: str, start: int, end: int, options: tuple[str, ...]) -> tuple[int, int] | None:
    """The last option in the stretch; of two that end together, the longer."""
    spans = [
        match.span()
        for option in options
        for match in re.finditer(_bounded(option), line[:end])
        if match.start() >= start
    ]
    return max(spans, key=lambda span: (span[1], -span[0]), default=None)


def _bounded(option: str) -> str:
    before = r"(?<!\w)(?<!\d\.)" if re.match(r"\w", option) else ""
    after = r"(?!\w)(?!\.\d)" if re.search(r"\w$", option) else ""
    return before + re.escape(option) + after
