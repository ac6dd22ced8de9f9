from __future__ import annotations

import pytest

from autoexp_tui.model.contract import Contract, Metric
from autoexp_tui.model.events import Status
from autoexp_tui.proposers.tuner.domains import Choices, Domain
from autoexp_tui.proposers.tuner.hypotheses import description, hypothesis
from autoexp_tui.proposers.tuner.past import Past, Tried
from autoexp_tui.proposers.tuner.unmarked import blind


def rate() -> Domain:
    domain = blind("rate", "0.1", "0.1")
    assert domain is not None
    return domain


DOMAINS: dict[str, Domain] = {"rate": rate(), "mode": Choices(("slow", "fast")), "k": rate()}


def tried(n: int, status: Status, *changed: tuple[str, str, str]) -> Tried:
    pairs = {name: (before, after) for name, before, after in changed}
    return Tried(n, status, "steps", {}, pairs, None if status == "crash" else float(n))


def past_of(*experiments: Tried) -> Past:
    past = Past(Contract("c.yaml", "true", (Metric("loss", "lower"),)), {})
    for experiment in experiments:
        past.add(experiment)
    return past


def of_rate(before: str, after: str, *past: Tried, hints: tuple[str, ...] = ()) -> str:
    return hypothesis("steps", {"rate": (before, after)}, DOMAINS, past_of(*past), hints)


@pytest.mark.parametrize(
    ("before", "after", "past", "expected"),
    [
        ("0.1", "0.2", [], "not moved before"),
        (
            "0.4",
            "0.7",
            [tried(2, "keep", ("rate", "0.1", "0.2")), tried(3, "keep", ("rate", "0.2", "0.4"))],
            "the last two raises both helped",
        ),
        (
            "0.4",
            "0.7",
            [
                tried(2, "keep", ("rate", "0.1", "0.2")),
                tried(3, "keep", ("rate", "0.2", "0.4"), ("k", "1.0", "2.0")),
            ],
            "the last two raises were both kept",
        ),
        (
            "0.1",
            "0.05",
            [tried(2, "discard", ("rate", "0.1", "0.2"))],
            "the last raise, to 0.2 in #2, did not help, so the other way",
        ),
        (
            "0.1",
            "0.15",
            [tried(2, "crash", ("rate", "0.1", "0.4"))],
            "the last raise, to 0.4 in #2, crashed; a shorter one",
        ),
        (
            "0.2",
            "0.3",
            [tried(2, "discard", ("rate", "0.2", "0.1")), tried(3, "keep", ("rate", "0.1", "0.2"))],
            "the last raise, to 0.2 in #3, helped",
        ),
        (
            "0.2",
            "0.15",
            [tried(2, "keep", ("rate", "0.1", "0.2"), ("k", "1.0", "2.0"))],
            "the last raise, to 0.2 in #2, helped among others, but may have gone too far",
        ),
    ],
)
def test_a_small_step_tells_what_the_last_ones_did(
    before: str, after: str, past: list[Tried], expected: str
) -> None:
    assert of_rate(before, after, *past) == f"rate {before} → {after}: {expected}."


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        ([tried(2, "discard", ("mode", "slow", "fast"))], "fast in #2 did not help"),
        ([tried(2, "keep", ("mode", "fast", "slow"))], "back to fast"),
        ([tried(2, "discard", ("mode", "slow", "odd"))], "fast not tried before"),
    ],
)
def test_a_choice_has_no_direction(past: list[Tried], expected: str) -> None:
    said = hypothesis("steps", {"mode": ("slow", "fast")}, DOMAINS, past_of(*past), ())
    assert said == f"mode slow → fast: {expected}."


def test_two_moves_have_a_reason_each() -> None:
    changed = {"rate": ("0.1", "0.2"), "mode": ("slow", "fast")}
    said = hypothesis("steps", changed, DOMAINS, past_of(), ())
    assert said == (
        "rate 0.1 → 0.2 and mode slow → fast. rate: not moved before; mode: not moved before."
    )


def test_a_hint_is_named_as_the_reason() -> None:
    assert "a hint names it" in of_rate("0.1", "0.2", hints=("try another Rate",))
    assert "a hint names it" not in of_rate("0.1", "0.2", hints=("be accurate",))


def test_a_draw_claims_nothing_before_there_is_something_to_know() -> None:
    changed = {"rate": ("0.1", "0.2")}
    few = past_of(tried(1, "keep"))
    many = past_of(*(tried(n, "discard") for n in range(1, 10)))

    assert "only the baseline is known" in hypothesis("whole", changed, DOMAINS, few, ())
    assert "9 measurements favour; the best of them is #1" in hypothesis(
        "whole", changed, DOMAINS, many, ()
    )


def test_a_long_description_is_cut_to_four_changes() -> None:
    changed = {f"p{number}": ("1", "2") for number in range(6)}
    assert description(changed) == "p0 1 → 2, p1 1 → 2, p2 1 → 2, p3 1 → 2 and 2 more"


def test_a_model_s_proposal_says_what_it_expects() -> None:
    changed = {"rate": ("0.1", "0.2")}
    known = past_of(*(tried(n, "discard") for n in range(1, 10)), tried(10, "crash"))
    assert hypothesis("region", changed, DOMAINS, known, (), "loss 0.31 ± 0.02") == (
        "rate 0.1 → 0.2: a model of 9 measurements finds it the most promising point in its region "
        "around the best and expects loss 0.31 ± 0.02."
    )
    assert "region" not in hypothesis("model", changed, DOMAINS, known, (), "")
