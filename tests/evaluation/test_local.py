"""The loop with the evaluator of this machine: what counts as a measurement, and what cuts it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from support.real_rig import RealRig

from autoexp_tui.model.contract import Budget, Guard, HoldOut
from autoexp_tui.testing.evaluators import CONTRACT
from autoexp_tui.text.safe import Safe


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOEXP_CACHE", str(tmp_path / "cache"))


def limited(**budget: float) -> Budget:
    return msgspec.structs.replace(Budget(), **budget)


@pytest.mark.parametrize(
    ("cheat", "named"),
    [
        ("echo 'echo loss: 0' > protected.sh; echo loss: 0\n", "protected.sh"),
        ("rm protected.sh; echo loss: 0\n", "protected.sh"),
        ("echo : >> target.sh; echo loss: 0\n", "target.sh"),
    ],
)
def test_who_tampers_gets_a_crash_row_an_alarm_and_no_figure(
    tmp_path: Path, cheat: str, named: str
) -> None:
    contract = msgspec.structs.replace(CONTRACT, budget=limited(max_experiments=3), sandbox="none")
    rig = RealRig(tmp_path, [cheat, "echo loss: 0.5\n"], contract)
    rig.run()
    baseline, tampered, honest = rig.state.rows
    assert (tampered.status, tampered.metrics) == ("crash", {})
    assert tampered.reason == f"tampered with {named}"
    alarms = [event.text for _, event in rig.state.notices if event.level == "alarm"]
    assert alarms == [f"#2 tampered with {named}"]
    assert (honest.status, honest.metrics, honest.parent) == (
        "keep",
        {"loss": 0.5},
        baseline.commit,
    )


def test_the_wall_clock_cuts_a_harness_that_still_may_run(tmp_path: Path) -> None:
    contract = msgspec.structs.replace(CONTRACT, time_limit=60.0)
    rig = RealRig(tmp_path, ["echo loss: 0.5; sleep 600\n"], contract)

    def leave_a_second(_: object) -> None:
        hours = (rig.state.elapsed + 1) / 3600
        rig.state.budget = limited(max_wall_clock_hours=hours)

    rig.proposer.before = leave_a_second
    finished = rig.run()
    assert finished.ok
    assert "max_wall_clock_hours" in finished.reason
    assert [row.n for row in rig.state.rows] == [1]
    assert list(rig.state.in_flight) == [2]  # the next runner, with more time, measures it again
    assert rig.state.elapsed < 50


def test_a_real_guard_keeps_nothing_out_of_what_breaks_it_and_leaves_no_trace(
    tmp_path: Path,
) -> None:
    size = Guard("echo left > left; wc -c < target.sh; test $(wc -c < target.sh) -lt 60", "size")
    contract = msgspec.structs.replace(
        CONTRACT, guard=(size,), budget=limited(max_experiments=4), confirm="off"
    )
    long = f"echo loss: 0.5 # {'x' * 80}\n"
    rig = RealRig(tmp_path, [long, "test -e left; echo loss: 0.$?\n"], contract)
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "discard", "keep"]
    assert rig.state.rows[1].reason == f"guard size failed: exit 1: {len(long)}"
    assert rig.state.rows[2].metrics == {"loss": 0.1}
    assert rig.run_directory.output(2).read_text().strip() == str(len(long))


def test_a_guard_that_runs_too_long_or_tampers_is_told_as_it_is(tmp_path: Path) -> None:
    guard = Guard(
        "case $(cat target.sh) in *slow) sleep 60;; *evil) rm protected.sh;; esac", "it", 1
    )
    contract = msgspec.structs.replace(
        CONTRACT,
        guard=(guard,),
        budget=limited(max_experiments=3),
        confirm="off",
        sandbox="none",
    )
    rig = RealRig(tmp_path, ["echo loss: 0.5 # slow\n", "echo loss: 0.4 # evil\n"], contract)
    rig.run()
    reasons = [(row.status, row.reason) for row in rig.state.rows[1:]]
    assert reasons == [
        ("discard", "guard it failed: time limit of 1 s"),
        ("crash", "tampered with protected.sh"),
    ]


def test_a_holdout_command_is_run_on_keeps_alone(tmp_path: Path) -> None:
    holdout = HoldOut(Safe("held"), "higher", "echo held: $(wc -c < target.sh); echo x >> ran")
    contract = msgspec.structs.replace(
        CONTRACT, holdout=holdout, budget=limited(max_experiments=3), confirm="off"
    )
    rig = RealRig(tmp_path, ["echo loss: 2\n", "echo loss: 0.5; echo held: 7\n"], contract)
    rig.run()
    assert [(row.status, row.holdout) for row in rig.state.rows] == [
        ("keep", 13.0),
        ("discard", None),
        ("keep", float(len("echo loss: 0.5; echo held: 7\n"))),
    ]
    assert rig.state.rows[2].extras == {}
