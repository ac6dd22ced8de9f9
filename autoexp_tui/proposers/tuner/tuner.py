"""The built-in proposer: finds the literals of the target and moves them, offline and free.

Two arms propose: small steps change one to three values of the best text, and a tree-structured
Parzen estimator draws from the whole space. A bandit shifts towards the arm that keeps more. In a
prompt or another text without a marked value it is lines that are changed: see `lines`.
Everything is derived from the history it is given, so a resumed run goes on as if never cut.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from autoexp_tui.model.proposal import Exhausted, Proposal, Situation, Stream
from autoexp_tui.proposers.tuner import arms, hypotheses, lines
from autoexp_tui.proposers.tuner.past import Arm, Tried, recall
from autoexp_tui.proposers.tuner.space import Space, has_slots, survey
from autoexp_tui.proposers.tuner.syntaxes import is_prose

__all__ = ["Tuner"]

_DRAWS = 12
"""How often the arms are asked before any new point will do."""
_COUNTABLE = 20_000
"""Spaces up to this size are searched to their end."""


class Tuner:
    """Moves numbers, switches and marked choices of the target, or the lines of a text."""

    name = "tuner"

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        """The next values or lines to try. Raises Exhausted and Unable."""
        target = situation.contract.target
        if is_prose(target) and not has_slots(situation.text, target):
            proposal = lines.propose(situation)
        else:
            proposal = _with_new_values(situation)
        stream("hypothesis", proposal.hypothesis)
        for line in proposal.text.splitlines(keepends=True):
            stream("target", line)
        return proposal


def _with_new_values(situation: Situation) -> Proposal:
    space = survey(situation)
    past = recall(situation.contract, situation.history, space.baseline)
    arm, values = _new_point(situation, space, past)
    here = space.here
    changed = {
        name: (here[name], values[name]) for name in space.domains if values[name] != here[name]
    }
    return Proposal(
        hypothesis=hypotheses.hypothesis(arm, changed, space.domains, past, situation.hints),
        description=hypotheses.description(changed),
        text=space.write(values),
        memo={
            "arm": arm,
            "values": values,
            "changed": {name: list(pair) for name, pair in changed.items()},
        },
    )


def _new_point(
    situation: Situation, space: Space, past: Sequence[Tried]
) -> tuple[Arm, dict[str, str]]:
    """An arm and a point that no experiment has had. Raises Exhausted."""
    # Seeded by the run, the experiment and the answers alone: a resumed run draws the same.
    rng = np.random.default_rng(
        [situation.seed & 0xFFFF_FFFF_FFFF_FFFF, situation.n, len(situation.answers)]
    )
    known = {space.key(tried.values) for tried in past if tried.values}
    known.add(space.key(space.here))
    for _ in range(_DRAWS):
        arm = arms.choose_arm(past, rng)
        drawn = (
            arms.steps(space.domains, space.here, past, situation.hints, rng, space.weights)
            if arm == "steps"
            else arms.whole(space.domains, past, rng, space.weights)
        )
        point = {**space.here, **drawn}
        if space.key(point) not in known:
            return arm, point
    return "rest", _any_new_point(space, known, situation, rng)


def _any_new_point(
    space: Space, known: set[tuple[str, ...]], situation: Situation, rng: np.random.Generator
) -> dict[str, str]:
    counts = [domain.count() for domain in space.domains.values()]
    size = math.prod(count or _COUNTABLE + 1 for count in counts)
    if size <= _COUNTABLE:
        left = [point for point in _all_points(space) if space.key(point) not in known]
        if len(left) > len(situation.answers):
            return left[int(rng.integers(len(left)))]
        target = situation.contract.target
        raise Exhausted(f"all {size} combinations of the values in {target} have been tried")
    for _ in range(1000):
        point = {**space.here, **arms.uniform(space.domains, rng)}
        if space.key(point) not in known:
            return point
    raise Exhausted("no combination of values was found that has not been tried")


def _all_points(space: Space) -> Iterator[dict[str, str]]:
    options = [domain.literals() or () for domain in space.domains.values()]
    for values in itertools.product(*options):
        yield {**space.here, **dict(zip(space.domains, values, strict=True))}
