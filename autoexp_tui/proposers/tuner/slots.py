"""The places of a target that can be moved: found, named, and spliced without touching the rest."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from autoexp_tui.proposers.tuner import comment_marks, literals, structural, syntaxes
from autoexp_tui.proposers.tuner.domains import Choices, Domain, bounded, switch
from autoexp_tui.proposers.tuner.found import Literal, Standing
from autoexp_tui.proposers.tuner.unmarked import blind

_NOT_SETTINGS = re.compile(
    r"(^|[._-])((random_?)?seeds?|random_?state|version|ver|port|paths?|files?|dir|directory|folder|url"
    r"|uri|host|id|uid|gid|pid|name|date|year|schema|debug|verbose|verbosity|device|log_?level"
    r"|license|checksum|n_?classes|num_?classes)$"
)
_OF_SETTINGS = (structural.SEED, structural.VERSION, structural.SHAPE, structural.SPLIT)
"""What is left alone among declared constants too, whatever they are nested in."""
_TABLE = 16
"""A longer row of numbers is data, not settings."""
MARKED = "beside what is marked"
OUTSIDE = "outside the EVOLVE-BLOCK"
_BLOCK = re.compile(r"EVOLVE-BLOCK-(START|END)")


@dataclass(frozen=True, slots=True)
class Slot:
    """One movable place: `text[start:end]` is `literal`. The name survives changes of value."""

    name: str
    start: int
    end: int
    literal: str
    marked: Domain | None
    """What a person allows; None for a number or switch without an annotation."""
    low: float = -float("inf")
    high: float = float("inf")
    standing: Standing = "declared"
    why: str = ""
    """Why it is left alone unless a person names it; empty for what moves."""

    def domain(self, anchor: str) -> Domain | None:
        """What the slot may become, when the run began with `anchor` there."""
        if self.marked is not None:
            return self.marked
        if switched := switch(self.literal):
            return switched
        # What had a sign from the first may have it again.
        low = -float("inf") if anchor.startswith("-") else self.low
        return bounded(blind(self.name, anchor, self.literal), low, self.high)


def splice(text: str, slots: Sequence[Slot], values: Mapping[str, str]) -> str:
    """`text` with the named slots' values put in; every other character stays as it is."""
    pieces: list[str] = []
    at = 0
    for slot in slots:
        pieces += (text[at : slot.start], values.get(slot.name, slot.literal))
        at = slot.end
    return "".join((*pieces, text[at:]))


def find(text: str, target: str) -> tuple[Slot, ...]:
    """The slots of a target that move by themselves, in order of appearance. Raises as `read`."""
    return tuple(slot for slot in read(text, target) if not slot.why)


@lru_cache(maxsize=16)
def read(text: str, target: str) -> tuple[Slot, ...]:
    """All slots of a target in order of appearance, with those that are left alone.

    Raises:
        found.Unreadable: the text is not valid in the language that its name promises.
        comment_marks.Misread: an annotation that can't be followed.
    """
    mark = text.startswith("\ufeff")
    # One character for one: what can't be encoded would stop parsers, and is in no literal.
    readable = re.sub("[\ud800-\udfff]", "?", text[mark:])
    reader = syntaxes.of(target, readable)
    is_read = reader is not None and not syntaxes.unread(target, readable)
    found = reader.literals(readable) if reader and is_read else []
    offsets = reader.comments(readable) if reader and is_read and reader.comments else None
    is_settled = reader is not None and reader.is_settled
    marked = comment_marks.marked(readable, offsets, switches=not is_settled)
    judged = _judged(readable, found, is_settled=is_settled, is_marked=bool(marked))
    slots = _merged(readable, judged, marked, {x.start: x for x in found})
    return tuple(replace(s, start=s.start + mark, end=s.end + mark) for s in slots)


