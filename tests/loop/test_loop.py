"""The nine steps, on fakes: what is kept, what is logged, what ends the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.fakes import BASE, ListProposer, Rig, contract

from autoexp_tui.loop.commands import handle_command
from autoexp_tui.loop.control import Command
from autoexp_tui.loop.journal import Journal, read_all
from autoexp_tui.loop.ports import Job, Result
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model import events
from autoexp_tui.model.contract import Budget, Guard, Notebook
from autoexp_tui.model.measurement import Measurement, Sample
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.proposal import (
    Crash,
    Exhausted,
    Proposal,
    Situation,
    Stream,
    Unable,
    Unusable,
)


def statuses(rig: Rig) -> list[str]:
    return [row[-2] for row in rig.table()]


def test_the_baseline_comes_first_and_only_better_is_kept(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "9.0", "11", "8"], contract(max_experiments=5))
    finished = rig.run()
    assert finished.ok
    assert [row[1] for row in rig.table()] == ["10.0", "9.0", "9.0", "11.0", "8.0"]
    assert statuses(rig) == ["keep", "keep", "discard", "discard", "keep"]


def test_the_branch_moves_to_every_kept_commit_and_no_other(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "11", "8"], contract(max_experiments=4))
    rig.run()
    assert [rig.lab.texts[commit] for commit in rig.lab.moves] == ["10", "9", "8"]


def test_proposals_build_on_the_best_and_know_the_history(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "11", "8"], contract(max_experiments=4))
    rig.run()
    last = rig.proposer.situations[-1]
    assert (last.text, last.incumbent, last.baseline) == ("9", 2, "10")
    assert [trial.status for trial in last.history] == ["keep", "keep", "discard"]
    assert [trial.parent for trial in last.history] == [0, 1, 2]
    assert last.history[1].memo == {"text": "9"}


def test_a_crash_has_zeros_in_the_table_and_its_reason_in_brackets(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["out of memory"], contract(max_experiments=2))
    rig.run()
    assert rig.table()[1][1:] == ["0.0", "crash", "text out of memory (out of memory)"]
    assert rig.state.rows[1].metrics == {}


def test_a_crash_is_never_the_best(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["boom", "9.5"], contract(max_experiments=3))
    rig.run()
    assert rig.state.incumbent.metrics == {"loss": 9.5}


def test_no_change_and_a_repeat_are_answered_and_not_evaluated(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["11", "10", "11", "9"], contract(max_experiments=3))
    rig.run()
    assert rig.lab.evaluated == ["10", "11", "9"]
    answers = rig.proposer.situations[-1].answers
    assert answers == (
        "it changes nothing",
        "it repeats experiment 2 byte for byte, which came to discard: loss 11",
    )


def test_a_proposer_that_only_repeats_itself_ends_the_run(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["10"] * 40)
    finished = rig.run()
    assert "nothing new" in finished.reason
    assert len(rig.table()) == 1


def test_a_proposer_with_nothing_left_ends_the_run_well(tmp_path: Path) -> None:
    finished = Rig(tmp_path, ["9"]).run()
    assert finished == events.RunFinished("no texts left", ok=True)


def test_a_proposer_that_can_do_nothing_fails_the_run_with_its_words(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [])

    def refuse(_: object) -> None:
        raise Unable("mark what may change")

    rig.proposer.before = refuse
    assert rig.run() == events.RunFinished("mark what may change", ok=False)


def test_a_baseline_without_a_measurement_fails_the_run_without_a_row(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"])
    rig.lab.texts[BASE] = "no module named numpy"
    finished = rig.run()
    assert not finished.ok
    assert "no module named numpy" in finished.reason
    assert rig.table() == []


def test_max_experiments_counts_rows_and_is_checked_before_the_next(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8", "7"], contract(max_experiments=2))
    finished = rig.run()
    assert "max_experiments" in finished.reason
    assert len(rig.lab.evaluated) == len(rig.table()) == 2


def test_the_wall_clock_ends_the_run(tmp_path: Path) -> None:
    made = contract()
    rig = Rig(
        tmp_path,
        ["9"],
        type(made)(
            **{
                **{name: getattr(made, name) for name in made.__struct_fields__},
                "budget": Budget(max_wall_clock_hours=1e-9),
            }
        ),
    )
    assert "max_wall_clock_hours" in rig.run().reason
    assert rig.lab.evaluated == []


def test_a_skip_while_the_harness_runs_is_a_crash_row_that_says_so(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8"], contract(max_experiments=3))

    def skip(n: int) -> None:
        if n == 2:
            rig.controls.skip(2)

    rig.lab.before_result = skip
    rig.run()
    assert rig.table()[1][-2:] == ["crash", "text 9 (skipped)"]
    assert statuses(rig) == ["keep", "crash", "keep"]


def test_the_baseline_cannot_be_skipped(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"], contract(max_experiments=2))
    replies = []

    def skip(n: int) -> None:
        if n == 1:
            replies.append(handle_command(Command("skip", "ada"), rig.recorder, rig.controls))

    rig.lab.before_result = skip
    rig.run()
    assert [reply.ok for reply in replies] == [False]
    assert "the baseline can't be skipped" in replies[0].text
    assert statuses(rig) == ["keep", "keep"]


def test_a_skip_is_for_one_experiment_by_its_number(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8"], contract(max_experiments=3))
    rig.lab.before_result = lambda n: rig.controls.skip(n + 1)
    rig.run()
    assert statuses(rig) == ["keep", "keep", "keep"]


def test_a_harness_that_the_wall_clock_cut_leaves_no_row(tmp_path: Path) -> None:
    made = contract(time_limit=60.0)
    budget = Budget(max_wall_clock_hours=50 / 3600)
    rig = Rig(tmp_path, ["9"], msgspec.structs.replace(made, budget=budget))
    evaluate = rig.lab.evaluate

    def long(n: int, text: str, *, time_limit: float, **more: object) -> Result:
        if n == 2 and time_limit < 55:
            return Result(time_limit, {}, {}, "time limit", cut_short=True)
        return evaluate(n, text, time_limit=time_limit, **more)  # type: ignore[arg-type]

    rig.lab.evaluate = long  # type: ignore[method-assign, assignment]
    finished = rig.run()
    assert finished.ok
    assert len(rig.state.rows) == 1
    assert rig.state.in_flight[2].commit


def test_a_skip_before_the_commit_leaves_no_row_and_the_number_is_used_again(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, ["9", "8"], contract(max_experiments=2))
    seen = []

    def skip(situation: object) -> None:
        if not seen:
            rig.controls.skip(2)
        seen.append(situation)

    rig.proposer.before = skip
    rig.run()
    assert [row[1] for row in rig.table()] == ["10.0", "8.0"]
    assert [row.n for row in rig.state.rows] == [1, 2]


def test_stop_now_leaves_the_candidate_for_the_next_runner(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8"], contract(max_experiments=3))

    def stop(n: int) -> None:
        if n == 2 and len(rig.lab.evaluated) == 2:
            rig.controls.stop(now=True)

    rig.lab.before_result = stop
    rig.run()
    assert len(rig.table()) == 1
    rig.run()
    assert [row[1] for row in rig.table()] == ["10.0", "9.0", "8.0"]
    assert rig.lab.evaluated == ["10", "9", "9", "8"]


def test_a_pause_takes_effect_between_experiments_and_ends_on_resume(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8"], contract(max_experiments=3))

    def ask(n: int) -> None:
        if n == 2:
            assert handle_command(Command("pause", "ada"), rig.recorder, rig.controls).ok

    rig.lab.before_result = ask
    with rig.running():
        rig.until(lambda state: state.paused)
        assert len(rig.state.rows) == 2
        resumed = handle_command(Command("resume", "ada"), rig.recorder, rig.controls)
        assert resumed.text == "resumed"
    assert len(rig.state.rows) == 3


def test_the_table_is_what_the_journal_says(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "boom", "8"], contract(max_experiments=4))
    rig.run()
    decided = [
        record.event
        for record in read_all(rig.directory.journal)
        if isinstance(record.event, events.Decided)
    ]
    assert [row[0] for row in rig.table()] == [event.commit[:7] for event in decided]
    assert rig.results.read_bytes() == rig.directory.results.read_bytes()


@pytest.mark.parametrize("steps", range(1, 22))
def test_a_run_cut_after_any_event_goes_on_without_losing_a_row(tmp_path: Path, steps: int) -> None:
    """The journal refuses the event after `steps`: what a power loss at that point leaves."""
    texts = ["9", "11", "8"]
    rig = Rig(tmp_path, list(texts), contract(max_experiments=4))
    original = type(rig).run

    class Cut(Exception):
        pass

    def cut_run() -> None:
        from autoexp_tui.loop.recorder import Recorder  # noqa: PLC0415

        count = 0
        record = Recorder.record

        def limited(self: Recorder, event: events.AnyEvent) -> object:
            nonlocal count
            count += 1
            if count > steps + 2:
                raise Cut
            return record(self, event)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Recorder, "record", limited)
            with pytest.raises(Cut):
                original(rig)

    cut_run()
    kept = list(rig.state.rows)
    done = {row.description for row in rig.state.rows}
    current = rig.state.current
    if current is not None and current.commit:
        done.add(current.description)
    rig.proposer.texts = [text for text in texts if f"text {text}" not in done]
    rig.run()
    assert [row[1] for row in rig.table()] == ["10.0", "9.0", "11.0", "8.0"]
    assert rig.state.rows[: len(kept)] == kept
    assert rig.lab.texts[rig.lab.branch] == "8"


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.lists(st.integers(0, 20), min_size=1, max_size=12, unique=True))
def test_kept_rows_are_exactly_the_strict_improvements(
    tmp_path_factory: pytest.TempPathFactory, values: list[int]
) -> None:
    texts = [str(value) for value in values if value != 10]
    rig = Rig(tmp_path_factory.mktemp("run"), texts, contract(max_experiments=len(texts) + 1))
    rig.run()
    best, expected = 10.0, ["keep"]
    for text in texts:
        better = float(text) < best
        best = min(best, float(text))
        expected.append("keep" if better else "discard")
    assert statuses(rig) == expected


class Noise:
    """Losses that a harness printed, one after the other, per text."""

    def __init__(self, rig: Rig, **values: list[float]) -> None:
        self._values = {text.lstrip("t"): list(found) for text, found in values.items()}
        self._rig = rig
        rig.lab.evaluate = self.evaluate  # type: ignore[method-assign, assignment]

    def evaluate(self, n: int, text: str, **_: object) -> Result:
        self._rig.lab.evaluated.append(text)
        return Result(1.0, {"loss": self._values[text].pop(0)}, {}, "")


def test_repeats_judge_the_median(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8"], contract(max_experiments=3, repeats=3))
    Noise(rig, t10=[5, 9, 50], t9=[1, 9.5, 99], t8=[20, 8, 7])
    rig.run()
    assert [row[1] for row in rig.table()] == ["9.0", "9.5", "8.0"]
    assert statuses(rig) == ["keep", "discard", "keep"]
    assert [row.seconds for row in rig.state.rows] == [3.0, 3.0, 3.0]


def test_a_would_be_keep_that_was_luck_is_discarded_as_unconfirmed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"], contract(max_experiments=2, confirm=3))
    Noise(rig, t10=[10, 9.9, 10.1, 10], t9=[5, 10, 11, 10.5])
    rig.run()
    assert rig.table()[1][1:] == ["10.5", "discard", "text 9 (unconfirmed)"]
    assert "unconfirmed by 3 fresh runs" in rig.state.rows[1].reason
    assert rig.lab.evaluated == ["10", "9", "10", "9", "10", "9", "10", "9"]


def test_a_confirmed_keep_is_logged_with_its_fresh_median(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"], contract(max_experiments=2, confirm=2))
    Noise(rig, t10=[10, 10, 10], t9=[5, 9, 8])
    rig.run()
    assert rig.table()[1][1:3] == ["8.5", "keep"]


@pytest.mark.parametrize(
    ("incumbent", "candidate", "status"),
    [
        ([10, 8, 8, 8], [9.5, 9, 9, 9], "discard"),  # the incumbent's 10 was bad luck
        ([9.3, 10, 10.02, 9.98], [9.2, 9.4, 9.42, 9.38], "keep"),  # its 9.3 was good luck
    ],
)
def test_a_would_be_keep_is_compared_with_what_the_incumbent_measures_now(
    tmp_path: Path, incumbent: list[float], candidate: list[float], status: str
) -> None:
    rig = Rig(tmp_path, ["9"], contract(max_experiments=2, confirm=3))
    Noise(rig, t10=incumbent, t9=candidate)
    rig.run()
    assert statuses(rig) == ["keep", status]


def test_every_run_reaches_the_journal_and_the_row(tmp_path: Path) -> None:
    made = contract(max_experiments=3, repeats=3, confirm=2)
    rig = Rig(tmp_path, ["9", "8"], made)
    Noise(
        rig,
        t10=[10, 11, 12, 10.5, 10.4, 10.6, 10.6, 10.6, 10.6],
        t9=[9, 8, 7, 6, 6, 7, 5, 5, 5],
        t8=[20, 21, 22],
    )
    rig.run()
    told = [record.event for record in read_all(rig.directory.journal)]
    evaluated = [event for event in told if isinstance(event, events.Evaluated)]
    assert [event.measurement.values("loss") for event in evaluated] == [
        [10, 11, 12],
        [9, 8, 7],
        [20, 21, 22],
    ]
    assert [event.metrics["loss"] for event in evaluated] == [11, 8, 21]
    decided = [event for event in told if isinstance(event, events.Decided)]
    assert [Measurement(event.against).values("loss") for event in decided] == [
        [],
        [10.5, 10.6],
        [],
    ]
    rows = [(row.metrics["loss"], row.measurement.values("loss")) for row in rig.state.rows]
    assert rows == [(11, [10, 11, 12]), (5.5, [6, 5]), (21, [20, 21, 22])]


def test_a_row_of_one_run_holds_no_samples_and_tells_its_measurement(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"], contract(max_experiments=2))
    rig.run()
    row = rig.state.rows[1]
    assert row.samples == ()
    assert row.measurement == Measurement((Sample({"loss": 9.0}, 0.1, {}),))


def test_what_is_no_better_is_not_measured_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["11"], contract(max_experiments=2, confirm=3))
    rig.run()
    assert rig.lab.evaluated == ["10", "11"]


def test_a_failure_while_confirming_is_no_keep(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"], contract(max_experiments=2, confirm=1))

    def fail_later(n: int) -> None:
        if len(rig.lab.evaluated) == 4:
            rig.lab.texts = dict.fromkeys(rig.lab.texts, "10")
            raise_text.append("boom")

    raise_text: list[str] = []
    rig.lab.before_result = fail_later
    evaluate = rig.lab.evaluate

    def evaluate_or_fail(n: int, text: str, **more: object) -> Result:
        result = evaluate(n, text, **more)  # type: ignore[arg-type]
        return Result(0.1, {}, {}, "boom") if raise_text else result

    rig.lab.evaluate = evaluate_or_fail  # type: ignore[method-assign, assignment]
    rig.run()
    assert statuses(rig) == ["keep", "discard"]
    assert rig.state.rows[1].reason == "unconfirmed: boom"


class Mender(ListProposer):
    """Mends with the next of its repairs, if there is one."""

    def __init__(self, texts: list[str], repairs: list[str]) -> None:
        super().__init__(texts)
        self.repairs = list(repairs)
        self.crashes: list[Crash] = []

    def repair(self, crash: Crash, text: str, stream: Stream) -> Proposal | None:
        self.crashes.append(crash)
        stream("target", self.repairs[0] if self.repairs else "")
        if not self.repairs:
            return None
        return Proposal("the same idea", "mended", self.repairs.pop(0), {})


def mended(tmp_path: Path, repairs: list[str], **more: object) -> Rig:
    rig = Rig(tmp_path, ["typo"], contract(max_experiments=2, **more))
    rig.proposer = Mender(["typo"], repairs)
    rig.run()
    return rig


def test_a_slip_is_mended_under_the_same_number(tmp_path: Path) -> None:
    rig = mended(tmp_path, ["9"])
    assert rig.lab.evaluated == ["10", "typo", "9"]
    assert rig.table()[1][1:] == ["9.0", "keep", "mended (after 1 repair)"]


def test_what_stays_broken_is_a_crash_after_so_many_attempts(tmp_path: Path) -> None:
    rig = mended(tmp_path, ["typo 2", "typo 3", "typo 4"], fix_attempts=2)
    assert rig.lab.evaluated == ["10", "typo", "typo 2", "typo 3"]
    assert rig.table()[1][2] == "crash"
    assert "still broken after 2 repairs" in rig.table()[1][3]


def test_an_idea_that_is_given_up_is_a_crash(tmp_path: Path) -> None:
    rig = mended(tmp_path, [])
    assert rig.lab.evaluated == ["10", "typo"]
    assert rig.table()[1][2:] == ["crash", "text typo (typo)"]


def test_no_repair_is_asked_for_where_none_is_wanted(tmp_path: Path) -> None:
    rig = mended(tmp_path, ["9"], fix_attempts=0)
    assert rig.proposer.crashes == []


def test_money_that_ends_in_a_repair_still_leaves_its_row(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["typo"], contract(max_experiments=5))
    mender = Mender(["typo"], ["9"])

    def broke(*_: object) -> Proposal:
        raise Exhausted("nothing left to spend")

    mender.repair = broke  # type: ignore[method-assign, assignment]
    rig.proposer = mender
    rig.run()
    assert statuses(rig) == ["keep", "crash"]


def test_a_proposal_that_cannot_be_used_is_told_and_the_next_is_asked_for(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"], contract(max_experiments=2))
    spoilt: list[object] = []

    def spoil(situation: object) -> None:
        if not spoilt:
            spoilt.append(situation)
            raise Unusable("the edit matches twice", "an edit")

    rig.proposer.before = spoil
    rig.run()
    assert rig.proposer.situations[-1].answers == ("the edit matches twice",)
    assert rig.table()[1][1] == "9.0"


def test_what_was_reserved_and_never_settled_is_spent(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [], contract(max_experiments=1))
    rig.run()
    with Journal(rig.directory.journal) as journal:
        books = SpendLedger(Recorder(journal))
        number = books.reserve(events.CostReserved(0, 2, "claude", 100, 100, 0.75))
        assert number == 1
    rig.run()
    assert rig.state.spent_usd == 0.75
    assert rig.state.reserved == {}


def test_nothing_is_reserved_past_the_cap(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [], contract(max_experiments=1))
    rig.run()
    with Journal(rig.directory.journal) as journal:
        books = SpendLedger(Recorder(journal))
        for _ in range(3):
            number = books.reserve(events.CostReserved(0, 2, "claude", 100, 100, 3.0))
            books.settle(number, {"output": 5}, 2.9, "answered")
        with pytest.raises(Exhausted, match="max_cost_usd"):
            books.reserve(events.CostReserved(0, 2, "claude", 100, 100, 3.0))


def retried(rig: Rig) -> list[tuple[int, str]]:
    found = (record.event for record in read_all(rig.directory.journal))
    return [(event.of, event.failure) for event in found if isinstance(event, events.Retried)]


def test_a_streak_of_crashes_has_the_best_measured_again_and_goes_on(tmp_path: Path) -> None:
    made = contract(max_experiments=9, pause_after_failures=4)
    rig = Rig(tmp_path, ["9", "a", "b", "c", "d", "e", "f", "8"], made)
    assert rig.run().ok
    assert retried(rig) == [(2, "")]
    assert rig.lab.evaluated == ["10", "9", "a", "b", "c", "d", "9", "e", "f", "8"]
    told = [(about.crashes, about.strategy) for about in rig.proposer.situations]
    small, afresh = "small steps", "afresh"
    assert told == [
        (0, ""),
        (0, ""),
        (1, ""),
        (2, ""),
        (3, small),
        (4, afresh),
        (5, afresh),
        (6, afresh),
    ]
    assert not rig.state.paused


def test_crashes_of_the_best_and_the_baseline_too_park_the_run_until_they_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoexp_tui.loop.pausing._PATIENCE_S", 0.01)
    rig = Rig(tmp_path, ["9", "a", "b", "8"], contract(max_experiments=5, pause_after_failures=2))
    broken, really = [True] * 4, rig.lab.evaluate

    def evaluate(n: int, text: str, **how: Any) -> Result:
        result = really(n, text, **how)
        if n == 5 and broken:
            broken.pop()
            return Result(0.1, {}, {}, "no such device")
        return result

    monkeypatch.setattr(rig.lab, "evaluate", evaluate)
    assert rig.run().ok
    gone = "no such device"
    assert retried(rig) == [(2, gone), (1, gone), (2, gone), (1, gone), (2, "")]
    found = (record.event for record in read_all(rig.directory.journal))
    paused = [event.reason for event in found if isinstance(event, events.Paused)]
    assert len(paused) == 2
    assert paused[0].startswith(
        "2 experiments in a row have crashed, and #2 too, measured again: no such device; "
        "#1 too, measured again: no such device: mend the harness or the machine; it tries again"
    )
    assert statuses(rig) == ["keep", "keep", "crash", "crash", "keep"]


def test_a_best_that_crashes_where_the_baseline_works_is_the_researchers_to_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(
        tmp_path, ["9", "a", "b", "8", "7"], contract(max_experiments=6, pause_after_failures=2)
    )
    really = rig.lab.evaluate

    def evaluate(n: int, text: str, **how: Any) -> Result:
        result = really(n, text, **how)
        return Result(0.1, {}, {}, "time limit") if (n, text) == (5, "9") else result

    monkeypatch.setattr(rig.lab, "evaluate", evaluate)
    assert rig.run().ok
    assert retried(rig) == [(2, "time limit"), (1, "")]
    assert [about.strategy for about in rig.proposer.situations[-2:]] == ["mend the best", ""]


def test_with_no_number_of_crashes_nothing_is_measured_again(tmp_path: Path) -> None:
    texts = list("abcdefghijkl")
    rig = Rig(tmp_path, texts, contract(max_experiments=13, pause_after_failures=0))
    assert rig.run().ok
    assert len(rig.lab.evaluated) == 13


class Writer(ListProposer):
    """Also writes a notebook."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(texts)
        self.asked: list[tuple[int, str]] = []

    def write_notebook(self, about: Situation) -> str:
        self.asked.append((about.n, about.notebook))
        if about.n == 7:
            raise Unusable("nothing came")
        return f"smaller is better\x1b[31m, as of {about.n}"


