"""What is tried now in other lanes: not proposed again, and no lesson before it has ended."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest

from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.proposal import Exhausted, Pending, Proposal, Situation, Trial, digest
from autoexp_tui.proposers.tuner import gp
from autoexp_tui.proposers.tuner.tuner import Tuner

SWITCHES = "a: 1  # 1 | 2\nb: 1  # 1 | 2\n"
CONTRACT = Contract("config.yaml", "true", (Metric("loss", "lower"),))
PROSE = Contract("prompt.md", "true", (Metric("loss", "lower"),))
LINES = "Be brief.\nBe kind.\nSay why.\n"


def situation(text: str, contract: Contract = CONTRACT, **more: object) -> Situation:
    history = [Trial(1, 0, "keep", {"loss": 9.0}, "baseline", "", {})]
    return Situation(2, contract, text, 1, text, history, **more)  # type: ignore[arg-type]


def pending(n: int, proposal: Proposal) -> Pending:
    return Pending(n, 1, proposal.description, digest(proposal.text), proposal.memo)


@pytest.mark.parametrize(("text", "contract"), [(SWITCHES, CONTRACT), (LINES, PROSE)])
def test_what_is_tried_now_is_not_proposed_again(text: str, contract: Contract) -> None:
    now: list[Pending] = []
    texts = {text}
    tuner = Tuner()
    for n in range(2, 5):
        asked = msgspec.structs.replace(situation(text, contract), n=n, pending=tuple(now))
        proposal = tuner.propose(asked, lambda *_: None)
        assert proposal.text not in texts
        texts.add(proposal.text)
        now.append(pending(n, proposal))


def test_a_space_that_is_all_tried_or_being_tried_is_exhausted() -> None:
    points = [{"a": a, "b": b} for a, b in itertools.product("12", "12") if (a, b) != ("1", "1")]
    now = tuple(
        Pending(n, 1, "", str(n), {"arm": "steps", "values": values, "changed": {}})
        for n, values in enumerate(points, 2)
    )
    with pytest.raises(Exhausted):
        Tuner().propose(situation(SWITCHES, pending=now), lambda *_: None)
    proposal = Tuner().propose(situation(SWITCHES, pending=now[1:]), lambda *_: None)
    assert proposal.memo["values"] == points[0]


def test_a_process_that_expects_points_believes_as_before_and_knows_more_there() -> None:
    rng = np.random.default_rng(1)
    points, rows, at = rng.random((9, 2)), rng.random((3, 2)), rng.random((40, 2))
    process = gp.fit(points, np.sin(5 * points[:, 0]) + points[:, 1], np.array([0, 1]))
    more = process.expecting(rows)
    means, deviations = process.believe(at)
    same, less = more.believe(at)
    assert np.allclose(means, same)
    assert (less <= deviations + 1e-9).all()
    assert (more.believe(rows)[1] < 0.01 * process.believe(rows)[1] + 1e-2).all()
    # As if they had been measured and had given that, under the same lengths.
    step = 1e-6
    _, deviation, _, slope = more.slopes(at[0])
    moved = at[0] + [step, 0]
    assert slope[0] == pytest.approx(
        (more.believe(moved[None])[1][0] - deviation) / step, rel=1e-2, abs=1e-3
    )


def test_a_memo_is_that_of_the_text_that_is_measured() -> None:
    before, text = "a: 2  # 1 | 2\nb: 1  # 1 | 2\n", "a: 2  # 1 | 2\nb: 2  # 1 | 2\n"
    memo = {"arm": "steps", "values": {"a": "1", "b": "2"}, "changed": {"b": ["1", "2"]}}
    assert Tuner().memo_of(memo, CONTRACT, before, text) == {
        "arm": "steps",
        "values": {"a": "2", "b": "2"},
        "changed": {"b": ["1", "2"]},
    }
