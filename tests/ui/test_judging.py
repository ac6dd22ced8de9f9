"""A person's way out where a table was read wrong: its metric, its direction and its columns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.moments import picture_of
from textual.pilot import Pilot
from textual.widgets import OptionList

from autoexp_tui.model.contract import Metric
from autoexp_tui.sources.habits import Habits
from autoexp_tui.sources.player import Player
from autoexp_tui.sources.tables import TableSource
from autoexp_tui.sources.watching import TableWatch
from autoexp_tui.tables import TableChoice, read_table
from autoexp_tui.ui.app import AutoexpApp
from autoexp_tui.ui.screens.run import RunScreen
from autoexp_tui.ui.screens.view import Viewer

TRIALS = (
    "Name,State,lr,accuracy,latency,env,notes\n"
    "brisk-1,finished,0.001,0.81,40,cuda,first try\n"
    "calm-2,finished,0.003,0.83,45,cpu,higher rate\n"
    "dark-3,finished,0.1,,,cpu,no number came\n"
    "fine-4,finished,0.003,0.84,20,cuda,both\n"
)


@dataclass
class Shown:
    """A table on a screen."""

    screen: RunScreen
    pilot: Pilot[Any]

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(3_000):
            if condition():
                return
            await self.pilot.pause(0.02)
        raise AssertionError("it did not come about")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def choose(self, key: str, name: str) -> None:
        """Press `key`, and choose the answer of that name from its list."""
        await self.press(key)
        answers = self.pilot.app.screen.query_one(OptionList)
        answers.highlighted = answers.get_option_index(name)
        await self.press("enter")

    @property
    def judged_by(self) -> Metric | None:
        started = self.screen.state.started
        return None if started is None else started.contract.primary

    def seen(self) -> str:
        return picture_of(self.pilot.app)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "trials.csv"
    found.write_text(TRIALS)
    return found


@asynccontextmanager
async def showing(screen: RunScreen, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Shown]:
    async with AutoexpApp(screen).run_test(size=size) as pilot:
        shown = Shown(screen, pilot)
        await shown.until(lambda: len(screen.state.rows) >= 4)
        await pilot.pause()
        yield shown


def replayed(path: Path, habits: Habits | None = None) -> RunScreen:
    liked = habits or Habits()
    table = TableSource(read_table(path), liked.of_table(path).choice)
    viewer = Viewer(habits=liked, file=path)
    return RunScreen(Player(table), None, viewer=viewer, table=table)


async def test_any_column_of_numbers_judges_the_table_and_is_remembered(path: Path) -> None:
    async with showing(replayed(path)) as shown:
        assert shown.judged_by == Metric("accuracy", "higher")
        await shown.choose("m", "latency")
        await shown.until(lambda: shown.judged_by == Metric("latency", "lower"))
        await shown.until(lambda: "best 20" in shown.seen())
        assert "4 latency ↓" in shown.seen()
        liked = shown.screen.habits
    assert liked.of_table(path).choice == TableChoice("latency")
    async with showing(replayed(path, liked)) as shown:
        assert shown.judged_by == Metric("latency", "lower")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_other_way_round_is_remembered_too(path: Path, size: tuple[int, int]) -> None:
    async with showing(replayed(path), size) as shown:
        assert "a guess" in shown.seen()
        await shown.press("v")
        await shown.until(lambda: shown.judged_by == Metric("accuracy", "lower"))
        await shown.until(lambda: "as you said" in shown.seen())
        assert shown.screen.habits.of_table(path).choice == TableChoice("accuracy", "lower")


async def test_a_table_that_grows_is_judged_otherwise_as_well(path: Path) -> None:
    watch = TableWatch(path)
    screen = RunScreen(watch, None, viewer=Viewer(file=path), table=watch)
    async with showing(screen) as shown:
        await shown.choose("m", "latency")
        await shown.until(lambda: shown.judged_by == Metric("latency", "lower"))
        await shown.until(lambda: len(screen.state.rows) == 4)
        await shown.press("v")
        await shown.until(lambda: shown.judged_by == Metric("latency", "higher"))
        with path.open("a") as file:
            file.write("gone-5,finished,0.003,0.9,90,cuda,slow\n")
        await shown.until(lambda: len(screen.state.rows) == 5)
        assert shown.judged_by == Metric("latency", "higher")


async def test_any_column_stands_in_the_results_where_a_person_wants_it(path: Path) -> None:
    async with showing(replayed(path), (160, 40)) as shown:
        assert "brisk-1" not in shown.seen()
        await shown.choose("o", "also:Name")
        await shown.choose("o", "also:lr")
        await shown.until(lambda: "brisk-1" in shown.seen() and "0.100" in shown.seen())
        liked = shown.screen.habits
    async with showing(replayed(path, liked), (160, 40)) as shown:
        await shown.until(lambda: "brisk-1" in shown.seen())
        await shown.choose("o", "also:Name")
        await shown.until(lambda: "brisk-1" not in shown.seen())


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_a_table_without_verdicts_has_none(path: Path, size: tuple[int, int]) -> None:
    async with showing(replayed(path), size) as shown:
        seen = shown.seen()
        assert "new best" in seen
        assert not [word for word in ("discard", "kept", "keep", "crash") if word in seen]


async def test_the_opened_row_tells_what_the_table_knows_and_nothing_else(path: Path) -> None:
    async with showing(replayed(path)) as shown:
        await shown.press("P", "P", "enter")
        await shown.until(lambda: "#3 of 4" in shown.seen())
        seen = shown.seen()
        for told in ("no number came", "lr 0.1", "Name: dark-3", "env: cpu"):
            assert told in seen
        for invented in ("took", "commit", "no measurement", "appears here", "Output", "diff"):
            assert invented not in seen
        await shown.press("n")
        await shown.until(lambda: "accuracy 0.84" in shown.seen())


async def test_watching_says_what_it_waits_for(tmp_path: Path) -> None:
    path = tmp_path / "later.csv"
    watch = TableWatch(path)
    screen = RunScreen(watch, None, viewer=Viewer(file=path), table=watch)
    async with AutoexpApp(screen).run_test(size=(120, 40)) as pilot:
        shown = Shown(screen, pilot)
        await shown.until(lambda: "not there yet" in shown.seen())
        path.write_text(TRIALS)
        await shown.until(lambda: len(screen.state.rows) == 4)
        assert "not there yet" not in shown.seen()
