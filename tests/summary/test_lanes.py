"""What several slots do at once, and how well they are used."""

from __future__ import annotations

import pytest
from msgspec import structs
from support.lanes import SLOTS, begun, decided, four_lanes, opened
from support.realistic_run import commit_of, experiment, folded, opening, recorded

from autoexp_tui.model import events
from autoexp_tui.model.events import AnyEvent, Record
from autoexp_tui.model.state import RunState
from autoexp_tui.report.account import account_of
from autoexp_tui.report.live import live_of
from autoexp_tui.report.markdown import as_markdown
from autoexp_tui.report.page import as_html
from autoexp_tui.summary.digest import digest_of
from autoexp_tui.summary.lanes import busy_words, in_flight_words, lanes_of, use_of
from autoexp_tui.summary.night import story
from autoexp_tui.ui import status

T0 = 1_700_000_000.0


def at(*told: tuple[float, AnyEvent]) -> RunState:
    """A state whose events came at these seconds of the run's clock."""
    return folded([Record(i, T0 + s, s, event) for i, (s, event) in enumerate(told, 1)])


def measured(n: int, began: float, ended: float, slot: str) -> list[tuple[float, AnyEvent]]:
    """An experiment whose evaluation took all of that time."""
    row = decided(n, "discard", parent=commit_of(1))
    assert isinstance(row, events.Decided)
    whole = events.Decided(
        n, "discard", row.commit, row.parent, row.description, row.reason, row.metrics,
        ended - began,
    )  # fmt: skip
    return [*((began, event) for event in begun(n, slot)), (ended, whole)]


TWO = [(0.0, event) for event in opened("a", "b")]


def test_a_lane_for_each_slot_in_their_order() -> None:
    state = folded(recorded(four_lanes()))
    lanes = lanes_of(state)
    assert [lane.slot for lane in lanes] == list(SLOTS)
    assert [lane.flight.n if lane.flight else 0 for lane in lanes] == [3, 4, 5, 6]
    assert [lane.words for lane in lanes] == [
        "▶ evaluating", "▶ evaluating", "◆ deciding", "✎ proposing",
    ]  # fmt: skip
    assert [lane.idea for lane in lanes][:2] == ["warm up for longer", "a wider net"]
    assert busy_words(state) == "● 4 of 4 busy"


def test_slots_that_turn_out_once_the_baseline_is_known_have_lanes_too() -> None:
    run, runner = opened()
    told = [run, structs.replace(runner, slots=()), *begun(2, "cores:0"), *begun(3, "cores:1")]
    state = folded(recorded(told))
    assert [lane.slot for lane in lanes_of(state)] == ["cores:0", "cores:1"]


def test_an_idle_slot_has_a_lane_too() -> None:
    state = folded(recorded([*four_lanes(), decided(4, "discard", parent=commit_of(2))]))
    assert [lane.words for lane in lanes_of(state)][1] == "idle"
    assert busy_words(state) == "◐ 3 of 4 busy"


@pytest.mark.parametrize(
    "run",
    [
        [*opening(), events.ExperimentStarted(1, "0" * 40)],
        [*four_lanes(), events.RunFinished("done", ok=True)],
        [],
    ],
)
def test_with_one_slot_and_after_the_end_there_are_no_lanes(run: list[AnyEvent]) -> None:
    state = folded(recorded(run))
    assert lanes_of(state) == ()
    assert busy_words(state) == in_flight_words(state) == ""


def test_what_a_dead_runner_left_has_a_lane_until_a_slot_takes_it_up() -> None:
    fewer = events.RunnerStarted(43, "host", "/project", "results.tsv", True, slots=SLOTS[:2])
    state = folded(recorded([*four_lanes(), fewer]))
    lanes = lanes_of(state)
    assert [(lane.slot, lane.flight.n) for lane in lanes if lane.flight] == [
        ("gpu:0", 3), ("gpu:1", 4), ("gpu:2", 5),
    ]  # fmt: skip
    assert {lane.words for lane in lanes} == {"○ starting"}
    assert lanes[0].seconds(state.time + 2) == 2
    assert busy_words(state) == "● 2 of 2 busy"


