"""How far gains can be trusted, in words."""

from __future__ import annotations

import random
import statistics

import pytest

from autoexp_tui.model.calibration import Calibration
from autoexp_tui.model.contract import Contract, Decide, Metric
from autoexp_tui.model.evidence import Evidence, Finding, Incumbent, Noise, Residual, SequentialTest
from autoexp_tui.model.measurement import Sample
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row
from autoexp_tui.summary.trust import check_words, evidence_words, further_runs, near_words

LOSS, MS = Metric("loss", "lower"), Metric("ms", "lower")


def checked(contract: Contract, *losses: float) -> str:
    objective = Objective.of(contract)
    samples = [Sample({"loss": loss, "ms": 10 * loss}) for loss in losses]
    return check_words(Calibration().began(samples, objective), objective, contract)


def row(status: str, evidence: Evidence | None) -> Row:
    return Row(
        2, status, "", "", "", "", {"loss": 1.0}, {}, 1, 0, "", 0, 0, {}, 0, 0, (), "mean", evidence
    )


def test_an_exact_harness_is_told_by_two_runs() -> None:
    assert checked(Contract("t", "h", (LOSS,)), 5.4, 5.4) == (
        "repeats itself exactly (2 runs): one look tells"
    )


def test_a_noisy_one_is_told_with_what_can_be_found_and_what_it_costs() -> None:
    words = checked(Contract("t", "h", (LOSS,)), 100.0, 103.0, 97.0)
    assert words.startswith("±3 %, 3 runs: improvements under ")
    assert "can't be told from luck; each would-be keep will cost about 2 more runs" in words


def test_both_metrics_of_a_front_have_their_own_noise() -> None:
    front = Contract("t", "h", (LOSS, MS), decide=Decide("pareto"))
    assert "±3 % loss and ±3 % ms, 3 runs" in checked(front, 100.0, 103.0, 97.0)


@pytest.mark.parametrize(
    ("confirm", "words"), [("off", "gains of that size may be luck"), (2, "will cost 4 more runs")]
)
def test_another_way_to_confirm_is_told_by_its_own_cost(confirm: object, words: str) -> None:
    contract = Contract("t", "h", (LOSS,), confirm=confirm)  # type: ignore[arg-type]
    assert words in checked(contract, 100.0, 103.0, 97.0)


def test_the_smallest_gain_that_can_be_told_is_kept_half_the_time() -> None:
    """By playing whole tests of it: the least gain is one that the looks find, less is not."""
    noise, dice = Noise((Residual(1.0, 0.0),) * 60, 60), random.Random(1)
    test = SequentialTest((noise,), 0.03)
    (least,) = test.smallest_gains(3)

    def kept(gain: float) -> float:
        outcomes = []
        for _ in range(400):
            incumbent = [Incumbent((dice.gauss(),), 0) for _ in range(3)]
            fresh: list[tuple[float, ...]] = []
            while not isinstance(found := test.look(fresh, incumbent, 2), Finding):
                assert found == "candidate"
                fresh.append((dice.gauss(gain),))
            outcomes.append(found.keep)
        return statistics.fmean(outcomes)

    assert 0.35 < kept(least) < 0.65
    assert kept(least / 3) < 0.2
    assert kept(2 * least) > 0.9


def test_a_lucky_would_be_keep_costs_about_two_runs() -> None:
    assert 1 < further_runs(SequentialTest((Noise((Residual(1.0, 0.0),) * 2, 2),), 0.03), 3) < 3


def test_evidence_is_told_whole() -> None:
    found = Evidence(0.031, 0.012, 0.05, 3, 2, 0.973, 0.01)
    assert evidence_words(row("keep", found)) == (
        "+0.031 (+0.012 to +0.05), 3 + 2 runs, at 97.3 % confidence"
    )


def test_a_near_miss_is_told_by_how_near_it_was() -> None:
    near = row("discard", Evidence(0.008, -0.02, 0.03, 2, 2, 0.97, 0.01))
    assert near_words(near) == "better by 0.8 σ, not confirmed"
    assert evidence_words(near) == (
        "better by 0.8 σ, not confirmed: +0.008 (−0.02 to +0.03), 2 + 2 runs"
    )
    assert near_words(row("discard", Evidence(-0.1, -0.2, 0.3, 2, 2, 0.97, 0.01))) == ""


def test_what_an_exact_harness_says_needs_no_interval() -> None:
    found = Evidence(0.5, 0.5, 0.5, 0, 2, 0.99, 0.0)
    assert evidence_words(row("keep", found)) == "+0.5: the harness repeats itself exactly"
