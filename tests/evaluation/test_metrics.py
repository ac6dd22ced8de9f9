"""Metrics are read strictly from a stream: the value that was printed, or a reason in words."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.hostile import HOSTILE

from autoexp_tui.evaluation import metrics as module
from autoexp_tui.evaluation.metrics import MetricReader, MetricReading
from autoexp_tui.model.contract import Metric

LOSS = Metric("val_loss", "lower")
LAST = Metric("val_loss", "lower", take="last")
LATENCY = Metric("latency_ms", "lower")


def read(output: str | bytes, *metrics: Metric) -> MetricReading:
    reader = MetricReader(metrics or (LOSS,))
    reader.feed(output.encode("utf-8", "surrogatepass") if isinstance(output, str) else output)
    return reader.finish()


def values(output: str | bytes, *metrics: Metric) -> dict[str, float]:
    reading = read(output, *metrics)
    assert reading.failure == ""
    return reading.metrics


def failure(output: str | bytes, *metrics: Metric) -> str:
    reading = read(output, *metrics)
    assert reading.metrics == {}
    return reading.failure


@pytest.mark.parametrize(
    "line",
    [
        "val_loss: 0.31",
        "val_loss:0.31",
        "val_loss = 0.31",
        "val_loss=0.31",
        "  val_loss :  0.31  ",
        "\tval_loss\t=\t0.31",
        "val_loss: 0.31 nats",
        "val_loss: 0.31 %",
        "val_loss: 0.31%",
        "val_loss: 0.31 req/s",
        "val_loss: 0.31 °C",
        "val_loss: +0.31",
        "val_loss: .31",
        "val_loss: 31e-2",
        "val_loss: 3.1E-1",
        "METRIC val_loss=0.31",
        "METRIC  val_loss: 0.31",
        '{"val_loss": 0.31}',
        '  {"epoch": 3, "val_loss": 0.31, "name": "x", "more": {"val_loss": 7}}  ',
        '{"metric": "val_loss", "value": 0.31, "unit": "nats"}',
        '{"val\\u005floss": 0.31}',
        "\x1b[1mval_loss\x1b[0m: \x1b[32m0.31\x1b[0m",
        "\x1b]0;title\x07val_loss: 0.31",
        "\ufeffval_loss: 0.31",
        "val_loss: 0.31\r",
        "10%\r50%\rval_loss: 0.31",
    ],
)
@pytest.mark.parametrize("end", ["\n", "", "\r\n", "\nval_loss\n"])
def test_a_metric_is_read_from_every_form(line: str, end: str) -> None:
    assert values(f"val_loss is coming\n{line}{end}") == {"val_loss": 0.31}


@pytest.mark.parametrize(
    "line",
    [
        "- val_loss: 0.31",
        "* val_loss: 0.31",
        "the val_loss: 0.31",
        "INFO: val_loss: 0.31",
        "epoch=3 val_loss=0.31",
        "val_loss 0.31",
        "val_loss",
        "val_loss:",
        "val_loss: low",
        "val_loss: 0.31 (best)",
        "val_loss: 0.31 so far today",
        "val_loss: 0.31 e-3",
        "val_loss: 0.31,",
        "val_loss: 1_000",
        "val_loss: 1,000",
        "val_loss: 0x10",
        "val_loss: 1e",
        "val_loss: .",
        "val_loss: 0.3.1",
        "val_loss: --1",
        "val_loss: ٣",
        "val_loss: True",
        "val_loss == 0.31",
        "val_losses: 0.31",
        "xval_loss: 0.31",
        "VAL_LOSS: 0.31",
        "METRICval_loss=0.31",
        '{"val_loss": true}',
        '{"val_loss": null}',
        '{"val_loss": "0.31"}',
        '{"val_loss": [0.31]}',
        '{"result": {"val_loss": 0.31}}',
        '{"metric": "val_loss", "value": true}',
        '{"metric": "val_loss"}',
        '{"val_loss": 0.31',
        '{"val_loss": 0.31}}',
        '[{"val_loss": 0.31}]',
        '{"val_loss":' + "[" * 60_000 + "}",
        "",
    ],
)
def test_what_only_resembles_a_metric_is_none(line: str) -> None:
    assert failure(f"{line}\n").startswith("val_loss was not printed")


@pytest.mark.parametrize("number", ["nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1e999"])
@pytest.mark.parametrize("form", ["val_loss: {}", "METRIC val_loss={}", '{{"val_loss": {}}}'])
def test_what_is_not_finite_is_a_failure(number: str, form: str) -> None:
    if form.startswith("{{") and number in {"nan", "inf"}:
        number = {"nan": "NaN", "inf": "Infinity"}[number]
    number = number.replace("-inf", "-Infinity") if form.startswith("{{") else number
    value = float(number)
    assert failure(form.format(number)) == f"val_loss is {value}: not a finite number"


def test_several_metrics_must_all_be_there() -> None:
    both = "latency_ms: 12.5 ms\nval_loss: 0.31\n"
    assert values(both, LOSS, LATENCY) == {"val_loss": 0.31, "latency_ms": 12.5}
    assert failure("val_loss: 0.31\n", LOSS, LATENCY) == "latency_ms was not printed"
    assert failure("", LOSS, LATENCY) == "val_loss was not printed"


def test_one_object_may_hold_several_metrics() -> None:
    line = json.dumps({"val_loss": 0.31, "latency_ms": 12})
    assert values(line, LOSS, LATENCY) == {"val_loss": 0.31, "latency_ms": 12.0}


def test_differing_values_are_a_failure_that_says_what_to_do() -> None:
    assert failure("val_loss: 0.31\nval_loss: 0.29\n") == (
        "val_loss was printed 2 times with different values (0.31, 0.29): "
        "set take: last if the last counts"
    )
    assert "3 times" in failure("val_loss: 1\nval_loss: 1.0\nval_loss: 2\n")
    assert "(1, 2)" in failure('{"val_loss": 1, "val_loss": 2}\n')
    assert "(nan, 1)" in failure("val_loss: nan\nval_loss: 1\n")


def test_the_same_value_again_counts_once() -> None:
    assert values('val_loss: 0.5\nval_loss = 5e-1\n{"val_loss": 0.50}\n') == {"val_loss": 0.5}
    assert "is nan" in failure("val_loss: nan\nval_loss: nan\n")


def test_the_last_value_counts_where_the_contract_says_so() -> None:
    last = Metric("val_loss", "lower", take="last")
    assert values("val_loss: 3\nval_loss: nan\nval_loss: 2\n", last) == {"val_loss": 2.0}
    assert failure("val_loss: 3\nval_loss: nan\n", last) == "val_loss is nan: not a finite number"


def test_a_pattern_is_searched_in_every_line() -> None:
    metric = Metric("val_loss", "lower", pattern=r"loss=(\S+)\]")
    assert values("epoch 1 [loss=0.31]\n", metric) == {"val_loss": 0.31}
    assert values("\x1b[1mno colon here [loss=\x1b[31m7\x1b[0m]", metric) == {"val_loss": 7.0}
    assert "(0.4, 0.3)" in failure("[loss=0.4]\n[loss=0.3]\n", metric)
    assert "is nan" in failure("[loss=nan]\n", metric)


def test_with_a_pattern_nothing_else_counts() -> None:
    metric = Metric("val_loss", "lower", pattern=r"final (\S+)$")
    reading = read('val_loss: 1\n{"val_loss": 2}\nfinal 3\n', metric)
    assert (reading.metrics, reading.extras) == ({"val_loss": 3.0}, {})
    assert (
        failure("val_loss: 1\n", metric) == "val_loss was not printed: no line matched its pattern"
    )


def test_a_pattern_that_finds_no_number_shows_the_line() -> None:
    metric = Metric("val_loss", "lower", pattern=r"final( \S+)?")
    assert failure("final\n", metric) == "val_loss was not printed (saw 'final')"
    assert failure("final word\n", metric) == "val_loss was not printed (saw 'final word')"


def test_a_pattern_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(re.error):
        MetricReader([Metric("val_loss", "lower", pattern="(")])


@pytest.mark.parametrize(
    ("line", "saw"),
    [
        ("val-loss: 0.31", "'val-loss: 0.31'"),
        ("Val Loss = 0.31", "'Val Loss = 0.31'"),
        ('{"val_loss": null}', "'{\"val_loss\": null}'"),
        ("a: 1\nvalid_loss: 0.31", "valid_loss"),
    ],
)
def test_a_missing_metric_is_explained_by_what_came_near(line: str, saw: str) -> None:
    assert failure(f"{line}\nother: 3\n") == f"val_loss was not printed (saw {saw})"


def test_what_came_near_is_shown_clean_and_short() -> None:
    text = failure("\x1b[31mthe val_loss\u202e: \x07" + "x" * 5000)
    assert text.isprintable()
    assert len(text) < 120


def test_other_numbers_are_extras() -> None:
    reading = read('lr: 0.1\nlr: 0.2\nval_loss: 1\n{"val_loss": 1, "epoch": 7}\nsteps = 10 k\n')
    assert reading.metrics == {"val_loss": 1.0}
    assert reading.extras == {"lr": 0.2, "epoch": 7.0, "steps": 10.0}


def test_extras_are_there_even_without_the_metric() -> None:
    assert read("lr: 0.1\n").extras == {"lr": 0.1}


@pytest.mark.parametrize(
    "line", ["lr: nan", "lr: inf", "two words: 1", "12: 30", f"{'n' * 41}: 1", "ключ: 1", "lr: x"]
)
def test_extras_are_finite_and_have_a_name(line: str) -> None:
    assert read(f"{line}\n").extras == {}


def test_extras_are_bounded_and_the_known_ones_go_on() -> None:
    output = "".join(f"n{i}: {i}\n" for i in range(1000)) + "n0: 5\nval_loss: 1\n"
    reading = read(output)
    assert reading.extras == {f"n{i}": float(i or 5) for i in range(32)}
    assert reading.metrics == {"val_loss": 1.0}


@pytest.mark.parametrize("size", [70_000, 6_000_000])
def test_a_line_without_an_end_takes_no_memory_and_hides_no_metric(size: int) -> None:
    reader = MetricReader([LOSS])
    for _ in range(size // 60_000 + 1):
        reader.feed(b" " * 60_000)
        assert len(reader._held) <= 64 * 1024
    reader.feed(b"\nval_loss: 2\n")
    assert reader.finish().metrics == {"val_loss": 2.0}
    forged = f"val_loss: 0.1\n{'x' * size} val_loss: 2\n"
    assert "line longer than 64 KiB" in failure(forged)
    assert values(forged + "val_loss: 3\n", LAST) == {"val_loss": 3.0}


def test_a_progress_bar_without_an_end_is_no_overlong_line() -> None:
    reader = MetricReader([LOSS])
    for percent in range(20_000):
        reader.feed(b"\r%d of 20000, val_loss soon" % percent)
    reader.feed(b"\rval_loss: 0.31\n")
    assert reader.finish().metrics == {"val_loss": 0.31}


PARTS = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b"val_loss", b": ", b"=", b"1", b"2", b" ", b"x" * 20, b"\xff", b"lr"]
)


@given(st.lists(PARTS, max_size=30), st.lists(st.integers(0, 80), max_size=10))
@example([b"x" * 20, b"\r", b"x" * 20, b"\r", b"val_loss", b": ", b"1", b"\r"], [21, 41, 52])
@example([b"x" * 40, b"\r", b"val_loss", b": ", b"1"], [41])
@settings(max_examples=200)
def test_a_stream_reads_the_same_however_it_is_cut(parts: list[bytes], cuts: list[int]) -> None:
    output = b"".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_LINE_BYTES", 24)
        reader = MetricReader([LOSS])
        edges = [0, *sorted(cut for cut in cuts if cut < len(output)), len(output)]
        for start, end in pairwise(edges):
            reader.feed(output[start:end])
        bytewise = MetricReader([LOSS])
        for byte in output:
            bytewise.feed(bytes([byte]))
        assert reader.finish() == bytewise.finish() == read(output)


RUN_PARTS = st.sampled_from(
    "val_loss: 1|val_loss: 1.0|val_loss=2|val_loss: 3e-400|val_loss: 4 ms|val_loss: 6,7|loss: 5|"
    "METRIC val_loss=8|loss=9|of val_loss: 10|{|val_loss: -1e999".split("|")
)
RUNS = st.lists(st.tuples(RUN_PARTS, st.integers(1, 5)), max_size=12)


@given(RUNS, st.sampled_from(["only", "last"]), st.sampled_from([None, "", "ms"]))
@example(
    [("val_loss: 4 ms", 1), ("loss: 5", 1), ("val_loss: 1", 2), ("val_loss=2", 2)], "last", None
)
def test_many_figures_at_once_tell_what_each_by_itself_tells(
    parts: list[tuple[str, int]], take: Literal["only", "last"], unit: str | None
) -> None:
    metrics = [Metric("val_loss", "lower", take=take, unit=unit), Metric("loss", "lower")]
    lines = [f"{line}\n".encode() for line, times in parts for _ in range(times)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_RUN", 2)
        whole, each = MetricReader(metrics, usual={}), MetricReader(metrics, usual={})
        whole.feed(b"begun\n" + b"".join(lines))
        for line in [b"begun\n", *lines]:
            each.feed(line)
    assert str(whole.finish()) == str(each.finish())
    assert str(whole._all) == str(each._all)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_comes_back_as_it_was_printed(value: float) -> None:
    assert values(f"val_loss: {value!r}") == {"val_loss": value}
    assert values(json.dumps({"val_loss": value})) == {"val_loss": value}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_output_neither_hides_nor_makes_a_metric(text: str) -> None:
    reading = read(f"{text}\nval_loss: 0.25\n")
    if "_loss" not in text:
        assert reading.metrics == {"val_loss": 0.25}
    assert reading.failure.isprintable()
    assert all(math.isfinite(value) for value in reading.extras.values())


@given(st.binary(max_size=200))
def test_any_bytes_give_a_reading(data: bytes) -> None:
    reading = read(data)
    assert bool(reading.failure) is not bool(reading.metrics)
