"""What takes the runner with it is measured twice and then given up: no candidate ends the run."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fakes import FakeHandle, Rig, contract

from autoexp_tui.loop.ports import Job, Result
from autoexp_tui.model.contract import Guard


class Died(BaseException):
    """Stands for the end of the process: nothing of ours hears of it."""


def run_to_its_death(rig: Rig) -> None:
    with pytest.raises(Died):
        rig.run()


def deadly(rig: Rig, n: int) -> None:
    """From now on, whoever measures experiment `n` dies."""

    def die(measured: int) -> None:
        if measured == n:
            raise Died

    rig.lab.before_result = die


def test_after_two_deaths_a_candidate_is_a_crash_and_the_run_goes_on(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8"])
    deadly(rig, 2)
    run_to_its_death(rig)
    run_to_its_death(rig)
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "crash", "keep"]
    reason = "the runner died while this was measured, 2 times"
    assert rig.state.rows[1].reason == reason
    assert any(reason in notice.text for _, notice in rig.state.notices)
    assert rig.table()[1][-1].endswith(f"({reason})")
    assert rig.lab.evaluated.count("9") == 2


def test_a_runner_that_was_stopped_while_it_measured_has_not_died(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"])
    for _ in range(3):

        def stop(n: int) -> None:
            if n == 2:
                rig.controls.stop(now=True)

        rig.lab.before_result = stop
        rig.run()
    rig.lab.before_result = lambda n: None
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "keep"]


def test_deaths_between_two_measurements_are_no_candidates_fault(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8"])

    def die(_: object) -> None:
        raise Died

    for _ in range(3):
        rig.proposer.before = die
        run_to_its_death(rig)
    rig.proposer.before = lambda situation: None
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "keep", "keep"]


def test_a_baseline_that_takes_the_runner_with_it_ends_the_run_with_that_reason(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, ["9"])
    deadly(rig, 1)
    run_to_its_death(rig)
    run_to_its_death(rig)
    finished = rig.run()
    assert not finished.ok
    assert "baseline gave no measurement: the runner died" in finished.reason


def test_what_dies_in_its_guard_is_given_up_too(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8"], contract(guard=(Guard("tests"),)))

    def guarded(job: Job) -> Result:
        if job.text == "9":
            raise Died
        return Result(0.1, {}, {}, "")

    rig.lab.guarded = guarded  # type: ignore[method-assign]
    run_to_its_death(rig)
    run_to_its_death(rig)
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "crash", "keep"]


def test_what_dies_when_it_is_confirmed_is_given_up_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, ["9", "8"], contract(confirm=1))
    submit = rig.lab.submit

    def dies(job: Job) -> FakeHandle:
        if job.purpose == "confirm" and job.text == "9":
            raise Died
        return submit(job)

    monkeypatch.setattr(rig.lab, "submit", dies)
    run_to_its_death(rig)
    run_to_its_death(rig)
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "crash", "keep"]
