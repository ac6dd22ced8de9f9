"""Frames come as fast as a terminal takes them: nothing piles up on the way to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from autoexp_tui.ui.pace import ASK, Pace
from autoexp_tui.ui.painting import Painter

RESET = "\x1b[0m"
"""Begins a frame on a terminal of which nothing is known."""


def test_a_first_frame_goes_at_once_and_the_next_after_a_moment() -> None:
    pace = Pace(remote=False)
    assert pace.wait(100.0) <= 0
    pace.sent(100.0)
    assert 0 < pace.wait(100.0) < 0.1
    assert pace.wait(100.1) <= 0


def test_over_a_network_frames_are_half_a_second_apart() -> None:
    pace = Pace(remote=True)
    pace.sent(100.0)
    assert pace.wait(100.0) == pytest.approx(0.5)


def test_a_key_is_answered_at_once() -> None:
    pace = Pace(remote=True)
    pace.sent(100.0)
    pace.key(100.1)
    assert pace.wait(100.15) <= 0
    assert pace.wait(100.61) > -0.2


def test_a_terminal_that_answers_has_two_frames_on_their_way_to_it() -> None:
    pace = Pace(remote=False)
    pace.sent(100.0)
    pace.answered(100.01, line=3)
    pace.sent(101.0)
    pace.sent(102.0)
    pace.key(103.0)
    assert pace.wait(103.0) > 1, "not even for a key"
    pace.answered(103.1, line=3)
    assert pace.wait(103.1) <= 0


def test_an_answer_that_never_comes_is_not_waited_for_for_ever() -> None:
    pace = Pace(remote=False)
    pace.sent(100.0)
    pace.answered(100.01, line=3)
    pace.sent(101.0)
    pace.sent(102.0)
    assert pace.wait(111.0) > 0
    assert pace.wait(112.5) <= 0
    pace.sent(112.5)
    assert pace.wait(113.0) <= 0, "one more may be on its way"


def test_a_line_that_stands_still_for_forty_seconds_holds_a_few_frames() -> None:
    pace = Pace(remote=False)
    pace.sent(0.0)
    pace.answered(0.01, line=3)
    now, frames = 1.0, 0
    while now < 41.0:
        if pace.wait(now) <= 0:
            pace.sent(now)
            frames += 1
        now += 0.05
    assert frames <= 8


def test_a_terminal_that_never_answers_is_sent_frames_all_the_same() -> None:
    pace = Pace(remote=False)
    for second in range(100, 110):
        assert pace.wait(second) <= 0
        pace.sent(second)
    assert not pace.awaits(110)


def test_a_key_that_reads_like_an_answer_makes_no_terminal_one_that_answers() -> None:
    pace = Pace(remote=False)
    for second in range(100, 110):
        pace.sent(second)
        pace.answered(second + 0.1, line=0)  # shift and F3
    assert pace.wait(110.0) <= 0
    assert not pace.awaits(110.0)


def test_a_terminal_that_answers_no_more_is_sent_frames_at_the_usual_pace_again() -> None:
    pace = Pace(remote=False)
    pace.sent(0.0)
    pace.answered(0.01, line=3)
    now = 1.0
    while now < 60.0:
        if pace.wait(now) <= 0:
            pace.sent(now)
        now += 0.05
    assert pace.wait(60.1) <= 0


def test_an_answer_that_got_lost_does_not_slow_down_the_frames_for_good() -> None:
    pace = Pace(remote=False)
    now, frames, arriving = 0.0, 0, []
    while now < 20.0:
        if pace.wait(now) <= 0:
            pace.sent(now)
            frames += 1
            arriving += [now + 0.01] if frames != 5 else []
        while arriving and arriving[0] <= now:
            pace.answered(arriving.pop(0), line=3)
        now += 0.02
    assert frames > 200


def test_a_first_answer_is_waited_for_a_while() -> None:
    pace = Pace(remote=False)
    assert not pace.awaits(100.0)
    pace.sent(100.0)
    assert pace.awaits(100.5)
    assert not pace.awaits(101.5)


def test_answers_to_frames_of_the_beginning_are_waited_for_too() -> None:
    pace = Pace(remote=False)
    for frame in range(20):  # before anything is known of the terminal
        pace.sent(100 + frame / 20)
    for frame in range(19):
        pace.answered(101.5 + frame / 20, line=3)
    assert pace.awaits(102.5)
    pace.answered(102.5, line=3)
    assert not pace.awaits(102.5)


def test_an_answer_that_never_comes_is_not_waited_for_at_the_end() -> None:
    pace = Pace(remote=False)
    pace.sent(100.0)
    pace.answered(100.1, line=3)
    pace.sent(101.0)
    assert pace.awaits(102.0)
    assert not pace.awaits(112.0)


def test_at_the_end_a_slow_line_is_waited_for_longer() -> None:
    pace = Pace(remote=False)
    pace.sent(100.0)
    pace.answered(100.8, line=3)
    assert pace.patience(0.5, 2.0) == pytest.approx(1.6)
    pace.sent(200.0)
    pace.answered(209.0, line=3)
    assert pace.patience(0.5, 2.0) == 2.0


def test_a_slow_line_is_not_kept_full() -> None:
    pace = Pace(remote=False)
    pace.sent(100.0)
    pace.answered(100.3, line=3)
    pace.sent(101.0)
    assert pace.wait(101.0) == pytest.approx(0.6)
    pace.answered(109.0, line=3)
    pace.sent(110.0)
    assert pace.wait(111.0) > 1, "one frame at a time"
    pace.answered(112.0, line=3)
    assert pace.wait(110.0) == pytest.approx(1.0), "never slower than that"


class Clock:
    """Time that stands still until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def painter(clock: Clock, sent: list[str], loop: asyncio.AbstractEventLoop) -> Painter:
    painter = Painter(sent.append, remote=False, clock=clock)
    painter.begin(loop)
    return painter


