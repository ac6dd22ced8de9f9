"""Where the next experiment starts: from the best so far, or from elsewhere (`search:`).

What is kept is better than the best so far in any case; only the text that a proposal changes is
another. Everything follows from the rows and the run's seed, so a resumed run goes on as it was.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autoexp_tui.model.state import Row, RunState
from autoexp_tui.model.straits import strategy

_POWER = 1.0
"""Of the rank, when a place is drawn: as in ShinkaEvolve (Lange et al. 2025), where 0 would draw
evenly and much more would be hill climbing."""


@dataclass(frozen=True, slots=True)
class Start:
    """The text that the next experiment changes, and what else may inspire it."""

    row: Row
    inspirations: tuple[Row, ...] = ()
    """Others of which a proposal may take something over: for `tree`."""


def next_start(state: RunState) -> Start | None:
    """Where the next experiment starts; None before there is a baseline."""
    if state.incumbent is None:
        return None
    if strategy(state):  # after crashes in a row: what works, and nothing else
        return Start(state.incumbent)
    search = state.contract.search
    match search.policy:
        case "climb":
            return Start(state.incumbent)
        case "restart":
            return Start(_restarted(state, state.incumbent, search.plateau))
        case "tree":
            return _drawn(state)


def places(state: RunState) -> list[Row]:
    """Where an experiment may start, the best first: what was kept, and near misses."""
    found = [row for row in state.rows if row.status == "keep" or row.is_near_miss]
    return sorted(found, key=lambda row: (state.objective.cost(row.metrics), -row.n))


def _restarted(state: RunState, best: Row, plateau: int) -> Row:
    """After each plateau another place; in between, the best that was reached from there."""
    here, stale, seen = best, 0, {best.n}
    ranked = places(state)
    for row in _since(state, best):
        if here is not best and row.made_from == here.n and _is_better(state, row, here):
            here, stale = row, 0
        else:
            stale += 1
        if stale < plateau:
            continue
        stale = 0
        new = [place for place in ranked if place.n not in seen and place.n <= row.n]
        if new:
            # By rank alone: how much was made from a place since must not change what was drawn.
            here = _draw(state.run.seed, new, row.n)
            seen.add(here.n)
        else:  # all were tried: from the best again
            here, seen = best, {best.n}
    return here


def _since(state: RunState, best: Row) -> Iterator[Row]:
    """The rows that came after `best`, in their order."""
    count = 0
    for row in reversed(state.rows):
        if row is best:
            break
        count += 1
    yield from state.rows[len(state.rows) - count :]


def _is_better(state: RunState, row: Row, than: Row) -> bool:
    if not row.metrics or state.baseline is None:
        return False
    base = state.baseline.measurement
    return state.objective.judge(row.measurement, than.measurement, base).keep


def _drawn(state: RunState) -> Start:
    """A place by rank and novelty, and another one beside it."""
    n = state.next_n
    found = places(state)
    seed, made = state.run.seed, state.children
    row = _draw(seed, found, n, made)
    others = [place for place in found if place is not row]
    return Start(row, (_draw(seed, others, -n, made),) if others else ())


def _draw(
    seed: int, ranked: Sequence[Row], salt: int, made: Mapping[int, int] | None = None
) -> Row:
    """One of them: by a power law of its rank, less likely the more was `made` from it."""
    chance = random.Random(f"{seed}/{salt}")  # noqa: S311 - a search, no secret
    counts = made or {}
    weights = [rank**-_POWER / (1 + counts.get(row.n, 0)) for rank, row in enumerate(ranked, 1)]
    return chance.choices(ranked, weights)[0]
