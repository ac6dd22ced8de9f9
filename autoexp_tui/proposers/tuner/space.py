"""The space that is searched: the target's slots, and what each may become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoexp_tui.model.proposal import Situation, Unable
from autoexp_tui.proposers.tuner import structural, syntaxes
from autoexp_tui.proposers.tuner.choosing import MOST, Choice, choose, weight
from autoexp_tui.proposers.tuner.comment_marks import Misread
from autoexp_tui.proposers.tuner.domains import Domain
from autoexp_tui.proposers.tuner.found import Unreadable
from autoexp_tui.proposers.tuner.slots import Slot, read, splice

_REMEDY = "mark values with `# tune: 0.1 .. 10 log` or `# a | b | c` at the end of their lines"


@dataclass(frozen=True, slots=True)
class Space:
    """All points are texts of the target that differ in their slots' values only."""

    text: str
    """The best so far."""
    slots: tuple[Slot, ...]
    domains: Mapping[str, Domain]
    """Of the slots that can change, by name."""
    here: Mapping[str, str]
    """Every moving slot's value in the best text so far."""
    baseline: Mapping[str, str]
    """The same in the text that the run began with."""
    weights: Mapping[str, float]
    """How promising each of the slots that can change is by its form alone, from 0 to 1."""

    def write(self, values: Mapping[str, str]) -> str:
        return splice(self.text, self.slots, values)

    def key(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """A name for a point; slots without a value stand where the best text has them."""
        return tuple(values.get(name, literal) for name, literal in self.here.items())


def has_slots(text: str, target: str) -> bool:
    """Whether anything in it is marked, or a literal. Raises Unable for marks gone wrong."""
    return bool(read_slots(text, target))


def survey(situation: Situation) -> Space:
    """Find the space. Raises Unable, with the remedy, where there is none."""
    target, tune = situation.contract.target, situation.contract.tune
    first = choose(read_slots(situation.baseline, target), tune)
    now = choose(read_slots(situation.text, target), tune)
    baseline = {slot.name: slot.literal for slot in first.moving}
    slots = _still_moving(first, now)
    domains = _domains(slots, baseline)
    if not domains:
        raise Unable(nothing_moves(target, situation.text, now))
    return Space(
        situation.text,
        slots,
        domains,
        {slot.name: slot.literal for slot in slots},
        baseline,
        {slot.name: weight(slot) for slot in slots if slot.name in domains},
    )


def read_slots(text: str, target: str) -> tuple[Slot, ...]:
    """All slots of a target, with those that are left alone. Raises Unable."""
    try:
        return read(text, target)
    except Unreadable as error:
        raise Unable(f"{target} is not valid: {error}; correct it and run again") from error
    except Misread as error:
        raise Unable(f"{target} {error}") from error


def nothing_moves(target: str, text: str, found: Choice) -> str:
    """Why nothing in a target can be moved, with the remedy."""
    kinds = Counter(why for why in found.why if why != structural.NOTATION)
    if not kinds and (unread := syntaxes.unread(target, text)):
        return f"nothing in {target} can be moved by itself, it is {unread}: {_REMEDY}"
    if not kinds:
        return f"nothing in {target} can be moved: {_REMEDY}"
    told = ", ".join(f"{count} {why}" for why, count in kinds.most_common(4))
    return f"nothing in {target} can be moved: its numbers are left alone ({told}); {_REMEDY}"


def _still_moving(first: Choice, now: Choice) -> tuple[Slot, ...]:
    """Of the present slots those that moved from the first on, and what is new in the text.

    A value may become one that would be left alone had it stood there from the first.
    """
    known = {slot.name for slot in first.slots}
    moving = {slot.name for slot in first.moving}
    fresh = [
        slot.name
        for slot, why in zip(now.slots, now.why, strict=True)
        if not why and slot.name not in known
    ]
    moving.update(fresh[: max(MOST - len(moving), 0)])
    return tuple(slot for slot in now.slots if slot.name in moving)


def _domains(slots: Sequence[Slot], baseline: Mapping[str, str]) -> dict[str, Domain]:
    """What each slot may become; ranges are laid around what the run began with."""
    found: dict[str, Domain] = {}
    for slot in slots:
        domain = slot.domain(baseline.get(slot.name, slot.literal))
        if domain is not None and domain.count() != 1:
            found[slot.name] = domain
    return found
