"""Several lanes on the screen: what each does, which is chosen, and what `s` skips."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.lanes import SLOTS, begun, decided, four_lanes, opened
from support.moments import picture_of
from support.realistic_run import commit_of, experiment, opening
from textual.geometry import Region
from textual.pilot import Pilot

from autoexp_tui.loop.control import Command, Reply
from autoexp_tui.model import events
from autoexp_tui.model.events import AnyEvent, Record
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.ui.app import AutoexpApp
from autoexp_tui.ui.reading import LastLinesReading
from autoexp_tui.ui.screens.run import RunScreen
from autoexp_tui.ui.tail import last_line
from autoexp_tui.ui.widgets.bars import KeyBar
from autoexp_tui.ui.widgets.lanes import LanesPane

NOW = 1_700_000_000.0
MOST = 3_000


class Lanes:
    """The app on a source that the test holds in hand, its clock too."""

    def __init__(self, folder: Path, told: list[AnyEvent]) -> None:
        self.told = list(told)
        self.seq = 0
        self.time = NOW
        self.living = True
        self.asked: list[Command] = []
        self.run = RunDirectory(folder / "nov23-train")
        self.screen = RunScreen(self, self.run, steer=self.take, clock=lambda: self.time)
        self.app = AutoexpApp(self.screen)
        self.pilot: Pilot[Any]

    def read(self) -> list[Record]:
        records = []
        while self.told:
            self.seq += 1
            records.append(Record(self.seq, NOW, float(self.seq), self.told.pop(0)))
        return records

    def alive(self) -> bool:
        return self.living

    def take(self, command: Command) -> Reply:
        self.asked.append(command)
        return Reply(ok=True, text="as you wish")

    def write(self, n: int, output: str) -> None:
        self.run.experiment(n).mkdir(parents=True, exist_ok=True)
        self.run.text(n).write_text(f"a = {n}\n")
        self.run.output(n).write_text(output)

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(MOST):
            if condition():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"it did not come about:\n{picture_of(self.app)}")

    async def tell(self, *more: AnyEvent) -> None:
        want = self.screen.state.seq + len(more)
        self.told += more
        await self.until(lambda: self.screen.state.seq >= want)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    @property
    def pane(self) -> LanesPane:
        return self.screen.query_one(LanesPane)

    def lines(self) -> list[str]:
        return [self.pane.render_line(y).text.rstrip() for y in range(self.pane.size.height)]

    def chosen(self) -> str:
        return next(line for line in self.lines() if line.startswith(">"))

    def title(self) -> str:
        return str(self.screen.board.hypothesis.border_title)

    def answer(self) -> str:
        return self.screen.query_one(KeyBar).answer


@asynccontextmanager
async def showing(
    folder: Path, told: list[AnyEvent] | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Lanes]:
    lanes = Lanes(folder, four_lanes() if told is None else told)
    count = len(lanes.told)
    for n in (1, 2, 3, 4, 5):
        lanes.write(n, f"epoch 1 of {n}\n")
    async with lanes.app.run_test(size=size) as pilot:
        lanes.pilot = pilot
        await lanes.until(lambda: lanes.screen.state.seq == count)
        await lanes.until(lambda: not lanes.screen.state.slots or lanes.pane.size.height > 0)
        await pilot.pause()
        yield lanes


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_each_lane_tells_slot_number_phase_time_and_idea(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with showing(tmp_path, size=size) as lanes:
        lanes.time = NOW + 72
        await lanes.until(lambda: "1m 12s" in lanes.lines()[0])
        lines = lanes.lines()
        assert len(lines) == 4
        for line, *words in zip(
            lines, SLOTS, ("#3", "#4", "#5", "#6"),
            ("▶ evaluating", "▶ evaluating", "◆ deciding", "✎ proposing"),
            ("warm up for longer", "a wider net", "no dropout", ""), strict=True,
        ):  # fmt: skip
            assert all(word in line for word in words)


async def test_an_idle_slot_says_so(tmp_path: Path) -> None:
    async with showing(tmp_path) as lanes:
        await lanes.tell(decided(4, "discard", parent=commit_of(2)))
        assert lanes.lines()[1].split() == ["gpu:1", "idle"]
        assert "3 of 4 busy" in str(lanes.pane.border_title)


async def test_what_the_harness_printed_last_stands_in_its_lane(tmp_path: Path) -> None:
    async with showing(tmp_path) as lanes:
        await lanes.until(lambda: "epoch 1 of 3" in lanes.lines()[0])
        with lanes.run.output(3).open("a") as output:
            output.write("\x1b[32mepoch 2\x1b[0m of 3\n\n")
        await lanes.until(lambda: "epoch 2 of 3" in lanes.lines()[0])
        assert "epoch" not in lanes.lines()[3]  # which proposes


@pytest.mark.parametrize("keys", [["J"], ["0", "down"], ["0", "j"]])
async def test_a_chosen_lane_is_what_the_panes_show(tmp_path: Path, keys: list[str]) -> None:
    async with showing(tmp_path) as lanes:
        assert lanes.title().startswith("1 Hypothesis ─ #3 on #2 in gpu:0")
        await lanes.press(*keys)
        await lanes.until(lambda: lanes.title().startswith("1 Hypothesis ─ #4 on #2 in gpu:1"))
        assert lanes.chosen().startswith(">gpu:1")
        shown = picture_of(lanes.app)
        assert "It may help: a wider net." in shown
        await lanes.until(lambda: "+ a = 4" in picture_of(lanes.app))
        assert str(lanes.screen.board.output.border_title) == "3 Output ─ #4"
        await lanes.until(lambda: "epoch 1 of 4" in lanes.screen.board.output.render_line(0).text)
        await lanes.press("K")
        await lanes.until(lambda: "#3" in lanes.title())


async def test_choosing_stops_at_the_first_and_the_last_lane(tmp_path: Path) -> None:
    async with showing(tmp_path) as lanes:
        await lanes.press("K")
        assert lanes.chosen().startswith(">gpu:0")
        await lanes.press(*["J"] * 6)
        await lanes.until(lambda: lanes.chosen().startswith(">gpu:3"))


async def test_the_lane_stays_chosen_when_its_next_experiment_begins(tmp_path: Path) -> None:
    async with showing(tmp_path) as lanes:
        await lanes.press("J")
        await lanes.tell(
            decided(4, "discard", parent=commit_of(2)),
            *begun(7, "gpu:1", parent=commit_of(2), idea="a deeper net"),
        )
        assert "#7" in lanes.chosen()
        await lanes.until(lambda: "#7 on #2 in gpu:1" in lanes.title())


async def test_enter_looks_at_what_the_lane_prints_and_0_comes_back(tmp_path: Path) -> None:
    async with showing(tmp_path, size=(80, 24)) as lanes:
        await lanes.press("0", "down", "enter")
        assert lanes.screen.look.active == "output"
        assert lanes.screen.board.output.has_focus
        await lanes.until(lambda: "epoch 1 of 4" in picture_of(lanes.app))
        await lanes.press("0", "down", "down", "enter")  # it proposes, and prints nothing yet
        assert lanes.screen.look.active == "hypothesis"


async def test_a_skip_is_of_the_chosen_lane_and_names_its_experiment(tmp_path: Path) -> None:
    async with showing(tmp_path) as lanes:
        assert "skip #3" in picture_of(lanes.app)
        await lanes.press("J", "J")
        await lanes.until(lambda: "skip #5" in picture_of(lanes.app))
        await lanes.press("s")
        await lanes.until(lambda: len(lanes.asked) == 1)
        assert (lanes.asked[0].verb, lanes.asked[0].n) == ("skip", 5)
        assert lanes.answer()


async def test_an_idle_lane_has_nothing_to_skip(tmp_path: Path) -> None:
    async with showing(tmp_path) as lanes:
        await lanes.tell(decided(3, "discard", parent=commit_of(2)))
        await lanes.press("s")
        assert "gpu:0 is idle" in lanes.answer()
        assert lanes.asked == []


async def test_looking_back_is_of_a_row_and_a_lane_brings_one_back_to_now(tmp_path: Path) -> None:
    async with showing(tmp_path) as lanes:
        await lanes.press("b", "P")
        await lanes.until(lambda: "#1" in lanes.title())
        await lanes.press("s")  # the chosen lane's, whatever is looked at
        await lanes.until(lambda: [command.n for command in lanes.asked] == [3])
        await lanes.press("J")
        await lanes.until(lambda: "#4 on #2 in gpu:1" in lanes.title())


async def test_with_one_slot_there_are_no_lanes_and_no_keys_of_them(tmp_path: Path) -> None:
    told = [*opening(), *experiment(1, "keep"), events.ExperimentStarted(2, commit_of(1))]
    async with showing(tmp_path, told) as lanes:
        assert not lanes.pane.display
        assert "lanes" not in picture_of(lanes.app)
        await lanes.press("0")
        assert not lanes.pane.has_focus
        assert "`parallel: 2`" in lanes.answer()
        await lanes.press("s")
        await lanes.until(lambda: [command.n for command in lanes.asked] == [0])


async def test_without_its_runner_every_lane_is_quiet_and_its_clock_stands(tmp_path: Path) -> None:
    async with showing(tmp_path) as lanes:
        lanes.time = NOW + 72
        await lanes.until(lambda: "1m 12s" in lanes.lines()[1])
        live = {segment.style for segment in lanes.pane.render_line(1) if segment.text.strip()}
        lanes.living = False
        await lanes.until(lambda: not lanes.screen.alive)
        await lanes.pilot.pause()
        assert "1m 12s" not in lanes.lines()[1]
        gone = {segment.style for segment in lanes.pane.render_line(1) if segment.text.strip()}
        assert (len(live), len(gone)) == (3, 1)


async def test_a_change_on_a_new_best_says_so_and_is_no_repair(tmp_path: Path) -> None:
    async with showing(tmp_path) as lanes:
        await lanes.press("J")
        await lanes.tell(
            events.Committed(4, "e" * 40, 2),
            events.Rebased(4, commit_of(2), 2),
            events.EvaluationStarted(4, 2),
        )
        await lanes.until(lambda: "put on #2" in picture_of(lanes.app))
        assert "repair" not in picture_of(lanes.app)


@pytest.mark.parametrize("told", [None, [*opening(), *experiment(1, "keep")]])
async def test_help_tells_the_marks_of_lanes_where_there_are_some(
    tmp_path: Path, told: list[AnyEvent] | None
) -> None:
    async with showing(tmp_path, told, size=(120, 60)) as lanes:
        await lanes.press("question_mark")
        await lanes.until(lambda: "» skipped" in picture_of(lanes.app))
        shown = picture_of(lanes.app)
        for mark in ("↓ superseded", "≠ stale", "? lost"):
            assert (mark in shown) == (told is None)


async def test_lanes_go_with_the_end_of_the_run_and_the_focus_goes_on(tmp_path: Path) -> None:
    async with showing(tmp_path) as lanes:
        await lanes.press("0")
        assert lanes.pane.has_focus
        gone = [events.Abandoned(n, "stopped") for n in (3, 4, 5, 6)]
        await lanes.tell(*gone, events.RunFinished("all done", ok=True))
        await lanes.until(lambda: not lanes.pane.display)
        assert lanes.screen.board.results.has_focus


async def test_more_lanes_than_there_is_room_for_are_scrolled_to(tmp_path: Path) -> None:
    slots = [f"cpu:{k}" for k in range(24)]
    told = [*opened(*slots), *experiment(1, "keep"), *begun(2, "cpu:20", parent=commit_of(1))]
    async with showing(tmp_path, told, size=(80, 24)) as lanes:
        assert len(lanes.lines()) == 6
        await lanes.press(*["J"] * 20)
        await lanes.until(lambda: lanes.chosen().startswith(">cpu:20"))
        await lanes.until(lambda: "#2 on #1" in lanes.title())
        await lanes.press("0", "pageup", "pageup", "pageup")
        await lanes.until(lambda: lanes.chosen().startswith(">cpu:0"))


async def test_a_clock_repaints_the_lines_that_tick_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with showing(tmp_path) as lanes:
        await lanes.tell(decided(4, "discard", parent=commit_of(2)))
        await lanes.pilot.pause()
        painted: list[Region] = []

        def refresh(*regions: Region, **_: object) -> None:
            painted.extend(regions)

        monkeypatch.setattr(lanes.pane, "refresh", refresh)
        lanes.time += 1
        lanes.screen._tick()
        assert sorted(region.y for region in painted) == [0, 2, 3]
        painted.clear()
        lanes.screen._tick()
        assert painted == []


# ---- the last line of a log ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"", ""),
        (b"one\ntwo\n", "two"),
        (b"one\ntwo", "two"),
        (b"one\n\n  \n", "one"),
        (b"10 %\r50 %\r90 %", "90 %"),
        (b"\x1b[31mred\x1b[0m \x1b]0;OWNED\x07\n", "red"),
        (b"x" * 9000 + b"\nend\n", "end"),
    ],
)
def test_the_last_line_that_says_anything(tmp_path: Path, written: bytes, said: str) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(written)
    assert last_line(path) == said


def test_last_lines_are_looked_at_once_a_second_and_told_when_they_change(tmp_path: Path) -> None:
    now = 100.0
    reading, log = LastLinesReading(lambda: now), tmp_path / "output.log"
    reading.logs = {7: log}
    read = reading.read(held=False)
    assert read is not None
    assert read.lines == {7: ""}
    log.write_text("epoch 1\n")
    assert reading.read(held=False) is None
    now += 1.0
    assert reading.read(held=True) is None
    read = reading.read(held=False)
    assert read is not None
    assert read.lines == {7: "epoch 1"}
    now += 1.0
    assert reading.read(held=False) is None
    reading.logs, now = {}, now + 1.0
    read = reading.read(held=False)
    assert read is not None
    assert read.lines == {}
