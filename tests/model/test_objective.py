"""The dominance rules: nothing equal or worse is ever kept, and every answer has its reason."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from autoexp_tui.model.contract import Decide, Direction, Limit, Metric, Rule
from autoexp_tui.model.measurement import Measurement, Sample
from autoexp_tui.model.objective import Objective, Verdict, beats, gain, improvement, score

LOSS = Metric("val_loss", "lower")
LATENCY = Metric("latency_ms", "lower")
ACCURACY = Metric("accuracy", "higher")
MINUS = "\N{MINUS SIGN}"

DIRECTIONS = st.sampled_from(["lower", "higher"])
RULES = st.sampled_from(["primary", "pareto", "weighted"])
FINITE = st.floats(allow_nan=False, allow_infinity=False)
FIGURES = st.one_of(FINITE, st.integers(-3, 3).map(float))
FLOORS = st.one_of(st.just(0.0), st.floats(0, 10))
WEIGHTS = st.tuples(st.floats(-4, 4), st.floats(-4, 4))
LIMITS = st.none() | st.builds(
    Limit,
    kind=st.sampled_from(["at_most", "at_least"]),
    value=st.floats(-4, 4),
    relative=st.booleans(),
)
DECIDES = st.builds(Decide, rule=RULES, limit=LIMITS, weights=WEIGHTS, direction=DIRECTIONS)
PAIRS = st.tuples(
    st.builds(Metric, st.just("a"), DIRECTIONS, min_delta=FLOORS),
    st.builds(Metric, st.just("b"), DIRECTIONS, min_delta=FLOORS),
)
VALUES = st.fixed_dictionaries({"a": FIGURES, "b": FIGURES})


def judge(
    metrics: Sequence[Metric],
    decide: Decide,
    *,
    candidate: Mapping[str, float],
    incumbent: Mapping[str, float],
    baseline: Mapping[str, float],
) -> Verdict:
    whole = [Measurement((Sample(dict(values)),)) for values in (candidate, incumbent, baseline)]
    return Objective(tuple(metrics), decide).judge(*whole)


def opposite(direction: Direction) -> Direction:
    return "higher" if direction == "lower" else "lower"


def one(
    candidate: float, incumbent: float, metric: Metric = LOSS, *, min_delta: float = 0.0
) -> Verdict:
    metric = Metric(metric.name, metric.direction, min_delta=min_delta)
    return judge(
        [metric],
        Decide(),
        candidate={metric.name: candidate},
        incumbent={metric.name: incumbent},
        baseline={metric.name: incumbent},
    )


def two(
    candidate: tuple[float, float],
    incumbent: tuple[float, float],
    decide: Decide,
    baseline: tuple[float, float] = (0.5, 100.0),
) -> Verdict:
    return judge(
        [LOSS, LATENCY],
        decide,
        candidate={"val_loss": candidate[0], "latency_ms": candidate[1]},
        incumbent={"val_loss": incumbent[0], "latency_ms": incumbent[1]},
        baseline={"val_loss": baseline[0], "latency_ms": baseline[1]},
    )


def test_better_is_kept_with_the_change_as_its_reason() -> None:
    assert one(0.4271, 0.4312) == Verdict(True, f"val_loss 0.4312 → 0.4271 ({MINUS}0.0041)")
    assert one(0.9, 0.85, ACCURACY) == Verdict(True, "accuracy 0.85 → 0.9 (+0.05)")


def test_equal_and_worse_are_not_kept() -> None:
    assert one(0.44, 0.4312) == Verdict(False, "val_loss 0.44 is no better than 0.4312")
    assert one(0.4312, 0.4312) == Verdict(False, "val_loss 0.4312 is no better than 0.4312")
    assert not one(0.8, 0.85, ACCURACY).keep


def test_an_improvement_must_exceed_its_floor() -> None:
    assert one(0.5, 0.75, min_delta=0.2).keep
    verdict = one(0.5, 0.75, min_delta=0.25)
    assert verdict == Verdict(False, f"val_loss 0.75 → 0.5 ({MINUS}0.25) is within min_delta 0.25")


def test_a_reason_shows_the_digits_in_which_two_values_differ() -> None:
    assert "0.43120002 is no better than 0.43120001" in one(0.43120002, 0.43120001).reason
    assert "0.333333343 is no better than 0.333333333" in one(1 / 3 + 1e-8, 1 / 3).reason
    nearest = math.nextafter(0.4, 1)
    assert f"{nearest!r} is no better than 0.4" in one(nearest, 0.4).reason


@pytest.mark.parametrize(
    ("kind", "value", "relative", "kept"),
    [
        ("at_most", 200.0, False, True),
        ("at_most", 199.0, False, False),
        ("at_most", 2.0, True, True),
        ("at_most", 1.9, True, False),
        ("at_least", 200.0, False, True),
        ("at_least", 201.0, False, False),
        ("at_least", 2.0, True, True),
        ("at_least", 2.1, True, False),
    ],
)
def test_the_secondary_stays_within_its_limit(
    kind: Literal["at_most", "at_least"], value: float, relative: bool, kept: bool
) -> None:
    limit = Limit(kind, value, relative)
    assert two((0.4, 200.0), (0.5, 200.0), Decide(limit=limit)).keep is kept


def test_a_broken_limit_is_explained() -> None:
    limit = Limit("at_most", 2.0, relative=True)
    verdict = two((0.4, 210.0), (0.5, 100.0), Decide(limit=limit))
    assert verdict == Verdict(False, "latency_ms 210 breaks at_most 200 (2 × baseline 100)")


def test_a_limit_that_the_incumbent_breaks_too_says_so() -> None:
    verdict = two((0.4, 60.0), (0.5, 100.0), Decide(limit=Limit("at_most", 50.0)))
    assert verdict == Verdict(False, "latency_ms 60 breaks at_most 50; so does the incumbent's 100")


def test_without_a_limit_the_secondary_may_be_anything() -> None:
    assert two((0.4, 1e9), (0.5, 1.0), Decide()).keep


def test_pareto_keeps_what_is_better_on_either_and_worse_on_none() -> None:
    decide = Decide("pareto")
    assert two((0.4, 100.0), (0.5, 100.0), decide) == Verdict(
        True, f"val_loss 0.5 → 0.4 ({MINUS}0.1)"
    )
    assert two((0.5, 90.0), (0.5, 100.0), decide).keep
    assert two((0.4, 90.0), (0.5, 100.0), decide).reason == (
        f"val_loss 0.5 → 0.4 ({MINUS}0.1); latency_ms 100 → 90 ({MINUS}10)"
    )
    assert two((0.4, 101.0), (0.5, 100.0), decide) == Verdict(
        False, "latency_ms 100 → 101 (+1) is worse"
    )
    assert not two((0.5, 100.0), (0.5, 100.0), decide).keep


def test_weighted_compares_one_score() -> None:
    decide = Decide("weighted", weights=(100.0, 1.0), direction="lower")
    assert two((0.4, 105.0), (0.5, 100.0), decide) == Verdict(True, f"score 150 → 145 ({MINUS}5)")
    assert two((0.4, 110.0), (0.5, 100.0), decide).reason == "score 150 is no better than 150"
    upwards = Decide("weighted", weights=(-100.0, -1.0), direction="higher")
    assert two((0.4, 105.0), (0.5, 100.0), upwards).keep


def test_the_floors_of_the_metrics_count_in_a_weighted_score() -> None:
    metrics = [Metric("a", "lower", min_delta=1.0), Metric("b", "higher", min_delta=2.0)]
    decide = Decide("weighted", weights=(1.0, -0.5))
    old = {"a": 10.0, "b": 0.0}

    def kept(a: float) -> bool:
        new = {"a": a, "b": 0.0}
        return judge(metrics, decide, candidate=new, incumbent=old, baseline=old).keep

    assert kept(7.9)
    assert not kept(8.0)


def test_weights_must_match_the_metrics() -> None:
    with pytest.raises(ValueError, match="zip"):
        score([LOSS, LATENCY], Decide("weighted", weights=(1.0,)), {"val_loss": 1, "latency_ms": 1})


def test_a_score_that_overflows_keeps_nothing() -> None:
    decide = Decide("weighted", weights=(1e200, 1.0), direction="higher")
    verdict = two((1e200, 1.0), (0.5, 1.0), decide)
    assert verdict == Verdict(False, "the weighted score is inf against 5e+199: not finite")


def test_a_limit_that_overflows_keeps_nothing() -> None:
    decide = Decide(limit=Limit("at_most", 1e200, relative=True))
    verdict = two((0.4, 1.0), (0.5, 1.0), decide, baseline=(0.5, 1e200))
    assert verdict == Verdict(False, "the limit on latency_ms is inf: not finite")


def test_a_missing_value_keeps_nothing() -> None:
    verdict = judge(
        [LOSS, LATENCY],
        Decide("pareto"),
        candidate={"val_loss": 0.1},
        incumbent={"val_loss": 0.2, "latency_ms": 1.0},
        baseline={"val_loss": 0.2, "latency_ms": 1.0},
    )
    assert verdict == Verdict(False, "the candidate has no latency_ms")


@given(PAIRS, DECIDES, VALUES, VALUES)
def test_what_is_equal_is_never_kept(
    metrics: tuple[Metric, Metric], decide: Decide, same: dict[str, float], base: dict[str, float]
) -> None:
    verdict = judge(metrics, decide, candidate=same, incumbent=dict(same), baseline=base)
    assert not verdict.keep
    assert verdict.reason


@given(PAIRS, DECIDES, VALUES, VALUES, VALUES)
def test_no_two_measurements_are_each_better_than_the_other(
    metrics: tuple[Metric, Metric],
    decide: Decide,
    left: dict[str, float],
    right: dict[str, float],
    base: dict[str, float],
) -> None:
    there = judge(metrics, decide, candidate=left, incumbent=right, baseline=base)
    back = judge(metrics, decide, candidate=right, incumbent=left, baseline=base)
    assert not (there.keep and back.keep)


@given(DIRECTIONS, FIGURES, FIGURES)
def test_of_two_different_figures_exactly_one_is_better(
    direction: Direction, left: float, right: float
) -> None:
    assume(left != right)
    metric = Metric("a", direction)
    assert one(left, right, metric).keep is not one(right, left, metric).keep
    assert one(left, right, metric).keep is (improvement(metric, left, right) > 0)


@given(PAIRS, VALUES, VALUES)
def test_pareto_never_keeps_a_regression(
    metrics: tuple[Metric, Metric], new: dict[str, float], old: dict[str, float]
) -> None:
    verdict = judge(metrics, Decide("pareto"), candidate=new, incumbent=old, baseline=old)
    gains = [improvement(metric, new[metric.name], old[metric.name]) for metric in metrics]
    expected = min(gains) >= 0 and any(
        gain > metric.min_delta for gain, metric in zip(gains, metrics, strict=True)
    )
    assert verdict.keep is expected


@given(
    PAIRS,
    DECIDES,
    st.lists(FIGURES, min_size=6, max_size=6),
    st.integers(0, 5),
    st.sampled_from([math.nan, math.inf, -math.inf]),
)
def test_what_is_not_finite_is_never_kept(
    metrics: tuple[Metric, Metric], decide: Decide, figures: list[float], at: int, bad: float
) -> None:
    figures[at] = bad
    new, old, base = (dict(zip("ab", figures[i : i + 2], strict=True)) for i in (0, 2, 4))
    verdict = judge(metrics, decide, candidate=new, incumbent=old, baseline=base)
    assert not verdict.keep
    assert "not finite" in verdict.reason


@given(PAIRS, DECIDES, VALUES, VALUES, FLOORS)
def test_a_higher_floor_never_keeps_more(
    metrics: tuple[Metric, Metric],
    decide: Decide,
    new: dict[str, float],
    old: dict[str, float],
    more: float,
) -> None:
    stricter = [
        Metric(metric.name, metric.direction, min_delta=metric.min_delta + more)
        for metric in metrics
    ]
    strict = judge(stricter, decide, candidate=new, incumbent=old, baseline=old)
    lax = judge(metrics, decide, candidate=new, incumbent=old, baseline=old)
    assert lax.keep or not strict.keep


@given(PAIRS, DECIDES, VALUES, VALUES, VALUES)
def test_turning_every_sign_and_direction_round_changes_no_verdict(
    metrics: tuple[Metric, Metric],
    decide: Decide,
    new: dict[str, float],
    old: dict[str, float],
    base: dict[str, float],
) -> None:
    turned = [
        Metric(metric.name, opposite(metric.direction), min_delta=metric.min_delta)
        for metric in metrics
    ]
    limit = decide.limit
    if limit is not None:
        limit = Limit(
            "at_least" if limit.kind == "at_most" else "at_most",
            limit.value if limit.relative else -limit.value,
            limit.relative,
        )
    around = Decide(decide.rule, limit, decide.weights, opposite(decide.direction))
    here = judge(metrics, decide, candidate=new, incumbent=old, baseline=base)
    there = judge(
        turned,
        around,
        candidate={name: -value for name, value in new.items()},
        incumbent={name: -value for name, value in old.items()},
        baseline={name: -value for name, value in base.items()},
    )
    assert here.keep is there.keep


@given(PAIRS, DECIDES, st.lists(VALUES, min_size=2, max_size=20))
def test_a_chain_of_keeps_only_climbs(
    metrics: tuple[Metric, Metric], decide: Decide, tries: list[dict[str, float]]
) -> None:
    base = incumbent = tries[0]
    for values in tries[1:]:
        if judge(metrics, decide, candidate=values, incumbent=incumbent, baseline=base).keep:
            before, after = _height(metrics, decide, incumbent), _height(metrics, decide, values)
            assert after > before
            incumbent = values


def _height(
    metrics: tuple[Metric, Metric], decide: Decide, values: dict[str, float]
) -> tuple[float, ...]:
    """A figure that each rule lets only grow, so that no chain of keeps comes back."""
    signs = [-1.0 if metric.direction == "lower" else 1.0 for metric in metrics]
    heights = [sign * values[metric.name] for sign, metric in zip(signs, metrics, strict=True)]
    rule: Rule = decide.rule
    if rule == "weighted":
        return (score(metrics, decide, values) * (-1.0 if decide.direction == "lower" else 1.0),)
    return (heights[0],) if rule == "primary" else tuple(heights)


@given(FIGURES, FIGURES)
@example(1e308, -1e308)
@example(5e-324, 0.0)
def test_a_reason_is_one_line_that_names_the_metric(new: float, old: float) -> None:
    reason = one(new, old).reason
    assert reason.startswith("val_loss ")
    assert "\n" not in reason


# ---- what is told is what is judged ------------------------------------------------------------


class Line(NamedTuple):
    """A row, as far as an objective looks at it."""

    status: str
    metrics: dict[str, float]


LOSS_MS = (Metric("loss", "lower"), Metric("ms", "lower"))
WEIGHTED = Objective(LOSS_MS, Decide("weighted", weights=(1.0, 1.0)))
PARETO = Objective(LOSS_MS, Decide("pareto"))


def line(loss: float, ms: float, status: str = "keep") -> Line:
    return Line(status, {"loss": loss, "ms": ms})


def test_the_best_of_a_weighted_run_has_the_best_score_not_the_best_first_metric() -> None:
    rows = [line(1, 10), line(0.9, 9.9), line(1.5, 5), line(0.8, 9, "discard")]
    assert WEIGHTED.best(rows) is rows[2]
    assert WEIGHTED.figure(rows[2].metrics) == 6.5
    change = WEIGHTED.gain(rows[2].metrics, rows[0].metrics)
    assert (change.value, change.word) == (4.5, "better")
    assert change.percent == pytest.approx(40.9, abs=0.1)
    assert WEIGHTED.gain(rows[3].metrics, rows[2].metrics).word == "worse"
    assert WEIGHTED.name == "score (1·loss + 1·ms)"


def test_progress_on_a_front_is_the_area_that_it_dominates() -> None:
    rows = [line(1, 10), line(1, 5), line(1, 4)]
    objective = PARETO.relative_to(rows[0].metrics)
    assert [objective.figure(row.metrics) for row in rows] == [1.0, 1.5, 1.6]
    assert objective.best(rows) is rows[2]
    assert objective.gain(rows[2].metrics, rows[0].metrics).percent == pytest.approx(60)
    assert objective.name == "front of loss and ms"
    assert objective.front([*rows, line(0.5, 9, "discard")]) == [line(0.5, 9, "discard"), rows[2]]


def test_only_what_is_better_than_all_before_is_a_new_best() -> None:
    rows = [line(1, 10), line(1.5, 5), line(0, 9, "discard"), line(1, 9), line(1, 5)]
    words = [(row, gain and gain.word) for row, gain in WEIGHTED.climb(rows)]
    assert words == [
        (rows[0], None),
        (rows[1], "better"),
        (rows[3], "worse"),
        (rows[4], "better"),
    ]
    assert beats("lower", 1.0, None)
    assert not beats("lower", 1.0, 1.0)
    assert not beats("lower", None, None)
    assert not beats("unknown", 1.0, None)


def test_where_nobody_knows_a_direction_nothing_is_better() -> None:
    objective = Objective((LOSS,), directed=False)
    assert objective.best([Line("keep", {"val_loss": 1.0})]) is None
    assert objective.gain({"val_loss": 1.0}, {"val_loss": 2.0}).word == "unknown"
    assert gain("unknown", 1.0, 2.0).word == "unknown"


@given(PAIRS, DECIDES, VALUES, VALUES, VALUES)
def test_what_is_kept_is_told_as_better(
    metrics: tuple[Metric, Metric],
    decide: Decide,
    candidate: dict[str, float],
    incumbent: dict[str, float],
    baseline: dict[str, float],
) -> None:
    objective = Objective(metrics, decide).relative_to(baseline)
    new, old, first = map(Measurement.of, (candidate, incumbent, baseline))
    change = objective.gain(candidate, incumbent)
    if objective.judge(new, old, first).keep and change.value is not None:
        # An area may underflow, or both points lie beyond its reference: never the other way.
        assert change.word == "better" or (decide.rule == "pareto" and change.word == "equal")


@given(st.lists(FINITE, min_size=1, max_size=9))
def test_a_measurement_is_the_median_of_its_samples(values: list[float]) -> None:
    measured = Measurement(tuple(Sample({"a": value}, seconds=1.0) for value in values))
    assert measured.metrics["a"] == statistics.median(values)
    assert measured.seconds == len(values)