def _judged(text: str, found: list[Literal], *, is_settled: bool, is_marked: bool) -> list[Literal]:
    """With the reason, where there is one, why each is left alone."""
    rows = Counter(_row(literal.name) for literal in found if literal.standing == "declared")
    outside = _outside(text)
    judged = []
    for literal in found:
        why = literal.why
        if literal.standing == "declared":
            if rows[_row(literal.name)] > _TABLE:
                why = structural.DATA
            why = why or _why_no_setting(literal.name)
        if not _is_readable(text[literal.start : literal.end]):
            why = structural.NOTATION
        if is_marked and not (is_settled and literal.standing == "declared"):
            why = why or MARKED
        if any(start <= literal.start < end for start, end in outside):
            why = why or OUTSIDE
        judged.append(replace(literal, why=why))
    return judged


def _outside(text: str) -> list[tuple[int, int]]:
    """The stretches that a program's own marks tell every proposer to leave as they are."""
    found: list[tuple[int, int]] = []
    at: int | None = 0
    for match in _BLOCK.finditer(text):
        if match[1] == "START" and at is not None:
            found.append((at, match.start()))
            at = None
        elif match[1] == "END" and at is None:
            at = match.end()
    if not found:
        return []
    return found if at is None else [*found, (at, len(text))]


def _row(name: str) -> str:
    """The list that a value stands in; a name of its own when it stands in none."""
    return name.rpartition("[")[0] if name.endswith("]") else name + "="


def _why_no_setting(name: str) -> str:
    parts = re.sub(r"\[\d+\]", "", name).split(".")
    if any(_NOT_SETTINGS.search(part.lower()) or re.fullmatch(r"__\w+__", part) for part in parts):
        known = (structural.by_name(part) for part in parts)
        return next(filter(None, known), structural.ADDRESS)
    why = structural.by_name(parts[-1])
    return why if why in _OF_SETTINGS else ""


def _is_readable(literal: str) -> bool:
    return literals.read(literal) is not None or switch(literal) is not None


def _merged(
    text: str,
    judged: list[Literal],
    marked: list[comment_marks.Marked],
    read: Mapping[int, Literal],
) -> tuple[Slot, ...]:
    """Annotated slots where there are any; elsewhere the blind ones."""
    taken = [(place.start, place.end) for place in marked]
    blanked = _blanked(text, taken)
    slots = []
    for place in marked:
        known = read.get(place.start)
        name = known.name if known and known.standing == "declared" else _name(text, blanked, place)
        slots.append(
            Slot(name, place.start, place.end, text[place.start : place.end], place.domain)
        )
    slots += [
        Slot(
            literal.name,
            literal.start,
            literal.end,
            text[literal.start : literal.end],
            None,
            literal.low,
            literal.high,
            literal.standing,
            literal.why,
        )
        for literal in judged
        if not _is_taken(literal, taken)
    ]
    slots.sort(key=lambda slot: slot.start)
    return _distinct(_placed(text, slots))


def _is_taken(literal: Literal, taken: Sequence[tuple[int, int]]) -> bool:
    at = bisect_left(taken, literal.end, key=lambda span: span[0])
    return any(
        start < literal.end and literal.start < end for start, end in taken[max(at - 1, 0) : at]
    )


def _placed(text: str, slots: list[Slot]) -> list[Slot]:
    """Marked places of one name by where they stand: `web.count`, `cache.count`.

    As near as tells them apart: what their line begins with, else the blocks around it.
    """
    alike: dict[str, list[int]] = {}
    for index, slot in enumerate(slots):
        if slot.marked is not None:
            alike.setdefault(slot.name, []).append(index)
    told = list(slots)
    for name, indices in alike.items():
        if len(indices) < 2:
            continue
        around = [_blocks(text, slots[index]) for index in indices]
        for level in range(min(map(len, around))):
            places = [blocks[level] for blocks in around]
            if all(places) and len(set(places)) == len(places):
                for index, place in zip(indices, places, strict=True):
                    # "AS" and the like say nothing beside the name of what they stand behind.
                    known = place if len(name) < 3 and name.isupper() else f"{place}.{name}"
                    told[index] = replace(slots[index], name=known)
                break
    return told


