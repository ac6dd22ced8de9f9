"""Pictures in characters: whatever was measured, there is one, and it fills its room exactly."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.model.contract import Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row
from autoexp_tui.report.svg import svg
from autoexp_tui.report.textplot import LETTERS, as_text, paint
from autoexp_tui.summary.picture import Axis, Picture, PlotMark, StepLine, Tick, front, over_time
from autoexp_tui.summary.series import Cloud, Series

A, B = Metric("a", "lower"), Metric("b", "higher")
FINITE = st.floats(allow_nan=False, allow_infinity=False)
STATUS: st.SearchStrategy[Status] = st.sampled_from(["keep", "discard", "crash"])


def row(n: int, status: Status, a: float, b: float) -> Row:
    metrics = {} if status == "crash" else {"a": a, "b": b}
    return Row(n, status, "", "", "", "", metrics, {}, 1.0, 0.0, "", 0, 0, {}, 0.0, 0.0)


def rows_of(tried: list[tuple[Status, float, float]]) -> list[Row]:
    return [row(n, status, a, b) for n, (status, a, b) in enumerate(tried, 1)]


def pictured(*tried: tuple[Status, float], fresh: int | None = None) -> Picture:
    series = Series(Objective((A,)))
    series.extend(rows_of([(status, a, 0.0) for status, a in tried]))
    picture = over_time(series, fresh=fresh)
    assert picture is not None
    return picture


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(STATUS, FINITE, FINITE), min_size=1, max_size=12),
    st.integers(1, 70),
    st.integers(1, 20),
)
def test_any_finite_measurements_fill_their_room_exactly(
    tried: list[tuple[Status, float, float]], width: int, height: int
) -> None:
    series, cloud = Series(Objective((A, B))), Cloud(Objective((A, B)))
    series.extend(rows_of(tried))
    cloud.extend(rows_of(tried))
    for picture in (over_time(series, cursor=1), front(cloud, cursor=1)):
        if picture is None:
            assert all(status == "crash" for status, _, _ in tried)
            continue
        assert "nan" not in svg(picture, "", str)
        painting = paint(picture, width, height)
        if painting is not None:
            assert [len(line) for line in painting.lines] == [width] * height
            left, rows = painting.canvas
            assert painting.cursor is None or left <= painting.cursor < width
            assert rows <= height
            assert all(role for line in painting.lines for sign, role in line if sign != " ")


@pytest.mark.parametrize("extreme", [0.0, 5e-324, 1e-9, 1.0, 1e16, 1.7e308])
def test_the_frame_is_as_large_as_asked_for_at_any_magnitude(extreme: float) -> None:
    picture = pictured(("keep", extreme), ("discard", -extreme), ("crash", 0))
    painting = paint(picture, 50, 12)
    assert painting is not None
    assert [len(line) for line in painting.lines] == [50] * 12
    assert sum(sign == "✗" for line in painting.lines for sign, _ in line) == 1


def test_every_character_knows_what_it_stands_for() -> None:
    picture = pictured(("keep", 1.0), ("keep", 0.5), ("discard", 0.7), fresh=2)
    painting = paint(picture, 50, 12)
    assert painting is not None
    roles = {role for line in painting.lines for _, role in line}
    assert roles == {"", "axis", "label", "baseline", "discard", "step", "keep", "fresh"}
    assert {role for sign, role in painting.lines[-1] if sign != " "} == {"label"}
    assert {role for sign, role in painting.lines[-2] if sign != " "} == {"axis"}


def test_what_was_better_and_not_kept_has_a_line_of_its_own() -> None:
    alike = pictured(("keep", 3.0), ("discard", 4.0), ("keep", 2.0))
    apart = pictured(("keep", 3.0), ("discard", 1.0), ("keep", 2.0))
    assert not alike.has_line("best")
    assert apart.has_line("best")
    assert "╌" in "".join(as_text(paint(apart, 60, 16)))


def test_late_gains_can_be_told_apart_beside_a_large_first_one() -> None:
    text = as_text(paint(pictured(("keep", 100.0), ("keep", 1.2), ("keep", 0.8)), 60, 20))
    heights = [at for at, line in enumerate(text) if "✓" in line]
    assert len(heights) == 3


def test_how_sure_a_value_is_shows_as_a_band() -> None:
    picture = Picture(
        Axis(0, 2), Axis(0, 10), marks=(PlotMark(1, 1, 5.0, "discard", low=2.0, high=8.0),)
    )
    painting = paint(picture, 30, 13)
    assert painting is not None
    column = [line[painting.canvas[0] + 13][0] for line in painting.lines[:11]]
    assert "".join(column) == "  ╎╎╎·╎╎╎  "
    assert 'class="band"' in svg(picture, "", str)


def curves(*heights: list[float], end: float) -> Picture:
    """Each a curve with a letter, from x = 0 on."""
    lines = tuple(
        StepLine(tuple((float(x), y) for x, y in enumerate(ys)), end, letter, stroke)
        for stroke, (letter, ys) in enumerate(zip(LETTERS, heights, strict=False))
    )
    marks = tuple(PlotMark(0, x, y, line.kind) for line in lines for x, y in line.points)
    ticks = Tick(0.0, "#1"), Tick(end, "#6")
    low, high = min(map(min, heights)), max(map(max, heights))
    return Picture(Axis(0.0, end, fixed=ticks), Axis(low, high), lines, marks)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=6), min_size=1, max_size=4),
    st.integers(30, 120),
    st.integers(4, 30),
)
def test_any_curves_fit_the_room(values: list[list[float]], width: int, height: int) -> None:
    lines = as_text(paint(curves(*values, end=6.0), width, height))
    assert len(lines) == height
    assert all(len(line) <= width for line in lines)
    assert any(letter in line for line in lines for letter in "ABCD")


def test_a_curve_steps_where_its_value_changes() -> None:
    line = StepLine(((0.0, 1.0), (5.0, 3.0)), 10.0, "A")
    marks = tuple(PlotMark(0, x, y, "A") for x, y in line.points)
    ticks = Tick(0.0, "#1"), Tick(10.0, "#11")
    picture = Picture(Axis(0.0, 10.0, fixed=ticks), Axis(1.0, 3.0), (line,), marks)
    assert as_text(paint(picture, 39, 7)) == [
        "3┤" + " " * 18 + "A" + "─" * 18,
        " │" + " " * 18 + "│",
        "2┤" + " " * 18 + "│",
        " │" + " " * 18 + "│",
        "1┤A" + "─" * 17 + "╯",
        " ╰┬" + "─" * 35 + "┬",
        "  #1" + " " * 32 + "#11",
    ]


def test_without_room_nothing_is_drawn() -> None:
    picture = curves([1.0], end=1.0)
    assert paint(picture, 10, 10) is None
    assert paint(picture, 80, 3) is None


def test_fine_dots_tell_places_within_a_character() -> None:
    marks = [
        PlotMark(n, x, y, "discard") for n, (x, y) in enumerate(((0, 0.0), (0, 1.0), (9, 0.5)))
    ]
    picture = Picture(x=Axis(0, 9), y=Axis(0, 1), marks=tuple(marks))
    coarse = as_text(paint(picture, 60, 8))
    fine = as_text(paint(picture, 60, 8, fine=True))
    assert "".join(coarse).count("·") == 3
    dots = [sign for line in fine for sign in line if 0x2800 < ord(sign) < 0x2900]
    assert len(dots) == 3
    close = tuple(PlotMark(n, 4, y, "discard") for n, y in enumerate((0.5, 0.52)))
    together = paint(Picture(x=Axis(0, 9), y=Axis(0, 1), marks=close), 60, 20, fine=True)
    shown = [sign for line in as_text(together) for sign in line if 0x2800 < ord(sign) < 0x2900]
    assert sum((ord(sign) - 0x2800).bit_count() for sign in shown) == 2


@pytest.mark.parametrize("rows", [6, 9, 20])
def test_every_fine_dot_lies_where_its_value_is(rows: int) -> None:
    """Higher values are higher, or the same dot: from the bottom to the top of the canvas."""
    heights = []
    for step in range(101):
        mark = PlotMark(1, 4, step / 100, "discard")
        painting = paint(Picture(x=Axis(0, 9), y=Axis(0, 1), marks=(mark,)), 60, rows, fine=True)
        assert painting is not None
        for line, text in enumerate(as_text(painting)):
            for sign in text:
                if 0x2800 < ord(sign) < 0x2900:
                    level = [0x40 | 0x80, 0x04 | 0x20, 0x02 | 0x10, 0x01 | 0x08]
                    bits = ord(sign) - 0x2800
                    within = next(k for k, mask in enumerate(level) if bits & mask)
                    heights.append(-4 * line + within)
    assert len(heights) == 101
    assert heights == sorted(heights)
    assert len(set(heights)) > 2 * (rows - 3)
