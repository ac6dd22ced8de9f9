"""What a better figure alone doesn't settle: guards, bounds, what is worth having, the goal."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fakes import BASE, Rig, contract

from autoexp_tui.loop.journal import read_all
from autoexp_tui.loop.measuring import _without
from autoexp_tui.loop.ports import Job, Result
from autoexp_tui.model import events
from autoexp_tui.model.contract import Contract, Effect, Guard, HoldOut, Metric
from autoexp_tui.report.account import account_of
from autoexp_tui.summary.brief import brief
from autoexp_tui.summary.digest import digest_of
from autoexp_tui.summary.headline import best_line
from autoexp_tui.summary.holdout import holdout_words, not_held_out, overfitting_since
from autoexp_tui.summary.night import story
from autoexp_tui.summary.picture import over_time
from autoexp_tui.summary.series import Series
from autoexp_tui.text.safe import Safe


def with_metric(metric: Metric, **more: object) -> Contract:
    made = contract(**more)  # type: ignore[arg-type]
    return type(made)(
        **{**{name: getattr(made, name) for name in made.__struct_fields__}, "metrics": (metric,)}
    )


LOSS = Safe("loss")


# Guards.


def guarded(*guards: Guard, **more: object) -> Contract:
    return contract(guard=guards, max_experiments=4, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("confirm", ["off", "auto", 2])
def test_what_fails_a_guard_is_not_kept_and_is_not_confirmed(
    tmp_path: Path, confirm: object
) -> None:
    rig = Rig(tmp_path, ["9", "11", "8"], guarded(Guard("pytest 9", "tests"), confirm=confirm))
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "discard", "discard", "keep"]
    failed = rig.state.rows[1]
    assert (failed.mark, failed.reason) == (
        "guard failed",
        "guard tests failed: exit 1 (ok / 2 failed)",
    )
    assert rig.table()[1][-1] == "text 9 (guard tests failed)"
    assert rig.lab.evaluated.count("9") == 1
    # On the baseline and where something would be kept: never where the figure is worse.
    assert [text for _, text in rig.lab.guards] == ["10", "9", "8"]


def test_a_guard_is_told_as_it_runs_and_is_no_evaluation(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"], guarded(Guard("mypy", "types"), Guard("/bin/pytest -q")))
    rig.run()
    told = [
        record.event.name
        for record in read_all(rig.directory.journal)
        if isinstance(record.event, events.EvaluationStarted) and record.event.purpose == "guard"
    ]
    assert told == ["types", "pytest"] * 2
    assert rig.state.calibration.evaluations == 2


def test_a_baseline_that_fails_a_guard_ends_the_run_with_its_name(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"], guarded(Guard("pytest 10", "tests")))
    finished = rig.run()
    assert not finished.ok
    assert finished.reason.startswith("the baseline can't be kept: guard tests failed: exit 1")
    assert rig.table() == []


def test_a_guard_under_which_the_candidate_tampers_is_a_crash_and_an_alarm(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8"], guarded(Guard("pytest")))

    def tamper(job: Job) -> Result:
        if job.text == "9":
            return Result(0.1, {}, {}, "tampered with a.py", tampered=True)
        return Result(0.1, {}, {}, "")

    rig.lab.guarded = tamper  # type: ignore[method-assign]
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "crash", "keep"]
    assert (rig.state.rows[1].metrics, rig.state.rows[1].reason) == ({}, "tampered with a.py")
    assert [n.text for _, n in rig.state.notices if n.level == "alarm"] == ["#2 tampered with a.py"]


# What is worth having, what is possible, and what is enough.


@pytest.mark.parametrize(
    ("metric", "kept"),
    [
        (Metric(LOSS, "lower", min_effect=Effect(0.2)), "9.79"),
        (Metric(LOSS, "lower", min_effect=Effect(2, percent=True)), "9.79"),
        (Metric(LOSS, "lower", min_effect=Effect(1, percent=True), min_delta=0.2), "9.79"),
    ],
)
def test_a_gain_that_is_not_worth_having_is_not_kept(
    tmp_path: Path, metric: Metric, kept: str
) -> None:
    rig = Rig(tmp_path, ["9.81", kept], with_metric(metric, max_experiments=3))
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "discard", "keep"]


def test_an_impossible_figure_is_a_crash_and_never_kept(tmp_path: Path) -> None:
    bounded = Metric(LOSS, "lower", bounds=(0, 20))
    rig = Rig(tmp_path, ["-1", "9"], with_metric(bounded, max_experiments=3, fix_attempts=0))
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "crash", "keep"]
    assert rig.state.rows[1].reason == "loss -1 is impossible: it lies within 0 to 20"
    assert rig.state.incumbent is not None
    assert rig.state.incumbent.metrics == {"loss": 9.0}


def test_an_impossible_baseline_ends_the_run(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"], with_metric(Metric(LOSS, "lower", bounds=(0, 1))))
    assert "impossible" in rig.run().reason
    assert rig.lab.texts[BASE] == "10"


def test_a_kept_row_that_reaches_the_goal_ends_the_run_well(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9", "8", "7", "6"], contract(stop_at={"loss": 7.5}))
    finished = rig.run()
    assert finished == events.RunFinished(Safe("loss 7 reached 7.5 (stop_at)"), ok=True)
    assert len(rig.state.rows) == 4


def test_a_goal_goes_by_the_direction_and_needs_a_kept_row(tmp_path: Path) -> None:
    higher = with_metric(Metric(LOSS, "higher"), stop_at={"loss": 12.0}, max_experiments=4)
    rig = Rig(tmp_path, ["9", "11", "12", "13"], higher)
    assert rig.run().reason == "loss 12 reached 12 (stop_at)"


# The hold-out.


def held_out(folder: Path, values: list[float], **more: object) -> Rig:
    """A run in which each text is kept, with these hold-outs."""
    texts = [str(9 - n) for n in range(len(values) - 1)]
    made = contract(max_experiments=len(values), **{"holdout": HoldOut(Safe("held")), **more})
    rig = Rig(folder, texts, made)
    rig.lab.holdouts = dict(zip(["10", *texts], values, strict=True))
    return rig


@pytest.mark.parametrize("more", [{}, {"confirm": "auto"}, {"confirm": 2}, {"repeats": 2}])
def test_a_holdout_is_stored_with_what_is_kept_and_never_shown_to_the_proposer(
    tmp_path: Path, more: dict[str, object]
) -> None:
    rig = held_out(tmp_path, [0.9, 0.8, 0.7], **more)
    rig.run()
    assert [row.holdout for row in rig.state.rows] == [0.9, 0.8, 0.7]
    assert all("held" not in row.extras for row in rig.state.rows)
    assert "held" not in repr([trial for s in rig.proposer.situations for trial in s.history])
    assert holdout_words(rig.state) == "the hold-out agrees: held 0.9 → 0.7, 22.2 % better"


@pytest.mark.parametrize(
    ("failure", "shown"),
    [
        ("exit 1: held is 0.7312 and should be less", "exit 1: what it says tells the hold-out"),
        ("exit 1: 0.7312 > 0.5", "exit 1: what it says tells the hold-out"),
        ("held: no", "it failed: what it says tells the hold-out"),
        ("exit 1: loss is 7", "exit 1: loss is 7"),
    ],
)
def test_what_a_guard_says_of_the_holdout_reaches_no_proposer(failure: str, shown: str) -> None:
    said = "ok\nassert 0.7312 < 0.5\nheld: 0.7312\n"
    result = _without(Result(1.0, {}, {"held": 0.7312}, failure, tail=said), "held")
    assert (result.failure, result.tail, result.extras) == (shown, "ok\n", {})


def test_a_holdout_never_decides(tmp_path: Path) -> None:
    rig = held_out(tmp_path, [0.1, 0.9])
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "keep"]
    words = "the hold-out does not share this gain: held 0.1 → 0.9, 800.0 % worse"
    assert holdout_words(rig.state) == words


@pytest.mark.parametrize(
    ("last", "called", "words"),
    [
        (0.88, "the hold-out shares little of this gain", "hardly shared by the hold-out"),
        (0.9, "the hold-out does not share this gain", "not shared by the hold-out"),
        (0.8, "the hold-out agrees", ""),
    ],
)
def test_a_gain_that_the_holdout_does_not_share_is_called_that_wherever_it_is_told(
    tmp_path: Path, last: float, called: str, words: str
) -> None:
    rig = held_out(tmp_path, [0.9, last])
    rig.run()
    assert (not_held_out(rig.state) or "") == words
    assert best_line(rig.state).endswith(words or "10.0 % better than the baseline 10")
    assert holdout_words(rig.state).startswith(called)
    assert brief(rig.state, 1, 0.0)[2] == holdout_words(rig.state)
    account = account_of(rig.state)
    assert any(called[1:] in sentence for sentence in account.story)
    assert account.changes[-1].startswith("held out: held")
    told = story(rig.state)
    assert told[1].text == holdout_words(rig.state)
    assert [line.tone for line in told[:2]] == (["", "attention"] if words else ["better", ""])


def test_where_the_holdout_turns_the_run_overfits_since_then(tmp_path: Path) -> None:
    rig = held_out(tmp_path, [0.9, 0.8, 0.7, 0.75, 0.85, 0.95])
    rig.run()
    words = "overfitting since #4: held 0.9 → 0.95, 5.6 % worse, held out"
    assert holdout_words(rig.state) == words
    assert words in brief(rig.state, 1, 0.0)
    assert digest_of(rig.state).holdout_told == words
    assert any(words[1:] in line for line in account_of(rig.state).trust)
    series = Series(rig.state.objective)
    series.extend(rig.state.rows)
    picture = over_time(series)
    assert picture is not None
    line = next(line for line in picture.lines if line.kind == "holdout")
    assert line.points[-1] == (6, 0.95)


def test_one_worse_holdout_is_not_yet_overfitting(tmp_path: Path) -> None:
    rig = held_out(tmp_path, [0.9, 0.8, 0.7, 0.6, 0.75])
    rig.run()
    assert overfitting_since(rig.state) is None


def test_a_holdout_that_is_not_printed_is_said(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [], contract(holdout=HoldOut(Safe("held"))))
    rig.run()
    assert rig.state.rows[0].holdout is None
    assert "no hold-out held: the harness didn't print it" in str(rig.state.notices)


# Plausibility.


USUAL = ["9.9", "10.1", "9.8", "10.2"]


@pytest.mark.parametrize("confirm", ["off", "auto"])
def test_a_gain_beyond_all_before_is_run_again_and_told_for_what_it_is(
    tmp_path: Path, confirm: object
) -> None:
    rig = Rig(tmp_path, [*USUAL, "1", "0.5"], contract(max_experiments=7, confirm=confirm))
    rig.run()
    suspect, after = rig.state.rows[5:]
    assert (suspect.status, suspect.mark) == ("keep", "suspicious")
    assert suspect.reason.startswith("confirmed by a fresh run: loss 9.8 → 1")
    assert rig.lab.evaluated.count("1") == 2
    assert rig.table()[5][-1] == "text 1 (suspicious)"
    alarms = [notice.text for _, notice in rig.state.notices if notice.level == "alarm"]
    assert [alarm[:17] for alarm in alarms] == ["#6 is suspicious:"]
    assert any("#6 is suspicious" in line for line in brief(rig.state, 1, 0.0))
    assert (after.status, after.mark) == ("keep", "")


@pytest.mark.parametrize("confirm", ["off", "auto"])
def test_what_was_too_good_to_be_true_and_was_not_is_not_kept(
    tmp_path: Path, confirm: object
) -> None:
    rig = Rig(tmp_path, [*USUAL, "1"], contract(max_experiments=6, confirm=confirm))
    evaluate = rig.lab.evaluate

    def once_only(n: int, text: str, **more: object) -> Result:
        seen = text == "1" and "1" in rig.lab.evaluated
        result = evaluate(n, text, **more)  # type: ignore[arg-type]
        return Result(0.1, {"loss": 9.9}, {}, "") if seen else result

    rig.lab.evaluate = once_only  # type: ignore[method-assign, assignment]
    rig.run()
    last = rig.state.rows[-1]
    assert (last.status, last.mark) == ("discard", "suspicious")
    assert last.reason.startswith("unconfirmed by a fresh run")


def test_a_large_gain_that_the_history_knows_is_plausible(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["8", "8.1", "6", "6.1", "1"], contract(max_experiments=6))
    rig.run()
    assert rig.state.rows[-1].mark == ""
    assert rig.lab.evaluated.count("1") == 1
