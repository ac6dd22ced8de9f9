"""The Gaussian process, and what it makes the tuner do."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.proposal import Situation, Trial
from autoexp_tui.proposers.tuner import gp, model
from autoexp_tui.proposers.tuner.cube import Cube
from autoexp_tui.proposers.tuner.domains import Choices, Domain, ranged
from autoexp_tui.proposers.tuner.modelling import modelled
from autoexp_tui.proposers.tuner.past import recall
from autoexp_tui.proposers.tuner.space import survey
from autoexp_tui.proposers.tuner.tuner import Tuner

CONTRACT = Contract("c.yaml", "true", (Metric("loss", "lower"),))


def unit() -> Domain:
    domain = ranged("0.5", "0.0", "1.0", log=False, step=0)
    assert domain is not None
    return domain


def count() -> Domain:
    domain = ranged("3", "1", "16", log=True, step=0)
    assert domain is not None
    return domain


PLANE = Cube({"x": unit(), "y": unit()})


def points(n: int, columns: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=(n, columns))


def bowl(at: np.ndarray) -> np.ndarray:
    return np.asarray((at[:, 0] - 0.8) ** 2 + 0.3 * (at[:, 1] - 0.4) ** 2)


def none() -> np.ndarray:
    return np.zeros((0, 2))


def chosen(seen: model.Seen, sigma: float = 0.0, **more: float) -> model.Found:
    return model.best_point(PLANE, seen, np.random.default_rng(1), sigma=sigma, **more)


def test_the_slope_of_the_density_is_the_density_s() -> None:
    at = points(25, 3)
    problem = gp._Problem(at, np.sin(5 * at[:, 0]), np.array([0, 1, 1]), np.full(25, 1e-3))
    theta = np.array([-0.4, 0.7, -6.0])
    numeric = optimize.approx_fprime(theta, lambda t: problem._negative(t)[0], 1e-6)
    assert problem._negative(theta)[1] == pytest.approx(numeric, rel=1e-3, abs=1e-3)


def test_expectation_and_deviation_change_as_their_slopes_say() -> None:
    at = points(20)
    process, _ = gp.fit_losses(at, bowl(at), np.arange(2))
    here, step = np.array([0.3, 0.6]), 1e-6
    _, _, mean_slope, deviation_slope = process.slopes(here)
    for column in range(2):
        there = here.copy()
        there[column] += step
        before, after = process.slopes(here), process.slopes(there)
        assert mean_slope[column] == pytest.approx((after[0] - before[0]) / step, abs=1e-3)
        assert deviation_slope[column] == pytest.approx((after[1] - before[1]) / step, abs=1e-3)


def test_it_expects_what_was_measured_and_knows_less_elsewhere() -> None:
    at = points(15)
    process, warp = gp.fit_losses(at, bowl(at), np.arange(2))
    mean, deviation = process.believe(at)
    assert [warp.back(one) for one in mean] == pytest.approx(bowl(at), abs=0.01)
    far = process.believe(np.array([[3.0, 3.0]]))[1][0]
    assert far > 5 * deviation.max()


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30, unique=True),
    st.sampled_from([math.inf, 1.0, 0.1, 0.01]),
)
def test_a_warp_rises_and_has_a_way_back(losses: list[float], offset: float) -> None:
    figures = np.sort(np.array(losses))
    warp = gp.warp(figures, offset)
    assert (np.diff(warp(figures)) >= 0).all()
    span = float(figures[-1] - figures[0])
    assert [warp.back(one) for one in warp(figures)] == pytest.approx(
        figures.tolist(), abs=1e-6 * span, rel=1e-6
    )


@given(st.floats(-1e3, 30), st.floats(0.01, 10))
def test_the_logarithm_of_the_improvement_never_underflows(z: float, deviation: float) -> None:
    found = model.log_improvement(np.array([0.0]), np.array([deviation]), z * deviation)[0]
    assert math.isfinite(found)
    more = model.log_improvement(np.array([0.0]), np.array([deviation]), (z + 0.1) * deviation)[0]
    assert more > found


def test_it_goes_to_the_bottom_of_a_bowl() -> None:
    at = points(12)
    row = chosen(model.Seen(at, bowl(at), none())).row
    assert row == pytest.approx([0.8, 0.4], abs=0.1)


def test_where_it_crashed_it_does_not_go() -> None:
    at = points(30)
    can = at[:, 0] < 0.55
    found = chosen(model.Seen(at[can], bowl(at[can]), at[~can]))
    assert found.row[0] < 0.6
    assert found.feasible > 0.5


def test_where_the_time_limit_would_end_it_it_does_not_go() -> None:
    at = points(30)
    seconds = 10 * np.exp(3 * at[:, 0])
    free = chosen(model.Seen(at, bowl(at), none()))
    held = chosen(model.Seen(at, bowl(at), none(), seconds, limit=10 * math.exp(1.5)))
    assert free.row[0] > 0.7
    assert held.row[0] < 0.56


def test_a_lucky_measurement_does_not_draw_it_where_the_noise_is_known() -> None:
    at = np.concatenate((points(40), [[0.1, 0.9]]))
    losses = bowl(at) + 0.05 * np.random.default_rng(3).normal(size=41)
    losses[-1] = -0.1
    found = chosen(model.Seen(at, losses, none()), sigma=0.15)
    assert np.abs(found.nearest - [0.1, 0.9]).max() > 0.3


def test_the_region_holds_it_near_the_best() -> None:
    at = points(10) * 0.2
    seen = model.Seen(at, bowl(at), none())
    best = at[bowl(at).argmin()]
    assert np.abs(chosen(seen).row - best).max() > 0.2
    assert np.abs(chosen(seen, radius=0.02).row - best).max() <= 0.08 + 1e-9


@given(st.integers(0, 2**32), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_no_more_slots_are_moved_than_asked_for(seed: int, widest: int) -> None:
    cube = Cube({"a": unit(), "k": count(), "m": Choices(("p", "q", "r")), "b": unit()})
    rng = np.random.default_rng(seed)
    rows = cube.uniform(rng.random((8, 4)))
    found = model.best_point(
        cube, model.Seen(rows, rows[:, 0], np.zeros((0, 6))), rng, here=rows[2], widest=widest
    )
    moved = {int(g) for g, is_moved in zip(cube.groups, found.row != rows[2], strict=True)
             if is_moved}  # fmt: skip
    assert 1 <= len(moved) <= widest


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_a_point_and_back_is_the_same_point(draws: list[float]) -> None:
    cube = Cube({"a": unit(), "k": count(), "m": Choices(("p", "q", "r"))})
    row = cube.uniform(np.array([draws]))[0]
    again = cube.row(cube.values(row))
    assert again is not None
    assert again == pytest.approx(row, abs=0.006)
    assert cube.values(again) == cube.values(row)


def test_more_digits_are_written_where_the_search_has_come_to_a_point() -> None:
    near = np.array([0.123456, 0.5])
    close = PLANE.figures(near + 1e-6, near)
    assert PLANE.figures(near + 0.2, near)["x"] == 3
    assert abs(float(PLANE.values(near + 1e-6, close)["x"]) - 0.123457) < 1e-7


# What the tuner makes of it.


@pytest.mark.parametrize(("little", "moved"), [(1e-4, {"x"}), (0.1, {"x", "y"})])
def test_a_slot_that_hardly_moves_stays_as_it_is(
    little: float, moved: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    best_point = model.best_point

    def elsewhere(*seen: Any, here: np.ndarray, **more: Any) -> model.Found:
        found = best_point(*seen, here=here, **more)
        return replace(found, row=here + np.array([0.2, little]))

    monkeypatch.setattr(model, "best_point", elsewhere)
    text = "x: 0.5\ny: 0.5\n"
    history = [Trial(1, 0, "keep", {"loss": 1.0}, "", "", {})]
    space = survey(situation(text, history, None))
    past = recall(CONTRACT, history, space.baseline)
    past.learn(
        [
            *history,
            Trial(2, 1, "discard", {"loss": 2.0}, "", "", {"values": {"x": "0.7", "y": "0.3"}}),
        ]
    )
    found = modelled(space, past, CONTRACT, np.random.default_rng(0))
    assert found is not None
    assert {name for name, value in found.values.items() if value != space.here[name]} == moved


def climb(
    text: str, loss: Callable[[dict[str, float]], float | None], evaluations: int, seed: int = 1
) -> list[Trial]:
    first = loss(yaml.safe_load(text))
    assert first is not None
    tuner, best, at, incumbent = Tuner(), first, text, 1
    history = [Trial(1, 0, "keep", {"loss": first}, "", "", {})]
    for n in range(2, evaluations + 1):
        now = Situation(n, CONTRACT, at, incumbent, text, history, seed=seed, sigma=0.0)
        proposal = tuner.propose(now, lambda *_: None)
        found = loss(yaml.safe_load(proposal.text))
        kept = found is not None and found < best
        memo = json.loads(json.dumps(proposal.memo))
        metrics = {} if found is None else {"loss": found}
        status = "keep" if kept else "crash" if found is None else "discard"
        history.append(Trial(n, incumbent, status, metrics, "", "", memo))  # type: ignore[arg-type]
        if kept and found is not None:
            best, at, incumbent = found, proposal.text, n
    return history


def best_of(history: list[Trial]) -> float:
    return min(trial.metrics["loss"] for trial in history if trial.metrics)


@pytest.mark.parametrize("start", ["-2", "-2.0", "0.0"])
def test_an_optimum_on_the_other_side_of_zero_is_reached(start: str) -> None:
    history = climb(
        f"X: 3.0\nY: {start}\n", lambda x: (x["X"] - 1.23) ** 2 + (x["Y"] - 0.5) ** 2, 40
    )
    # An integer stays one: 0 and 1 are equally far.
    assert best_of(history) < (0.26 if start == "-2" else 0.01)


def test_an_optimum_far_outside_the_first_range_is_reached() -> None:
    history = climb("x: -0.1\n", lambda x: (x["x"] - 7) ** 2, 40)
    assert best_of(history) < 0.1


def situation(text: str, history: list[Trial], affordable: int | None) -> Situation:
    return Situation(
        len(history) + 1, CONTRACT, text, 1, text, history, seed=1, affordable=affordable
    )


def moved(text: str, proposals: int, affordable: int | None) -> list[list[str]]:
    """Which slots each proposal moves; nothing is kept."""
    history = [Trial(1, 0, "keep", {"loss": 1.0}, "", "", {})]
    found = []
    for n in range(2, proposals + 2):
        left = None if affordable is None else affordable - len(history)
        proposal = Tuner().propose(situation(text, history, left), lambda *_: None)
        found.append([*proposal.memo["changed"]])
        history.append(Trial(n, 1, "discard", {"loss": 1.0 + n}, "", "", proposal.memo))
    return found


def test_where_few_experiments_can_be_afforded_one_value_is_moved_at_a_time() -> None:
    text = "".join(f"rate_{n}: 0.5\n" for n in range(30))
    few = moved(text, 14, 40)
    assert [len(names) for names in few[:9]] == [1] * 9
    assert len({name for names in few[:9] for name in names}) == 9  # each a new one
    assert max(len(names) for names in few) <= 3
    assert max(len(names) for names in moved(text, 6, 5000)) > 3


@pytest.mark.parametrize("trials", [150, 1500])
def test_what_the_model_sees_does_not_grow_with_the_run(
    trials: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"rate_{n}: 0.5\n" for n in range(50))
    rng = np.random.default_rng(0)
    history = [Trial(1, 0, "keep", {"loss": 1.0}, "", "", {})]
    for n in range(2, trials):
        values = {f"rate_{k}": f"{at:.3f}" for k, at in enumerate(rng.uniform(0.1, 4, 50))}
        memo = {"arm": "model", "values": values, "changed": {}}
        history.append(Trial(n, 1, "discard", {"loss": 1 + rng.random()}, "", "", memo))
    sizes: list[int] = []
    fit = gp.fit_losses

    def counted(rows: np.ndarray, *rest: np.ndarray, **more: float) -> object:
        sizes.append(len(rows))
        return fit(rows, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(gp, "fit_losses", counted)
    tuner = Tuner()
    for seed in range(6):
        now = Situation(trials, CONTRACT, text, 1, text, history, seed=seed)
        tuner.propose(now, lambda *_: None)
    assert sizes
    assert max(sizes) <= 100


def test_after_crashes_the_model_moves_fewer_slots_at_once() -> None:
    """Of few moves that crash one learns which it was."""
    text = "".join(f"rate_{k}: 0.5\n" for k in range(10))
    rng = np.random.default_rng(0)
    history = [Trial(1, 0, "keep", {"loss": 1.0}, "", "", {})]

    def tried(arm: str, loss: float | None) -> None:
        values = {f"rate_{k}": f"{at:.3f}" for k, at in enumerate(rng.uniform(0.1, 3, 10))}
        changed = {name: ["0.5", value] for name, value in values.items()}
        memo = {"arm": arm, "values": values, "changed": changed}
        metrics = {} if loss is None else {"loss": loss}
        status: Status = "crash" if loss is None else "discard"
        history.append(Trial(len(history) + 1, 1, status, metrics, "", "", memo))

    def widest() -> int:
        proposals = (
            Tuner().propose(replace_seed(situation(text, history, None), seed), lambda *_: None)
            for seed in range(12)
        )
        return max(
            len(made.memo["changed"])
            for made in proposals
            if made.memo["arm"] in {"model", "region"}
        )

    for _ in range(15):
        tried("whole", 1 + rng.random())
    assert widest() > 5
    tried("model", None)
    assert 2 < widest() <= 5
    tried("region", None)
    assert widest() <= 2


def replace_seed(now: Situation, seed: int) -> Situation:
    return msgspec.structs.replace(now, seed=seed)
