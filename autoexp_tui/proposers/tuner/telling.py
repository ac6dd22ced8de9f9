"""What a person is told before a run: what moves, what is left alone, and how to choose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from autoexp_tui.config.declared import settings
from autoexp_tui.config.writer import flow
from autoexp_tui.model.contract import Contract, Tune
from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.hosting import Look
from autoexp_tui.proposers.tuner.choosing import Choice, choose, unmatched
from autoexp_tui.proposers.tuner.slots import Slot
from autoexp_tui.proposers.tuner.space import nothing_moves, read_slots
from autoexp_tui.proposers.tuner.syntaxes import is_prose
from autoexp_tui.text.safe import cut

_SHOWN = 6
_KINDS = 6
_NAMED = 2
_LONGEST_NAME = 60


def look(contract: Contract, text: str) -> Look:
    """What the tuner finds in this text of the target."""
    target, tune = contract.target, contract.tune
    try:
        slots = read_slots(text, target)
    except Unable as why:
        return Look((str(why),))
    if is_prose(target) and not slots:
        count = sum(1 for line in text.splitlines() if line.strip())
        return Look((), (("moves", f"its {count} lines, as no value in it is marked"),))
    found = choose(slots, tune)
    wrong = tuple(unmatched(slots, tune))
    if not found.moving:
        return Look((*wrong, nothing_moves(target, text, found)), _left_notes(found))
    notes = (("moves", _moving(found)), *_left_notes(found))
    return Look(wrong, notes if tune != Tune() else (*notes, ("to choose", _choice(found.moving))))


def _moving(found: Choice) -> str:
    moving, total = found.moving, len(found.slots)
    shown = [f"{cut(slot.name, _LONGEST_NAME)} {cut(slot.literal, 20)}" for slot in moving[:_SHOWN]]
    more = f" and {len(moving) - _SHOWN} more" if len(moving) > _SHOWN else ""
    of = f" of {total}" if total > len(moving) else ""
    noun = "value" if total == 1 else "values"
    return f"{len(moving)}{of} {noun}: {', '.join(shown)}{more}"


def _left_notes(found: Choice) -> tuple[tuple[str, str], ...]:
    """One line: how many are left alone of each kind, with a few of their names."""
    pairs = [(slot, why) for slot, why in zip(found.slots, found.why, strict=True) if why]
    if not pairs:
        return ()
    told = []
    kinds = Counter(why for _, why in pairs).most_common()
    for kind, count in kinds[:_KINDS]:
        names = dict.fromkeys(cut(slot.name, _LONGEST_NAME) for slot, why in pairs if why == kind)
        more = ", …" if len(names) > _NAMED else ""
        told.append(f"{kind} {count} ({', '.join([*names][:_NAMED])}{more})")
    rest = sum(count for _, count in kinds[_KINDS:])
    return (("left alone", "; ".join([*told, *([f"{rest} more"] if rest else [])])),)


def _choice(moving: Sequence[Slot]) -> str:
    """The lines to paste, with names of this very target."""
    tune = next(setting for setting in settings() if setting.name == "tune")
    # The last are the ones that a person is likeliest to do without.
    first, last = moving[0].name, moving[-1].name
    lines = [f"tune: {flow(tune, Tune(only=(first,)))}", f"tune: {flow(tune, Tune(never=(last,)))}"]
    return " or ".join(f"`{line}`" for line in lines)
