"""The early end of hopeless runs: who is far behind, and who never is."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.model.contract import Direction
from autoexp_tui.model.objective import gain
from autoexp_tui.model.pruning import Curve, Lag, Point, Race

FIGURES = st.floats(-1e6, 1e6)
DIRECTIONS = st.sampled_from(["lower", "higher"])


def curve(*values: float) -> list[Point]:
    return [Point(step, value) for step, value in enumerate(values, 1)]


def verdict(best: Curve, candidate: Curve, direction: Direction = "lower") -> Lag | None:
    race = Race(best, direction)
    return next(filter(None, map(race.add, candidate)), None)


FLAT = curve(*[0.4] * 10)


def test_who_is_far_behind_at_three_steps_in_a_row_is_told_where() -> None:
    lag = verdict(FLAT, curve(*[0.9] * 10))
    assert lag == Lag(step=5, value=0.9, best=0.4)  # after two steps of grace
    assert lag.words("loss") == "stopped early: loss 0.9 at step 5, the best had 0.4 there"


def test_which_way_is_better_counts() -> None:
    assert verdict(FLAT, curve(*[0.9] * 10), "higher") is None
    assert verdict(FLAT, curve(*[0.1] * 10), "higher") is not None


def test_one_step_that_is_not_behind_begins_anew() -> None:
    assert verdict(FLAT, curve(*[0.9, 0.9, 0.4] * 3)) is None
    assert verdict(FLAT, curve(0.9, 0.9, 0.9, 0.9, 0.4, 0.9, 0.9, 0.9)) is not None


def test_a_tenth_is_not_far_and_neither_is_what_the_best_itself_moves() -> None:
    assert verdict(FLAT, curve(*[0.43] * 10)) is None
    assert verdict(FLAT, curve(*[0.45] * 10)) is not None
    restless = curve(*[0.4, 0.8] * 5)
    assert verdict(restless, curve(*[0.7, 1.1] * 5)) is None
    assert verdict(restless, curve(*[1.0, 1.4] * 5)) is not None


def test_steps_that_only_one_has_tell_nothing_and_one_printed_twice_counts_once() -> None:
    assert verdict(FLAT, [Point(step + 0.5, 9.0) for step in range(10)]) is None
    assert verdict(FLAT, [Point(6, 9.0)] * 5) is None
    assert verdict([], curve(*[9.0] * 10)) is None


@given(st.lists(st.tuples(FIGURES, st.floats(0, 1e6)), max_size=40), DIRECTIONS)
def test_who_is_nowhere_worse_is_never_ended(
    pairs: list[tuple[float, float]], direction: Direction
) -> None:
    sign = -1 if direction == "lower" else 1
    best = curve(*(value for value, _ in pairs))
    assert verdict(best, curve(*(v + sign * more for v, more in pairs)), direction) is None


@given(st.lists(FIGURES, max_size=40), st.lists(FIGURES, max_size=40), DIRECTIONS)
def test_who_is_ended_is_worse_there_and_past_the_first_fifth(
    best: list[float], candidate: list[float], direction: Direction
) -> None:
    lag = verdict(curve(*best), curve(*candidate), direction)
    if lag is not None:
        assert gain(direction, lag.value, lag.best).word == "worse"
        assert lag.step >= 3 + max(1, math.floor(0.2 * len(best)))
