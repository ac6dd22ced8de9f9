"""A text for people or models as lines that belong together, and the sections they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

_HEADING = re.compile(r"(#{1,6})\s+\S")
_UNDERLINE = re.compile(r"(=+|-+)\s*")
_RULE = re.compile(r"\s*(?:[-*_=]\s*){3,}")
_FENCE = re.compile(r"\s*(```+|~~~+)")
_BULLET = re.compile(r"(?P<bullet>\s*(?:[-*+•]|\d+[.)])\s+)(?=\S)")
_KEY = re.compile(r"[*_`\"]*(?P<key>[^\W\d_][\w '/&-]{0,39}?)[*_`\"]*:[*_`\"]*(?=\s+\S)")
_UNFINISHED = re.compile(r".*[^\s.!?:;]")
_WRAPPED = 50
"""A line that was broken because the next word did not fit has at least so many characters."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines `start` to `end` of a document: a line, a list item, a fenced block, a table."""

    start: int
    end: int
    text: str
    """Without the line end of its last line."""
    section: int
    """Index of the section it stands in."""
    block: int
    """Passages with no blank line or heading between them are of one block."""

    @property
    def number(self) -> int:
        """Its first line, counted from 1."""
        return self.start + 1

    @property
    def bullet(self) -> str:
        """What marks it as an item of a list, with its indentation; else empty."""
        match = _BULLET.match(self.text)
        return match["bullet"] if match else ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it, `start` to `end`; or a paragraph, without headings."""

    start: int
    end: int
    title: str
    level: int


@dataclass(frozen=True)
class Document:
    """A text, taken apart so that putting it together again changes no character."""

    lines: tuple[str, ...]
    newline: str
    mark: str
    """A byte order mark, or empty."""
    ended: bool
    """Whether the last line has its newline."""

    def joined(self, lines: Sequence[str]) -> str:
        """The text of other lines, written as this one is."""
        end = self.newline if self.ended and lines else ""
        return self.mark + self.newline.join(lines) + end

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """What can be moved by itself, in order; headings, rules and comments can't."""
        section = block = 0
        found: list[Passage] = []
        previous = -1
        starts = {part.start: index for index, part in enumerate(self.outline, 1)}
        for start, end, loose in _pieces(self.lines):
            section = starts.get(start, section)
            if not loose:
                continue
            block += start != previous
            text = "\n".join(self.lines[start:end])
            found.append(Passage(start, end, text, section, block))
            previous = end
        return tuple(found)

    @cached_property
    def outline(self) -> tuple[Section, ...]:
        """Every heading's section, in order."""
        headings = [
            (start, _level(self.lines, start), start)
            for start, _, loose in _pieces(self.lines)
            if not loose and _level(self.lines, start)
        ]
        sections = []
        for index, (start, level, _) in enumerate(headings):
            later = (at for at, other, _ in headings[index + 1 :] if other <= level)
            end = next(later, len(self.lines))
            title = self.lines[start].strip().lstrip("#").strip()
            sections.append(Section(start, end, title, level))
        return tuple(sections)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """What can be moved as a whole: parts with headings, else paragraphs of several lines."""
        whole = [part for part in self.outline if self._is_part(part)]
        if self.outline:
            return tuple(whole)
        blocks: dict[int, list[Passage]] = {}
        for passage in self.passages:
            blocks.setdefault(passage.block, []).append(passage)
        return tuple(
            Section(members[0].start, members[-1].end, members[0].text.split("\n")[0], 0)
            for members in blocks.values()
            if len(members) > 1 and len(blocks) > 1
        )

    def _is_part(self, section: Section) -> bool:
        """Whether there is something in it, and something outside of it."""
        inside = sum(section.start <= passage.start < section.end for passage in self.passages)
        return 0 < inside < len(self.passages)


def take_apart(text: str) -> Document:
    """Any text at all is a document."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix(mark)
    newline = "\r\n" if body.count("\r\n") == body.count("\n") and "\r\n" in body else "\n"
    ended = body.endswith(newline)
    lines = body.split(newline)
    return Document(tuple(lines[:-1] if ended else lines), newline, mark, ended)


def bare(text: str) -> str:
    """A passage without its bullet, as an idea is written."""
    match = _BULLET.match(text)
    return (text[match.end() :] if match else text).strip()


@lru_cache(maxsize=8192)
def same(text: str) -> str:
    """A name for what a passage says, whatever its bullet, case and white space."""
    return " ".join(bare(text).casefold().split())


@lru_cache(maxsize=8192)
def key(text: str) -> str:
    """What a line is about, where it says so before a colon: `billing: ...`; else empty."""
    match = _KEY.match(bare(text))
    return match["key"].strip().casefold() if match else ""


def _pieces(lines: Sequence[str]) -> Iterator[tuple[int, int, bool]]:
    """`start, end, loose` for everything but blank lines; what is not loose stays in its place."""
    at = _front_matter(lines)
    if at:
        yield 0, at, False
    while at < len(lines):
        start = at
        if not lines[at].strip():
            at += 1
            continue
        at, loose = _piece(lines, start)
        yield start, at, loose


def _piece(lines: Sequence[str], start: int) -> tuple[int, bool]:
    """The end of what begins here, and whether it is loose."""
    line = lines[start]
    if fence := _FENCE.match(line):
        closing = (
            i for i in range(start + 1, len(lines)) if lines[i].lstrip().startswith(fence[1])
        )
        return next(closing, len(lines) - 1) + 1, True
    if line.lstrip().startswith("<!--"):
        closing = (i for i in range(start, len(lines)) if "-->" in lines[i])
        return next(closing, len(lines) - 1) + 1, False
    if _HEADING.match(line) or _RULE.fullmatch(line):
        return start + 1, False
    if _level(lines, start):
        return start + 2, False
    end = start + 1
    if line.lstrip().startswith("|"):
        while end < len(lines) and lines[end].lstrip().startswith("|"):
            end += 1
        return end, True
    while end < len(lines) and _continues(lines, start, end):
        end += 1
    return end, True


def _level(lines: Sequence[str], at: int) -> int:
    """Of the heading at this line; 0 for anything else."""
    if match := _HEADING.match(lines[at]):
        return len(match[1])
    below = lines[at + 1] if at + 1 < len(lines) else ""
    if match := _UNDERLINE.fullmatch(below):
        plain = not _BULLET.match(lines[at]) and not _RULE.fullmatch(lines[at])
        if plain and len(match[1]) >= 3:
            return 1 if match[1][0] == "=" else 2
    return 0


def _continues(lines: Sequence[str], first: int, at: int) -> bool:
    """Whether a line goes on with the passage above it: indented below it, or broken prose."""
    line, above = lines[at], lines[at - 1]
    if not line.strip() or _BULLET.match(line) or _FENCE.match(line) or _level(lines, at):
        return False
    if _indent(line) > _indent(lines[first]):
        return True
    broken = len(above) >= _WRAPPED and bool(_UNFINISHED.fullmatch(above.rstrip()))
    return broken and line.lstrip()[0].islower() and not key(line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _front_matter(lines: Sequence[str]) -> int:
    """The line behind a `---` block at the top; 0 where there is none."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    closing = (at for at in range(1, len(lines)) if lines[at].rstrip() == "---")
    return next(closing, -1) + 1
