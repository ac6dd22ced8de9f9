"""Figures as people read them."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.text import numbers

MINUS = "\u2212"
ORDINARY = st.floats(min_value=1e-4, max_value=9e6)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (None, "—"),
        (0.0, "0"),
        (0.4312, "0.4312"),
        (0.43123456, "0.43123"),
        (1234.5678, "1234.6"),
        (44.0, "44"),
        (-0.5, f"{MINUS}0.5"),
        (1_000_000.0, "1000000"),
        (2.5e-7, f"2.500e{MINUS}07"),
        (3e12, "3.000e+12"),
        (math.nan, "nan"),
        (-math.inf, f"{MINUS}inf"),
    ],
)
def test_a_number_has_the_digits_that_matter(x: float | None, text: str) -> None:
    assert numbers.format_number(x) == text


@settings(max_examples=100)
@given(st.one_of(ORDINARY, ORDINARY.map(lambda x: -x)))
def test_a_number_says_its_value_to_five_digits(x: float) -> None:
    text = numbers.format_number(x)
    assert "e" not in text
    assert float(text.replace(MINUS, "-")) == pytest.approx(x, rel=1e-4)


@settings(max_examples=100)
@given(st.lists(st.one_of(st.none(), ORDINARY, ORDINARY.map(lambda x: -x)), max_size=8))
def test_a_column_aligns_on_the_decimal_point(values: list[float | None]) -> None:
    cells = numbers.format_column(values)
    assert len({len(cell) for cell in cells}) <= 1
    assert len({cell.find(".") for cell, x in zip(cells, values, strict=True) if x}) <= 1


def test_a_column_shows_the_decimals_of_its_most_precise_figure() -> None:
    assert numbers.format_column([0.4312, 0.44, None, 12.0]) == [
        " 0.4312",
        " 0.4400",
        "      —",
        "12.0000",
    ]


@pytest.mark.parametrize(
    ("x", "places", "text"),
    [
        (0.0097, None, "+0.0097"),
        (-0.0041, None, f"{MINUS}0.0041"),
        (0.0, None, "0"),
        (0.0, 4, "0.0000"),
        (0.5, 2, "+0.50"),
        (None, None, "—"),
        (math.inf, None, "+inf"),
        (1e-9, None, f"+1.000e{MINUS}09"),
    ],
)
def test_a_change_carries_its_sign(x: float | None, places: int | None, text: str) -> None:
    assert numbers.format_change(x, places) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0.4s"),
        (-1.0, "0.0s"),
        (9.96, "10s"),
        (14.2, "14s"),
        (59.7, "1m 00s"),
        (192, "3m 12s"),
        (3599.6, "1h 00m"),
        (3840, "1h 04m"),
        (2 * 86400 + 3 * 3600, "2d 03h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert numbers.format_duration(seconds) == text


def test_a_clock_shows_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert numbers.format_clock(0) == "09:00"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("usd", "text"),
    [(0, "$0.00"), (0.42, "$0.42"), (0.001, "<$0.01"), (10, "$10.00"), (1234.5, "$1,234.50")],
)
def test_money_is_in_dollars_and_cents(usd: float, text: str) -> None:
    assert numbers.money(usd) == text


@given(ORDINARY, st.integers(0, 8))
def test_what_is_large_enough_needs_no_more_decimals(x: float, places: int) -> None:
    if x >= numbers.fitting(places):
        assert numbers.decimals(x) <= places


@given(st.floats(0, 1e8), st.floats(0, 1))
def test_every_shorter_duration_fits(longest: float, share: float) -> None:
    shorter = numbers.format_duration(longest * share)
    assert len(shorter) <= numbers.duration_width(longest)
