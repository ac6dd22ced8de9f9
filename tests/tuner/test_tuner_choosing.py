"""Which of many values move: a person's words, the most promising, and the past's own."""

from __future__ import annotations

import pytest

from autoexp_tui.model.contract import Contract, Metric, Tune
from autoexp_tui.model.proposal import Proposal, Situation, Trial
from autoexp_tui.proposers.tuner.arms import mentioned
from autoexp_tui.proposers.tuner.choosing import MOST, TOO_MANY, choose, matches
from autoexp_tui.proposers.tuner.past import recall
from autoexp_tui.proposers.tuner.slots import read
from autoexp_tui.proposers.tuner.space import survey
from autoexp_tui.proposers.tuner.telling import look
from autoexp_tui.proposers.tuner.tuner import Tuner

EVERY = Tune()
TEXT = """\
def f(rate=0.5):
    opts = {"depth": 3}
    opts["gamma"] = 1.5
    seed = 7
    x = rows[4]
    return x * 0.75 + 12
"""


def chosen(text: str, tune: Tune) -> list[str]:
    return [slot.name for slot in choose(read(text, "x.py"), tune).moving]


def situation(text: str, baseline: str, history: list[Trial], tune: Tune = EVERY) -> Situation:
    contract = Contract("x.py", "true", (Metric("loss", "lower"),), tune=tune)
    return Situation(len(history) + 1, contract, text, 1, baseline, history, seed=1)


@pytest.mark.parametrize(
    ("tune", "expected"),
    [
        (Tune(), ["f.rate", "f.opts.depth", 'f.opts["gamma"]', "f.return", "f.return#2"]),
        (Tune(never=("f.return*",)), ["f.rate", "f.opts.depth", 'f.opts["gamma"]']),
        (Tune(only=("f.opts.*",)), ["f.opts.depth", 'f.opts["gamma"]']),
        (Tune(only=('f.opts["depth"]', "f.seed")), ["f.opts.depth", "f.seed"]),
        (Tune(only=("f.r*",), never=("f.r?te",)), ["f.return", "f.return#2"]),
        (Tune(only=("f.seed*",)), []),
    ],
)  # fmt: skip
def test_a_person_s_words_decide(tune: Tune, expected: list[str]) -> None:
    assert chosen(TEXT, tune) == expected


def test_brackets_in_a_pattern_stand_for_themselves() -> None:
    assert matches("a[0]", "a[0]")
    assert not matches("a[0]", "a0")
    assert matches("a[*]#2", "a[10]#2")


@pytest.mark.parametrize("name", ["python --lr", "f.lr", 'f.opts["lr"]', "f.lr#2", "f.lr[3]"])
def test_a_hint_names_a_value_by_its_last_word(name: str) -> None:
    assert mentioned(name, ["try a smaller lr"])
    assert not mentioned(name, ["try smaller layers"])


def test_a_value_that_reaches_what_is_left_alone_elsewhere_still_moves() -> None:
    baseline = "def f(x):\n    return x * 3\n"
    history = [Trial(1, 0, "keep", {"loss": 9.0}, "baseline", "", {})]
    space = survey(situation(baseline.replace("3", "2"), baseline, history))
    assert list(space.domains) == ["f.return"]


def test_of_very_many_the_promising_ones_move_and_the_rest_is_told() -> None:
    inner = "".join(f"    x = g(x) + 0.{n}5\n" for n in range(1, 90))
    named = "".join(f"    fit(max_depth={n})\n" for n in range(3, 33))
    text = f"RATE = 0.5\n\ndef f(x):\n{inner}{named}"
    choice = choose(read(text, "x.py"), Tune())

    assert len(choice.moving) == MOST
    assert sum(slot.standing == "named" for slot in choice.moving) == 30
    assert choice.why.count(TOO_MANY) == 120 - MOST
    notes = dict(look(situation(text, text, []).contract, text).notes)
    assert notes["moves"].startswith("60 of 120 values: RATE 0.5, ")
    assert "beyond the 60 most promising 60 (f.x#" in notes["left alone"]


def test_a_proposal_for_hundreds_of_literals_moves_a_few_dozen_at_most() -> None:
    text = "def f(x):\n" + "".join(f"    x = g(x, rate_{n}=0.5)\n" for n in range(200))
    history = [Trial(1, 0, "keep", {"loss": 9.0}, "baseline", "", {})]
    changed = []
    for n in range(2, 30):
        proposal: Proposal = Tuner().propose(situation(text, text, history), lambda *_: None)
        changed.append(len(proposal.memo["changed"]))
        assert len(proposal.memo["values"]) == MOST
        history.append(Trial(n, 1, "discard", {"loss": 9.0 + n}, "", "", proposal.memo))
    assert max(changed) <= 24


def test_a_past_that_knew_fewer_values_still_teaches() -> None:
    """Journals from when only constants moved: what they don't name stood as at the beginning."""
    text = "RATE = 0.5\n\ndef f(x, scale=3.5):\n    return x\n"
    first = Trial(1, 0, "keep", {"loss": 9.0}, "baseline", "", {})
    memos = [{"RATE": f"0.{n}"} for n in range(10, 40)]
    old = [
        Trial(n, 1, "discard", {"loss": 9.0 + n}, "", "",
              {"arm": "steps", "values": memo, "changed": {"RATE": ["0.5", memo["RATE"]]}})
        for n, memo in enumerate(memos, 2)
    ]  # fmt: skip
    now = situation(text, text, [first, *old])
    space = survey(now)
    known = recall(now.contract, now.history, space.baseline)
    assert all(tried.values["f.scale"] == "3.5" for tried in known.tried)
    assert known.tried[1].values["RATE"] == "0.10"
    assert Tuner().propose(now, lambda *_: None).text != text
