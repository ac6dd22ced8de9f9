"""The built-in proposer: finds the literals of the target and moves them, offline and free.

Four arms propose: small steps change one to three values of the best text, a tree-structured
Parzen estimator draws from the whole space, and a Gaussian process names the point of which it
expects most, anywhere or in a region around the best. A bandit shifts towards the arm that has
brought more; where few experiments can be afforded, values are moved one at a time first. In a
prompt or another text without a marked value it is lines that are changed: see `lines`.
Everything is derived from the history it is given, so a resumed run goes on as if never cut.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.proposal import Exhausted, Proposal, Situation, Stream, digest
from autoexp_tui.proposers.tuner import arms, hypotheses, lines
from autoexp_tui.proposers.tuner.lines.choice import Lessons
from autoexp_tui.proposers.tuner.modelling import modelled
from autoexp_tui.proposers.tuner.past import Arm, Past, SlotValues, recall, unwanted_moves
from autoexp_tui.proposers.tuner.space import Space, has_slots, read_slots, survey
from autoexp_tui.proposers.tuner.syntaxes import is_prose

__all__ = ["Tuner"]

_DRAWS = 12
"""How often the arms are asked before any new point will do."""
_FEW_EACH = 6
"""Fewer experiments for each value are few."""
_SINGLY = 12
"""So many at most, and a quarter of all that can be afforded, move a single value."""
_STARTUP = (4, 6)
"""Measurements before a model is asked: as many as there are values, within these."""
_WIDEST = 24
"""So many slots at most are moved at once by a model."""
_COUNTABLE = 20_000
"""Spaces up to this size are searched to their end."""


class Tuner:
    """Moves numbers, switches and marked choices of the target, or the lines of a text."""

    name = "tuner"

    def __init__(self) -> None:
        self._past: Past | None = None
        """Of the run so far: what is known of it is not folded again."""
        self._lessons: Lessons | None = None
        """The same where it is lines that are changed."""

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        """The next values or lines to try. Raises Exhausted and Unable."""
        target = situation.contract.target
        if is_prose(target) and not has_slots(situation.text, target):
            proposal = lines.propose(situation, self._learnt(situation))
        else:
            proposal = self._with_new_values(situation)
        stream("hypothesis", proposal.hypothesis)
        for line in proposal.text.splitlines(keepends=True):
            stream("target", line)
        return proposal

    def memo_of(
        self, memo: dict[str, Any], contract: Contract, before: str, text: str
    ) -> dict[str, Any]:
        """What is found again of a text that came of putting a proposal on another best text."""
        if memo.get("arm") == "lines":
            return {**memo, "digest": digest(text)}
        now, then = (
            {slot.name: slot.literal for slot in read_slots(each, contract.target)}
            for each in (text, before)
        )
        values = {name: now[name] for name in memo.get("values", ()) if name in now}
        changed = {
            name: [then[name], literal]
            for name, literal in values.items()
            if name in then and then[name] != literal
        }
        return {**memo, "values": values, "changed": changed}

    def _with_new_values(self, situation: Situation) -> Proposal:
        space = survey(situation)
        past = self._recalled(situation, space)
        chosen = _new_point(situation, space, past)
        here, values = space.here, chosen.values
        changed = {
            name: (here[name], values[name]) for name in space.domains if values[name] != here[name]
        }
        return Proposal(
            hypothesis=hypotheses.hypothesis(
                chosen.arm, changed, space.domains, past, situation.hints, chosen.expected
            ),
            description=hypotheses.description(changed),
            text=space.write(values),
            memo={
                "arm": chosen.arm,
                "values": values,
                "changed": {name: list(pair) for name, pair in changed.items()},
            },
        )

    def _learnt(self, situation: Situation) -> Lessons:
        contract, history = situation.contract, situation.history
        lessons = self._lessons
        if lessons is None or not lessons.fits(contract, history):
            lessons = self._lessons = Lessons(contract)
        lessons.learn(history)
        return lessons

    def _recalled(self, situation: Situation, space: Space) -> Past:
        contract, history = situation.contract, situation.history
        past = self._past
        if past is None or not past.fits(contract, space.baseline, history):
            past = self._past = recall(contract, history, space.baseline)
        past.learn(history)
        past.expect(situation.pending)
        return past


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A point that no experiment has had, and how it was come by."""

    arm: Arm
    values: dict[str, str]
    expected: str = ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Who may propose now, and how many slots may be moved at once."""

    arms: tuple[Arm, ...]
    widest: int = 0
    """0 for any number."""


def _plan(past: Past, slots: int, affordable: int | None) -> _Plan:
    """One value at a time to begin with where experiments are few, for each of them tells most."""
    total = math.inf if affordable is None else len(past.tried) + affordable
    if total < _FEW_EACH * slots:
        if past.measured <= min(slots, total / 4, _SINGLY):
            return _Plan(("steps",), 1)
        widest = 1 + past.measured // _FEW_EACH
        return _Plan(("steps", "region"), max(widest, 2))
    if past.measured < min(max(slots, _STARTUP[0]), _STARTUP[1]):
        return _Plan(("steps", "whole"))
    return _Plan(("steps", "whole", "model", "region"), _WIDEST if slots > _WIDEST else 0)


def _new_point(situation: Situation, space: Space, past: Past) -> _Chosen:
    """An arm and a point that no experiment has had. Raises Exhausted."""
    # Seeded by the run, the experiment and the answers alone: a resumed run draws the same.
    rng = np.random.default_rng(
        [situation.seed & 0xFFFF_FFFF_FFFF_FFFF, situation.n, len(situation.answers)]
    )
    unwanted = unwanted_moves(situation.history)
    plan = _plan(past, len(space.domains), situation.affordable)
    able = list(plan.arms)
    for _ in range(_DRAWS):
        arm = past.credit.choose(able, rng)
        chosen = _drawn(arm, plan, situation, space, past, rng)
        if chosen is not None and not _is_out(space, past, unwanted, chosen.values):
            return chosen
        if arm in {"model", "region"}:
            able.remove(arm)  # it would name the same point again
    return _Chosen("rest", _any_new_point(space, past, unwanted, situation, rng))


def _drawn(
    arm: Arm,
    plan: _Plan,
    situation: Situation,
    space: Space,
    past: Past,
    rng: np.random.Generator,
) -> _Chosen | None:
    match arm:
        case "steps":
            drawn = arms.steps(space, past, situation.hints, rng, one=plan.widest == 1)
        case "whole":
            drawn = arms.whole(space.domains, past, rng, space.weights)
        case _:
            found = modelled(
                space,
                past,
                situation.contract,
                rng,
                sigma=situation.sigma or 0.0,
                radius=past.credit.radius if arm == "region" else math.inf,
                widest=_narrower(plan.widest, past.credit.widest, len(space.domains)),
            )
            if found is None:
                return None
            return _Chosen(arm, {**space.here, **found.values}, found.words)
    return _Chosen(arm, {**space.here, **drawn})


def _narrower(widest: int, held: float, slots: int) -> int:
    """How many slots the model may move at once; 0 for any number."""
    most = min(widest or math.inf, held)
    return int(most) if most < slots else 0


def _is_out(
    space: Space, past: Past, unwanted: Sequence[SlotValues], values: dict[str, str]
) -> bool:
    """Whether a point was tried, or makes again what a person wants never again."""
    key = space.key(values)
    if key == space.key(space.here) or past.has(tuple(space.here), key):
        return True
    return any(
        all(values.get(name) == value for name, value in moved.items())
        and any(space.here.get(name) != value for name, value in moved.items())
        for moved in unwanted
    )


def _any_new_point(
    space: Space,
    past: Past,
    unwanted: Sequence[SlotValues],
    situation: Situation,
    rng: np.random.Generator,
) -> dict[str, str]:
    counts = [domain.count() for domain in space.domains.values()]
    size = math.prod(count or _COUNTABLE + 1 for count in counts)
    if size <= _COUNTABLE:
        left = [point for point in _all_points(space) if not _is_out(space, past, unwanted, point)]
        if len(left) > len(situation.answers):
            return left[int(rng.integers(len(left)))]
        target = situation.contract.target
        never = ", or are never to be" if unwanted else ""
        raise Exhausted(f"all {size} combinations of the values in {target} have been tried{never}")
    for _ in range(1000):
        point = {**space.here, **arms.uniform(space.domains, rng)}
        if not _is_out(space, past, unwanted, point):
            return point
    raise Exhausted("no combination of values was found that has not been tried")


def _all_points(space: Space) -> Iterator[dict[str, str]]:
    options = [domain.literals() or () for domain in space.domains.values()]
    for values in itertools.product(*options):
        yield {**space.here, **dict(zip(space.domains, values, strict=True))}
