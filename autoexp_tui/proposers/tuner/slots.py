"""The places of a target that can be moved: found, named, and spliced without touching the rest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from autoexp_tui.proposers.tuner import comment_marks, literals
from autoexp_tui.proposers.tuner.domains import Choices, Domain, blind, bounded, switch
from autoexp_tui.proposers.tuner.found import Literal
from autoexp_tui.proposers.tuner.syntaxes import css, json, python, toml, yaml

_SYNTAXES: dict[str, Callable[[str], list[Literal]]] = {
    ".py": python.literals,
    ".yaml": yaml.literals,
    ".yml": yaml.literals,
    ".toml": toml.literals,
    ".json": json.literals,
    ".css": css.literals,
}
_NOT_SETTINGS = re.compile(
    r"(^|[._-])((random_?)?seeds?|random_?state|version|ver|port|paths?|files?|dir|directory|folder|url"
    r"|uri|host|id|uid|gid|pid|name|date|year|schema|debug|verbose|verbosity|device|log_?level"
    r"|license|checksum|n_?classes|num_?classes)$"
)
_TABLE = 16
"""A longer row of numbers is data, not settings."""


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

    def domain(self, anchor: str) -> Domain | None:
        """What the slot may become, when the run began with `anchor` there."""
        if self.marked is not None:
            return self.marked
        if switched := switch(self.literal):
            return switched
        return bounded(blind(self.name, anchor, self.literal), self.low, self.high)


def splice(text: str, slots: Sequence[Slot], values: Mapping[str, str]) -> str:
    """`text` with the named slots' values put in; every other character stays as it is."""
    pieces: list[str] = []
    at = 0
    for slot in slots:
        pieces += (text[at : slot.start], values.get(slot.name, slot.literal))
        at = slot.end
    return "".join((*pieces, text[at:]))


@lru_cache(maxsize=16)
def find(text: str, target: str) -> tuple[Slot, ...]:
    """The slots of a target in order of appearance.

    Raises:
        found.Unreadable: the text is not valid in the language that its name promises.
        comment_marks.Misread: an annotation that can't be followed.
    """
    mark = text.startswith("\ufeff")
    # One character for one: what can't be encoded would stop parsers, and is in no literal.
    readable = re.sub("[\ud800-\udfff]", "?", text[mark:])
    suffix = PurePosixPath(target).suffix.lower()
    reader = _SYNTAXES.get(suffix)
    read = reader(readable) if reader else []
    comments = python.comments(readable) if suffix == ".py" else None
    marked = comment_marks.marked(readable, comments, switches=reader is None)
    slots = _merged(readable, _settings(readable, read), marked, {x.start: x for x in read})
    if not mark:
        return slots
    return tuple(
        Slot(s.name, s.start + 1, s.end + 1, s.literal, s.marked, s.low, s.high) for s in slots
    )


def _settings(text: str, found: list[Literal]) -> list[Literal]:
    """Without what is called like no setting, rows of data, and numbers of other notations."""
    rows = Counter(_row(literal.name) for literal in found)
    return [
        literal
        for literal in found
        if rows[_row(literal.name)] <= _TABLE
        and not _is_no_setting(literal.name)
        and _is_readable(text[literal.start : literal.end])
    ]


def _row(name: str) -> str:
    """The list that a value stands in; a name of its own when it stands in none."""
    return name.rpartition("[")[0] if name.endswith("]") else name + "="


def _is_no_setting(name: str) -> bool:
    parts = re.sub(r"\[\d+\]", "", name).split(".")
    return any(
        _NOT_SETTINGS.search(part.lower()) or re.fullmatch(r"__\w+__", part) for part in parts
    )


def _is_readable(literal: str) -> bool:
    return literals.read(literal) is not None or switch(literal) is not None


def _merged(
    text: str,
    settings: list[Literal],
    marked: list[comment_marks.Marked],
    read: Mapping[int, Literal],
) -> tuple[Slot, ...]:
    """Annotated slots where there are any; elsewhere the blind ones."""
    taken = [(place.start, place.end) for place in marked]
    blanked = _blanked(text, taken)
    slots = []
    for place in marked:
        known = read.get(place.start)
        name = known.name if known else _name(text, blanked, place)
        slots.append(
            Slot(name, place.start, place.end, text[place.start : place.end], place.domain)
        )
    for literal in settings:
        if not any(start < literal.end and literal.start < end for start, end in taken):
            value = text[literal.start : literal.end]
            slots.append(
                Slot(
                    literal.name,
                    literal.start,
                    literal.end,
                    value,
                    None,
                    literal.low,
                    literal.high,
                )
            )
    slots.sort(key=lambda slot: slot.start)
    return _distinct(slots)


def _distinct(slots: list[Slot]) -> tuple[Slot, ...]:
    """Names made unique by their order; overlapping places dropped."""
    counts: Counter[str] = Counter()
    found: list[Slot] = []
    for slot in slots:
        if found and slot.start < found[-1].end:
            continue
        counts[slot.name] += 1
        name = slot.name if counts[slot.name] == 1 else f"{slot.name}#{counts[slot.name]}"
        found.append(
            Slot(name, slot.start, slot.end, slot.literal, slot.marked, slot.low, slot.high)
        )
    return tuple(found)


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
