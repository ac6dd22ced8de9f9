"""What the model is shown of a run, and its proposals as literals and words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.objective import Objective, cost
from autoexp_tui.proposers.tuner import model
from autoexp_tui.proposers.tuner.cube import Cube
from autoexp_tui.proposers.tuner.past import PENDING, Past
from autoexp_tui.proposers.tuner.space import Space

_SAME = 1e-12
_NEGLIGIBLE = 0.01
"""Of the longest move: a slot that moves by less stays as it is. No model tells it from none, and a
person reads what was meant.
"""
_FEASIBLE = 0.95
"""Below this probability of being measured a person is told."""


@dataclass(frozen=True, slots=True)
class Modelled:
    """Values for all slots, and what is expected of them."""

    values: dict[str, str]
    words: str
    """`0.31 ± 0.02`; empty where the figure is none that a person knows."""


def modelled(
    space: Space,
    past: Past,
    contract: Contract,
    rng: np.random.Generator,
    *,
    sigma: float = 0.0,
    radius: float = math.inf,
    widest: int = 0,
) -> Modelled | None:
    """The model's choice; None where the past has too little that fits the space.

    Args:
        sigma: Standard deviation of one measurement.
        radius: See `model.best_point`.
        widest: So many slots at most differ from the best text; 0 for any number.
    """
    cube = Cube(space.domains)
    rows, losses, seconds, crashed, crashed_seconds, pending = [], [], [], [], [], []
    for tried in past.window():
        row = cube.row(tried.values) if tried.values else None
        if row is None:
            continue
        if tried.status == PENDING:
            pending.append(row)
        elif tried.loss is None:
            crashed.append(row)
            crashed_seconds.append(tried.seconds)
        else:
            rows.append(row)
            losses.append(tried.loss)
            seconds.append(tried.seconds)
    here = cube.row(space.here)
    if len(rows) < 2 or min(losses) == max(losses) or here is None:
        return None
    limit = contract.time_limit
    all_seconds = [*seconds, *crashed_seconds]
    seen = model.Seen(
        np.array(rows),
        np.array(losses),
        np.array(crashed).reshape(len(crashed), len(here)),
        np.array(all_seconds) if model.near_limit(all_seconds, limit) else None,
        limit,
        np.array(pending).reshape(len(pending), len(here)),
    )
    found = model.best_point(cube, seen, rng, sigma=sigma, radius=radius, here=here, widest=widest)
    values = cube.values(found.row, cube.figures(found.row, found.nearest))
    moves = np.abs(found.row - here)
    kept = moves <= max(_SAME, _NEGLIGIBLE * moves.max())
    for slot, name in enumerate(space.domains):
        if kept[cube.groups == slot].all():
            values[name] = space.here[name]
    return Modelled(values, _words(found, contract))


def _words(found: model.Found, contract: Contract) -> str:
    risk = f", measured with probability {found.feasible:.2f}" if found.feasible < _FEASIBLE else ""
    if contract.decide.rule == "pareto":
        return ""
    objective = Objective.of(contract)
    expected = cost(objective.as_metric(), found.expected)
    spread = (found.high - found.low) / 2
    if not (math.isfinite(expected) and math.isfinite(spread)):
        return ""
    digits = 2 if spread <= 0 else math.ceil(math.log10(max(abs(expected) / spread, 1))) + 2
    return f"{objective.name} {expected:.{min(digits, 9)}g} ± {spread:.2g}{risk}"
