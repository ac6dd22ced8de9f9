"""What a verification measures, in which order, and what it concludes."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from support.fakes import FakeLab, Rig, contract

from autoexp_tui.loop import verifying
from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.ports import Job, Result
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.verifying import Verifier
from autoexp_tui.model import events
from autoexp_tui.model.events import Effect, Variant
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.state import RunState
from autoexp_tui.model.verification import Blocks

Harness = Callable[[Job], Result]


@dataclass
class Handle:
    """Evaluates when it is asked."""

    harness: Harness
    job: Job
    cancelled: bool = False
    output = Path("nowhere")

    def cancel(self) -> None:
        self.cancelled = True

    def result(self) -> Result:
        if self.cancelled:
            return Result(0.1, {}, {}, "interrupted", cut_short=True)
        return self.harness(self.job)


@dataclass
class Bench:
    """An evaluator that does what a function says."""

    harness: Harness

    def __post_init__(self) -> None:
        self.jobs: list[Job] = []

    def submit(self, job: Job) -> Handle:
        self.jobs.append(job)
        return Handle(self.harness, job)


def lines(*values: float) -> str:
    """A text of several independent parts; its loss is their sum."""
    return "".join(f"{value}\n--\n" for value in values)


def loss_of(text: str) -> float:
    return sum(float(line) for line in text.split("\n") if line not in {"", "--"})


def measured(loss: float) -> Result:
    return Result(0.1, {"loss": loss}, {}, "")


def run_of(tmp_path: Path, *steps: tuple[str, float], confirm: str = "off") -> Rig:
    """A run that has kept these texts, measured so."""
    rig = Rig(tmp_path, [text for text, _ in steps[1:]], contract(confirm=confirm))
    claimed = dict(steps)
    rig.lab = Claims(claimed, steps[0][0])
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep"] * len(steps)
    return rig


class Claims(FakeLab):
    """Measures each text as it is told, whatever it is worth."""

    def __init__(self, claimed: dict[str, float], baseline: str) -> None:
        super().__init__(baseline)
        self.claimed = claimed

    def submit(self, job: Job) -> Handle:  # type: ignore[override]
        if job.purpose == "mutant":
            return Handle(self.mutated, job)
        return Handle(lambda job: measured(self.claimed[job.text]), job)


@contextmanager
def verifier(rig: Rig, harness: Harness, **more: float) -> Iterator[tuple[Verifier, Bench]]:
    bench = Bench(harness)
    with Journal(rig.directory.journal, clock_runs=False) as journal:
        rig.recorder = recorder = Recorder(journal)
        yield Verifier(recorder, rig.lab, bench, **more), bench  # type: ignore[arg-type]


def outcomes(found: events.VerificationFinished) -> dict[tuple[str, int], str]:
    return {(effect.kind, effect.n): effect.outcome for effect in found.effects}


THREE = (
    (lines(5, 5, 5), 15.0),
    (lines(4, 5, 5), 14.0),  # worth 1
    (lines(4, 0, 5), 13.0),  # worth nothing, as the harness below has it
    (lines(4, 0, 2), 10.0),  # worth 3
)


def noisy(job: Job) -> Result:
    """The middle part does nothing; noise is of the seed, and a little of the text."""
    parts = job.text.split("\n--\n")
    own = random.Random(f"{job.seed} {job.text}").gauss(0, 0.1)
    drift = random.Random(job.seed).gauss(0, 5)
    return measured(float(parts[0]) + float(parts[2]) + own + drift)


def test_luck_is_told_from_gains_although_rounds_differ_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "fresh_seed", lambda: 1000)
    rig = run_of(tmp_path, *THREE)
    with verifier(rig, noisy) as (one, bench):
        found = one.run()
    assert outcomes(found) == {
        ("whole", 4): "holds",
        ("step", 2): "holds",
        ("without", 2): "holds",
        ("step", 3): "gone",
        ("without", 3): "gone",
        ("step", 4): "holds",
    }
    assert found.complete
    assert found.reproduced is None
    assert 2 <= found.rounds <= 5
    whole = found.effects[0]
    assert whole.low < 4 < whole.high
    assert whole.high - whole.low < 2
    assert whole.kept_for == 5
    seeds = [job.seed for job in bench.jobs]
    assert seeds == sorted(seeds)  # type: ignore[type-var]
    assert len(set(seeds)) == found.rounds
    assert {job.purpose for job in bench.jobs} == {"verify"}


def test_each_round_runs_every_text_and_the_next_one_backwards(tmp_path: Path) -> None:
    rig = run_of(tmp_path, *THREE)
    with verifier(rig, noisy) as (one, bench):
        one.run()
    texts = [job.text for job in bench.jobs]
    first = [*(text for text, _ in THREE), lines(5, 0, 2), lines(4, 5, 2)]
    assert texts[:6] == first
    assert texts[6:12] == first[::-1]


def test_a_step_that_later_ones_build_on_is_not_taken_out(tmp_path: Path) -> None:
    rig = run_of(tmp_path, (lines(5), 5.0), (lines(4), 4.0), (lines(3), 3.0))
    with verifier(rig, lambda job: measured(loss_of(job.text))) as (one, _):
        found = one.run()
    assert rig.state.verification is not None
    assert rig.state.verification.plan.alone == ()
    assert {effect.kind for effect in found.effects} == {"whole", "step"}


def test_an_exact_harness_runs_once_more_for_each_text(tmp_path: Path) -> None:
    rig = run_of(tmp_path, *((text, loss_of(text)) for text, _ in THREE), confirm="auto")
    with verifier(rig, lambda job: measured(loss_of(job.text))) as (one, bench):
        found = one.run()
    assert len(bench.jobs) == len(THREE) + 2
    assert found.reproduced is True
    assert set(outcomes(found).values()) == {"holds"}
    assert [(e.effect, e.low, e.high) for e in found.effects if e.kind == "step"] == [
        (1, 1, 1), (5, 5, 5), (3, 3, 3)
    ]  # fmt: skip


def test_a_figure_that_does_not_come_again_is_an_alarm(tmp_path: Path) -> None:
    rig = run_of(tmp_path, (lines(5), 5.0), (lines(4), 4.0), confirm="auto")
    with verifier(rig, lambda job: measured(1 + loss_of(job.text))) as (one, bench):
        found = one.run()
    assert found.reproduced is False
    assert [job.seed is None for job in bench.jobs[:4]] == [False, False, True, True]
    alarms = [event.text for _, event in rig.state.notices if event.level == "alarm"]
    assert len(alarms) == 1
    assert "does not give the run's figures any more" in alarms[0]


def test_a_harness_that_takes_the_seed_still_gives_the_runs_figures(tmp_path: Path) -> None:
    rig = run_of(tmp_path, *((text, loss_of(text)) for text, _ in THREE), confirm="auto")

    def seeded(job: Job) -> Result:
        return measured(loss_of(job.text)) if job.seed is None else noisy(job)

    with verifier(rig, seeded) as (one, _):
        found = one.run()
    assert found.reproduced is True
    assert found.rounds > 1
    assert not [event for _, event in rig.state.notices if event.level == "alarm"]
    assert outcomes(found)["step", 4] == "holds"
    assert outcomes(found)["step", 3] != "holds"


def test_a_text_that_fails_is_told_and_not_run_again(tmp_path: Path) -> None:
    rig = run_of(tmp_path, *THREE)

    def harness(job: Job) -> Result:
        return Result(0.1, {}, {}, "exit 1") if job.text == THREE[2][0] else noisy(job)

    with verifier(rig, harness) as (one, bench):
        found = one.run()
    assert [job.text for job in bench.jobs].count(THREE[2][0]) == 1
    assert outcomes(found)["step", 3] == outcomes(found)["step", 4] == "failed"
    assert outcomes(found)["whole", 4] == "holds"
    assert any("#3 gives no measurement: exit 1" in n.text for _, n in rig.state.notices)


def test_it_goes_on_with_what_is_missing_and_seeds_stay(tmp_path: Path) -> None:
    rig = run_of(tmp_path, *THREE)
    done: list[Job] = []

    def harness(job: Job) -> Result:
        done.append(job)
        if len(done) == 8:
            one.stop()
        return noisy(job)

    with verifier(rig, harness) as (one, _):
        found = one.run()
        assert (found.complete, found.reason, found.rounds) == (False, "interrupted", 1)
        assert found.effects == ()
    with verifier(rig, noisy) as (again, bench):
        assert again.goes_on
        found = again.run()
    assert found.complete
    assert rig.state.verification is not None
    measured_ones = [(e.round, e.variant) for e in rig.state.verification.evaluations]
    assert len(set(measured_ones)) == len(measured_ones)
    assert bench.jobs[0].seed == done[-1].seed
    with verifier(rig, noisy) as (third, _):
        assert not third.goes_on


def test_it_ends_when_the_next_evaluation_would_not_end_in_time(tmp_path: Path) -> None:
    rig = run_of(tmp_path, *THREE)
    slow = Result(1000.0, {"loss": 1.0}, {}, "")
    with verifier(rig, lambda job: slow, time_limit=500) as (one, bench):
        found = one.run()
    assert (found.reason, found.complete) == ("out of time", False)
    assert len(bench.jobs) == 1
    assert bench.jobs[0].time_limit <= 500


def test_nothing_of_the_run_itself_changes_and_it_can_go_on(tmp_path: Path) -> None:
    rig = run_of(tmp_path, *THREE)
    before = rig.state
    with verifier(rig, noisy) as (one, _):
        one.run()
        after = rig.state
    touched = {"verification", "seq", "time"}
    for part in fields(RunState):
        same = getattr(before, part.name) == getattr(after, part.name)
        assert same is (part.name not in touched), part.name
    rig.proposer.texts = [lines(0, 0, 0)]
    rig.lab.claimed[lines(0, 0, 0)] = 0.0  # type: ignore[attr-defined]
    rig.run()
    assert [row.n for row in rig.state.rows] == [1, 2, 3, 4, 5]


def test_another_step_begins_a_verification_anew(tmp_path: Path) -> None:
    rig = run_of(tmp_path, *THREE)
    with verifier(rig, noisy) as (one, _):
        one.stop()
        assert not one.run().complete
    rig.proposer.texts = [lines(0, 0, 0)]
    rig.lab.claimed[lines(0, 0, 0)] = 0.0  # type: ignore[attr-defined]
    rig.run()
    with verifier(rig, noisy) as (one, _):
        assert not one.goes_on


def test_a_run_that_kept_nothing_has_nothing_to_verify(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["11"])
    rig.run()
    with pytest.raises(UsageProblem, match="kept nothing"), verifier(rig, noisy):
        pass


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Three texts, the same noise, a drift that is ten times as large; looked at every round."""
    dice = random.Random(5)
    a, b, c = Variant(1), Variant(2), Variant(3)
    runs, missed = 600, 0
    for _ in range(runs):
        figures: dict[Variant, list[tuple[float, ...]]] = {a: [], b: [], c: []}
        wrong = False
        for number in range(1, 6):
            drift = dice.gauss(0, 10)
            for variant, found in figures.items():
                found.append((variant.n + drift + dice.gauss(0, 1),))
            if number > 1:
                effect = Blocks(figures, 5).effect("step", 2, b, a, (1.0,))
                wrong |= not effect.low <= 1 <= effect.high
        missed += wrong
    assert 0.02 < missed / runs < 0.08