def test_the_notebook_is_written_every_so_often_and_told_to_the_proposer(tmp_path: Path) -> None:
    made = contract(max_experiments=12, notebook=Notebook(every=3))
    rig = Rig(tmp_path, [], made)
    rig.proposer = writer = Writer([str(9 - n) for n in range(11)])
    rig.run()
    first = "smaller is better, as of 4"
    assert writer.asked == [(4, ""), (8, first), (12, "smaller is better, as of 8")]
    assert [about.notebook for about in writer.situations[:4]] == ["", "", first, first]
    assert rig.state.notebook is not None
    assert rig.state.notebook.n == 12


def test_a_notebook_that_does_not_come_is_not_asked_for_every_time(tmp_path: Path) -> None:
    made = contract(max_experiments=13, notebook=Notebook(every=6))
    rig = Rig(tmp_path, [], made)
    rig.proposer = writer = Writer([str(9 - n) for n in range(12)])
    rig.run()
    assert [n for n, _ in writer.asked] == [7]
    assert rig.state.notebook is None


def test_without_a_number_no_notebook_is_asked_for(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [], contract(max_experiments=13, notebook=Notebook(every=0)))
    rig.proposer = writer = Writer([str(9 - n) for n in range(12)])
    rig.run()
    assert writer.asked == []


