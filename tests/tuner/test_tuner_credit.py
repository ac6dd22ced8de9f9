"""Who is asked next, and how far the region reaches: by what each has brought."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.proposers.tuner.credit import Credit

ARMS = ("steps", "whole")


def outcomes(arm: str, *gains: float | None, credit: Credit | None = None) -> Credit:
    known = credit or Credit()
    for gain in gains:
        known.add(arm, ("x",), gain, 5)
    return known


def share(credit: Credit, arm: str) -> float:
    rng = np.random.default_rng(0)
    return float(np.mean([credit.choose(ARMS, rng) == arm for _ in range(400)]))


def test_the_arm_that_keeps_more_is_asked_more() -> None:
    usual = share(Credit(), "whole")
    assert share(outcomes("whole", *[1.0] * 6), "whole") > usual + 0.2
    assert share(outcomes("steps", *[1.0] * 6), "whole") < usual
    assert share(outcomes("steps", *[None] * 12), "whole") > usual + 0.2


def test_old_outcomes_are_slowly_forgotten() -> None:
    old = outcomes("steps", *[None] * 12, *[1.0] * 8)
    new = outcomes("steps", *[1.0] * 8, *[None] * 12)
    assert share(old, "whole") < share(new, "whole")


def test_large_gains_bring_more_than_small_ones_whatever_the_unit() -> None:
    def alternating(unit: float) -> Credit:
        known = Credit()
        for _ in range(8):
            outcomes("steps", 0.001 * unit, credit=known)
            outcomes("whole", 1.0 * unit, credit=known)
        return known

    assert share(alternating(1.0), "whole") > share(outcomes("steps", 1.0), "whole")
    assert share(alternating(1.0), "whole") == share(alternating(1e9), "whole")


def test_the_region_grows_with_keeps_and_shrinks_with_failures() -> None:
    begun = Credit().radius
    assert outcomes("region", 1.0, 1.0).radius > begun
    assert outcomes("region", *[None] * 5).radius < begun
    assert outcomes("steps", *[None] * 50).radius == begun


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=200))
def test_the_region_is_never_a_point_and_never_wider_than_the_range(
    gains: list[float | None],
) -> None:
    assert 0.004 < outcomes("region", *gains).radius <= 0.8


def test_a_slot_whose_steps_are_kept_is_promising() -> None:
    credit = Credit()
    for _ in range(6):
        credit.add("steps", ("good",), 1.0, 2)
        credit.add("steps", ("bad",), None, 2)
    rng = np.random.default_rng(0)
    draws = np.array([credit.promise(["good", "bad", "new"], rng) for _ in range(200)])
    assert draws[:, 0].mean() > draws[:, 2].mean() > draws[:, 1].mean()
    assert credit.is_untried("new")
    assert not credit.is_untried("bad")


def test_after_crashes_of_the_model_fewer_slots_are_moved_at_once_and_more_after_figures() -> None:
    credit = Credit()

    def made(slots: int, *, crashed: bool, arm: str = "model") -> float:
        credit.add(arm, [f"x{k}" for k in range(slots)], None, 16, crashed=crashed)
        return credit.widest

    assert made(12, crashed=False) == math.inf
    assert made(12, crashed=True, arm="steps") == math.inf
    assert [made(12, crashed=True), made(6, crashed=True), made(3, crashed=True)] == [6, 3, 1]
    assert made(1, crashed=True) == 1
    assert [made(1, crashed=False), made(2, crashed=False)] == [2, 4]
