"""Whether slots disturb each other is told in figures, and only what is clear is called so."""

from __future__ import annotations

from autoexp_tui.model.measurement import Sample
from autoexp_tui.summary.company import company_words


def samples(*figures: float, seconds: float = 10.0) -> list[Sample]:
    return [Sample({"time_ms": figure}, seconds) for figure in figures]


def test_an_exact_figure_that_stays_is_not_disturbed() -> None:
    lines = company_words(samples(5.0, 5.0), samples(5.0, 5.0, 5.0, seconds=10.2))
    assert lines == [
        "3 take 10s each, 2 % longer than alone",
        "time_ms is what it is alone",
        "slots don't disturb each other",
    ]


def test_company_that_only_takes_longer_says_what_is_gained() -> None:
    lines = company_words(samples(5.0, 5.0), samples(5.0, 5.0, seconds=15.0))
    assert lines[-1] == "2 at once do 1.3 times as much as one; no figure is disturbed"


def test_a_difference_within_the_noise_is_told_as_such() -> None:
    lines = company_words(samples(5.0, 5.2, 4.8), samples(5.1, 5.3, 4.9))
    assert lines[1] == "time_ms 5.1, 2 % more than alone: within its noise"


def test_a_clear_difference_says_what_to_do() -> None:
    lines = company_words(samples(5.0, 5.01), samples(6.0, 6.02))
    assert lines[1] == "time_ms 6.01, 20 % more than alone: more than its noise"
    assert "slots disturb each other in time_ms" in lines[-1]
    assert "fewer" in lines[-1]
