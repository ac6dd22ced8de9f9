"""The list of runs: what it shows, and what each of its keys chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.moments import picture_of
from support.projects import TARGET, make_project
from support.told_run import Told, tell_run
from textual.pilot import Pilot

from autoexp_tui.repository import gitdir
from autoexp_tui.sources.overview import Overview, Overviews
from autoexp_tui.ui.app import AutoexpApp
from autoexp_tui.ui.screens.home import HomeScreen
from autoexp_tui.ui.widgets.bars import KeyBar

KEPT = [Told(TARGET.replace("3.0", "2.0"), 6.0, "keep")]
POOR = [Told(TARGET.replace("3.0", "4.0"), 9.5, "discard")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = make_project(tmp_path / "words")
    tell_run(path, "early", KEPT)
    tell_run(path, "cut", POOR, ended=False)
    torn = tell_run(path, "torn", POOR)
    torn.journal.with_suffix(".key").unlink()
    torn.journal.write_text("{}\n{}\n")
    return path


class Shown:
    """The list of a project's runs, on a screen."""

    def __init__(self, path: Path) -> None:
        place, looks = gitdir.find(path), Overviews()
        assert place is not None
        self.places = [place]
        self.screen = HomeScreen(
            lambda everywhere: looks.look(self.places),
            lambda everywhere: ["everywhere" if everywhere else "start one"],
            title="words",
        )
        self.app = AutoexpApp(self.screen)
        self.pilot: Pilot[Any]

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(1500):
            if condition():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"it did not come about:\n{picture_of(self.app)}")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def goto(self, tag: str) -> None:
        for _ in range(4):
            if self.current.tag == tag:
                return
            await self.press("down")
        raise AssertionError(f"no run {tag}")

    @property
    def current(self) -> Overview:
        assert self.screen.current is not None
        return self.screen.current

    def chosen(self) -> tuple[str, list[str]]:
        assert self.screen.chosen is not None
        return self.screen.chosen.act, [one.run.tag for one in self.screen.chosen.runs]


@asynccontextmanager
async def shown(path: Path, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Shown]:
    it = Shown(path)
    async with it.app.run_test(size=size) as pilot:
        it.pilot = pilot
        await it.until(lambda: "early" in picture_of(it.app) or "start one" in picture_of(it.app))
        yield it


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_it_tells_how_each_run_stands(project: Path, size: tuple[int, int]) -> None:
    async with shown(project, size) as it:
        lines = picture_of(it.app).split("\n")
        (early,) = [line for line in lines if " early " in line]
        for words in ("finished", "2/50", "loss 6", "33.3 % better"):
            assert words in early
        assert any("cut" in line and "interrupted" in line for line in lines)
        assert any("torn" in line and "damaged" in line for line in lines)


@pytest.mark.parametrize(
    ("key", "act"),
    [("enter", "attach"), ("p", "replay"), ("f", "finish"), ("r", "report")],
)
async def test_a_key_is_about_the_run_under_the_cursor(project: Path, key: str, act: str) -> None:
    async with shown(project) as it:
        await it.goto("early")
        await it.press(key)
        assert it.chosen() == (act, ["early"])


async def test_a_new_run_is_about_none(project: Path) -> None:
    async with shown(project) as it:
        await it.press("n")
        assert it.chosen() == ("run", [])


async def test_two_that_are_marked_are_compared(project: Path) -> None:
    async with shown(project) as it:
        await it.goto("early")
        await it.press("space", "c")
        assert "mark two runs" in it.screen.query_one(KeyBar).answer
        assert it.screen.chosen is None
        await it.press("up", "up", "up")
        await it.goto("cut")
        await it.press("space", "c")
        act, tags = it.chosen()
        assert (act, sorted(tags)) == ("compare", ["cut", "early"])


async def test_what_is_damaged_says_why(project: Path) -> None:
    async with shown(project) as it:
        await it.goto("torn")
        await it.press("enter")
        assert it.screen.chosen is None
        assert "journal" in it.screen.query_one(KeyBar).answer


async def test_a_run_that_comes_is_shown_and_the_cursor_stays(project: Path) -> None:
    async with shown(project) as it:
        await it.goto("early")
        tell_run(project, "later", KEPT)
        await it.until(lambda: "later" in picture_of(it.app))
        assert it.current.tag == "early"


async def test_an_empty_list_teaches(tmp_path: Path) -> None:
    path = make_project(tmp_path / "words")
    async with shown(path) as it:
        await it.press("enter")
        await it.until(lambda: "n starts one" in it.screen.query_one(KeyBar).answer)
        await it.press("a")
        await it.until(lambda: "everywhere" in picture_of(it.app))
        await it.press("q")
        assert it.screen.chosen is None
        assert it.app.return_code == 0
