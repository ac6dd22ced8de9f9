"""A run that has ended, for who wasn't there: what it came to, and what to do with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from support.moments import picture_of
from support.realistic_run import experiment, opening, recorded
from support.sources import FinishedSource
from textual.pilot import Pilot

from autoexp_tui.loop.control import Command, Reply
from autoexp_tui.model import events
from autoexp_tui.model.contract import Metric
from autoexp_tui.model.events import AnyEvent
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row
from autoexp_tui.sources.habits import Habits, habits, keep
from autoexp_tui.summary.picture import Across, Picture, PlotScale, over_time
from autoexp_tui.summary.series import Series
from autoexp_tui.text.safe import Safe
from autoexp_tui.ui.app import AutoexpApp
from autoexp_tui.ui.keys import KEYS, Circumstances, why_not
from autoexp_tui.ui.screens.run import RunScreen
from autoexp_tui.ui.screens.view import Viewer

END = events.RunFinished("all 6 experiments done (max_experiments)", ok=True)
NIGHT: list[AnyEvent] = [
    *opening(),
    *experiment(1, "keep"),
    *experiment(2, "keep", description="a smaller step", cost=0.25),
    *experiment(3, "crash", description="hidden 512", reason="out of memory"),
    *experiment(4, "discard", description="dropout 0.3"),
    *experiment(5, "discard", description="dropout 0.5"),
    *experiment(6, "keep", description="cosine schedule"),
]


def never(_: Command) -> Reply:
    raise AssertionError("a run that has ended is not asked")


@asynccontextmanager
async def showing(
    told: list[AnyEvent], size: tuple[int, int] = (120, 40), viewer: Viewer | None = None
) -> AsyncIterator[tuple[RunScreen, Pilot[Any]]]:
    viewer = viewer or Viewer(leads=True)
    screen = RunScreen(FinishedSource(recorded(told)), None, steer=never, viewer=viewer)
    app = AutoexpApp(screen)
    async with app.run_test(size=size) as pilot:
        while screen.state.seq < len(told):
            await pilot.pause(0.02)
        await pilot.pause()
        yield screen, pilot


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if condition():
            return
        await pilot.pause(0.02)
    raise AssertionError("it did not come about")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_five_questions_are_answered_without_a_key(size: tuple[int, int]) -> None:
    async with showing([*NIGHT, END], size) as (_, pilot):
        seen = picture_of(pilot.app)
        answers = {
            "was it a success, and what was won": ("loss 1 → 0.", "% better"),
            "is it real": ("2 kept of 5", "the harness' noise is not known"),
            "what was it": ("a smaller step", "cosine schedule"),
            "what did it cost": ("took ", "$0.25", "ended ", "max_experiments"),
            "which key takes it home": ("F finish", "N next run", "V verify", "R report"),
        }
        for question, words in answers.items():
            assert all(word in seen for word in words), f"{question}?\n{seen}"
        for no_more in ("pause", "skip", "S stop", "hint"):
            assert no_more not in seen.splitlines()[-1]


async def test_what_came_to_nothing_is_told_too() -> None:
    async with showing([*NIGHT, END], (120, 60)) as (_, pilot):
        seen = picture_of(pilot.app)
        assert "Dead ends" in seen
        assert "dropout: tried 2 times" in seen
        assert "2 Diff" in seen


async def test_a_run_that_failed_says_what_it_needs() -> None:
    failed = events.RunFinished("the agent has no credit left: top it up", ok=False)
    async with showing([*NIGHT, failed]) as (_, pilot):
        assert "it needs you: the agent has no credit left" in picture_of(pilot.app)


async def test_looking_back_and_home_again() -> None:
    async with showing([*NIGHT, END]) as (screen, pilot):
        await pilot.press("j")
        assert screen.look.selected == 5
        assert "1 Hypothesis ─ #5" in picture_of(pilot.app)
        await pilot.press("escape")
        await pilot.pause()
        assert "1 The run" in picture_of(pilot.app)


AFTER = [("F", "finish"), ("N", "run"), ("V", "verify"), ("R", "report")]


@pytest.mark.parametrize(("key", "wanted"), AFTER)
async def test_what_may_follow_is_the_app_s_result(key: str, wanted: str) -> None:
    async with showing([*NIGHT, END]) as (_, pilot):
        await pilot.press(key)
        await pilot.pause()
        assert pilot.app.return_value == wanted


async def test_the_next_run_starts_from_what_is_looked_at() -> None:
    async with showing([*NIGHT, END]) as (_, pilot):
        await pilot.press("j", "j", "N")
        await pilot.pause()
        assert pilot.app.return_value == "run:4"


async def test_what_people_noted_stands_in_the_table() -> None:
    said = events.NoteGiven(4, Safe("ann"), Safe("overfits"))
    never = events.NoteGiven(3, Safe("ann"), Safe(""), never=True)
    async with showing([*NIGHT, said, never]) as (_, pilot):
        seen = picture_of(pilot.app)
        assert "✎ overfits · dropout 0.3" in seen
        assert "✎ never again · " in seen


async def test_a_key_that_cannot_act_says_why() -> None:
    async with showing([*NIGHT, END]) as (_, pilot):
        await pilot.press("space")
        await pilot.pause()
        assert "the run has ended: N starts the next one" in picture_of(pilot.app)
        await pilot.press("full_stop")
        await pilot.pause()
        assert "that moves a replay" in picture_of(pilot.app)
    async with showing(NIGHT) as (_, pilot):
        await pilot.press("F")
        await pilot.pause()
        assert pilot.app.return_value is None
        assert "the run goes on: S ends it" in picture_of(pilot.app)


def test_every_key_acts_or_says_why() -> None:
    for steering in (True, False):
        for replaying in (True, False):
            for over in (True, False):
                here = Circumstances(steering, replaying, over, leads=True)
                for key in KEYS:
                    if key.on not in {"run", "app"}:
                        continue
                    for name in {*key.keys.split(",")} - {"g", "G", "home", "end"}:
                        acts = any(
                            here.has(k.need)
                            for k in KEYS
                            if k.on in {"run", "app"} and name in k.keys.split(",")
                        )
                        assert acts != bool(why_not(name, here)), (name, here)
    for name in ("j", "g", "G", "home", "end"):  # which panes know
        assert why_not(name, Circumstances(True, False)) == ""


# The table.


async def test_one_selection_in_table_and_panes_after_a_filter() -> None:
    async with showing(NIGHT) as (screen, pilot):
        await pilot.press("slash", *"dropout", "enter")
        await pilot.pause()
        assert screen.board.results.cursor_n == 5
        assert screen.look.selected == 5
        assert "1 Hypothesis ─ #5" in picture_of(pilot.app)
        await pilot.press("escape")
        await pilot.pause()
        assert screen.look.filter == ""
        assert screen.board.results.row_count == 6
        assert (screen.board.results.cursor_n, screen.look.selected) == (5, 5)
        await pilot.press("escape")
        await pilot.pause()
        assert (screen.board.results.cursor_n, screen.look.selected) == (6, None)


async def test_the_table_in_another_order_without_a_column() -> None:
    async with showing(NIGHT) as (screen, pilot):
        await pilot.press("o", "down", "enter")
        await pilot.pause()
        shown = picture_of(pilot.app)
        assert "best first" in shown
        assert screen.board.results.cursor_n == 6, "the cursor stays on its experiment"
        table = shown.partition("5 Results")[2]
        starts = (line.strip("│ ").lstrip(">★").split()[:1] for line in table.splitlines())
        numbers = [int(word) for start in starts for word in start if word.isdigit()]
        rows = [row for n in numbers if (row := screen.state.row(n))]
        values = [screen.state.objective.cost(row.metrics) for row in rows]
        assert values == sorted(values)
        assert len(values) == 6
        await pilot.press("o", *["down"] * 4, "enter")
        await pilot.pause()
        assert " commit " not in picture_of(pilot.app)
        assert screen.habits == Habits(order="best", hidden=("commit",))


async def test_the_table_beside_the_panes_or_below_and_that_is_remembered() -> None:
    async with showing(NIGHT) as (screen, pilot):
        await until(pilot, lambda: screen.board.results.size.width > 110)
        await pilot.press("L")
        await until(pilot, lambda: screen.board.results.size.width < 70)
        liked = screen.habits
    async with showing(NIGHT, viewer=Viewer(habits=liked)) as (screen, pilot):
        await until(pilot, lambda: screen.board.results.size.width < 70)


def test_habits_are_kept_and_what_is_no_habit_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert habits() == Habits()
    keep(Habits(below=False, hidden=("commit",), theme="autoexp-light"))
    assert habits() == Habits(below=False, hidden=("commit",), theme="autoexp-light")
    (tmp_path / "autoexp" / "screen.json").write_text("[1]")
    assert habits() == Habits()


# The plot.


def pictured(how: PlotScale, across: Across = "experiments") -> Picture:
    series = Series(Objective((Metric(Safe("loss"), "lower"),)))
    values = [100.0, 101.0, 9.0, 50.0, 8.5, 8.9, 8.0]
    kept = [0, 2, 4, 6]
    series.extend(
        row_of(n, value, keep=n - 1 in kept, elapsed=3600.0 * n, cost=0.5)
        for n, value in enumerate(values, start=1)
    )
    picture = over_time(series, how=how, across=across)
    assert picture is not None
    return picture


def row_of(n: int, value: float, *, keep: bool, elapsed: float, cost: float) -> Row:
    return Row(
        n=n, status="keep" if keep else "discard", commit=str(n), parent="", description=Safe(""),
        reason=Safe(""), metrics={"loss": value}, extras={}, seconds=1.0, cost_usd=cost,
        hypothesis=Safe(""), added=0, removed=0, memo={}, time=0.0, elapsed=elapsed,
    )  # fmt: skip


def test_zoomed_in_the_late_gains_fill_the_plot() -> None:
    whole, zoomed = pictured("linear"), pictured("kept")
    assert whole.y.share(8.5) - whole.y.share(8.0) < 0.01
    assert zoomed.y.share(8.5) - zoomed.y.share(8.0) > 0.3
    assert (zoomed.x.low, zoomed.x.high) == (3, 7)
    assert [mark.n for mark in zoomed.marks if zoomed.y.beyond(mark.y or 0.0)] == [4]
    assert zoomed.baseline is None
    assert all(tick.value >= 3 for tick in zoomed.x.ticks(5))


def test_the_scale_is_chosen_by_hand_too() -> None:
    assert pictured("log").y.log
    assert not pictured("linear").y.log
    assert pictured("auto").y.log  # its steps span more than can be seen otherwise


def test_over_hours_and_over_dollars() -> None:
    hours, dollars = pictured("auto", "hours"), pictured("auto", "dollars")
    assert sorted(mark.x for mark in hours.marks) == [1, 2, 3, 4, 5, 6, 7]
    assert sorted(mark.x for mark in dollars.marks) == [0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    assert hours.lines[-1].points == ((1, 100.0), (3, 9.0), (5, 8.5), (7, 8.0))


async def test_keys_choose_the_scale_and_what_the_plot_goes_over() -> None:
    async with showing(NIGHT) as (screen, pilot):
        await pilot.press("l", "l", "l")
        await pilot.pause()
        assert screen.look.how == "kept"
        assert "from the first gain on" in picture_of(pilot.app)
        await pilot.press("l", "X")
        await pilot.pause()
        assert (screen.look.how, screen.look.across) == ("auto", "hours")
        assert "the plot goes over hours" in picture_of(pilot.app)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 50)])
@pytest.mark.parametrize(
    "words",
    [
        "漢字で書いた説明文" * 4,
        "🚀🔥👩‍👩‍👧 emoji " * 6,
        "שלום עולם مرحبا " * 5,
        "e\u0301\u0302 комбо " * 8,
    ],
)
async def test_the_grid_holds_whatever_a_description_is_written_in(
    words: str, size: tuple[int, int]
) -> None:
    strange = [*NIGHT, *experiment(7, "discard", description=words)]
    async with showing(strange, size) as (_, pilot):
        await pilot.press("5")
        await pilot.pause()
        framed = [line for line in picture_of(pilot.app).splitlines() if line[:1] in "│╭╰"]
        assert len(framed) > size[1] // 2
        assert {cell_len(line) for line in framed} == {size[0]}
