"""Which of the numbers that programs print is the likeliest metric, and which way it is better."""

from __future__ import annotations

import pytest

from autoexp_tui import config
from autoexp_tui.model.contract import Contract
from autoexp_tui.onboarding.figures import figures

TRAINING = """\
step 00953 (100.0%) | loss: 3.123 | lrm: 0.0 | dt: 12ms
---
val_bpb:          0.997900
training_seconds: 300.1
total_seconds:    325.9
peak_vram_mb:     45060.2
mfu_percent:      39.80
num_steps:        953
depth:            8
"""
OWN = {"quick"}


@pytest.mark.parametrize(
    ("output", "name", "direction", "value"),
    [
        (TRAINING, "val_bpb", "lower", 0.9979),
        ('{"value_score": 0.9, "combined_score": 0.95}\n', "combined_score", "higher", 0.95),
        ('{\n "results": {"n": 100, "ndcg@10": 0.587}\n}\n', "ndcg@10", "higher", 0.587),
        ("loss: 0.5\nloss: 0.4\nloss: 0.25\n", "loss", "lower", 0.25),
        ("epoch 1 loss=0.5 val_loss=7\nepoch 2 loss=0.4 val_loss=6\n", "val_loss", "lower", 6),
        ("100/100 - loss: 0.1\nTest accuracy: 0.9312\n", "Test_accuracy", "higher", 0.9312),
        ("Elapsed time: 1.23 seconds\n", "time", "lower", 1.23),
        ("2 passed, 1 failed in 0.1s\n", "passed", "higher", 2),
        # Benchmarks, as their libraries print them.
        ("slow | wait\b\b\b\b 9.1 s\nquick | wait\b\b\b\b 1.35 s | 9%\n", "quick_s", "lower", 1.35),
        ("# A\n slow x 11 ops/sec ±1%\n quick x 12 ops/sec\n", "quick_ops_per_sec", "higher", 12),
        ("1#in : 4 ->\r1#in : 4 -> 2 (2.0), 97.1 MB/s ,223.1 MB/s\n", "MB_per_s", "higher", 97.1),
        ("BenchmarkX-8  \t 100\t  1042 ns/op\n", "BenchmarkX-8_ns_per_op", "lower", 1042),
        ("parse  time:   [1.2345 ms 1.2400 ms 1.2500 ms]\n", "time_ms", "lower", 1.2345),
        ("  Time (mean ± σ):   103.2 ms ±  1.0 ms  [User: 10.0 ms]\n", "Time_ms", "lower", 103.2),
    ],
)  # fmt: skip
def test_the_likeliest_comes_first(output: str, name: str, direction: str, value: float) -> None:
    first = figures(output, {}, OWN)[0]
    assert (first.metric.name, first.metric.direction, first.value) == (name, direction, value)
    assert first.sure


@pytest.mark.parametrize("output", ["", "done\n", "it is 0.87\n", "12\n3.5\n"])
def test_what_has_no_name_is_no_figure(output: str) -> None:
    assert figures(output, {}) == []


def test_a_name_that_tells_no_direction_says_so() -> None:
    (figure,) = figures("quux: 5\n", {})
    assert not figure.sure
    assert "for you to say" in figure.reason


def test_files_that_were_written_are_read_too() -> None:
    written = {"out/results.json": '{\n  "run": {"rmse": 0.5}\n}', "log.txt": "acc: 0.9\n"}
    found = {figure.metric.file: figure for figure in figures("done\n", written)}
    assert found["out/results.json"].metric.json == "run.rmse"
    assert found["log.txt"].value == 0.9


@pytest.mark.parametrize(
    "output",
    [f'{{"{"k" * 300}": {{"loss": 1}}}}', '{"a\\nb": {"loss": 1}}', f"a{'b' * 300} c: 1\n"],
)
def test_what_the_file_could_not_hold_is_not_offered(output: str) -> None:
    for figure in figures(output, {"od\\d\n.json": '{"acc": 1}'}):
        contract = Contract("t", "h", (figure.metric,))
        assert config.parse(config.render(contract), "autoexp.yaml") == contract


def test_of_a_flood_of_numbers_no_more_are_offered_than_a_person_reads() -> None:
    line = " ".join(f"a{n} {n}.5 ms" for n in range(40))
    assert len(figures(f"{line}\n" * 20 + "loss: 1\n", {})) <= 40