def test_the_spread_is_what_is_left_when_rounds_and_texts_are_taken_away() -> None:
    figures = {
        Variant(1): [(1.0,), (12.0,), (23.0,)],
        Variant(2): [(3.0,), (13.0,), (22.0,)],
    }
    differences = [2.0, 1.0, -1.0]
    # of two texts, the variance of their differences is twice that of one evaluation
    expected = statistics.stdev(differences) / 2**0.5
    assert Blocks(figures, 5).sigma(0) == pytest.approx(expected)


def test_of_two_metrics_a_worse_one_decides() -> None:
    figures = {
        Variant(1): [(1.0, 1.0), (1.0, 1.0)],
        Variant(2): [(2.0, 0.0), (2.0, 0.0)],
        Variant(3): [(2.0, 1.0), (2.0, 1.0)],
    }
    blocks = Blocks(figures, 5)
    assert blocks.effect("step", 2, Variant(2), Variant(1), (1.0, 0.0)) == Effect(
        "step", 2, "gone", 0.0, -1.0, -1.0, -1.0
    )
    assert blocks.effect("step", 3, Variant(3), Variant(1), (1.0, 0.0)).outcome == "holds"


def test_what_takes_the_process_with_it_is_given_up_after_two_deaths(tmp_path: Path) -> None:
    class Died(BaseException):
        """Stands for the end of the process."""

    def deadly(job: Job) -> Result:
        if job.text == lines(4, 5, 5):
            raise Died
        return measured(loss_of(job.text))

    rig = run_of(tmp_path, *THREE)
    for _ in range(2):
        with pytest.raises(Died), verifier(rig, deadly) as (one, _bench):
            one.run()
    with verifier(rig, deadly) as (one, _bench):
        one.run()
    known = rig.state.verification
    assert known is not None
    failed = [(found.variant.n, found.failure) for found in known.evaluations if found.failure]
    assert failed == [(2, "the runner died while this was measured, 2 times")]
