"""What ends a run, and when."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.realistic_run import CONTRACT, experiment, folded, opening, recorded

from autoexp_tui.model import budget
from autoexp_tui.model.contract import Budget
from autoexp_tui.model.state import RunState

_EVENTS_EACH = 7


def after(
    rows: int, caps: Budget, *, pace: float = 10.0, cost: float = 0.0, first: float = 0.0
) -> RunState:
    """A run with `rows` rows, one every `pace` seconds; `first` is what the baseline cost."""
    run = opening(msgspec.structs.replace(CONTRACT, budget=caps))
    for n in range(1, rows + 1):
        run += experiment(n, "keep", cost=first if n == 1 else cost)
    return folded(recorded(run, step=pace / _EVENTS_EACH))


def test_nothing_is_used_up_at_the_start() -> None:
    assert budget.used_up(after(0, Budget()), 0.0) == ""


def test_the_last_experiment_uses_up_the_count() -> None:
    caps = Budget(max_experiments=3)
    assert budget.used_up(after(2, caps), 0.0) == ""
    assert budget.used_up(after(3, caps), 0.0) == "all 3 experiments done (max_experiments)"


def test_money_is_used_up_when_the_cap_is_reached() -> None:
    caps = Budget(max_cost_usd=1.0)
    assert budget.used_up(after(4, caps, cost=0.25), 0.0) == ""
    assert budget.used_up(after(5, caps, cost=0.25), 0.0) == "$1.00 of $1.00 spent (max_cost_usd)"


def test_a_run_that_costs_nothing_is_not_ended_by_money() -> None:
    assert budget.used_up(after(5, Budget(max_cost_usd=0.0)), 0.0) == ""


def test_time_is_used_up_to_the_second() -> None:
    state = after(1, Budget(max_wall_clock_hours=0.5))
    assert budget.seconds_left(state, 1799.0) == 1.0
    assert budget.used_up(state, 1799.0) == ""
    assert budget.used_up(state, 1800.0) == "0.5 h have passed (max_wall_clock_hours)"
    assert budget.seconds_left(state, 1801.0) == -1.0


@pytest.mark.parametrize("rows", [0, 1])
def test_there_is_no_forecast_without_a_pace(rows: int) -> None:
    assert budget.forecast(after(rows, Budget()), 100.0) is None


def test_there_is_no_forecast_when_no_time_has_passed() -> None:
    assert budget.forecast(after(3, Budget(), pace=0.0), 0.0) is None


@pytest.mark.parametrize(
    ("caps", "cost", "cap", "seconds"),
    [
        (Budget(max_experiments=10), 0.0, "max_experiments", 80.0),
        (Budget(max_cost_usd=3.0), 1.0, "max_cost_usd", 20.0),
        (Budget(max_wall_clock_hours=0.01), 0.0, "max_wall_clock_hours", 36.0),
    ],
)
def test_the_nearest_cap_ends_the_run(caps: Budget, cost: float, cap: str, seconds: float) -> None:
    state = after(2, caps, cost=cost)
    now = state.elapsed
    if cap == "max_wall_clock_hours":
        seconds -= now
    found = budget.forecast(state, now)
    assert found is not None
    assert found.cap == cap
    assert found.seconds == pytest.approx(seconds)
    assert found.per_hour == pytest.approx(360.0)


def test_time_since_the_last_row_counts() -> None:
    state = after(2, Budget(max_experiments=10))
    found = budget.forecast(state, state.elapsed + 5.0)
    assert found is not None
    assert found.seconds == pytest.approx(75.0)


def test_the_baseline_says_nothing_about_the_price() -> None:
    state = after(3, Budget(max_cost_usd=10.0), cost=1.0, first=4.0)
    found = budget.forecast(state, state.elapsed)
    assert found is not None
    assert found.cap == "max_cost_usd"
    assert found.seconds == pytest.approx(40.0)


def test_only_the_latest_rows_set_the_pace() -> None:
    run = opening()
    for n in range(1, 31):
        run += experiment(n, "keep")
    records = recorded(run)
    slow = [msgspec.structs.replace(r, elapsed=r.elapsed * 100) for r in records[: 2 + 7 * 5]]
    rest = [msgspec.structs.replace(r, elapsed=r.elapsed + 3700) for r in records[2 + 7 * 5 :]]
    found = budget.forecast(folded(slow + rest), 4000.0)
    assert found is not None
    assert found.per_hour == pytest.approx(3600 / 7)


@given(
    rows=st.integers(2, 30),
    pace=st.floats(0.01, 1e4),
    cost=st.floats(0, 5),
    late=st.floats(0, 1e6),
    experiments=st.integers(1, 100),
)
def test_a_forecast_is_finite_and_never_in_the_past(
    rows: int, pace: float, cost: float, late: float, experiments: int
) -> None:
    state = after(rows, Budget(max_experiments=experiments), pace=pace, cost=cost)
    found = budget.forecast(state, state.elapsed + late)
    assert found is not None
    assert 0 <= found.seconds < math.inf
    assert found.cap in Budget.__struct_fields__


@pytest.mark.parametrize(
    ("rows", "caps", "left"),
    [
        (0, Budget(), None),
        (1, Budget(max_experiments=10), 9),
        (2, Budget(max_experiments=10), 8),
        (3, Budget(max_experiments=5000, max_cost_usd=1e5, max_wall_clock_hours=1.0), 356),
        (3, Budget(max_cost_usd=4.5, max_experiments=5000), 2),
    ],
)
def test_what_the_budget_still_pays_for_is_a_number_of_experiments(
    rows: int, caps: Budget, left: int | None
) -> None:
    assert budget.affordable(after(rows, caps, cost=1.0)) == left
