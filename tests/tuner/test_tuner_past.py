from __future__ import annotations

from typing import Any

import pytest

from autoexp_tui.model.contract import Contract, Decide, Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.proposal import Trial
from autoexp_tui.proposers.tuner.past import recall

LOSS = Metric("loss", "lower")
SPEED = Metric("speed", "higher")


def trial(n: int, status: Status, reason: str = "", parent: int = 1, **metrics: float) -> Trial:
    memo: dict[str, Any] = {
        "arm": "steps",
        "values": {"x": str(n)},
        "changed": {"x": ["1", str(n)]},
    }
    return Trial(n, 0 if n == 1 else parent, status, metrics, "", reason, {} if n == 1 else memo)


def losses(contract: Contract, *history: Trial) -> list[float]:
    return [tried.loss for tried in recall(contract, history, {"x": "1"})]


def test_the_baseline_s_values_are_those_of_its_text() -> None:
    contract = Contract("x.py", "true", (LOSS,))
    first, second = recall(
        contract, [trial(1, "keep", loss=1), trial(2, "keep", loss=0.5)], {"x": "7"}
    )

    assert (first.values, first.arm, first.changed) == ({"x": "7"}, "", {})
    assert (second.values, second.arm, second.changed) == ({"x": "2"}, "steps", {"x": ("1", "2")})


def test_higher_is_turned_into_lower() -> None:
    contract = Contract("x.py", "true", (SPEED,))
    assert losses(contract, trial(1, "keep", speed=3), trial(2, "keep", speed=4)) == [-3, -4]


def test_the_weighted_score_is_the_loss() -> None:
    decide = Decide("weighted", weights=(2.0, 0.5), direction="higher")
    contract = Contract("x.py", "true", (LOSS, SPEED), decide)
    assert losses(contract, trial(1, "keep", loss=1, speed=4)) == [-4.0]


def test_pareto_sums_the_changes_as_shares_of_the_baseline() -> None:
    contract = Contract("x.py", "true", (LOSS, SPEED), Decide("pareto"))
    history = trial(1, "keep", loss=2, speed=4), trial(2, "keep", loss=1, speed=5)
    assert losses(contract, *history) == [0, pytest.approx(-0.75)]


def test_a_crash_is_worse_than_anything_measured() -> None:
    contract = Contract("x.py", "true", (LOSS,))
    found = losses(
        contract, trial(1, "keep", loss=1), trial(2, "crash"), trial(3, "discard", loss=90)
    )
    assert found[1] > 90


def test_better_and_still_not_kept_counts_as_so_much_worse_than_its_parent() -> None:
    contract = Contract("x.py", "true", (LOSS, SPEED))
    found = losses(
        contract, trial(1, "keep", loss=1, speed=1), trial(2, "discard", loss=0.25, speed=9)
    )
    assert found == [1, 1.75]


def test_what_a_person_skipped_taught_nothing() -> None:
    contract = Contract("x.py", "true", (LOSS,))
    assert losses(contract, trial(1, "keep", loss=1), trial(2, "crash", "skipped")) == [1]


def test_a_memo_of_another_proposer_does_no_harm() -> None:
    contract = Contract("x.py", "true", (LOSS,))
    strange = Trial(2, 1, "keep", {"loss": 1}, "", "", {"values": [1], "changed": 3, "arm": 7})
    found = recall(contract, [trial(1, "keep", loss=1), strange], {"x": "1"})
    assert (found[1].values, found[1].changed, found[1].arm) == ({}, {}, "")
