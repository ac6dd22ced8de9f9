"""What the model computes without SciPy, compared with SciPy."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

from autoexp_tui.proposers.tuner import descent, gp, normal


@given(st.floats(-1e5, 40))
def test_the_mass_is_scipy_s(z: float) -> None:
    assert normal.log_mass(np.array([z]))[0] == pytest.approx(
        float(special.log_ndtr(z)), rel=1e-9, abs=1e-15
    )


@given(st.floats(-6, 8))
def test_the_improvement_is_the_definition_s(z: float) -> None:
    plain = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) + z * special.ndtr(z)
    assert normal.log_improvement(np.array([z]))[0] == pytest.approx(np.log(plain), abs=1e-5)


@given(st.floats(-1e90, -1.0001))
def test_the_improvement_s_tail_rises_and_is_the_series(z: float) -> None:
    found, further = normal.log_improvement(np.array([z, 1.01 * z]))
    assert further < found
    # φ(z)/z² bounds it from above, and the next term of the series from below.
    above = -0.5 * z * z - normal.LOG_ROOT_2PI - 2 * np.log(-z)
    if -1e7 < z < -4:
        assert above + np.log1p(-3 / z**2) <= found + 1e-9 * abs(above)
        assert found <= above + 1e-9 * abs(above)


def _ridge(at: np.ndarray) -> tuple[float, np.ndarray]:
    return float(optimize.rosen(at)), np.asarray(optimize.rosen_der(at))


@pytest.mark.parametrize("size", [2, 5, 10])
def test_the_bottom_of_a_bent_valley_is_found(size: int) -> None:
    low, high = np.full(size, -2.0), np.full(size, 2.0)
    found = descent.least(_ridge, np.full(size, -0.5), low, high, 200)
    assert found == pytest.approx(np.ones(size), abs=0.01)


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.floats(0.1, 1.5))
def test_bounds_hold_it_where_they_hold_scipy(start: list[float], high: float) -> None:
    def bowl(at: np.ndarray) -> tuple[float, np.ndarray]:
        lever = np.array([1.0, 10.0, 100.0])
        return float(lever @ (at - 1) ** 2) + at[0] * at[1], 2 * lever * (at - 1) + np.array(
            [at[1], at[0], 0.0]
        )

    low, top = np.full(3, -1.0), np.full(3, high)
    asked: list[np.ndarray] = []

    def watched(at: np.ndarray) -> tuple[float, np.ndarray]:
        asked.append(at)
        return bowl(at)

    found = descent.least(watched, np.array(start), low, top, 100)
    known = optimize.minimize(
        bowl, np.clip(start, low, top), jac=True, bounds=[(-1.0, high)] * 3, tol=1e-12
    )
    assert bowl(found)[0] == pytest.approx(known.fun, abs=1e-4)
    assert all(((low <= at) & (at <= top)).all() for at in asked)


@given(st.integers(1, 130))
def test_a_triangle_times_its_inverse_is_one(size: int) -> None:
    rng = np.random.default_rng(size)
    square = rng.normal(size=(size, size))
    factor = np.linalg.cholesky(square @ square.T + size * np.eye(size))
    assert gp._inverse(factor) @ factor == pytest.approx(np.eye(size), abs=1e-9)


def test_a_proposal_of_the_model_needs_no_scipy() -> None:
    """It would take more memory than the rest of a runner."""
    program = """
import sys
from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.proposal import Situation, Trial
from autoexp_tui.proposers.tuner.tuner import Tuner
text, tuner = "a: 0.5\\nb: 3.0\\n", Tuner()
contract = Contract("c.yaml", "true", (Metric("loss", "lower"),))
history, arms = [Trial(1, 0, "keep", {"loss": 9.0}, "", "", {})], set()
for n in range(2, 14):
    now = Situation(n, contract, text, 1, text, history, seed=1, sigma=0.0)
    made = tuner.propose(now, lambda *_: None)
    arms.add(made.memo["arm"])
    history.append(Trial(n, 1, "discard", {"loss": 9.0 + n % 5}, "", "", made.memo))
assert arms & {"model", "region"}, arms
print(*(name for name in sys.modules if name.partition(".")[0] == "scipy"))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