def test_a_full_disk_pauses_the_run_until_there_is_room(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"], contract(max_experiments=2))
    rig.lab.free = 10
    with rig.running():
        rig.until(lambda state: state.paused)
        assert "10 MB of disk are left" in rig.state.paused
        rig.lab.free = 10_000
    assert statuses(rig) == ["keep", "keep"]


def test_only_the_first_run_of_a_new_candidate_must_keep_up_with_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = contract(
        max_experiments=4,
        progress=r"loss (\S+)",
        repeats=2,
        confirm=1,
        guard=(Guard("true"),),
    )
    rig = Rig(tmp_path, [], made)
    rig.proposer = Mender(["9", "typo", "11"], ["12"])
    jobs: list[Job] = []
    submit = rig.lab.submit
    monkeypatch.setattr(rig.lab, "submit", lambda job: jobs.append(job) or submit(job))
    rig.run()
    assert [(job.n, job.text, job.beside) for job in jobs if job.beside] == [
        (2, "9", 1),
        (3, "typo", 2),
        (4, "11", 2),
    ]
    others = {job.purpose for job in jobs if not job.beside}
    assert others == {"", "guard", "mutant", "incumbent", "confirm"}
    assert [job.text for job in jobs].count("12") == 2  # the repair, not ended though it is worse


def test_a_harness_that_does_not_read_the_target_is_an_alarm_at_the_baseline(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, ["9"], contract(max_experiments=2))
    rig.lab.reads = False
    assert rig.run().ok
    alarms = [notice.text for _, notice in rig.state.notices if notice.level == "alarm"]
    assert len(alarms) == 1
    assert "loss is 10 whatever" in alarms[0]
    assert len(rig.lab.mutants) == 3


def test_where_it_is_known_what_is_measured_instead_the_run_ends_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"], contract(max_experiments=2))
    rig.lab.reads = False
    rig.bypasses = lambda: ["its command names /elsewhere: write paths relative"]
    finished = rig.run()
    assert not finished.ok
    assert "its command names /elsewhere" in finished.reason
    assert rig.state.rows == []


def test_a_harness_that_reads_the_target_is_asked_once_and_only_at_the_baseline(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, ["9", "8"], contract(max_experiments=3))
    rig.run()
    rig.made = contract(max_experiments=3)
    rig.run()
    assert len(rig.lab.mutants) == 1
    assert not rig.state.notices


def test_candidates_that_all_measure_the_same_raise_one_alarm(tmp_path: Path) -> None:
    texts = [f"10 or {n}" for n in range(2, 10)]
    rig = Rig(tmp_path, texts, contract(max_experiments=9))
    rig.run()
    alarms = [notice.text for _, notice in rig.state.notices if notice.level == "alarm"]
    assert len(alarms) == 1
    assert alarms[0].startswith("5 candidates in a row")


def test_a_candidate_that_measures_something_else_ends_such_a_row(tmp_path: Path) -> None:
    texts = ["10 or 1", "10 or 2", "10 or 3", "10 or 4", "11", "10 or 5", "10 or 6"]
    rig = Rig(tmp_path, texts, contract(max_experiments=8))
    rig.run()
    assert not rig.state.notices


def test_what_stands_in_the_way_of_all_pauses_the_run_which_tries_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoexp_tui.loop.pausing._PATIENCE_S", 0.01)
    rig = Rig(tmp_path, ["3", "2", "1"], contract(max_experiments=3))
    really, damage = rig.lab.commit, ["unknown repository version", "still"]

    def commit(n: int, *rest: Any) -> str:
        if damage:
            raise Problem(damage.pop(0))
        return really(n, *rest)

    monkeypatch.setattr(rig.lab, "commit", commit)
    assert rig.run().ok
    assert [row.n for row in rig.state.rows] == [1, 2]
    paused = [
        record.event.reason
        for record in read_all(rig.directory.journal)
        if isinstance(record.event, events.Paused)
    ]
    assert [reason.partition(" it tries again in")[0] for reason in paused] == [
        "unknown repository version;",
        "still;",
    ]


@pytest.mark.parametrize("again", ["9  # once more", "( 9)", "\n9\n"])
def test_a_repeat_in_another_form_is_sent_back_with_what_came_of_it(
    tmp_path: Path, again: str
) -> None:
    rig = Rig(tmp_path, ["11", "9", "8", "0b1011", "7", again], contract(max_experiments=6))
    rig.run()
    assert rig.lab.evaluated == ["10", "11", "9", "8", "7"]
    told = [
        record.event.reason
        for record in read_all(rig.directory.journal)
        if isinstance(record.event, events.ProposalAnswered)
    ]
    assert [reason.partition(" but for ")[0] for reason in told] == [
        "it repeats experiment 2",
        "it repeats experiment 3",
    ]
    assert told[0].endswith("which came to discard: loss 11")


def test_the_best_in_another_form_is_no_change(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["10 # as it was", "9"], contract(max_experiments=2))
    rig.run()
    assert rig.lab.evaluated == ["10", "9"]


def test_a_resumed_run_knows_what_it_has_tried(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["11"], contract(max_experiments=3))
    rig.run()
    rig.proposer.texts = ["(11)", "9"]
    rig.run()
    assert rig.lab.evaluated == ["10", "11", "9"]
