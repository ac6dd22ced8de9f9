"""The early end of hopeless runs, with real processes: every candidate that must be ended would
sleep for ten minutes.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.real_rig import RealRig

from autoexp_tui.evaluation.progress import ProgressReader, remember, remembered
from autoexp_tui.loop import results
from autoexp_tui.loop.ports import Job
from autoexp_tui.model.contract import Budget, Contract, Decide, Metric
from autoexp_tui.model.pruning import Point, Race
from autoexp_tui.summary.outcomes import outcome_of
from autoexp_tui.testing.evaluators import CONTRACT
from autoexp_tui.text.safe import Safe

PATTERN = r"step (\d+) loss (\S+)"
HANG = "exec sleep 600\n"


def steps(*values: float) -> str:
    """A harness' way there."""
    return "".join(f"echo step {n}00 loss {value};" for n, value in enumerate(values, 1))


BASELINE = steps(*[0.42] * 10) + "echo loss: 0.42\n"
HOPELESS = steps(*[0.91] * 5) + HANG


def contract(**changes: object) -> Contract:
    usual = {
        "metrics": (Metric(Safe("loss"), "lower", r"^loss: (\S+)"),),
        "progress": PATTERN,
        "confirm": "off",
        "budget": msgspec.structs.replace(Budget(), max_experiments=3),
    }
    return msgspec.structs.replace(CONTRACT, **{**usual, **changes})


def test_a_hopeless_run_is_ended_and_told_as_such(tmp_path: Path) -> None:
    better = steps(*[0.44] * 10) + "echo loss: 0.4\n"
    long = contract(time_limit=1e6)  # beyond what is left of the run: not taken for its end
    rig = RealRig(tmp_path, [HOPELESS, better], long, BASELINE)
    rig.run()
    baseline, ended, kept = rig.state.rows
    reason = "stopped early: loss 0.91 at step 500, the best had 0.42 there"
    assert (ended.status, ended.mark, ended.reason) == ("crash", "stopped early", reason)
    assert ended.metrics == {}  # what it printed on the way is no measurement
    assert results.line(ended, contract().metrics).split("\t")[1:3] == ["0.0", "crash"]
    assert f"({reason})" in results.line(ended, contract().metrics)
    assert outcome_of(ended).word == "stopped"
    assert (baseline.status, kept.status, kept.metrics) == ("keep", "keep", {"loss": 0.4})
    assert rig.state.failure_streak == 0


def test_it_is_no_failure_that_pauses_a_run_or_asks_for_a_repair(tmp_path: Path) -> None:
    texts = [f": {n}; {HOPELESS}" for n in range(3)]
    many = msgspec.structs.replace(Budget(), max_experiments=4)
    rig = RealRig(tmp_path, texts, contract(pause_after_failures=2, budget=many), BASELINE)
    finished = rig.run()
    assert "max_experiments" in finished.reason
    assert [row.mark for row in rig.state.rows] == ["", *["stopped early"] * 3]
    assert rig.state.failure_streak == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"progress": None},
        {"decide": Decide("weighted", weights=(1.0,), direction="lower")},
    ],
)
def test_nothing_is_ended_where_nobody_asked_or_a_sum_decides(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    slow = steps(*[0.91] * 10) + "echo loss: 0.3\n"
    rig = RealRig(tmp_path, [slow], contract(**changes), BASELINE)
    rig.run()
    assert [row.metrics for row in rig.state.rows] == [{"loss": 0.42}, {"loss": 0.3}]


def test_confirmations_run_to_their_end(tmp_path: Path) -> None:
    # What it prints on the way would end it from the second run on.
    ran = tmp_path / "ran"
    text = f"test -e {ran} && {{ {steps(*[0.91] * 10)} }}; : > {ran}; echo loss: 0.2\n"
    rig = RealRig(tmp_path, [text], contract(confirm=2, sandbox="none"), BASELINE)
    rig.run()
    assert ran.exists()
    assert "loss 0.91" in rig.run_directory.output(2).read_text()
    assert [(row.status, row.mark) for row in rig.state.rows] == [("keep", ""), ("keep", "")]


def test_the_progress_of_the_best_outlives_the_process(tmp_path: Path) -> None:
    rig = RealRig(tmp_path, [], contract(), BASELINE)
    with rig.evaluator() as evaluator:
        assert evaluator.submit(Job(1, BASELINE, 60.0)).result().metrics == {"loss": 0.42}
        guard = Job(1, BASELINE, 60.0, "guard", "echo step 100 loss 7")
        evaluator.submit(guard).result()  # overwrites the output, not what is remembered
    with rig.evaluator() as resumed:
        ended = resumed.submit(Job(2, HOPELESS, 60.0, beside=1)).result()
        assert ended.stopped_early
        assert ended.cut_short
        assert ended.metrics == {}
        assert remembered(rig.run_directory.progress(2)) == []  # it never finished
        rig.run_directory.progress(1).write_text("torn")
        short = HOPELESS.replace(HANG, "echo loss: 0.5\n")
        assert resumed.submit(Job(3, short, 60.0, beside=1)).result().metrics == {"loss": 0.5}


def test_a_pattern_that_finds_nothing_is_told_once(tmp_path: Path) -> None:
    rig = RealRig(tmp_path, ["echo loss: 0.4\n"], contract(confirm="auto"), "echo loss: 0.5\n")
    rig.run()
    told = [event.text for _, event in rig.state.notices if "'progress'" in event.text]
    assert told == ["#1: 'progress' finds nothing in what was printed: no run will be ended early"]


@given(st.lists(st.integers(1, 60), max_size=8))
def test_lines_are_read_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    printed = (
        b"step 1 loss 0.5\r\x1b[1mstep 2\x1b[0m loss 0.4\nstep 3 loss nan\nstep x\nstep 4 loss"
    )
    reader = ProgressReader(PATTERN)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(printed)], strict=True):
        assert not reader.take(printed[start:end])
    reader.take(b" 0.3\n")
    assert reader.curve == [Point(1, 0.5), Point(2, 0.4), Point(4, 0.3)]


def test_with_one_group_the_steps_are_counted(tmp_path: Path) -> None:
    reader = ProgressReader(r"loss (\S+)", Race([Point(n, 1.0) for n in range(1, 6)], "lower"))
    assert not reader.take(b"loss 2\n" * 3)
    assert reader.take(b"loss 2\nloss")
    assert reader.curve == [Point(n, 2.0) for n in range(1, 5)]
    remember(tmp_path / "progress.json", reader.curve)
    assert remembered(tmp_path / "progress.json") == reader.curve
