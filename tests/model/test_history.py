"""A state and its earlier selves: where records begin again, it is as if folded from the first."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.realistic_run import recorded, whole_run

from autoexp_tui.model import history
from autoexp_tui.model.history import History, resumption
from autoexp_tui.model.state import RunState

ALL = list(recorded(whole_run(["keep", "discard", "crash", "keep", "discard"])))


def folded(count: int) -> RunState:
    state = RunState()
    for record in ALL[:count]:
        state.apply(record)
    return state


@given(st.integers(1, 9), st.lists(st.integers(1, len(ALL)), max_size=8))
def test_going_back_and_on_gives_the_state_of_the_records_so_far(
    stride: int, ends: list[int]
) -> None:
    with patch.object(history, "STRIDE", stride):
        story = History(rewindable=True)
        story.fold(ALL)
        for end in ends:
            begin = story.state.seq if end > story.state.seq else resumption(end)
            story.fold(ALL[begin:end])
            assert story.state == folded(end)


def test_a_copy_goes_its_own_way() -> None:
    for count in range(1, len(ALL)):
        state = folded(count)
        twin = state.copy()
        for record in ALL[count:]:
            state.apply(record)
        assert twin == folded(count)


def test_one_that_keeps_nothing_begins_again_at_the_first_record() -> None:
    story = History(rewindable=False)
    story.fold(ALL)
    story.fold(ALL[:7])
    assert story.state == folded(7)


def test_records_that_begin_again_anywhere_else_are_refused() -> None:
    story = History(rewindable=True)
    story.fold(ALL)
    with pytest.raises(ValueError, match="can't begin again at 5"):
        story.fold(ALL[4:])


def test_a_state_that_was_not_kept_is_not_made_up() -> None:
    with patch.object(history, "STRIDE", 3):
        story = History(rewindable=False)
        story.fold(ALL)
        with pytest.raises(ValueError, match="can't begin again at 7"):
            story.fold(ALL[6:])
