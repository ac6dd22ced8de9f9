"""A name with a unit or a value beside it is read whole or refused with what to write instead."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.evaluation.metrics import MetricReader, MetricReading
from autoexp_tui.evaluation.units import convert, quantity
from autoexp_tui.model.contract import Metric

LOSS = Metric("loss", "lower")
LAST = Metric("loss", "lower", take="last")
MS = Metric("latency", "lower", unit="ms")
BARE = Metric("latency", "lower")


def read(output: str, metric: Metric = LOSS, units: dict[str, str] | None = None) -> MetricReading:
    reader = MetricReader([metric], units)
    reader.feed(output.encode())
    return reader.finish()


@pytest.mark.parametrize(
    ("line", "milliseconds"),
    [
        ("latency: 900 us", 0.9),
        ("latency: 900us", 0.9),
        ("latency: 900 µs", 0.9),
        ("latency: 900 μs", 0.9),
        ("latency: 1.2 ms", 1.2),
        ("latency = 3 s", 3000.0),
        ("latency: 2 min", 120_000.0),
        ("latency: 5e6 ns", 5.0),
        ("latency: 7", 7.0),
        ('{"metric": "latency", "value": 2, "unit": "s"}', 2000.0),
    ],
)
def test_what_is_printed_in_another_unit_is_converted(line: str, milliseconds: float) -> None:
    assert read(line, MS).metrics == {"latency": milliseconds}


@pytest.mark.parametrize(
    ("line", "unit", "figure"),
    [("m: 2 KiB", "B", 2048.0), ("m: 1 MiB", "KiB", 1024.0), ("m: 3 MB", "kB", 3000.0),
     ("m: 97 %", "%", 97.0), ("m: 5 nats", "nats", 5.0)],
)  # fmt: skip
def test_sizes_shares_and_unknown_units_are_read(line: str, unit: str, figure: float) -> None:
    assert read(line, Metric("m", "lower", unit=unit)).metrics == {"m": figure}


@pytest.mark.parametrize("line", ["latency: 3 MiB", "latency: 3 %", "latency: 3 bits"])
def test_a_unit_that_says_something_else_is_refused(line: str) -> None:
    assert "can't be told in ms" in read(line, MS).failure


def test_without_a_declared_unit_only_the_baselines_is_read() -> None:
    first = read("latency: 900 us\n", BARE)
    assert (first.metrics, first.units) == ({"latency": 900.0}, {"latency": "us"})
    again = read("latency: 800 us\n", BARE, first.units)
    assert again.metrics == {"latency": 800.0}
    assert read("latency: 1.2 ms\n", BARE, first.units).failure == (
        "latency prints `1.2 ms` where it was in us: write `unit: us`"
    )
    assert read("latency: 0.5\n", BARE, first.units).failure.endswith("write `unit: us`")
    assert read("latency: 1.2 ms\n", BARE, {"latency": ""}).failure == (
        "latency prints `1.2 ms`: write `unit: ms`"
    )
    assert read("loss: 0.5%\n", LOSS, {"loss": ""}).failure.endswith("write `unit: %`")


def test_two_units_in_one_output_are_refused() -> None:
    assert "write `unit: us`" in read("latency: 900 us\nlatency: 1.2 ms\n", BARE).failure
    assert "different values" in read("latency: 900 us\nlatency: 1.2 ms\n", MS).failure


@pytest.mark.parametrize(
    ("line", "figure"),
    [
        ("loss: 0.5 (best 0.4)", 0.5),
        ("loss=0.5, acc=0.9", 0.5),
        ("epoch=3 loss=1e-3", 1e-3),
        ("INFO loss: 0.5;", 0.5),
        ("the loss: 0.5±0.1", 0.5),
        ("'loss': 0.5,", 0.5),
        ('{"loss": "0.5"}', 0.5),
    ],
)
def test_a_value_with_more_beside_it_is_refused_with_a_pattern_that_reads_it(
    line: str, figure: float
) -> None:
    reading = read(line)
    assert reading.metrics == {}
    advice = re.search(r"write `(pattern: .*)`$", reading.failure)
    assert advice, reading.failure
    pattern = yaml.safe_load(advice[1])["pattern"]
    assert read(line, Metric("loss", "lower", pattern=pattern)).metrics == {"loss": figure}


def test_a_separator_of_thousands_is_no_number() -> None:
    assert "without a separator of thousands" in read("loss: 1,234.5\n").failure


@pytest.mark.parametrize(
    "other",
    [
        "epoch 3 loss=0.9",
        "best loss: 0.4",
        "loss: 0.9 (best 0.4)",
        "loss: 1,234.5",
        "loss: 0.5±0.1",
        'x {"loss": 0.9}',
        "\x1b]0;loss: 0.9",
        "loss: 0.5\b9",
        "x" * 70_000 + "loss: 0.9",
    ],
)
def test_another_value_beside_the_name_anywhere_is_refused(other: str) -> None:
    for output in (f"loss: 0.5\n{other}\n", f"{other}\nloss: 0.5\n"):
        assert read(output).metrics == {}, output[:80]
    assert read(f"{other}\nloss: 0.5\n", LAST).metrics == {"loss": 0.5}
    assert read(f"loss: 0.5\n{other}\n", LAST).metrics == {}


@pytest.mark.parametrize(
    "other",
    ["epoch 3 loss=0.5", "train_loss: 0.9", "best/loss: 0.9", "no loss here", "a loss: of faith",
     '{"more": {"loss": 7}}', "\x1b[31mloss\x1b[0m: \x1b[1m0.5\x1b[0m", "loss: 0.5\r"],
)  # fmt: skip
def test_the_same_value_or_another_name_does_no_harm(other: str) -> None:
    assert read(f"{other}\nloss: 0.5\n").metrics == {"loss": 0.5}
    assert read(f"loss: 0.5\n{other}\n").metrics == {"loss": 0.5}


def test_what_a_carriage_return_overwrites_is_read_and_the_last_of_it_counts() -> None:
    assert read("\rloss: 0.9\rloss: 0.5\r 1#\n").metrics == {"loss": 0.5}
    bar = Metric("speed", "higher", pattern=r"([\d.]+) MB/s")
    assert read("\r 1#f 400.1 MB/s \r 1#f 450.0 MB/s \r 1#\n", bar).metrics == {"speed": 450.0}
    assert "different" in read("loss: 0.9\rdone\nloss: 0.5\n").failure


@pytest.mark.parametrize(
    ("pattern", "line"),
    [(r"loss: (\d+)", "loss: 0.5"), (r"loss: ([\d.]+)", "loss: 1e-3"),
     (r"loss: ([\d.]+)", "loss: 1,234.5"), (r"loss: .*?([\d.]+)", "loss: -0.5")],
)  # fmt: skip
def test_a_pattern_that_takes_part_of_a_number_is_refused(pattern: str, line: str) -> None:
    assert "part of a number" in read(line, Metric("loss", "lower", pattern=pattern)).failure


def test_the_unit_behind_what_a_pattern_finds_counts() -> None:
    metric = Metric("latency", "lower", pattern=r"p99 (\S+)", unit="ms")
    assert read("p99 900 us", metric).metrics == {"latency": 0.9}
    assert read("p99 1.5s", metric).metrics == {"latency": 1500.0}


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"[+-]?[0-9]{1,4}(\.[0-9]{0,3})?(e[+-]?[0-9])?", fullmatch=True),
)
UNITS = st.sampled_from(["", " ms", "ms", " us", " s", " %", "%", " MiB", " k", " e-3", ",000"])
BEFORE = st.sampled_from(["", "  ", "METRIC ", "\x1b[32m", "INFO ", "best ", "10%\r", "x"])
AFTER = st.sampled_from(["", " ", "\x1b[0m", ",", " (best 0.4)", "±0.1", " acc=0.9", "\b1", "\r"])
LINES = st.tuples(BEFORE, st.sampled_from(["loss: ", "loss=", "loss = "]), NUMBERS, UNITS, AFTER)
_STRICT = re.compile(r"\s*(?:METRIC )?loss ?[:=] ?(\S+?) ?(ms|us|s|%|MiB|k)?\s*")


def reference(line: str) -> tuple[Fraction, str] | None:
    """The number and unit of a line that is nothing but a metric, colours apart."""
    visible = re.sub(r"\x1b\[[0-9]*m", "", line).rstrip("\r").rpartition("\r")[2]
    match = _STRICT.fullmatch(visible)
    try:
        return (Fraction(match[1]), match[2] or "") if match else None
    except ValueError:
        return None


@given(st.lists(LINES, min_size=1, max_size=3))
def test_what_is_read_is_what_a_strict_reference_reads_or_nothing(
    parts: list[tuple[str, ...]],
) -> None:
    lines = ["".join(part) for part in parts]
    reading = read("\n".join(lines))
    found = [reference(line) for line in lines]
    if reading.metrics:
        known = {one for one in found if one is not None}
        assert len({(float(value), unit) for value, unit in known}) == 1
        ((value, unit), *_) = known
        assert reading.metrics["loss"] == float(value)
        assert reading.units["loss"] == unit
    elif None not in found:
        assert len({(float(value), unit) for value, unit in found if value is not None}) > 1  # type: ignore[misc]


@given(st.floats(-1e9, 1e9), st.sampled_from(["ns", "us", "ms", "s", "min", "h"]))
def test_a_conversion_there_and_back_is_the_same_figure(value: float, unit: str) -> None:
    there = convert(value, unit, "ms")
    assert there is not None
    assert convert(there, "ms", unit) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("text", ["", "1 2", "1,5", "0.5 e-3", "5 x10", "1_000", "0x1", "1e", "٣"])
def test_no_quantity(text: str) -> None:
    assert quantity(text) is None
