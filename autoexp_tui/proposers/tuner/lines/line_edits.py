"""Every change of one line or one section that the tuner knows how to make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from autoexp_tui.proposers.tuner.lines.passages import (
    Document,
    Passage,
    Section,
    bare,
    key,
    same,
    take_apart,
)

EditKind: TypeAlias = Literal["drop", "move", "repeat", "insert", "swap"]
KINDS: tuple[EditKind, ...] = ("drop", "move", "repeat", "insert", "swap")
EditSource: TypeAlias = Literal["", "ideas.txt", "baseline"]

_EMPHASIS = "Important: "
_MOST_PLACES = 40
"""For one idea, of a kind; a night is too short for all places of a long text."""
_LONGEST_REPEAT = 3
"""A longer passage is not said twice."""


@dataclass(frozen=True, slots=True)
class LineEdit:
    """Lines `cut` are taken out, and `put` goes in before line `at`, all counted before it."""

    kind: EditKind
    subject: str
    """The passage or heading that it acts on; for an insert, what is put in."""
    idea: str
    """What is put in from outside; else empty."""
    source: EditSource
    """Where the idea is from."""
    where: str
    """What is done, for a person: `line 7`, `line 7 to the top`, `after line 7`."""
    is_section: bool
    cut: tuple[int, int]
    at: int
    put: tuple[str, ...]
    keyed: str = ""
    """What a swapped line and its idea both begin with."""


def apply(document: Document, edit: LineEdit) -> str:
    """The text with the edit made."""
    start, end = edit.cut
    lines = list(document.lines)
    gap = start
    if edit.at <= start:
        lines[start:end] = []
        lines[edit.at : edit.at] = edit.put
        gap += len(edit.put)
    else:
        lines[edit.at : edit.at] = edit.put
        lines[start:end] = []
    if edit.kind == "drop" or edit.is_section:
        lines = _without_double_blanks(lines, gap)
    return document.joined(lines)


def edits(document: Document, baseline: str, ideas: Sequence[str]) -> list[LineEdit]:
    """All changes of one line or section; applied, some may give the same text.

    What the baseline said and the document no longer says counts as an idea as well.
    """
    found = [*_drops(document), *_moves(document), *_repeats(document)]
    said = {same(passage.text) for passage in document.passages}
    offered: dict[str, tuple[str, EditSource]] = {}
    for idea in ideas:
        offered.setdefault(same(idea), (bare(idea), "ideas.txt"))
    for passage in take_apart(baseline).passages:
        offered.setdefault(same(passage.text), (bare(passage.text), "baseline"))
    for number, (name, (idea, source)) in enumerate(offered.items()):
        if name and name not in said:
            found += _uses(document, idea, source, number)
    return found


def _drops(document: Document) -> Iterator[LineEdit]:
    if len(document.passages) > 1:
        for passage in document.passages:
            yield _cut("drop", passage, f"line {passage.number}")
    for section in document.sections:
        lines = section.start, section.end
        where = _section(section)
        yield LineEdit("drop", section.title, "", "", where, True, lines, section.start, ())


def _moves(document: Document) -> Iterator[LineEdit]:
    """To the ends of the section and by one place; sections by one place."""
    for members in _by_section(document):
        last = len(members) - 1
        for index, passage in enumerate(members):
            line = f"line {passage.number}"
            places = {}
            if index > 0:
                places[members[0].start] = f"{line} to the top{_of(document, passage)}"
                places[members[index - 1].start] = f"{line} one place up"
            if index < last:
                places[members[last].end] = f"{line} to the end{_of(document, passage)}"
                places[members[index + 1].end] = f"{line} one place down"
            for at, where in places.items():
                yield _cut("move", passage, where, at=at, put=tuple(passage.text.split("\n")))
    for first, second in _neighbours(document.sections):
        body = _stripped(document.lines[second.start : second.end])
        where = f"{_section(second)} up before `{first.title}`"
        lines = second.start, second.end
        yield LineEdit("move", second.title, "", "", where, True, lines, first.start, (*body, ""))


def _repeats(document: Document) -> Iterator[LineEdit]:
    """The same once more at the end of its section, with emphasis where that breaks no form."""
    for members in _by_section(document):
        for passage in members:
            text = bare(passage.text)
            size = passage.end - passage.start
            if size > _LONGEST_REPEAT or text.startswith((_EMPHASIS, "```", "~~~", "|")):
                continue
            said = text if key(text) else f"{_EMPHASIS}{text}"
            where = f"line {passage.number} at the end{_of(document, passage)}"
            put = (passage.bullet + said).split("\n")
            at = members[-1].end
            yield LineEdit("repeat", passage.text, "", "", where, False, (at, at), at, tuple(put))


def _uses(document: Document, idea: str, source: EditSource, number: int) -> Iterator[LineEdit]:
    """An idea in the place of a line, and as a line of its own where it would fit."""
    about = key(idea)
    akin = [passage for passage in document.passages if about and key(passage.text) == about]
    others = [p for p in document.passages if not about and not key(p.text)]
    for passage in akin or _spread(others, number):
        if passage.text.lstrip().startswith(("```", "~~~", "|")):
            continue
        put = _written(idea, passage)
        where = f"line {passage.number}"
        lines = passage.start, passage.end
        yield LineEdit(
            "swap", passage.text, idea, source, where, False, lines, passage.start, put, about
        )
    ends = [members[-1] for members in _by_section(document)]
    fitting = [passage for passage in ends if bool(key(passage.text)) == bool(about)]
    for passage in akin[-1:] or _spread(fitting or ends, number):
        put, at = _written(idea, passage), passage.end
        where = f"after line {at}"
        yield LineEdit("insert", idea, idea, source, where, False, (at, at), at, put)
    if document.passages and not about:
        first = document.passages[0]
        put, at = _written(idea, first), first.start
        yield LineEdit("insert", idea, idea, source, "at the top", False, (at, at), at, put)
    if not document.passages:
        at = len(_stripped(document.lines))
        blank = at, len(document.lines)
        yield LineEdit("insert", idea, idea, source, "at the end", False, blank, at, (idea,))


def _spread(passages: Sequence[Passage], number: int) -> Sequence[Passage]:
    """All of a few; of many every so-many-th, others for each idea."""
    step = -(-len(passages) // _MOST_PLACES) or 1
    return passages[number % step :: step]


def _cut(
    kind: EditKind, passage: Passage, where: str, *, at: int = -1, put: tuple[str, ...] = ()
) -> LineEdit:
    lines = passage.start, passage.end
    at = passage.start if at < 0 else at
    return LineEdit(kind, passage.text, "", "", where, False, lines, at, put)


def _written(idea: str, beside: Passage) -> tuple[str, ...]:
    """The idea as an item of the list that it comes to stand in."""
    return tuple((beside.bullet + idea).split("\n"))


def _by_section(document: Document) -> list[list[Passage]]:
    """The passages of each section; without headings, all are of one."""
    members: dict[int, list[Passage]] = {}
    for passage in document.passages:
        members.setdefault(passage.section, []).append(passage)
    return list(members.values())


def _of(document: Document, passage: Passage) -> str:
    if not passage.section:
        return ""
    return f" of `{document.outline[passage.section - 1].title}`"


def _section(section: Section) -> str:
    return f"the {'section' if section.level else 'paragraph'} at line {section.start + 1}"


def _neighbours(sections: Sequence[Section]) -> Iterator[tuple[Section, Section]]:
    """Each section with the next one of its level that follows at once."""
    for index, section in enumerate(sections):
        furthest = section.end + (section.level == 0)  # paragraphs have a blank line between them
        for other in sections[index + 1 :]:
            if other.level == section.level and section.end <= other.start <= furthest:
                yield section, other


def _stripped(lines: Sequence[str]) -> list[str]:
    """Without the blank lines at the end."""
    size = len(lines)
    while size and not lines[size - 1].strip():
        size -= 1
    return list(lines[:size])


def _without_double_blanks(lines: list[str], near: int) -> list[str]:
    """A gap that a cut left is closed, at the cut and at both ends of the text; only there."""
    while 0 < near < len(lines) and not lines[near].strip() and not lines[near - 1].strip():
        del lines[near]
    while lines and near == 0 and not lines[0].strip():
        del lines[0]
    while lines and near >= len(lines) and not lines[-1].strip():
        lines.pop()
    return lines
