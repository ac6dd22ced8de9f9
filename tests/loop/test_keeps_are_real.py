"""What the whole loop promises of a keep, whatever a harness' noise is like."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from support.fakes import Rig, contract

from autoexp_tui.loop.ports import Result
from autoexp_tui.model.contract import Contract, Decide, Metric
from autoexp_tui.model.state import RunState
from autoexp_tui.text.safe import Safe

_IDEAS = 25

RULES = {
    "primary": Decide(),
    "pareto": Decide("pareto"),
    "weighted": Decide("weighted", weights=(1.0, 0.5), direction="lower"),
}


def made(rule: str) -> Contract:
    names = ["loss"] if rule == "primary" else ["loss", "ms"]
    return contract(*names, max_experiments=_IDEAS + 1, decide=RULES[rule], confirm="auto")


def noisy_run(seed: int, sigma: float, rule: str, tail: float = 0.0) -> RunState:
    """A run of ideas that help, harm or do nothing, measured with noise.

    `tail` is how often a run of the harness is far off.
    """
    dice = random.Random(seed)
    texts = dict.fromkeys(
        f"{10 + dice.choice((-1, 0, 0.5)) * dice.random():.6f}" for _ in range(39)
    )
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), list(texts), made(rule))

        def figure(value: float) -> float:
            return value + dice.gauss(0, sigma * (20 if dice.random() < tail else 1))

        def evaluate(n: int, text: str, **_: object) -> Result:
            value = float(text)
            metrics = {m.name: figure(value) for m in rig.made.metrics}
            return Result(0.01, metrics, {}, "")

        rig.lab.evaluate = evaluate  # type: ignore[method-assign, assignment]
        assert rig.run().ok
        return rig.state


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([0.02, 0.2, 2.0]),
    st.sampled_from(sorted(RULES)),
    st.sampled_from([0.0, 0.1]),
)
def test_a_keep_whose_interval_includes_no_improvement_is_impossible(
    seed: int, sigma: float, rule: str, tail: float
) -> None:
    state = noisy_run(seed, sigma, rule, tail)
    keeps = [row for row in state.rows if row.status == "keep" and not row.is_baseline]
    for row in keeps:
        assert row.evidence is not None
        assert row.evidence.effect > 0
        assert 0 <= row.evidence.low <= row.evidence.effect <= row.evidence.high
        assert row.evidence.runs > 0


@pytest.mark.parametrize("rule", sorted(RULES))
def test_of_an_exact_harness_the_effect_is_the_interval(rule: str) -> None:
    state = noisy_run(3, 0.0, rule)
    keeps = [row for row in state.rows if row.status == "keep" and not row.is_baseline]
    assert keeps
    for row in keeps:
        assert row.evidence is not None
        assert row.evidence.low == row.evidence.effect == row.evidence.high > 0
    assert not any(row.is_near_miss for row in state.rows)
    assert state.calibration.evaluations == len(state.rows) + 1


def test_gains_far_beyond_the_noise_are_kept_and_small_ones_are_near_misses() -> None:
    found = [noisy_run(seed, 0.05, "primary") for seed in range(4)]
    rows = [row for state in found for row in state.rows if not row.is_baseline]
    assert any(row.status == "keep" for row in rows)
    assert any(row.is_near_miss for row in rows)


def test_better_by_less_than_is_worth_having_is_no_near_miss(tmp_path: Path) -> None:
    metric = Metric(Safe("loss"), "lower", min_delta=2.0)
    made = replace(contract(max_experiments=2, confirm="auto"), metrics=(metric,))
    rig = Rig(tmp_path, ["9"], made)
    values = {"10": [10.0, 10.1, 9.9, 10.0], "9": [9.0]}

    def evaluate(n: int, text: str, **_: object) -> Result:
        return Result(0.01, {"loss": values[text].pop(0)}, {}, "")

    rig.lab.evaluate = evaluate  # type: ignore[method-assign, assignment]
    rig.run()
    row = rig.state.rows[1]
    assert row.status == "discard"
    assert "within min_delta" in row.reason
    assert not row.is_near_miss
