"""The picture of a run: which line is drawn through what, and ticks that can be read."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from autoexp_tui.model.contract import Decide, Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.evidence import Evidence
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row
from autoexp_tui.summary.picture import (
    Axis,
    Picture,
    front,
    nice_ticks,
    over_time,
    roomy_end,
    tick_decimals,
)
from autoexp_tui.summary.series import Cloud, Series

LOSS, MS = Metric("loss", "lower"), Metric("ms", "lower")


def row(n: int, status: Status, **metrics: float) -> Row:
    return Row(n, status, "", "", "", "", metrics, {}, 1.0, 0.0, "", 0, 0, {}, 0.0, 0.0)


def with_margin(n: int, status: Status, loss: float, margin: float) -> Row:
    found = Evidence(1.0, 1.0 - margin, 1.0 + margin, 2, 2, 0.99, 0.1)
    return replace(row(n, status, loss=loss, ms=1.0), evidence=found)


@pytest.mark.parametrize(
    ("decide", "bounds"), [(Decide(), (6.5, 7.5)), (Decide("pareto"), (None, None))]
)
def test_a_kept_figure_has_the_bounds_of_its_effect(
    decide: Decide, bounds: tuple[float | None, float | None]
) -> None:
    """The area of a front has none: its test was of one metric."""
    series = Series(Objective((LOSS, MS), decide))
    series.extend([row(1, "keep", loss=8, ms=1), with_margin(2, "keep", 7, 0.5)])
    series.extend([with_margin(3, "discard", 7.5, 0.25)])
    picture = over_time(series)
    assert picture is not None
    found = {mark.n: (mark.low, mark.high) for mark in picture.marks}
    assert found == {1: (None, None), 2: bounds, 3: (None, None)}
    if decide.rule == "primary":
        assert picture.y.low <= 6.5


def pictured(objective: Objective, *tried: tuple[Status, float, float]) -> Picture:
    series = Series(objective)
    series.extend(row(n, status, loss=a, ms=b) for n, (status, a, b) in enumerate(tried, 1))
    picture = over_time(series)
    assert picture is not None
    return picture


def test_the_line_is_the_running_best_of_what_was_kept() -> None:
    picture = pictured(Objective((LOSS,)), ("keep", 3, 0), ("keep", 4, 0), ("keep", 1, 0))
    assert [line.points for line in picture.lines] == [((1, 3), (3, 1))]
    assert {mark.n: mark.kind for mark in picture.marks} == {1: "keep", 2: "aside", 3: "keep"}


def test_the_line_of_a_weighted_rule_is_that_of_its_score() -> None:
    objective = Objective((LOSS, MS), Decide("weighted", weights=(1.0, 1.0), direction="lower"))
    tried = ("keep", 1, 10), ("keep", 0.9, 9.9), ("keep", 1.5, 5), ("discard", 0.8, 9)
    picture = pictured(objective, *tried)
    assert picture.baseline == 11
    (line,) = picture.lines
    assert [value for _, value in line.points] == pytest.approx([11, 10.8, 6.5])


def test_without_a_direction_the_line_goes_through_all_that_was_kept() -> None:
    unknown = Objective((LOSS,), directed=False)
    picture = pictured(unknown, ("keep", 3, 0), ("discard", 1, 0), ("keep", 4, 0), ("keep", 2, 0))
    assert [(line.kind, line.points) for line in picture.lines] == [
        ("step", ((1, 3), (3, 4), (4, 2)))
    ]


@pytest.mark.parametrize(
    ("way", "best"), [("lower", [(1, 5), (2, 2)]), ("higher", [(2, 2), (1, 5)])]
)
def test_the_front_is_a_line_from_its_best_first_metric_on(
    way: str, best: list[tuple[int, int]]
) -> None:
    x = Metric("loss", way)  # type: ignore[arg-type]
    y = Metric("ms", "lower" if way == "lower" else "higher")
    cloud = Cloud(Objective((x, y)))
    bad = (3, 6) if way == "lower" else (0, 1)
    tried = [*best, bad]
    cloud.extend(row(n, "discard", loss=a, ms=b) for n, (a, b) in enumerate(tried, 1))
    picture = front(cloud)
    assert picture is not None
    assert [line.points for line in picture.lines] == [tuple(best)]
    assert [(mark.x, mark.y) for mark in picture.marks if mark.kind == "front"] == best


def test_what_lies_beyond_the_axis_is_known() -> None:
    picture = pictured(
        Objective((LOSS,)), *[("discard", 1 + n / 9, 0) for n in range(9)], ("discard", 1e6, 0)
    )
    assert picture.most == 1e6
    assert picture.least is None
    assert picture.y.beyond(1e6) == 1
    assert picture.y.share(1e6) == 1.0


def test_steps_of_very_different_size_are_drawn_in_proportion() -> None:
    axis = Axis.fitting(0.5, 200.0, [100.0, 1.0])
    assert axis.log
    assert axis.share(10.0) == pytest.approx(0.5, abs=0.01)
    assert not Axis.fitting(0.5, 200.0, [100.0, 90.0]).log
    assert not Axis.fitting(-1.0, 200.0, [100.0, 1.0]).log, "not all of it is positive"
    assert [tick.value for tick in axis.ticks(4)] == [1.0, 10.0, 100.0]


@settings(max_examples=100)
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(1, 12))
def test_ticks_are_inside_even_and_few(low: float, span: float, most: int) -> None:
    assume(span > abs(low) * 1e-9)  # below that, floats have no even steps
    ticks = nice_ticks(low, low + span, most)
    assert len(ticks) <= most
    slack = span * 1e-6 + abs(low) * 1e-9
    assert all(low - slack <= tick <= low + span + slack for tick in ticks)
    gaps = [b - a for a, b in itertools.pairwise(ticks)]
    assert all(gap == pytest.approx(gaps[0], rel=1e-3) for gap in gaps)


@pytest.mark.parametrize(
    ("ticks", "places"), [([0.25, 0.5], 2), ([0.0, 2.5], 1), ([10.0, 20.0], 0), ([], 0), ([0.0], 0)]
)
def test_tick_labels_have_the_decimals_they_need(ticks: list[float], places: int) -> None:
    assert tick_decimals(ticks) == places


@given(st.integers(0, 10**7))
def test_the_experiment_axis_has_room_but_not_much(last: int) -> None:
    assert max(10, last) <= roomy_end(last) <= max(10, 1.35 * last + 1)
