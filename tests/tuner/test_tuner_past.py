from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def losses(contract: Contract, *history: Trial) -> list[float | None]:
    return [tried.loss for tried in recall(contract, history, {"x": "1"}).tried]


def test_the_baseline_s_values_are_those_of_its_text() -> None:
    contract = Contract("x.py", "true", (LOSS,))
    first, second = recall(
        contract, [trial(1, "keep", loss=1), trial(2, "keep", loss=0.5)], {"x": "7"}
    ).tried

    assert (first.values, first.arm, first.changed) == ({"x": "7"}, "", {})
    assert (second.values, second.arm, second.changed) == ({"x": "2"}, "steps", {"x": ["1", "2"]})


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


def test_a_crash_has_no_loss() -> None:
    contract = Contract("x.py", "true", (LOSS,))
    found = losses(
        contract, trial(1, "keep", loss=1), trial(2, "crash"), trial(3, "discard", loss=90)
    )
    assert found == [1, None, 90]


@pytest.mark.parametrize("reason", ["unconfirmed by 2 fresh runs: …", "…, within the noise"])
def test_what_was_better_by_luck_is_no_worse_than_it_measured(reason: str) -> None:
    contract = Contract("x.py", "true", (LOSS,))
    assert losses(contract, trial(1, "keep", loss=1), trial(2, "discard", reason, loss=0.9)) == [
        1,
        0.9,
    ]


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
    found = recall(contract, [trial(1, "keep", loss=1), strange], {"x": "1"}).tried
    assert (found[1].values, found[1].changed, found[1].arm) == ({}, {}, "")


@given(st.lists(st.tuples(st.sampled_from(["keep", "discard", "crash"]), st.floats(-9, 9)),
                max_size=150), st.integers(0, 150))  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_a_past_taken_in_piece_by_piece_is_the_one_taken_in_whole(
    outcomes: list[tuple[Status, float]], cut: int
) -> None:
    contract = Contract("x.py", "true", (LOSS,))
    history = [trial(1, "keep", loss=5.0)]
    for n, (status, loss) in enumerate(outcomes, 2):
        history.append(trial(n, status, **({} if status == "crash" else {"loss": loss})))
    whole = recall(contract, history, {"x": "1"})
    pieces = recall(contract, history[:cut], {"x": "1"})
    assert pieces.fits(contract, {"x": "1"}, history)
    pieces.learn(history)

    assert pieces.tried == whole.tried
    assert pieces.window() == whole.window()
    assert (
        pieces.best
        == whole.best
        == min(
            (one for one in whole.tried if one.loss is not None), key=lambda one: one.loss or 0.0
        )
    )
    assert pieces.credit.radius == whole.credit.radius
    assert [*pieces.moves("x")] == [*whole.moves("x")]


def test_a_long_past_is_seen_through_a_window() -> None:
    contract = Contract("x.py", "true", (LOSS,))
    history = [trial(1, "keep", loss=0.0)]
    history += [
        trial(n, "discard" if n % 7 else "crash", **({"loss": float(n)} if n % 7 else {}))
        for n in range(2, 3000)
    ]
    past = recall(contract, history, {"x": "1"})
    seen = [one.n for one in past.window()]
    assert len(seen) < 200
    assert {1, 2, 3, 2998, 2999} <= set(seen)


def test_another_history_is_not_taken_for_the_same() -> None:
    contract = Contract("x.py", "true", (LOSS,))
    past = recall(contract, [trial(1, "keep", loss=1)], {"x": "1"})
    assert not past.fits(contract, {"x": "1"}, [trial(1, "keep", loss=1)])
    assert not past.fits(contract, {"x": "1"}, [])
