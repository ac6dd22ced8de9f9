"""The player: any record at any time, forward, back, and at any speed."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import begun, decided, opened
from support.realistic_run import recorded, whole_run
from support.sources import FinishedSource

from autoexp_tui.model import history as history_module
from autoexp_tui.model.events import Record
from autoexp_tui.model.history import History
from autoexp_tui.model.state import RunState
from autoexp_tui.sources.player import SPEEDS, Player


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


ALL = list(recorded(whole_run(["keep", "discard", "keep", "crash"])))


def test_it_stands_at_the_end_and_still() -> None:
    player = Player(FinishedSource(ALL))
    assert player.read() == ALL
    assert not player.alive()
    assert player.read() == []


def test_playing_from_the_end_begins_again_and_comes_to_the_end() -> None:
    clock = Clock()
    player = Player(FinishedSource(ALL), clock)
    player.read()
    player.toggle()
    first = player.read()
    assert 0 < len(first) < len(ALL)
    clock.now += 1e9
    assert first + player.read() == ALL
    assert not player.alive()


def test_speed_is_kept_within_its_bounds() -> None:
    player = Player(FinishedSource(ALL))
    for _ in SPEEDS:
        player.change_speed(1)
    assert player.speed == SPEEDS[-1]
    for _ in SPEEDS:
        player.change_speed(-1)
    assert player.speed == SPEEDS[0]


@given(
    st.lists(st.sampled_from(["on", "back", "start", "end", "third"]), max_size=12),
    st.sampled_from([1, 5, 4096]),
)
def test_wherever_it_is_moved_the_state_is_that_of_the_records_so_far(
    moves: list[str], stride: int
) -> None:
    with patch.object(history_module, "STRIDE", stride):
        moved(moves)


def moved(moves: list[str]) -> None:
    player = Player(FinishedSource(ALL))
    history = History(rewindable=True)
    history.fold(player.read())
    for move in moves:
        rows = len(history.state.rows)
        {
            "on": lambda: player.step(1),
            "back": lambda: player.step(-1),
            "start": lambda: player.jump(0),
            "end": lambda: player.jump(1),
            "third": lambda: player.jump(1 / 3),
        }[move]()
        history.fold(player.read())
        state = history.state
        expected = RunState()
        for record in ALL[: state.seq]:
            expected.apply(record)
        assert state == expected
        if move == "on" and rows < sum(r.event.__class__.__name__ == "Decided" for r in ALL):
            assert len(state.rows) == rows + 1
        if move == "back":
            assert len(state.rows) in {max(0, rows - 1), rows}


@pytest.mark.parametrize("speed", [0.5, 10])
def test_time_goes_by_at_the_chosen_speed(speed: float) -> None:
    clock = Clock()
    player = Player(FinishedSource(ALL), clock)
    while player.speed != speed:
        player.change_speed(1 if player.speed < speed else -1)
    player.toggle()
    player.read()
    begun = ALL[0].elapsed
    clock.now += 5
    got = player.read()
    assert all(record.elapsed <= begun + 5 * speed + 5 for record in got)


def test_keeps_are_visited_in_turn() -> None:
    player = Player(FinishedSource(ALL))
    player.read()
    seen = []
    for by in (-1, -1, 1, 1):
        player.to_keep(by)
        player.read()
        seen.append(player.at)
    assert seen == [3, 1, 3, 4]


def test_a_long_wait_is_compressed() -> None:
    slow = [Record(r.seq, r.time, r.elapsed * 1000, r.event) for r in ALL]
    player = Player(FinishedSource(slow))
    assert player._end <= 30.0 * len(slow)


def test_of_several_at_once_each_has_printed_its_own_share() -> None:
    told = [
        *((0.0, event) for event in opened("a", "b")),
        *((10.0, event) for event in begun(2, "a")),
        *((20.0, event) for event in begun(3, "b")),
        (40.0, decided(3, "discard")),
        (50.0, decided(2, "discard")),
    ]
    records = [Record(i, 1e9 + s, s, event) for i, (s, event) in enumerate(told, 1)]
    player = Player(FinishedSource(records), clock=lambda: 0.0)
    player.go(len(records) - 2)  # at second 20: where the second one has begun
    assert player.progress_of(2) == pytest.approx(0.25)
    assert player.progress_of(3) == 0.0
    player.go(len(records) - 1)
    assert player.progress_of(2) == pytest.approx(0.75)
    assert player.progress_of(3) == 1.0  # it has ended
    assert player.progress_of(9) == 1.0