def turn(loop: asyncio.AbstractEventLoop) -> None:
    """Let the loop do what is due."""
    loop.run_until_complete(asyncio.sleep(0))


def show(painter: Painter, word: str, cursor: tuple[int, int] | None = None) -> None:
    strips = [[Strip([Segment(word)])]]
    painter.take(LayoutUpdate(strips, Region(0, 0, 5, 1)), (5, 1), ColorSystem.TRUECOLOR, cursor)  # type: ignore[arg-type]


def test_what_is_painted_while_a_frame_is_on_its_way_is_one_frame(
    painter: Painter, sent: list[str], clock: Clock, loop: asyncio.AbstractEventLoop
) -> None:
    show(painter, "one  ")
    clock.now += 10
    show(painter, "two  ")
    show(painter, "three")
    assert sent == [f"{RESET}\x1b[1;1Hone  {ASK}"], "the terminal has not even taken the first"
    painter.drained()
    turn(loop)
    assert sent[1:] == [f"\x1b[1;1Hthree{ASK}"]


def test_what_changes_and_changes_back_is_not_sent(
    painter: Painter, sent: list[str], clock: Clock, loop: asyncio.AbstractEventLoop
) -> None:
    show(painter, "one  ")
    show(painter, "two  ")
    show(painter, "one  ")
    clock.now += 10
    painter.drained()
    turn(loop)
    assert len(sent) == 1


def test_a_terminal_that_shows_frames_at_once_is_told_where_one_ends(
    painter: Painter, sent: list[str]
) -> None:
    painter.together = True
    show(painter, "one  ")
    assert sent == [f"\x1b[?2026h{RESET}\x1b[1;1Hone  \x1b[?2026l{ASK}"]


def test_a_terminal_that_is_taken_up_again_is_sent_everything(
    painter: Painter, sent: list[str], loop: asyncio.AbstractEventLoop
) -> None:
    show(painter, "one  ")
    painter.begin(loop)
    assert sent[1:] == sent[:1]


def test_another_size_is_another_screen(
    painter: Painter, sent: list[str], clock: Clock, loop: asyncio.AbstractEventLoop
) -> None:
    show(painter, "one  ")
    painter.drained()
    clock.now += 10
    strips = [[Strip([Segment("one")])]]
    painter.take(LayoutUpdate(strips, Region(0, 0, 3, 1)), (5, 1), ColorSystem.TRUECOLOR)  # type: ignore[arg-type]
    assert sent[1:] == [f"{RESET}\x1b[1;1Hone{ASK}"]


def test_nothing_is_sent_to_a_terminal_that_is_anothers(
    painter: Painter, sent: list[str], clock: Clock, loop: asyncio.AbstractEventLoop
) -> None:
    show(painter, "one  ")
    painter.drained()
    turn(loop)
    show(painter, "two  ")  # waits for its time
    painter.end()
    clock.now += 10
    show(painter, "three")
    painter.answered(3)
    loop.run_until_complete(asyncio.sleep(0.05))
    assert len(sent) == 1
    painter.begin(loop)
    assert "three" in sent[1]


def test_a_screen_that_was_written_over_is_sent_whole(
    painter: Painter, sent: list[str], clock: Clock, loop: asyncio.AbstractEventLoop
) -> None:
    show(painter, "one  ")
    painter.drained()
    clock.now += 10
    painter.redraw_soon()
    turn(loop)
    turn(loop)
    assert sent[1:] == sent[:1]


def test_a_part_of_a_screen_of_another_size_blanks_nothing(
    painter: Painter, sent: list[str], clock: Clock, loop: asyncio.AbstractEventLoop
) -> None:
    show(painter, "one  ")
    painter.drained()
    turn(loop)
    clock.now += 10
    part = ChopsUpdate([{0: Strip([Segment("two")])}], [(0, 0, 3)], [[3]])
    painter.take(part, (9, 2), ColorSystem.TRUECOLOR)
    assert sent[1:] == [f"\x1b[1;1Htwo{ASK}"]


def test_the_cursor_is_put_where_text_is_typed(
    painter: Painter, sent: list[str], clock: Clock, loop: asyncio.AbstractEventLoop
) -> None:
    show(painter, "one  ", (3, 0))
    assert sent == [f"{RESET}\x1b[1;1Hone  \x1b[1;4H{ASK}"]
    painter.drained()
    turn(loop)
    clock.now += 10
    show(painter, "one  ", (3, 0))
    assert len(sent) == 1
    show(painter, "one  ", (4, 0))
    assert sent[1:] == [f"\x1b[1;5H{ASK}"]


def test_answers_are_waited_for_only_where_they_come(painter: Painter, clock: Clock) -> None:
    show(painter, "one  ")
    clock.now += 2
    painter.settle(60, 60)  # has never answered: nothing to wait for
    painter.answered(3)
    painter.settle(60, 60)
