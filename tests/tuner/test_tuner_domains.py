from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.proposers.tuner import literals
from autoexp_tui.proposers.tuner.domains import Numbers, ranged
from autoexp_tui.proposers.tuner.unmarked import blind


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
    assert isinstance(domain, Numbers)
    low, high = domain.ends
    known = literals.read(domain.decode(low + share * (high - low)))
    assert known is not None
    value, style = known
    assert domain.low <= value <= domain.high
    assert style.integer == first[1].integer
    if first[0] > 0:
        assert value > 0


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
    assert isinstance(domain, Numbers)
    low, high = domain.ends
    assert domain.encode(literal) == low == 0
    assert float(domain.decode(high)) >= 1
    # As much of the range is for a hundredth as for a half.
    middle = float(domain.decode(high / 2))
    assert middle == 1 if literal == "0" else 0.001 < middle < 0.1


@pytest.mark.parametrize(
    ("name", "literal", "least"),
    [
        ("x", "2.0", -2.0),
        ("Y", "-2.0", 2.0),
        ("offset", "3", -3.0),
        ("bias", "0.0", -0.5),
        ("train.clip.arg2", "1.5", -1.5),
    ],
)
def test_what_may_cross_zero_has_a_range_on_either_side(
    name: str, literal: str, least: float
) -> None:
    domain = blind(name, literal, literal)
    assert isinstance(domain, Numbers)
    assert domain.low < -abs(least) < abs(least) < domain.high
    assert domain.encode("0") == 0


@pytest.mark.parametrize(
    ("name", "literal"),
    [("learning_rate", "0.01"), ("weight", "2.0"), ("decay", "1e-4"),
     ("hidden", "32"), ("dropout", "0.5")],
)  # fmt: skip
def test_what_is_a_size_stays_above_zero(name: str, literal: str) -> None:
    domain = blind(name, literal, literal)
    assert isinstance(domain, Numbers)
    assert domain.low > 0


@given(
    st.floats(-1e6, 1e6).filter(lambda value: abs(value) > 1e-6),
    st.floats(-1e6, 1e6),
    st.integers(3, 8),
)
def test_a_signed_coordinate_and_back_is_the_same_number(
    anchor: float, value: float, figures: int
) -> None:
    domain = blind("x", f"{anchor:.6f}", f"{anchor:.6f}")
    assert isinstance(domain, Numbers)
    inside = min(max(value, domain.low), domain.high)
    coordinate = domain.encode(f"{inside:.12f}")
    assert coordinate is not None
    back = float(domain.decode(coordinate, figures))
    assert back == pytest.approx(inside, rel=10 ** (1 - figures), abs=1e-9)


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
