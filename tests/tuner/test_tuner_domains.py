from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.proposers.tuner import literals
from autoexp_tui.proposers.tuner.domains import Choices, Numbers, blind, ranged


def written(value: float, like: str) -> str:
    known = literals.read(like)
    assert known is not None
    return literals.write(value, known[1])


@pytest.mark.parametrize(
    ("value", "like", "expected"),
    [
        (0.0123456, "0.5", "0.0123"),
        (0.00000123, "0.001", "0.00000123"),
        (12.0, "10.0", "12.0"),
        (12345.6, "10.0", "12300.0"),
        (2.5e-3, "1e-3", "2.5e-3"),
        (2e-3, "1.0e-3", "2.0e-3"),
        (2e3, "1.0e+03", "2.0e+03"),
        (0.25, ".5", ".25"),
        (97.4, "64", "97"),
        (123456, "1_000", "123_000"),
        (1234, "64", "1230"),
        (-3.2, "-1", "-3"),
        (0.2, "+0.5", "+0.2"),
        (0.99876, "0.9", "0.9988"),
        (0.0, "-1", "0"),
    ],
)
def test_a_number_is_written_in_the_hand_of_the_one_it_replaces(
    value: float, like: str, expected: str
) -> None:
    assert written(value, like) == expected


@pytest.mark.parametrize(
    "text", ["", "-", "0x1f", "007", "1:30", "1j", "nan", "1e999", "_1", "1__0"]
)
def test_other_notations_are_not_read(text: str) -> None:
    assert literals.read(text) is None


@settings(max_examples=150, deadline=None)
@given(
    st.floats(-1e9, 1e9, allow_nan=False),
    st.sampled_from(["1", "1.0", "1e-3", "1.0e+3", ".5", "1_0"]),
)
def test_what_is_written_reads_back_as_nearly_the_same_number(value: float, like: str) -> None:
    known = literals.read(written(value, like))
    assert known is not None
    slack = 0.5 if literals.read(like)[1].integer else 0.0  # type: ignore[index]
    assert known[0] == pytest.approx(value, rel=0.006, abs=slack)


anchors = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(1e-6, 1e6).map(lambda value: f"{value:.6f}"),
    st.floats(1e-6, 1e6).map(lambda value: f"-{value:.3e}"),
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["dropout", "rate", "momentum"]), anchors, st.floats(0, 1))
def test_a_blind_range_never_leaves_its_bounds_or_its_kind(
    name: str, anchor: str, share: float
) -> None:
    domain = blind(name, anchor, anchor)
    first = literals.read(anchor)
    assert first is not None
    if isinstance(domain, Choices):
        assert first[0] == 0
        return
    assert domain is not None
    low, high = domain.ends
    known = literals.read(domain.decode(low + share * (high - low)))
    assert known is not None
    value, style = known
    assert domain.low <= abs(value) <= domain.high
    assert (value < 0) == (first[0] < 0)
    assert style.integer == first[1].integer
    if style.integer:
        assert abs(value) >= 1


@given(st.floats(0, 1))
def test_a_share_stays_between_nought_and_one(share: float) -> None:
    domain = blind("momentum", "0.9", "0.99")
    assert isinstance(domain, Numbers)
    low, high = domain.ends
    assert 0 < float(domain.decode(low + share * (high - low))) < 1


def test_a_power_of_two_moves_along_powers_of_two_and_their_halves() -> None:
    domain = blind("hidden", "64", "64")
    assert domain is not None
    listed = domain.literals()
    assert listed is not None
    assert listed[:6] == ("8", "12", "16", "24", "32", "48")
    assert listed[-1] == "512"


def test_a_range_reaches_on_beyond_the_best_value() -> None:
    narrow, wide = blind("rate", "0.1", "0.1"), blind("rate", "0.1", "0.8")
    assert isinstance(narrow, Numbers)
    assert isinstance(wide, Numbers)
    assert narrow.high == pytest.approx(0.8)
    assert wide.high == pytest.approx(3.2)


@pytest.mark.parametrize("literal", ["0", "0.0", "0.00"])
def test_nought_may_become_something(literal: str) -> None:
    domain = blind("weight_decay", literal, literal)
    assert isinstance(domain, Choices)
    assert literal in domain.options
    assert len(domain.options) > 1


def test_a_given_range_with_steps_lists_them() -> None:
    domain = ranged("4", "0", "10", log=False, step=2)
    assert domain is not None
    assert domain.literals() == ("0", "2", "4", "6", "8", "10")


@settings(max_examples=100, deadline=None)
@given(st.floats(0.0123456, 7.6543), st.booleans())
def test_a_given_range_is_never_left_by_rounding(value: float, log: bool) -> None:
    domain = ranged("1.0", "0.0123456", "7.6543", log=log, step=0)
    assert domain is not None
    coordinate = domain.encode(repr(value))
    assert coordinate is not None
    assert 0.0123456 <= float(domain.decode(coordinate)) <= 7.6543


@pytest.mark.parametrize(("low", "high"), [("3", "3"), ("5", "1")])
def test_a_range_without_room_is_none(low: str, high: str) -> None:
    assert ranged("4", low, high, log=False, step=0) is None
