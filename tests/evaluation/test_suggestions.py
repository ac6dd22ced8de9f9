"""What a harness printed is offered as metrics that really read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.evaluation.metrics import MetricReader
from autoexp_tui.evaluation.suggestions import suggestions

PARTS = st.sampled_from(
    [
        "loss",
        "acc",
        ": ",
        "=",
        " ",
        "0.5",
        "1e-3",
        "1,234",
        "±",
        "(",
        ")",
        "\n",
        "{",
        "}",
        '"',
        "ms",
    ]
)


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("score: 3\n", {("score", None, None, 3.0)}),
        ('{\n  "r": {\n    "ndcg@10": 0.587\n  }\n}', {("ndcg@10", None, "r.ndcg@10", 0.587)}),
        ("10 rounds, speed 450.5 MB/s", {("speed", r"speed ([-+.\deE]+)", None, 450.5)}),
        ("7 passed in 1s", {("passed", None, None, 7.0), ("in", r"in ([-+.\deE]+)", None, 1.0)}),
        ("no number here", set()),
        ("loss: 1,234", set()),
    ],
)
def test_each_number_is_offered_by_the_simplest_way(output: str, found: set[object]) -> None:
    offered = suggestions(output, "lower").items()
    assert {(one.name, one.pattern, one.json, value) for one, value in offered} == found


@given(st.lists(PARTS, max_size=30).map("".join))
def test_whatever_is_offered_reads_what_was_printed(output: str) -> None:
    for metric, value in suggestions(output, "higher").items():
        reader = MetricReader([metric])
        reader.feed(output.encode())
        assert reader.finish().metrics == {metric.name: value}
