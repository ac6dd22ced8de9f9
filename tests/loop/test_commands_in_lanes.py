"""What people ask of a run with several experiments in flight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.lanes import four_lanes, opened

from autoexp_tui.loop.commands import handle_command
from autoexp_tui.loop.control import Command, Controls, Reply, Verb
from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events


class Asked:
    """A recorder with a run in it, and the loop's ears."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.controls = Controls()

    def ask(self, verb: Verb, n: int = 0) -> Reply:
        return handle_command(Command(verb, "ada", n=n), self.recorder, self.controls)

    def interrupted(self) -> list[int]:
        return [n for n in range(10) if self.controls.interrupted(n)]


@pytest.fixture
def lanes(tmp_path: Path) -> Iterator[Asked]:
    with Journal(tmp_path / "journal.jsonl") as journal:
        recorder = Recorder(journal)
        for event in four_lanes():
            recorder.record(event)
        yield Asked(recorder)


def test_a_skip_ends_the_experiment_that_it_names_and_no_other(lanes: Asked) -> None:
    assert lanes.ask("skip", 4) == Reply(ok=True, text="skipping #4")
    assert lanes.interrupted() == [4]


def test_a_skip_that_names_none_of_several_asks_which(lanes: Asked) -> None:
    reply = lanes.ask("skip")
    assert not reply.ok
    assert reply.text == "#3, #4, #5 and #6 are in flight: `autoexp skip -n 3` skips one of them"
    assert lanes.interrupted() == []


def test_a_skip_of_what_is_over_is_refused(lanes: Asked) -> None:
    reply = lanes.ask("skip", 2)
    assert not reply.ok
    assert reply.text == "#2 is not in flight, #3, #4, #5 and #6 are"
    assert lanes.interrupted() == []


def test_a_skip_that_names_none_means_the_only_one(lanes: Asked) -> None:
    for n in (3, 4, 6):
        lanes.recorder.record(events.Abandoned(n, "skipped"))
    assert lanes.ask("skip").text == "skipping #5"
    assert lanes.interrupted() == [5]


def test_with_nothing_in_flight_there_is_nothing_to_skip(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        recorder = Recorder(journal)
        for event in opened():
            recorder.record(event)
        assert not Asked(recorder).ask("skip", 1).ok


def test_a_pause_says_how_many_it_waits_for(lanes: Asked) -> None:
    assert lanes.ask("pause").text == "pausing after those that are in flight: waiting for 4"
    for n in (3, 5, 6):
        lanes.recorder.record(events.Abandoned(n, "skipped"))
    lanes.ask("resume")
    assert lanes.ask("pause").text == "pausing after #4: waiting for the harness"
