"""The statistics of a keep."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autoexp_tui.model.evidence import (
    Finding,
    Incumbent,
    Noise,
    Residual,
    SequentialTest,
    spendable,
)

FIGURES = st.floats(-1e3, 1e3)
KNOWN = Noise(tuple(Residual(value, 0.0) for value in (0.5, -1.5, 1.0, 0.2, -0.7)), 5)


def learnt(*texts: list[float]) -> Noise:
    noise = Noise()
    for figures in texts:
        for place, figure in enumerate(figures):
            noise = noise.learn(figure, figures[:place])
    return noise


def runs(*figures: float, at: int = 1) -> list[Incumbent]:
    return [Incumbent((figure,), at) for figure in figures]


@given(st.lists(st.lists(FIGURES, min_size=1, max_size=6), min_size=1, max_size=6))
def test_squares_of_the_residuals_add_up_to_those_within_texts(texts: list[list[float]]) -> None:
    noise = learnt(*texts)
    within = sum(statistics.pvariance(figures) * len(figures) for figures in texts)
    total = math.fsum(residual.value**2 for residual in noise.residuals)
    assert total == pytest.approx(within, rel=1e-6, abs=1e-6)
    assert noise.freedom == sum(map(len, texts)) - len(texts)


def test_a_hiccup_of_the_machine_does_not_drown_the_noise() -> None:
    dice = random.Random(1)
    quiet = learnt([dice.gauss(0, 1) for _ in range(30)])
    hiccup = learnt([dice.gauss(0, 1) for _ in range(29)] + [1000.0])
    assert hiccup.sigma < 2 * quiet.sigma


def test_equal_figures_have_no_noise_and_one_figure_tells_none() -> None:
    assert not learnt([3.0]).is_known
    assert learnt([3.0, 3.0]).is_known
    assert learnt([3.0, 3.0]).sigma == 0


@pytest.mark.parametrize("alpha", [0.005, 0.01, 0.05, 0.15])
def test_with_each_look_a_smaller_gain_is_enough(alpha: float) -> None:
    test = SequentialTest((KNOWN,), alpha)
    enough = [smallest_kept(test, count) for count in range(1, test.looks + 1)]
    assert enough == sorted(enough, reverse=True)
    freer = SequentialTest((KNOWN,), alpha * 1.2)
    assert all(smallest_kept(freer, n) <= gain for n, gain in enumerate(enough, 1))


def smallest_kept(test: SequentialTest, count: int) -> float:
    """In the noise's own σ, what is kept after so many fresh evaluations."""
    low, high = 0.0, 1000.0
    for _ in range(50):
        gain = (low + high) / 2
        found = test.look([(gain * KNOWN.sigma,)] * count, runs(*[0.0] * 10), 1)
        if isinstance(found, Finding) and found.keep:
            high = gain
        else:
            low = gain
    return high


@given(
    st.lists(FIGURES, min_size=1, max_size=5),
    st.lists(FIGURES, min_size=1, max_size=8),
    st.floats(0.001, 0.45),
)
def test_what_is_kept_is_better_over_its_whole_interval(
    fresh: list[float], incumbent: list[float], alpha: float
) -> None:
    test = SequentialTest((KNOWN,), alpha)
    found = test.look([(figure,) for figure in fresh], runs(*incumbent), 1)
    assume(isinstance(found, Finding) and found.keep)
    assert isinstance(found, Finding)
    assert 0 < found.evidence.low <= found.evidence.effect <= found.evidence.high


def test_where_gains_hold_one_look_decides() -> None:
    assert SequentialTest((KNOWN,), 0.4).looks == 1
    assert SequentialTest((KNOWN,), 0.01).looks > 3


def test_the_incumbent_is_run_again_where_its_runs_are_old() -> None:
    test = SequentialTest((KNOWN,), 0.01)
    fresh = [(30.0,)]
    old = runs(0.0, 0.0, 0.0, at=1)
    assert isinstance(test.look(fresh, old, 2), Finding)
    assert test.look(fresh, old, 100) == "incumbent"


def test_what_has_no_chance_against_the_recent_runs_is_given_up() -> None:
    """A machine that became faster makes everything better than what was measured at first."""
    test = SequentialTest((KNOWN,), 0.01)
    drifted = [*runs(0.0, 0.0, 0.0, 0.0, at=1), *runs(2.0, 2.0, at=99)]
    assert test.look([(1.5,)], runs(0.0, 0.0, 0.0, 0.0, at=99), 100) == "candidate"
    found = test.look([(1.5,)], drifted, 100)
    assert isinstance(found, Finding)
    assert not found.keep


def test_better_in_one_figure_does_not_outweigh_worse_in_the_other() -> None:
    test = SequentialTest((KNOWN, KNOWN), 0.01)
    incumbent = [Incumbent((0.0, 0.0), 1)] * 8
    found = test.look([(30.0, -30.0)] * 5, incumbent, 1)
    assert isinstance(found, Finding)
    assert not found.keep
    found = test.look([(30.0, 0.0)] * 5, incumbent, 1)
    assert isinstance(found, Finding)
    assert found.keep


def test_more_may_be_spent_after_a_gain_that_held_and_less_as_that_fades() -> None:
    assert spendable(0.99, 20, 3, None) < 0.1
    after = [spendable(0.99, 20, 3, since) for since in range(12)]
    assert after[0] == 0.2
    assert after == sorted(after, reverse=True)
    assert after[-1] == spendable(0.99, 20, 3, None)


def test_where_everything_looks_promising_each_test_may_spend_less() -> None:
    assert spendable(0.99, 20, 20, None) < spendable(0.99, 20, 2, None)


# ---- figures of another size ------------------------------------------------------------------


def test_a_tenth_of_the_figure_is_not_judged_by_the_spread_of_the_whole() -> None:
    """As of a query that took 101 ms, give or take 6, and takes 16 now."""
    noise = learnt([-101.0, -95.0, -108.0, -99.0])
    assert noise.sigma > 5
    assert noise.at(-16.0).sigma == pytest.approx(noise.sigma * 16 / 101, rel=0.2)
    assert noise.at(-16.0).freedom == 0
    there = noise.learn(-16.3, [-16.0]).learn(-15.9, [-16.0, -16.3]).at(-16.0)
    assert there.freedom == 2
    assert 0.1 < there.sigma < 1


def test_what_varies_by_as_much_whatever_its_size_is_learnt_where_it_is() -> None:
    """As of a loss that fell from 0.6 to 0.05, and varies by 0.01 all the same."""
    noise = learnt([0.6, 0.61, 0.59, 0.605], [0.05, 0.06, 0.04, 0.055, 0.045, 0.05, 0.06])
    assert noise.at(0.05).sigma > 0.005


@given(st.lists(st.floats(90, 110), min_size=2, max_size=9), st.floats(90, 110))
def test_the_spread_of_figures_of_one_size_is_the_same_for_all_of_them(
    figures: list[float], level: float
) -> None:
    assert learnt(figures).at(level) == learnt(figures)


def test_an_exact_harness_is_exact_at_any_size() -> None:
    assert learnt([5.0, 5.0]).at(0.1).sigma == 0
