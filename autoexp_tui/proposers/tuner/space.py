"""The space that is searched: the target's slots, and what each may become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoexp_tui.model.proposal import Situation, Unable
from autoexp_tui.proposers.tuner.comment_marks import Misread
from autoexp_tui.proposers.tuner.domains import Domain
from autoexp_tui.proposers.tuner.found import Unreadable
from autoexp_tui.proposers.tuner.slots import Slot, find, splice

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
    """Every slot's value in the best text so far."""
    baseline: Mapping[str, str]
    """The same in the text that the run began with."""

    def write(self, values: Mapping[str, str]) -> str:
        return splice(self.text, self.slots, values)

    def key(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """A name for a point; slots without a value stand where the best text has them."""
        return tuple(values.get(name, literal) for name, literal in self.here.items())


def has_slots(text: str, target: str) -> bool:
    """Whether anything in it is marked, or a literal. Raises Unable for marks gone wrong."""
    return bool(_found(text, target))


def survey(situation: Situation) -> Space:
    """Find the space. Raises Unable, with the remedy, where there is none."""
    target = situation.contract.target
    slots, first = _slots(situation.text, target), _slots(situation.baseline, target)
    baseline = {slot.name: slot.literal for slot in first}
    domains = _domains(slots, baseline)
    if not domains:
        raise Unable(f"nothing in {target} can be moved: {_REMEDY}")
    here = {slot.name: slot.literal for slot in slots}
    return Space(situation.text, slots, domains, here, baseline)


def _slots(text: str, target: str) -> tuple[Slot, ...]:
    slots = _found(text, target)
    if not slots:
        raise Unable(f"nothing in {target} can be moved: {_REMEDY}")
    return slots


def _found(text: str, target: str) -> tuple[Slot, ...]:
    try:
        return find(text, target)
    except Unreadable as error:
        raise Unable(f"{target} is not valid: {error}; correct it and run again") from error
    except Misread as error:
        raise Unable(f"{target} {error}") from error


def _domains(slots: Sequence[Slot], baseline: Mapping[str, str]) -> dict[str, Domain]:
    """What each slot may become; ranges are laid around what the run began with."""
    found: dict[str, Domain] = {}
    for slot in slots:
        domain = slot.domain(baseline.get(slot.name, slot.literal))
        if domain is not None and domain.count() != 1:
            found[slot.name] = domain
    return found
