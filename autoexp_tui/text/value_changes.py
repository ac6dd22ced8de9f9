"""Which values an edit changed, where values are all that it changed: `lr: 0.1 -> 0.3`."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from autoexp_tui.text.diffs import replaced
from autoexp_tui.text.safe import Safe, clean_line

_MOST = 8
"""Changes of one edit that are told; an edit of more is known by its description."""
_LONGEST = 400
"""Characters of a line that is looked at."""
_NAME, _VALUE = 60, 40
_TOKEN = re.compile(
    r"""\s+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
    r"|(?<![\w)\]])-?(?:0[xX][\da-fA-F_]+|\d[\d_]*\.?[\d_]*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)"
    r"|\w+|."
)
_LITERAL = re.compile(r"-?\.?\d|[\"']|(?i:true|false|none|null|nil|on|off|yes|no)$")
_WORD = re.compile(r"[^\W\d]\w*$")
_PLACE = re.compile(r"=.*[=:(,\[]\s*$|=\s*$|^\s*[\w.\"'-]+\s*:\s*$")
_GIVEN = re.compile(
    r"""(["']?)([^\W\d][\w.-]*(?:\[[^\]]*\])?)\1\s*(?:=|:=?)\s*$|--([^\W\d][\w.-]*)[\s=]+$"""
)
"""What stands before a value that it is given to: `lr = `, `"lr": `, `--lr `."""


class ValueChange(msgspec.Struct, frozen=True):
    """One value that an edit changed."""

    name: Safe
    """What it is given to, as it stands in the text; of several alike the second is `name#2`."""
    before: Safe
    after: Safe


class _Found(NamedTuple):
    name: str
    before: str
    after: str


def value_changes(old: str, new: str) -> tuple[ValueChange, ...]:
    """The values that differ, in order; none where anything else does, or more than eight."""
    found: list[_Found] = []
    for before, after in replaced(old, new):
        if len(before) != len(after) or len(before) > _MOST:
            return ()
        for one, other in zip(before, after, strict=True):
            pair = _of_line(one, other)
            if pair is None or len(found) + len(pair) > _MOST:
                return ()
            found += pair
    seen: dict[str, int] = {}
    told = []
    for change in found:
        name = clean_line(change.name, _NAME)
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name = clean_line(f"{name}#{seen[name]}", _NAME + 4)
        told.append(
            ValueChange(name, clean_line(change.before, _VALUE), clean_line(change.after, _VALUE))
        )
    return tuple(told)


def _of_line(old: str, new: str) -> list[_Found] | None:
    """The values that differ between two lines; None where they differ in anything else."""
    if max(len(old), len(new)) > _LONGEST:
        return None
    ours, theirs = (_TOKEN.findall(line.rstrip()) for line in (old, new))
    a, b = ([token for token in side if not token.isspace()] for side in (ours, theirs))
    if len(a) != len(b):
        return None
    found = []
    before = ""
    at = iter(range(len(a)))
    for token in ours:
        if not token.isspace():
            k = next(at)
            if a[k] != b[k]:
                if not _are_values(a[k], b[k], before):
                    return None
                found.append(_Found(_name(before, old[len(before) + len(token) :]), a[k], b[k]))
        before += token
    return found


def _are_values(old: str, new: str, before: str) -> bool:
    if _LITERAL.match(old) and _LITERAL.match(new):
        return True
    # A word in the place of a value: `act = relu`, `optimizer: adam`.
    words = (_LITERAL.match(text) or _WORD.match(text) for text in (old, new))
    return all(words) and _PLACE.search(before) is not None


def _name(before: str, after: str) -> str:
    """What a value is given to, from what stands around it in its line."""
    text = before
    while text:
        if found := _GIVEN.search(text):
            return found[2] or found[3]
        # Within a list, or a product: the name that it all is given to.
        cut = re.search(r"[\[({,]?\s*[^\[({,=:]*$", text)
        shorter = text[: cut.start()] if cut and cut.start() < len(text) else text[:-1]
        text = shorter.rstrip() if shorter.rstrip() != text else text[:-1]
    return f"{before.lstrip()}…{after.rstrip()}"
