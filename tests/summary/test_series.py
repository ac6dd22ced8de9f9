"""A run as points: bounded, extremes kept, outliers fenced off."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp_tui.model.contract import Decide, Direction, Limit, Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row
from autoexp_tui.summary.series import Cloud, Pair, Point, Series, bucket

LOSS = Metric("loss", "lower")
SPEED = Metric("speed", "higher")


def row(n: int, status: Status, **metrics: float) -> Row:
    return Row(n, status, "", "", "", "", metrics, {}, 1.0, 0.0, "", 0, 0, {}, 0.0, 0.0)


def status_of(n: int) -> Status:
    return "crash" if n % 11 == 0 else "keep" if n % 7 == 1 else "discard"


def series_of(rows: list[Row]) -> Series:
    series = Series(Objective((LOSS,)))
    series.extend(rows)
    return series


def test_a_crash_has_no_value_even_with_a_metric_cell() -> None:
    assert series_of([row(1, "crash", loss=0.0)]).points == [Point(1, None, "crash")]


def test_a_value_that_is_not_finite_is_no_measurement() -> None:
    assert series_of([row(1, "discard", loss=math.nan)]).scale() is None


def test_short_runs_keep_every_point() -> None:
    rows = [row(n, status_of(n), loss=1 / n) for n in range(1, 3000)]
    assert [p.n for p in series_of(rows).points] == list(range(1, 3000))


STORIES = st.lists(
    st.tuples(st.sampled_from(["keep", "discard", "crash"]), st.floats(allow_nan=False)),
    max_size=20,
)


@given(STORIES, st.integers(0, 20))
def test_going_back_is_as_if_the_rest_had_not_come(
    story: list[tuple[Status, float]], count: int
) -> None:
    rows = [
        row(n, status, loss=value, speed=-value) for n, (status, value) in enumerate(story, start=1)
    ]
    before, cut = series_of(rows[:count]), series_of(rows)
    cut.cut(rows[:count])
    assert (cut.points, cut.kept, cut.last) == (before.points, before.kept, before.last)
    whole, part = Cloud(Objective((LOSS, SPEED))), Cloud(Objective((LOSS, SPEED)))
    whole.extend(rows)
    whole.cut(len(rows[:count]))
    part.extend(rows[:count])
    assert (whole.pairs, whole.front) == (part.pairs, part.front)


def test_a_thinned_run_that_goes_back_ends_where_it_was_then() -> None:
    rows = [row(n, status_of(n), loss=2 / n) for n in range(1, 40_001)]
    series = series_of(rows)
    series.cut(rows[:23_456])
    assert series.last == 23_456
    assert series.kept == Point(23_451, 2 / 23_451, "keep", is_best=True)
    assert 23_400 < series.points[-1].n <= 23_456


def test_a_long_run_stays_bounded_and_keeps_its_extremes() -> None:
    rows = [row(n, status_of(n), loss=math.sin(n) + 2) for n in range(1, 40_001)]
    rows[20_004] = row(20_005, "discard", loss=99.0)
    rows[30_004] = row(30_005, "keep", loss=0.25)
    series = series_of(rows)
    assert len(series.points) <= 8192
    assert Point(20_005, 99.0, "discard") in series.points
    assert Point(30_005, 0.25, "keep", is_best=True) in series.points
    assert series.last == 40_000


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.floats(-9, 9), st.sampled_from(["keep", "discard", "crash"])), min_size=1
    ),
    st.integers(1, 12),
)
def test_buckets_keep_order_and_the_extremes_of_each_status(
    tried: list[tuple[float, Status]], width: int
) -> None:
    points = [Point(n, None if s == "crash" else v, s) for n, (v, s) in enumerate(tried, 1)]
    thinned = bucket(points, width)
    assert len(thinned) <= max(width, 9 * width)
    assert set(thinned) <= set(points)
    assert [p.n for p in thinned] == sorted(p.n for p in thinned)
    for status in ("keep", "discard"):
        values = [p.value for p in points if p.status == status and p.value is not None]
        left = [p.value for p in thinned if p.status == status and p.value is not None]
        assert (min(values), max(values)) == (min(left), max(left)) if values else left == []


def test_a_diverged_discard_is_fenced_off_but_known() -> None:
    values = [0.5, 0.51, 0.52, 0.49, 0.53, 0.5, 0.51, 4000.0]
    scale = series_of([row(n, "discard", loss=v) for n, v in enumerate(values, 1)]).scale()
    assert scale is not None
    assert scale.high <= 1
    assert scale.low == scale.least
    assert scale.most == 4000


def test_what_was_kept_is_never_fenced_off() -> None:
    rows = [row(1, "discard", loss=60.0), row(2, "keep", loss=50.0)]
    rows += [row(n, "discard", loss=0.5 + n / 1000) for n in range(3, 40)]
    scale = series_of(rows).scale()
    assert scale is not None
    assert scale.high == 60, "nor is the baseline"


def test_outliers_are_fenced_off_in_a_long_run_too() -> None:
    rows = [
        row(n, "discard", loss=1e6 if n % 50 == 0 else 1 + math.sin(n) / 9)
        for n in range(1, 30_001)
    ]
    scale = series_of(rows).scale()
    assert scale is not None
    assert scale.high < 2


def dominates(a: Pair, b: Pair, x: Direction, y: Direction) -> bool:
    sx, sy = (1 if x == "lower" else -1), (1 if y == "lower" else -1)
    no_worse = sx * a.x <= sx * b.x and sy * a.y <= sy * b.y
    return no_worse and (a.x, a.y) != (b.x, b.y)


SMALL = st.integers(0, 5).map(float)


@settings(max_examples=80)
@given(
    st.lists(st.tuples(SMALL, SMALL), max_size=20),
    st.sampled_from(["lower", "higher"]),
    st.sampled_from(["lower", "higher"]),
)
def test_the_front_is_what_nothing_dominates(
    values: list[tuple[float, float]], x: Direction, y: Direction
) -> None:
    pairs = [Pair(n, a, b, "discard") for n, (a, b) in enumerate(values, 1)]
    cloud = Cloud(Objective((Metric("a", x), Metric("b", y))))
    cloud.extend([row(p.n, "discard", a=p.x, b=p.y) for p in pairs])
    front = cloud.front
    expected = {(p.x, p.y) for p in pairs if not any(dominates(other, p, x, y) for other in pairs)}
    assert {(p.x, p.y) for p in front} == expected
    assert [p.x for p in front] == sorted((p.x for p in front), reverse=x == "higher")
    assert all(p == next(q for q in pairs if (q.x, q.y) == (p.x, p.y)) for p in front)


def test_a_cloud_stays_bounded_and_keeps_its_front() -> None:
    cloud = Cloud(Objective((LOSS, SPEED)))
    rows = [row(n, "discard", loss=math.sin(n), speed=math.cos(n * n)) for n in range(1, 20_000)]
    cloud.extend(rows)
    assert len(cloud.pairs) <= 8192 + 64
    assert set(cloud.front) <= set(cloud.pairs)


# ---- what is better ------------------------------------------------------------------------------


def best_of(objective: Objective, *tried: tuple[Status, float, float]) -> list[int]:
    """Of (status, loss, speed), those that were the best so far when they came."""
    series = Series(objective)
    series.extend(row(n, s, loss=loss, speed=speed) for n, (s, loss, speed) in enumerate(tried, 1))
    return [p.n for p in series.points if p.is_best]


WEIGHTED = Decide("weighted", weights=(1.0, 1.0), direction="lower")
MS = Metric("speed", "lower")


def test_a_weighted_rule_draws_its_score() -> None:
    series = Series(Objective((LOSS, MS), WEIGHTED))
    tried = [(1.0, 10.0), (0.9, 9.9), (1.5, 5.0), (0.8, 9.0)]
    series.extend(row(n, "keep", loss=a, speed=b) for n, (a, b) in enumerate(tried, 1))
    assert [p.value for p in series.points] == pytest.approx([11.0, 10.8, 6.5, 9.8])
    assert [p.n for p in series.points if p.is_best] == [1, 2, 3]
    assert series.title == "score ↓"


def test_pareto_draws_the_dominated_area_which_grows_with_every_keep() -> None:
    objective = Objective((LOSS, MS), Decide("pareto"), baseline={"loss": 1.0, "speed": 10.0})
    series = Series(objective)
    series.extend(row(n, "keep", loss=1.0, speed=v) for n, v in enumerate((10.0, 5.0, 4.0), 1))
    assert [p.value for p in series.points] == pytest.approx([1.0, 1.5, 1.6])
    assert series.title == "area ↑"


def test_what_the_rule_would_not_keep_is_never_the_best_so_far() -> None:
    start: tuple[Status, float, float] = ("keep", 1.0, 10.0)
    limited = Objective((LOSS, MS), Decide(limit=Limit("at_most", 1.1, relative=True)))
    assert best_of(limited, start, ("discard", 0.1, 99.0)) == [1]
    assert best_of(limited, start, ("discard", 0.1, 10.0)) == [1, 2]
    pareto = Objective((LOSS, MS), Decide("pareto"), baseline={"loss": 1.0, "speed": 10.0})
    assert best_of(pareto, start, ("discard", 0.1, 10.1)) == [1], "one of both is worse"
    weighted = Objective((LOSS, MS), WEIGHTED)
    assert best_of(weighted, start, ("discard", 0.1, 10.95)) == [1], "only the first is better"


def test_without_a_direction_nothing_is_best_and_nothing_on_a_front() -> None:
    unknown = Objective((LOSS, MS), directed=False)
    assert best_of(unknown, ("keep", 1.0, 1.0), ("keep", 0.5, 0.5)) == []
    cloud = Cloud(unknown)
    cloud.extend([row(1, "keep", loss=1.0, speed=1.0)])
    assert cloud.pairs
    assert cloud.front == []


def test_a_metric_beside_the_figure_is_told_and_not_judged() -> None:
    series = Series(Objective((LOSS, SPEED)), SPEED)
    series.extend(row(n, "keep", loss=1.0 / n, speed=float(n)) for n in (1, 2))
    assert [(p.value, p.is_best) for p in series.points] == [(1.0, False), (2.0, False)]
    assert series.title == "speed ↑"
