"""What a person wants never again is not proposed again, whatever else moves with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fakes import contract

from autoexp_tui.model.proposal import Exhausted, Proposal, Situation, Trial
from autoexp_tui.proposers.tuner.tuner import Tuner

TEXT = "A = True\nB = True\nC = True\n"


def trial(n: int, **more: object) -> Trial:
    return Trial(n, 1 if n > 1 else 0, "discard", {"loss": 9.0}, "", "", **more)  # type: ignore[arg-type]


def propose(seed: int, never: bool) -> Proposal:
    values = {"A": "False", "B": "True", "C": "True"}
    memo = {"arm": "steps", "values": values, "changed": {"A": ["True", "False"]}}
    history = [trial(1, memo={}), trial(2, memo=memo, never=never)]
    made = contract()
    situation = Situation(3, made, TEXT, 1, TEXT, history, seed=seed)
    return Tuner().propose(situation, lambda part, text: None)


def test_its_values_are_not_drawn_again(tmp_path: Path) -> None:
    without = [propose(seed, never=False).text for seed in range(12)]
    assert any("A = False" in text for text in without)
    kept_away = [propose(seed, never=True).text for seed in range(12)]
    assert not any("A = False" in text for text in kept_away)


def test_where_nothing_else_is_left_it_says_so() -> None:
    text = "A = True\n"
    memo = {"arm": "steps", "values": {"A": "False"}, "changed": {"A": ["True", "False"]}}
    history = [trial(1, memo={}), trial(2, memo=memo, never=True)]
    situation = Situation(3, contract(), text, 1, text, history)
    with pytest.raises(Exhausted):
        Tuner().propose(situation, lambda part, text: None)
