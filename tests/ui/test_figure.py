"""The picture in cells: whatever was measured, there is one, and it is inside its frame."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.model.contract import Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.state import Row
from autoexp_tui.summary.series import Cloud, Series
from autoexp_tui.ui.widgets.figure import framed, front, over_time, sparkline

A, B = Metric("a", "lower"), Metric("b", "higher")
FINITE = st.floats(allow_nan=False, allow_infinity=False)
STATUS: st.SearchStrategy[Status] = st.sampled_from(["keep", "discard", "crash"])


def row(n: int, status: Status, a: float, b: float) -> Row:
    metrics = {} if status == "crash" else {"a": a, "b": b}
    return Row(n, status, "", "", "", "", metrics, {}, 1.0, 0.0, "", 0, 0, {}, 0.0, 0.0)


def rows_of(tried: list[tuple[Status, float, float]]) -> list[Row]:
    return [row(n, status, a, b) for n, (status, a, b) in enumerate(tried, 1)]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(STATUS, FINITE, FINITE), min_size=1, max_size=12),
    st.integers(1, 70),
    st.integers(1, 20),
)
def test_any_finite_measurements_have_a_picture_inside_its_frame(
    tried: list[tuple[Status, float, float]], width: int, height: int
) -> None:
    series, cloud = Series(A), Cloud(A, B)
    series.extend(rows_of(tried))
    cloud.extend(rows_of(tried))
    assert len(sparkline(series, width, 0.123456)) <= width
    scale = series.scale()
    figures = [front(cloud, (width, height))]
    if scale is not None:
        figures.append(over_time(series, scale, (width, height), cursor=1))
    for figure in figures:
        if figure is not None:
            columns = width - len(figure.y[0].label) - 1
            lines = height - (2 if figure.x else 0)
            assert all(0 <= p.column < columns and 0 <= p.row < lines for p in figure.cells)
            assert all(0 <= tick.at < lines for tick in figure.y)
            assert all(0 <= tick.at < columns for tick in figure.x)


@pytest.mark.parametrize("extreme", [0.0, 5e-324, 1e-9, 1.0, 1e16, 1.7e308])
def test_the_frame_is_as_large_as_asked_for_at_any_magnitude(extreme: float) -> None:
    series = Series(A)
    series.extend(rows_of([("keep", extreme, 0), ("discard", -extreme, 0), ("crash", 0, 0)]))
    scale = series.scale()
    assert scale is not None
    figure = over_time(series, scale, (50, 12))
    assert figure is not None
    lines = framed(figure, (50, 12))
    assert [len(line) for line in lines] == [50] * 12
    assert sum(sign == "✗" for line in lines for sign, _ in line) == 1


def test_roles_survive_the_way_through_plotext() -> None:
    series = Series(A)
    series.extend(rows_of([("keep", 1.0, 0), ("keep", 0.5, 0), ("discard", 0.7, 0)]))
    scale = series.scale()
    assert scale is not None
    figure = over_time(series, scale, (50, 12), baseline=1.0, fresh=2)
    assert figure is not None
    roles = {role for line in framed(figure, (50, 12)) for _, role in line}
    assert roles == {None, "axis", "label", "baseline", "discard", "step", "keep", "fresh"}


def test_what_was_better_and_not_kept_has_a_line_of_its_own() -> None:
    def row_of(n: int, status: str, value: float) -> Any:
        return SimpleNamespace(n=n, status=status, metrics={"loss": value})

    loss = Metric("loss", "lower")
    alike, apart = Series(loss), Series(loss)
    alike.extend([row_of(1, "keep", 3.0), row_of(2, "discard", 4.0), row_of(3, "keep", 2.0)])
    apart.extend([row_of(1, "keep", 3.0), row_of(2, "discard", 1.0), row_of(3, "keep", 2.0)])
    signs = []
    for series in (alike, apart):
        scale = series.scale()
        assert scale is not None
        figure = over_time(series, scale, (60, 16))
        assert figure is not None
        signs.append({cell.sign for cell in figure.cells.values() if cell.role == "best"})
    assert signs[0] == set()
    assert "╌" in signs[1]