def test_the_use_of_slots_is_evaluating_time_over_their_time() -> None:
    state = at(*TWO, *[(0.0, e) for e in experiment(1, "keep")][:-1],
               (10.0, experiment(1, "keep")[-1]))  # fmt: skip
    use = use_of(state)
    assert use is not None
    assert (use.evaluating_s, use.slot_s) == (1.5, 20.0)
    story_of = [*TWO, *((0.0, e) for e in experiment(1, "keep")),
                *measured(2, 0.0, 98.5, "a"), *measured(3, 0.0, 60.0, "b")]  # fmt: skip
    use = use_of(at(*sorted(story_of, key=lambda pair: pair[0])), 100.0)
    assert use is not None
    assert use.evaluating_s == 1.5 + 98.5 + 60.0
    assert use.share == pytest.approx(0.8)
    assert use.speed_up == pytest.approx(1.6)
    assert use.briefly == "slots used 80 %, 1.6×"
    assert use.words == "2 slots, evaluating in 80 % of their time: speed-up 1.6×"


def test_an_evaluation_under_way_counts_as_far_as_it_has_come() -> None:
    run = [*TWO, *((0.0, e) for e in experiment(1, "keep")),
           *((20.0, e) for e in begun(2, "a")), *((30.0, e) for e in begun(3, "b"))]  # fmt: skip
    use = use_of(at(*run), 50.0)
    assert use is not None
    assert use.evaluating_s == 1.5 + 30.0 + 20.0


def test_the_time_of_a_runner_with_other_slots_counts_by_its_own() -> None:
    again = events.RunnerStarted(43, "host", "/p", "results.tsv", True, slots=("a", "b", "c", "d"))
    run = [*((0.0, e) for e in [*opening(), *experiment(1, "keep")]), (100.0, again)]
    use = use_of(at(*run), 110.0)
    assert use is not None
    assert use.slot_s == 100.0 + 4 * 10.0


def test_with_one_slot_nothing_is_said_of_use() -> None:
    state = folded(recorded([*opening(), *experiment(1, "keep")]))
    assert use_of(state) is None
    assert (digest_of(state).slots, digest_of(state).utilisation) == (1, None)


def test_every_viewer_tells_how_many_are_busy_and_how_well_they_are_used() -> None:
    state = folded(recorded(four_lanes()))
    use = use_of(state)
    assert use is not None
    now = status.Now(state.time, alive=True)
    assert status.first_line(state, now)[1].text == "● 4 of 4 busy"
    assert use.briefly in [piece.text for piece in status.second_line(state, now)]
    assert use.words in [line.text for line in story(state)]
    assert (
        "4 of 4 busy: #3 warm up for longer; #4 a wider net"
        in live_of(state, alive=True, written=0.0).words
    )
    assert use.words in as_markdown(account_of(state))
    assert use.words in as_html(account_of(state))
    assert digest_of(state).utilisation == round(use.share, 3)
    assert "4 of 4 busy" in status.title(state, now)


def test_a_wait_is_the_runs_only_where_every_lane_waits() -> None:
    waiting = [events.WaitBegan(n, 60.0 + n, "overloaded") for n in (3, 4, 5)]
    state = folded(recorded([*four_lanes(), *waiting]))
    now = status.Now(state.time, alive=True)
    assert status.phase_words(state, now).text == "● 4 of 4 busy"
    assert lanes_of(state)[0].words == "‖ waiting"
    assert lanes_of(state)[0].idea == "overloaded"
    state = folded(recorded([*four_lanes(), *waiting, events.WaitBegan(6, 90.0, "overloaded")]))
    assert status.phase_words(state, now).text.endswith("overloaded")


def test_a_pause_that_was_asked_for_is_said() -> None:
    state = folded(recorded([*four_lanes(), events.PauseRequested("ann")]))
    now = status.Now(state.time, alive=True)
    assert status.phase_words(state, now).text == "● pausing: 4 of 4 busy"


def test_a_change_put_on_a_new_best_is_no_repair() -> None:
    again = [
        events.Committed(5, "e" * 40, 2),
        events.Rebased(5, commit_of(2), 2),
        events.EvaluationStarted(5, 2),
    ]
    lane = lanes_of(folded(recorded([*four_lanes(), *again])))[2]
    assert lane.words == "▶ evaluating on #2"
    assert lane.flight is not None
    assert lane.flight.repairs == 0
    mended = [*four_lanes(), *again, events.RepairBegan(5, 3, "exit code 1")]
    assert lanes_of(folded(recorded(mended)))[2].words == "✎ repairing (1)"
