"""Caps for the whole run: when they end it, and when they will."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

import msgspec

from autoexp_tui.model.contract import Budget
from autoexp_tui.model.state import RunState
from autoexp_tui.text.numbers import money

_LATEST = 20

POSSIBLE_SHARE = 0.01
"""Of `max_cost_usd`: as much of what is possibly billed counts against it, and no more.

A dropped request is possibly billed, seldom really; if all of it counted, a line that drops again
and again would end a night for money that nobody took.
"""


class Caps(msgspec.Struct, frozen=True):
    """Other caps that a person asks for; None leaves one as it is."""

    max_experiments: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_cost_usd: Annotated[float, msgspec.Meta(ge=0)] | None = None
    max_wall_clock_hours: Annotated[float, msgspec.Meta(gt=0)] | None = None

    def over(self, given: Budget) -> Budget:
        """`given` with what was asked for."""
        asked = {name: value for name, value in msgspec.structs.asdict(self).items()
                 if value is not None}  # fmt: skip
        return msgspec.structs.replace(given, **asked)


_CAP = re.compile(r"(\$?)\s*(\d+(?:\.\d+)?)\s*(\$?[a-z]*)", re.IGNORECASE)
_UNITS = {
    "": "max_experiments",
    "experiments": "max_experiments",
    "h": "max_wall_clock_hours",
    "hours": "max_wall_clock_hours",
    "$": "max_cost_usd",
    "usd": "max_cost_usd",
    "dollars": "max_cost_usd",
}


def read_caps(text: str) -> Caps:
    """The caps in `200 experiments, 10 h, $5`. Raises ValueError with what can't be read."""
    asked: dict[str, float] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        found = _CAP.fullmatch(part)
        name = _UNITS.get(f"{found[1]}{found[3].lower()}", "") if found else ""
        if found is None or not name or name in asked:
            raise ValueError(f"{part}: write it like `200 experiments, 10 h, $5`")
        size = float(found[2])
        asked[name] = int(size) if name == "max_experiments" and size.is_integer() else size
    try:
        return msgspec.convert(asked, Caps)
    except msgspec.ValidationError:
        raise ValueError(f"{text}: a cap is more than nothing, experiments are whole") from None


def seconds_left(state: RunState, elapsed: float) -> float:
    """Until `max_wall_clock_hours`, with `elapsed` seconds on the run's clock; may be negative."""
    return state.budget.max_wall_clock_hours * 3600 - elapsed


def counted_usd(state: RunState) -> float:
    """What counts against `max_cost_usd`: what is spent, and of what is possibly billed a share."""
    share = POSSIBLE_SHARE * state.budget.max_cost_usd
    return state.spent_usd + min(state.possible_usd, share)


def spent_words(state: RunState) -> str:
    """`$1.20 of $2.00 spent, $0.03 possibly billed besides`."""
    spent = f"{money(state.spent_usd)} of {money(state.budget.max_cost_usd)} spent"
    if not state.possible_usd:
        return spent
    return f"{spent}, {money(state.possible_usd)} possibly billed besides"


def used_up(state: RunState, elapsed: float, *, settled: bool = False) -> str:
    """Which cap forbids another experiment, in words; empty when none does.

    `settled`: without the requests under way, which may cost less than is reserved for them.
    """
    budget = state.budget
    if len(state.rows) >= budget.max_experiments:
        return f"all {budget.max_experiments} experiments done (max_experiments)"
    open_usd = 0.0
    if settled:
        open_usd = sum(reservation.usd for reservation in state.reserved.values())
    if counted_usd(state) - open_usd >= budget.max_cost_usd and state.spent_usd > open_usd:
        return f"{spent_words(state)} (max_cost_usd)"
    if seconds_left(state, elapsed) <= 0:
        return f"{budget.max_wall_clock_hours:g} h have passed (max_wall_clock_hours)"
    return ""


def use_words(state: RunState, elapsed: float) -> list[str]:
    """What is used of each cap: `12 of 100 experiments`."""
    budget = state.budget
    return [
        f"{len(state.rows)} of {budget.max_experiments} experiments",
        f"{elapsed / 3600:.2g} of {budget.max_wall_clock_hours:g} h",
        spent_words(state),
    ]


def change_words(old: Budget, new: Budget) -> list[str]:
    """What is other in `new`: `max_experiments 100 → 200`."""
    pairs = [
        ("max_experiments", str(old.max_experiments), str(new.max_experiments)),
        ("max_cost_usd", money(old.max_cost_usd), money(new.max_cost_usd)),
        (
            "max_wall_clock_hours",
            f"{old.max_wall_clock_hours:g}",
            f"{new.max_wall_clock_hours:g}",
        ),
    ]
    return [f"{name} {before} → {after}" for name, before, after in pairs if before != after]


def affordable(state: RunState) -> int | None:
    """Experiments that the budget still pays for, at the pace of the latest rows.

    By the run's clock at the last row, so that a resumed run is told the same; None before any.
    """
    if not state.rows:
        return None
    last = state.rows[-1]
    left = float(state.budget.max_experiments - len(state.rows))
    known = forecast(state, last.elapsed)
    if known is not None:
        left = known.seconds / 3600 * known.per_hour
    elif last.seconds > 0:
        left = min(left, seconds_left(state, last.elapsed) / last.seconds)
    return max(0, int(left))


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the run will end if it goes on as it has lately."""

    per_hour: float
    """Experiments per hour, over the latest ones."""
    seconds: float
    """From now to the end."""
    cap: str
    """The budget key that will end it."""


def forecast(state: RunState, elapsed: float) -> Forecast | None:
    """None until there is a pace to go by: two rows."""
    rows = state.rows[-_LATEST:]
    if len(rows) < 2:
        return None
    first, last = rows[0], rows[-1]
    pace = (last.elapsed - first.elapsed) / (len(rows) - 1)
    if pace <= 0:
        return None
    since_last = elapsed - last.elapsed
    ends = {
        "max_experiments": (state.budget.max_experiments - len(state.rows)) * pace - since_last,
        "max_wall_clock_hours": seconds_left(state, elapsed),
    }
    price = sum(row.cost_usd for row in rows[1:]) / (len(rows) - 1)
    if price > 0:
        affordable = (state.budget.max_cost_usd - counted_usd(state)) / price
        ends["max_cost_usd"] = affordable * pace - since_last
    cap = min(ends, key=lambda name: ends[name])
    return Forecast(3600 / pace, max(0.0, ends[cap]), cap)
