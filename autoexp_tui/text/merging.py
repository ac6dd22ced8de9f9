"""Puts two changes of one text together, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import NamedTuple


class _Change(NamedTuple):
    """Lines `start` to `end` of the common text become `lines`."""

    start: int
    end: int
    lines: Sequence[str]


def merge(base: str, one: str, other: str) -> str | None:
    """`base` with what `one` and `other` made of it; None where they changed the same lines.

    Changes of neighbouring lines go together: whoever merges measures what comes of it.
    """
    before = base.splitlines(keepends=True)
    mine, theirs = _changes(before, one), _changes(before, other)
    mine = [change for change in mine if change not in theirs]
    if any(_collide(a, b) for a in mine for b in theirs):
        return None
    merged, at = [], 0
    for change in sorted([*mine, *theirs], key=lambda change: (change.start, change.end)):
        merged += [*before[at : change.start], *change.lines]
        at = change.end
    return "".join([*merged, *before[at:]])


def _collide(a: _Change, b: _Change) -> bool:
    if a.start == a.end or b.start == b.end:  # what is put in between has its place at an edge
        return a.start <= b.end and b.start <= a.end
    return a.start < b.end and b.start < a.end


def _changes(before: Sequence[str], text: str) -> list[_Change]:
    after = text.splitlines(keepends=True)
    found = _by_likeness(before, after)
    if len(before) == len(after):  # values change where they stand, among lines that are all alike
        pairs = enumerate(zip(before, after, strict=True))
        by_place = [_Change(k, k + 1, (new,)) for k, (old, new) in pairs if old != new]
        if len(by_place) <= sum(max(c.end - c.start, len(c.lines)) for c in found):
            return by_place
    return found


def _by_likeness(before: Sequence[str], after: Sequence[str]) -> list[_Change]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return [
        _Change(start, end, tuple(after[first:last]))
        for tag, start, end, first, last in matcher.get_opcodes()
        if tag != "equal"
    ]
