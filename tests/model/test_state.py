"""The one reducer: what every viewer shows follows from the records alone."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.realistic_run import (
    BASE,
    CONTRACT,
    commit_of,
    experiment,
    folded,
    opening,
    recorded,
    request,
    resumption,
    runs,
    whole_run,
)

from autoexp_tui.model import events
from autoexp_tui.model.contract import Budget
from autoexp_tui.model.events import AnyEvent, Record
from autoexp_tui.model.state import RunState


def state_of(*run: AnyEvent) -> RunState:
    return folded(recorded(run))


@settings(max_examples=80, deadline=None)
@given(runs())
def test_after_every_prefix_the_rows_are_the_decisions(records: list[Record]) -> None:
    state, decisions = RunState(), []
    for record in records:
        state.apply(record)
        if isinstance(record.event, events.Decided):
            decisions.append(record.event)
        assert [(row.n, row.status, row.commit) for row in state.rows] == [
            (event.n, event.status, event.commit) for event in decisions
        ]
        kept = [row for row in state.rows if row.status == "keep"]
        assert state.incumbent is (kept[-1] if kept else None)
        assert state.kept == sum(not row.is_baseline for row in kept)
        assert state.discarded + state.crashed + len(kept) == len(state.rows)
        assert state.spent_usd == sum(event.cost_usd for event in decisions)
        assert state.seq == record.seq


def test_every_hint_is_kept_in_the_order_given() -> None:
    hints = [events.HintGiven("ann", "less"), events.HintGiven("bob", "more")]
    assert state_of(*opening(), *hints).hints == hints


def test_rows_are_found_by_number_in_whatever_order_they_finished() -> None:
    told = opening()
    for n in (1, 2, 3, 4):
        told += experiment(n, "keep")[:-1]
    decided = {n: experiment(n, "keep")[-1] for n in (1, 2, 3, 4)}
    state = state_of(*told, decided[1], decided[4], decided[2])
    assert [row.n for row in state.rows] == [1, 4, 2]
    assert [getattr(state.row(n), "n", None) for n in range(6)] == [None, 1, 2, None, 4, None]
    assert list(state.in_flight) == [3]
    assert state.next_n == 5
    assert state.rows[1].hypothesis == "It may help."


def test_money_goes_to_the_experiment_it_was_spent_for() -> None:
    told = [*opening(), events.ExperimentStarted(1, BASE), events.ExperimentStarted(2, BASE)]
    spent = [*request(1, 0.25), *request(2, 0.5)]
    assert state_of(*told, *spent).unbooked_usd == {1: 0.25, 2: 0.5}
    assert state_of(*told, *spent, experiment(2, "keep")[-1]).unbooked_usd == {1: 0.25}


@settings(max_examples=40, deadline=None)
@given(runs(), st.data())
def test_folding_is_deterministic_wherever_it_is_interrupted(
    records: list[Record], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(records)))
    state = folded(records[:cut])
    for record in records[cut:]:
        state.apply(record)
    assert state == folded(records)


@settings(max_examples=40, deadline=None)
@given(runs())
def test_records_read_back_from_json_add_up_to_the_same_state(records: list[Record]) -> None:
    decoder = msgspec.json.Decoder(Record)
    assert folded(decoder.decode(msgspec.json.encode(record)) for record in records) == folded(
        records
    )


def test_nothing_is_known_before_the_first_event() -> None:
    state = RunState()
    assert state.baseline is None
    assert state.row(1) is None
    with pytest.raises(RuntimeError, match="no first event"):
        _ = state.contract


def test_a_journal_that_names_no_origin_is_a_run_of_ours() -> None:
    started = msgspec.to_builtins(opening()[0])
    del started["origin"]
    record = Record(1, 0.0, 0.0, msgspec.convert({**started, "proposer": ""}, events.RunStarted))
    assert not folded([record]).is_table
    of_a_table = msgspec.structs.replace(record.event, origin="table")
    assert folded([msgspec.structs.replace(record, event=of_a_table)]).is_table


def test_the_phase_follows_the_experiment() -> None:
    state = RunState()
    phases: list[str] = []
    for record in recorded([*opening(), *experiment(1, "keep"), *experiment(2, "discard")]):
        state.apply(record)
        if not phases or phases[-1] != state.phase:
            phases.append(state.phase)
    cycle = ["reading", "evaluating", "deciding", "reading"]
    assert phases == ["starting", *cycle, "proposing", *cycle[1:]]
    assert state.contract == CONTRACT


def test_the_experiment_in_flight_shows_what_is_known_of_it() -> None:
    state = state_of(*opening(), *experiment(1, "keep"), *experiment(2, "keep")[:4])
    current = state.current
    assert current is not None
    assert (current.n, current.commit, current.added, current.removed) == (2, commit_of(2), 2, 1)
    assert current.answers == ["the same again: it changes nothing"]
    assert current.evaluated is None
    assert state.tried == {"digest 1": 1, "digest 2": 2}


def test_a_row_keeps_what_led_to_it() -> None:
    state = state_of(*opening(), *experiment(1, "keep"), *experiment(2, "discard", cost=0.5))
    row = state.row(2)
    assert row is not None
    assert (row.hypothesis, row.memo, row.extras) == (
        "It may help.",
        {"arm": "steps"},
        {"test_loss": 2.0},
    )
    assert (row.parent, row.cost_usd, row.elapsed) == (BASE, 0.5, 16.0)
    assert state.current is None
    assert state.row(0) is None
    assert state.row(3) is None


def test_a_crash_has_no_metrics_and_a_measurement_ends_the_streak() -> None:
    state = folded(recorded(whole_run(["keep", "crash", "crash"])))
    assert state.failure_streak == 2
    assert state.rows[-1].metrics == {}
    assert folded(recorded(whole_run(["keep", "crash", "discard"]))).failure_streak == 0


def test_an_abandoned_experiment_leaves_no_row() -> None:
    state = state_of(
        *opening(),
        *experiment(1, "keep"),
        events.ExperimentStarted(2, "x"),
        events.Abandoned(2, ""),
    )
    assert state.current is None
    assert len(state.rows) == 1


def test_a_pause_is_asked_for_then_holds_then_ends() -> None:
    run = [*opening(), *experiment(1, "keep"), events.PauseRequested("ann")]
    assert (state_of(*run).pause_requested, state_of(*run).paused) == ("ann", "")
    run.append(events.Paused("paused by ann"))
    paused = state_of(*run)
    assert (paused.pause_requested, paused.paused, paused.phase) == ("", "paused by ann", "paused")
    resumed = state_of(*run, events.Resumed("ann"))
    assert (resumed.paused, resumed.phase) == ("", "reading")


def test_a_pause_withdrawn_in_time_does_not_change_the_phase() -> None:
    run = [*opening(), *experiment(1, "keep")[:5], events.PauseRequested("a"), events.Resumed("a")]
    assert state_of(*run).phase == "evaluating"
    assert state_of(*run).pause_requested == ""


def test_a_new_runner_takes_up_what_the_last_one_had_ended() -> None:
    asked: list[AnyEvent] = [events.StopRequested("ann", now=True), events.PauseRequested("ann")]
    state = state_of(*whole_run(["keep"]), *asked, resumption())
    assert (state.finished, state.stop_requested, state.pause_requested) == (None, None, "")
    assert state.runner is not None
    assert state.runner.resumed
    assert len(state.rows) == 1


def test_a_changed_budget_replaces_the_contracts() -> None:
    budget = Budget(max_experiments=60)
    assert state_of(*opening(), events.BudgetChanged(budget)).budget == budget


def test_only_the_latest_notices_are_kept() -> None:
    notices = [events.Noticed("info", str(i)) for i in range(500)]
    state = state_of(*opening(), *notices)
    assert len(state.notices) == 200
    assert state.notices[-1][1].text == "499"


def test_a_wait_ends_when_the_proposer_asks_again() -> None:
    waiting = [*opening(), events.ExperimentStarted(1, BASE), events.WaitBegan(1, 9.0, "busy")]
    current = state_of(*waiting).current
    assert current is not None
    assert current.waiting is not None
    again = state_of(*waiting, events.CostReserved(1, 1, "claude", 10, 10, 0.1)).current
    assert again is not None
    assert again.waiting is None


def test_the_latest_acts_of_an_agent_are_known_until_it_begins_anew() -> None:
    acted = [events.AgentActed(1, "Read", f"{n}.py") for n in range(9)]
    begun = [*opening(), events.ExperimentStarted(1, BASE), events.WaitBegan(1, 9.0, "busy")]
    current = state_of(*begun, *acted).current
    assert current is not None
    assert [act.about for act in current.acts] == ["3.py", "4.py", "5.py", "6.py", "7.py", "8.py"]
    assert current.waiting is None
    answered = events.ProposalAnswered(1, "x", "it changes nothing")
    again = state_of(*begun, *acted, answered).current
    assert again is not None
    assert again.acts == ()
