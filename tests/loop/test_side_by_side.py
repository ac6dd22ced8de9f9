"""Several experiments at once: one table, as honest as with one lane."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fakes import contract
from support.lane_rig import BASELINE, LaneRig

from autoexp_tui.loop.ports import Result
from autoexp_tui.model import events
from autoexp_tui.model.contract import Guard
from autoexp_tui.model.state import RunState
from autoexp_tui.repository.plumbing import RepositoryError
from autoexp_tui.text.safe import Safe

FIRST, LAST, BOTH = "4\n5\n5\n", "5\n5\n3\n", "4\n5\n3\n"
"""Changes of the first line, of the last, and both together."""
WORSE = {n: f"{n}\n9\n9\n" for n in range(2, 40)}


def rows(state: RunState) -> list[tuple[int, str, str]]:
    return [(row.n, row.status, row.mark) for row in state.rows]


def rig_of(folder: Path, texts: dict[int, str], most: int = 0, **more: object) -> LaneRig:
    made = contract(max_experiments=most or len(texts) + 1, **more)
    return LaneRig(folder, texts, made)


def test_numbers_are_given_at_the_start_and_rows_come_as_they_finish(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {n: WORSE[n] for n in (2, 3, 4)})
    with rig.running():
        rig.measuring(2, 3, 4)
        assert {e.slot for e in rig.state.in_flight.values()} == {"a", "b", "c"}
        for n in (4, 2, 3):
            rig.lab.end(n)
            rig.until(lambda state, n=n: state.row(n))
    assert [row.n for row in rig.state.rows] == [1, 4, 2, 3]
    assert [cells[-1] for cells in rig.table()] == ["baseline", "text 4", "text 2", "text 3"]


def test_the_baseline_is_measured_before_any_other_begins(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {n: WORSE[n] for n in (2, 3, 4)})
    rig.lab.held = False
    with rig.running():
        pass
    begun = [type(event).__name__ for event in rig.log]
    assert (
        begun.index("Decided")
        < [k for k, name in enumerate(begun) if name == "ExperimentStarted"][1]
    )


def test_a_gain_on_an_older_best_is_put_on_the_new_one_and_measured_there(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {2: FIRST, 3: LAST})
    with rig.running():
        rig.measuring(2, 3)
        rig.lab.end(2)
        rig.until(lambda state: state.row(2))
        rig.lab.end(3)
        assert rig.lab.end(3, run=2) == BOTH
    (second, third) = rig.state.rows[1:]
    assert rows(rig.state)[1:] == [(2, "keep", ""), (3, "keep", "")]
    assert (third.parent, third.made_from, third.metrics) == (second.commit, 2, {"loss": 12.0})
    assert rig.lab.texts[rig.lab.branch] == BOTH
    assert rig.of(events.Rebased) == [events.Rebased(3, second.commit, 2)]
    assert "repair" not in third.description


def test_a_figure_of_an_older_best_is_never_that_of_the_merged_text(tmp_path: Path) -> None:
    """Alone it was a gain; together with the other it is none."""
    rig = rig_of(tmp_path, {2: FIRST, 3: LAST})
    rig.lab.losses[BOTH] = 14.0
    with rig.running():
        rig.measuring(2, 3)
        rig.lab.end(2)
        rig.until(lambda state: state.row(2))
        rig.lab.end(3)
        rig.lab.end(3, run=2)
    assert rows(rig.state)[2] == (3, "discard", "superseded")
    assert rig.state.rows[2].metrics == {"loss": 14.0}
    assert rig.table()[2][-1] == "text 3 (superseded)"


def test_a_merged_text_that_crashes_is_no_crash_of_the_idea(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {2: FIRST, 3: LAST})
    with rig.running():
        rig.measuring(2, 3)
        rig.lab.end(2)
        rig.until(lambda state: state.row(2))
        rig.lab.end(3)
        rig.lab.end(3, Result(0.1, {}, {}, "exit 1"), run=2)
    assert rows(rig.state)[2] == (3, "crash", "superseded")
    assert rig.state.failure_streak == 0


def test_what_the_new_best_holds_already_is_not_measured_again(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {2: "4\n4\n5\n", 3: FIRST})
    with rig.running():
        rig.measuring(2, 3)
        rig.lab.end(2)
        rig.until(lambda state: state.row(2))
        rig.lab.end(3)
    assert rows(rig.state)[2] == (3, "discard", "superseded")
    assert len(rig.lab.runs(3)) == 1


@pytest.mark.parametrize(
    ("line", "ends"), [("3", (3, "keep", "")), ("4.5", (3, "discard", "stale"))]
)
def test_a_change_of_the_same_line_is_judged_as_it_stands(
    tmp_path: Path, line: str, ends: tuple[int, str, str]
) -> None:
    rig = rig_of(tmp_path, {2: FIRST, 3: f"{line}\n5\n5\n"})
    with rig.running():
        rig.measuring(2, 3)
        rig.lab.end(2)
        rig.until(lambda state: state.row(2))
        rig.lab.end(3)
    assert rows(rig.state)[2] == ends
    assert len(rig.lab.runs(3)) == 1
    kept = f"{line}\n5\n5\n" if ends[1] == "keep" else FIRST
    assert rig.lab.texts[rig.lab.branch] == kept


def test_what_was_no_gain_is_not_put_on_the_new_best(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {2: FIRST, 3: "5\n5\n6\n"})
    with rig.running():
        rig.measuring(2, 3)
        rig.lab.end(2)
        rig.until(lambda state: state.row(2))
        rig.lab.end(3)
    assert rows(rig.state)[2] == (3, "discard", "")
    assert len(rig.lab.runs(3)) == 1


def test_a_best_that_changes_while_a_gain_is_confirmed_voids_the_comparison(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {2: FIRST, 3: LAST}, confirm=1)
    with rig.running():
        rig.measuring(2, 3)
        rig.lab.end(3)  # a gain: the best is run again beside it
        rig.until(lambda state: state.in_flight[3].evaluation.purpose == "incumbent")
        rig.lab.end(2)
        for run in (2, 3):
            rig.lab.end(2, run=run)
        rig.until(lambda state: state.row(2))
        rig.lab.end(3, run=2)  # of what was the best
        assert rig.lab.end(3, run=3) == BOTH
        assert rig.lab.end(3, run=4) == FIRST
        assert rig.lab.end(3, run=5) == BOTH
    assert rows(rig.state)[1:] == [(2, "keep", ""), (3, "keep", "")]
    again = [(e.n, e.incumbent) for e in rig.of(events.Remeasured)]
    assert again == [(2, 1), (3, 2)]


def test_a_best_that_comes_before_the_verdict_voids_it(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {2: FIRST, 3: LAST}, guard=(Guard("sound"),))
    with rig.running():
        rig.measuring(2, 3)
        rig.lab.end(3)  # a gain: its guard runs before it is kept
        rig.until(lambda state: state.in_flight[3].evaluation.purpose == "guard")
        rig.lab.end(2)
        rig.lab.end(2, run=2)
        rig.until(lambda state: state.row(2))
        rig.lab.end(3, run=2)
        assert rig.lab.end(3, run=3) == BOTH
        rig.lab.end(3, run=4)
    assert rows(rig.state)[1:] == [(2, "keep", ""), (3, "keep", "")]
    assert rig.lab.texts[rig.lab.branch] == BOTH


def test_what_is_in_flight_counts_against_the_budget(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, WORSE, most=3)
    with rig.running():
        rig.measuring(2, 3)
        rig.lab.end(2)
        rig.until(lambda state: state.row(2))
        rig.lab.end(3)
    assert [row.n for row in rig.state.rows] == [1, 2, 3]
    assert len(rig.of(events.ExperimentStarted)) == 3
    assert rig.finished is not None
    assert "max_experiments" in rig.finished.reason


def test_no_two_lanes_try_the_same_text(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {2: FIRST, 3: FIRST, 4: FIRST})

    def commit_late(n: int) -> None:
        rig.until(lambda state: len(rig.of(events.ProposalAnswered)) >= 2)

    rig.lab.commit_fails = commit_late
    with rig.running():
        rig.until(lambda state: any(e.commit and n > 1 for n, e in state.in_flight.items()))
        (n,) = (n for n, e in rig.state.in_flight.items() if e.commit)
        rig.until(lambda state: len(rig.of(events.ProposalAnswered)) >= 2)
        rig.lab.end(n)
    assert len(rig.state.rows) == 2
    assert all(event.reason.startswith("it") for event in rig.of(events.ProposalAnswered))


def test_a_skip_ends_one_lane_and_leaves_the_others(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {2: WORSE[2], 3: WORSE[3]})
    with rig.running():
        rig.measuring(2, 3)
        rig.controls.skip(3)
        rig.until(lambda state: state.row(3))
        assert 2 in rig.state.in_flight
        rig.lab.end(2)
    assert rows(rig.state)[1:] == [(3, "crash", "skipped"), (2, "discard", "")]


def test_a_pause_holds_once_every_lane_has_ended_its_experiment(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, WORSE, most=5)
    with rig.running():
        rig.measuring(2, 3, 4)
        assert rig.recorder is not None
        with rig.recorder.transaction():
            rig.recorder.record(events.PauseRequested(Safe("a person")))
            rig.controls.pause()
        for n in (3, 2):
            rig.lab.end(n)
            rig.until(lambda state, n=n: state.row(n))
        assert not rig.state.paused
        rig.lab.end(4)
        rig.until(lambda state: state.paused)
        assert not rig.state.in_flight
        assert rig.state.phase == "paused"
        rig.recorder.record(events.Resumed(Safe("a person")))
        rig.controls.resume()
        rig.lab.end(5)
    assert len(rig.state.rows) == 5


def test_a_stop_lets_every_lane_end_and_begins_none(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, WORSE, most=30)
    with rig.running():
        rig.measuring(2, 3, 4)
        rig.controls.stop(now=False)
        for n in (4, 3, 2):
            rig.lab.end(n)
            rig.until(lambda state, n=n: state.row(n))
    assert [row.n for row in rig.state.rows] == [1, 4, 3, 2]


def test_a_stop_now_loses_nothing_that_a_resume_does_not_measure_again(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {n: WORSE[n] for n in (2, 3, 4)})
    with rig.running():
        rig.measuring(2, 3, 4)
        rig.controls.stop(now=True)
    assert [row.n for row in rig.state.rows] == [1]
    cut = {n: e.commit for n, e in rig.state.in_flight.items()}
    rig.lab.handles.clear()
    with rig.running():
        rig.measuring(2, 3, 4)
        for n in (2, 3, 4):
            assert rig.lab.end(n) == WORSE[n]
    assert {row.n: row.commit for row in rig.state.rows[1:]} == cut


def test_fewer_lanes_than_before_take_up_what_was_cut_in_its_order(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {n: WORSE[n] for n in (2, 3, 4)})
    with rig.running():
        rig.measuring(2, 3, 4)
        rig.controls.stop(now=True)
    rig.lab.slots, rig.lab.held = rig.lab.slots[:1], False
    with rig.running():
        pass
    assert [row.n for row in rig.state.rows] == [1, 2, 3, 4]


def test_a_merged_text_that_was_cut_is_measured_again_as_that(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {2: FIRST, 3: LAST})
    with rig.running():
        rig.measuring(2, 3)
        rig.lab.end(2)
        rig.until(lambda state: state.row(2))
        rig.lab.end(3)
        rig.until(lambda state: state.in_flight[3].rebased and state.in_flight[3].measuring)
        rig.controls.stop(now=True)
    rig.lab.losses[BOTH] = 14.0
    rig.lab.held = False
    with rig.running():
        pass
    assert rows(rig.state)[2] == (3, "discard", "superseded")


@pytest.mark.parametrize("times", [1, 2])
def test_what_is_lost_with_its_node_is_measured_again(tmp_path: Path, times: int) -> None:
    rig = rig_of(tmp_path, {2: FIRST})
    lost = Result(0.1, {}, {}, "the node went away", lost="the node went away")
    with rig.running():
        for run in range(1, times + 1):
            rig.lab.end(2, lost, run=run)
        rig.lab.end(2, run=times + 1)
    assert rows(rig.state)[1:] == [(2, "keep", "")]
    assert len(rig.of(events.EvaluationLost)) == times


def test_lost_three_times_it_is_a_row_that_says_nothing_of_the_idea(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {2: FIRST, 3: FIRST}, most=3)
    rig.lab.slots = rig.lab.slots[:1]
    lost = Result(0.1, {}, {}, "the node went away", lost="the node went away")
    with rig.running():
        for run in (1, 2, 3):
            rig.lab.end(2, lost, run=run)
        rig.lab.end(3)  # the very same text, which may be tried again
    assert rows(rig.state)[1:] == [(2, "crash", "lost"), (3, "keep", "")]
    assert rig.table()[1][-1] == "text 2 (lost 3 times: the node went away)"


def test_crashes_of_several_lanes_are_one_streak(tmp_path: Path) -> None:
    texts = {2: "a", 3: "b", 4: "c", 5: "d", 6: WORSE[6], 7: FIRST, 8: WORSE[8]}
    rig = rig_of(tmp_path, texts, pause_after_failures=3)
    with rig.running():
        rig.measuring(2, 3, 4)
        rig.lab.end(2)
        rig.measuring(3, 4, 5)
        rig.lab.end(3)
        rig.measuring(4, 5, 6)
        rig.lab.end(4)
        # The best is measured again, once, before anything else is proposed.
        rig.measuring(5, 6, 7)
        rig.lab.end(5)
        rig.until(lambda state: 8 in state.in_flight)  # in doubt as well: it waits
        assert rig.lab.end(7) == BASELINE
        assert rig.lab.end(7, run=2) == FIRST
        assert rig.lab.end(8) == WORSE[8]
        rig.lab.end(6)
    assert [(e.n, e.of, e.failure) for e in rig.of(events.Retried)] == [(7, 1, "")]
    assert (7, "keep", "") in rows(rig.state)


def test_an_error_of_ours_in_one_lane_ends_all_in_order(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, WORSE, most=30)
    rig.lab.commit_fails = lambda n: ZeroDivisionError("ours") if n == 5 else None
    with rig.running():
        rig.measuring(2, 3, 4)
        rig.lab.end(3)
    assert isinstance(rig.error, ZeroDivisionError)
    assert [row.n for row in rig.state.rows] == [1, 3]
    assert {n for n, e in rig.state.in_flight.items() if e.commit} == {2, 4}


def test_what_stands_in_the_way_of_git_stops_no_other_lane(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, WORSE, most=4)
    broken = [RepositoryError("the repository can't be read")]

    def fail(n: int) -> Exception | None:
        if n != 3 or not broken:
            return None
        rig.until(lambda state: {m for m, e in state.in_flight.items() if e.measuring} == {2, 4})
        return broken.pop()

    rig.lab.commit_fails = fail
    with rig.running():
        rig.until(lambda state: state.paused)
        rig.until(lambda state: state.in_flight.keys() == {2, 4})
        for n in (2, 4):
            rig.lab.end(n)
            rig.until(lambda state, n=n: state.row(n))
        assert rig.recorder is not None
        rig.lab.held = False
        rig.recorder.record(events.Resumed(Safe("a person")))
        rig.controls.resume()
    assert {row.n for row in rig.state.rows} == {1, 2, 3, 4}
    assert len(rig.of(events.Paused)) == 1


def test_a_lane_without_ideas_stands_by_for_what_the_others_find(tmp_path: Path) -> None:
    """With nothing left it has not ended the run: another best may open a way."""
    rig = rig_of(tmp_path, {2: FIRST, 3: WORSE[3]}, most=30)
    with rig.running():
        rig.measuring(2, 3)
        rig.until(lambda state: rig.of(events.Abandoned))
        rig.proposer.texts[4] = WORSE[4]
        rig.lab.end(3)
        rig.until(lambda state: state.row(3))
        rig.measuring(2, 4)
        rig.lab.end(2)
        rig.lab.end(4)
    assert {row.n for row in rig.state.rows} == {1, 2, 3, 4}
    assert rig.finished is not None
    assert rig.finished.reason == "no texts left"


def test_whoever_proposes_is_told_what_is_tried_now(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {n: WORSE[n] for n in (2, 3, 4, 5)})
    with rig.running():
        rig.measuring(2, 3, 4)
        rig.lab.end(3)
        rig.until(lambda state: 5 in state.in_flight and state.in_flight[5].measuring)
        for n in (2, 4, 5):
            rig.lab.end(n)
    pending = rig.proposer.situations[5].pending
    assert [(one.n, one.description, one.memo) for one in pending] == [
        (2, "text 2", {"n": 2}),
        (4, "text 4", {"n": 4}),
    ]


def test_none_is_given_up_for_what_a_neighbour_does_to_the_runner(tmp_path: Path) -> None:
    """Runners die while three are measured: which it was, is found by measuring each alone."""
    rig = rig_of(tmp_path, {n: WORSE[n] for n in (2, 3, 4)})
    for _ in range(2):
        with rig.running():
            rig.measuring(2, 3, 4)
            rig.dies()
    with rig.running():
        for n in (2, 3, 4):
            rig.measuring(n)
            rig.lab.end(n)
            rig.until(lambda state, n=n: state.row(n))
    assert rows(rig.state)[1:] == [(n, "discard", "") for n in (2, 3, 4)]


def test_what_kills_the_runner_alone_as_well_is_given_up(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, {n: WORSE[n] for n in (2, 3)})
    for _ in range(2):
        with rig.running():
            rig.measuring(2, 3)
            rig.dies()
    with rig.running():
        rig.measuring(2)
        rig.dies()
    rig.lab.held = False
    with rig.running():
        pass
    assert rows(rig.state)[1:] == [(2, "crash", ""), (3, "discard", "")]
