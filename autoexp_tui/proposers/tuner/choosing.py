"""Which slots move: the promising ones, as far as a person has not chosen others by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from autoexp_tui.model.contract import Tune
from autoexp_tui.proposers.tuner import structural
from autoexp_tui.proposers.tuner.slots import MARKED, OUTSIDE, Slot

MOST = 60
"""So many slots move at most: a night is too short to learn anything about more."""
_INNER = 0.4
"""How likely a part of an expression is moved, where what has a name of its own counts 1."""
NEVER = "in tune.never"
NOT_ONLY = "not in tune.only"
TOO_MANY = f"beyond the {MOST} most promising"


@dataclass(frozen=True, slots=True)
class Choice:
    """The slots of a text in order, and why each that is left alone is."""

    slots: tuple[Slot, ...]
    why: tuple[str, ...]
    """One for each slot; empty for what moves."""

    @property
    def moving(self) -> tuple[Slot, ...]:
        return tuple(slot for slot, why in zip(self.slots, self.why, strict=True) if not why)


def choose(slots: Sequence[Slot], tune: Tune) -> Choice:
    """What moves of all the slots of a text."""
    why = [_why_left(slot, tune) for slot in slots]
    moving = [index for index, reason in enumerate(why) if not reason]
    for index in sorted(moving, key=lambda index: _rank(slots[index]))[MOST:]:
        why[index] = TOO_MANY
    return Choice(tuple(slots), tuple(why))


def weight(slot: Slot) -> float:
    """How likely a slot is picked for a move while nothing is known of it."""
    return _INNER if slot.standing == "inner" else 1.0


def matches(pattern: str, name: str) -> bool:
    """Whether a name is meant: `*` and `?` stand for anything, `a["b"]` and `a.b` are the same."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in _dotted(pattern))
    return re.fullmatch("".join(parts), _dotted(name), re.DOTALL) is not None


def unmatched(slots: Sequence[Slot], tune: Tune) -> list[str]:
    """A line for each pattern that names nothing, with what it may have meant."""
    names = [slot.name for slot in slots]
    found = []
    for key, patterns in (("only", tune.only), ("never", tune.never)):
        for pattern in patterns:
            if not any(matches(pattern, name) for name in names):
                near = get_close_matches(pattern, names, 3) or names[:3]
                meant = f": there are {', '.join(near)}" if near else ""
                found.append(f"tune.{key}: {pattern} names none of its values{meant}")
    return found


def _dotted(name: str) -> str:
    return re.sub(r"""\[(["'])([^"']*)\1\]""", r".\2", name)


def _why_left(slot: Slot, tune: Tune) -> str:
    if any(matches(pattern, slot.name) for pattern in tune.never):
        return NEVER
    wanted = [pattern for pattern in tune.only if matches(pattern, slot.name)]
    if tune.only and not wanted:
        return NOT_ONLY
    domain = slot.domain(slot.literal)
    if domain is None or domain.count() == 1:
        return structural.NOTATION if not slot.why else slot.why
    # A name in full is a person's own word; a pattern that fits it too may have meant others.
    is_named = any("*" not in pattern and "?" not in pattern for pattern in wanted)
    if is_named or (wanted and slot.why in {MARKED, OUTSIDE}):
        return ""
    return slot.why


def _rank(slot: Slot) -> int:
    """0 for the most promising."""
    if slot.marked is not None or slot.standing == "declared":
        return 0
    return 1 + 2 * (slot.standing == "inner") + (not structural.is_promising(slot.name))