def _blocks(text: str, slot: Slot) -> list[str]:
    """What the slot's line begins with, then what each block around it is called."""
    at = text.rfind("\n", 0, slot.start) + 1
    own = text[at : slot.start]
    found = [label if (label := _label(own)) != slot.name else ""]
    depth = len(own) - len(own.lstrip())
    for line in reversed(text[:at].splitlines()[-_NEAREST:]):
        indent = len(line) - len(line.lstrip())
        if indent < depth and (label := _label(line)):
            found.append(label)
            depth = indent
    return found


def _label(line: str) -> str:
    """`web` of `resource "terraform_data" "web" {`, `paid` of `paid AS (`."""
    line = _COMMENT.sub(" ", line)
    quoted = re.findall(r"[\"']([\w.-]+)[\"']", line)
    words = _WORD.findall(line)
    return quoted[-1] if quoted else words[0] if words else ""


_NEAREST = 200
"""Lines before a place in which the blocks around it are looked for."""


def _distinct(slots: list[Slot]) -> tuple[Slot, ...]:
    """Names made unique by their order; overlapping places dropped.

    What moves and is declared or marked is named first, so that nothing else shifts its name.
    """
    apart: list[Slot] = []
    for slot in slots:
        if not apart or slot.start >= apart[-1].end:
            apart.append(slot)
    counts: Counter[str] = Counter()
    named: dict[int, Slot] = {}
    for index in sorted(range(len(apart)), key=lambda index: _is_late(apart[index])):
        slot = apart[index]
        counts[slot.name] += 1
        if counts[slot.name] > 1:
            slot = replace(slot, name=f"{slot.name}#{counts[slot.name]}")
        named[index] = slot
    return tuple(named[index] for index in range(len(apart)))


def _is_late(slot: Slot) -> bool:
    return slot.standing != "declared" or bool(slot.why)


def _blanked(text: str, taken: Sequence[tuple[int, int]]) -> str:
    """The text with the marked values blanked out, so that no name hangs on another's value."""
    pieces: list[str] = []
    at = 0
    for start, end in taken:
        pieces += (text[at:start], "\0" * (end - start))
        at = end
    return "".join((*pieces, text[at:]))


_COMMENT = re.compile(r"/\*.*?\*/|<!--.*?-->|(?:^|(?<=\s))(?:#|//|--)(?=\s).*$")
_ASSIGNED = re.compile(r"(?P<key>[\w.$@-]+)[\"']?\s*(?:=|:=|:|=>)\s*[\"'\[({]*$")
_WORD = re.compile(r"[^\W\d_][\w.$-]*|-[\w=+-]+")


def _name(text: str, blanked: str, place: comment_marks.Marked) -> str:
    """What a person would call a marked place: its key, or the words beside it."""
    start = text.rfind("\n", 0, place.start) + 1
    end = text.find("\n", place.end)
    row = blanked[start : end if end >= 0 else len(text)]
    before, after = row[: place.start - start], _COMMENT.sub(" ", row[place.end - start :])
    stripped = _COMMENT.sub(" ", before)
    if match := _ASSIGNED.search(stripped):
        return match["key"]
    earlier, later = _WORD.findall(stripped), _WORD.findall(after)
    if isinstance(place.domain, Choices):
        if place.domain.options == ("on", "off"):  # the place is in the comment itself
            return _switch_name(before)
        beside = later[:1] or earlier[-1:] or ["|".join(place.domain.options)[:40]]
    else:
        beside = earlier[-1:] or later[:1]
    return beside[0] if beside else "value"


def _switch_name(before: str) -> str:
    return re.sub(r"\s*(?:#|//|--|;|%)\s*(?:tune:)?\s*$", "", before).strip() or "switch"
