"""The replay's track, as text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.ui.scrubber import BARS, HERE, TRACK, KeptRows, line, track

NOTHING = KeptRows(())


def test_it_is_the_plot_of_what_was_kept_and_shows_where_it_stands() -> None:
    kept = KeptRows([(1, 8.0), (5, 4.0), (8, 1.0)])
    assert track(11, 10, kept, 0) == "●████▄▄▄▁▁▁"
    assert track(11, 10, kept, 10) == "─████▄▄▄▁▁●"
    assert track(11, 10, KeptRows([(4, 1.0)]), 10) == "────▁▁▁▁▁▁●"


@given(
    st.integers(0, 300),
    st.integers(0, 10_000),
    st.dictionaries(st.integers(1, 10_000), st.floats(allow_nan=False, allow_infinity=False)),
    st.data(),
)
def test_it_is_as_wide_as_asked_for(
    width: int, rows: int, kept: dict[int, float], data: st.DataObject
) -> None:
    shown = track(width, rows, KeptRows(sorted(kept.items())), data.draw(st.integers(0, rows)))
    assert len(shown) == (width if width > 1 else 0)
    assert shown.count(HERE) == (width > 1)
    assert {*shown} <= {*BARS, TRACK, HERE}


def test_the_line_says_it_in_numbers_too() -> None:
    assert line(40, 10, NOTHING, 3, "5×").plain.endswith("  3 of 10  5×")
    assert len(line(40, 10, NOTHING, 3, "5×").plain) == 40
    assert line(5, 10, NOTHING, 3, "5×").plain == "  3 of 10  5×"
