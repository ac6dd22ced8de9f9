"""The replay's track, as text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.ui.scrubber import HERE, KEEP, line, track


def test_it_shows_the_ends_the_keeps_and_where_it_stands() -> None:
    assert track(11, 10, [1, 5], 0) == "●┴───┴─────"
    assert track(11, 10, [1, 5], 10) == "─┴───┴────●"


@given(st.integers(0, 300), st.integers(0, 10_000), st.lists(st.integers(1, 10_000)), st.data())
def test_it_is_as_wide_as_asked_for(
    width: int, rows: int, keeps: list[int], data: st.DataObject
) -> None:
    shown = track(width, rows, keeps, data.draw(st.integers(0, rows)))
    assert len(shown) == (width if width > 1 else 0)
    assert shown.count(HERE) == (width > 1)
    assert shown.count(KEEP) <= len(keeps)


def test_the_line_says_it_in_numbers_too() -> None:
    assert line(40, 10, [], 3, "5×").plain.endswith("  3 of 10  5×")
