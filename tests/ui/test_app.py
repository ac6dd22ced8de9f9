"""Every key and every state of the app, on a source that the test holds in hand."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.gitrepos import commit_files, git, make_repo
from support.moments import picture_of
from support.realistic_run import CONTRACT, commit_of, experiment, opening
from textual.pilot import Pilot
from textual.theme import Theme

from autoexp_tui.loop.control import Command, Reply
from autoexp_tui.loop.journal import JournalError
from autoexp_tui.loop.proposal_log import ProposalLog
from autoexp_tui.model import events
from autoexp_tui.model.budget import Caps
from autoexp_tui.model.events import AnyEvent, Record
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.sources.commit_texts import texts_beside
from autoexp_tui.sources.player import Player
from autoexp_tui.sources.seen import Seen
from autoexp_tui.sources.tables import TableSource
from autoexp_tui.tables import read_table
from autoexp_tui.ui.app import AutoexpApp
from autoexp_tui.ui.dialogs import Ask, Choice, Help
from autoexp_tui.ui.dialogs import Told as ToldScreen
from autoexp_tui.ui.keys import KEYS
from autoexp_tui.ui.screens.experiment import ExperimentScreen
from autoexp_tui.ui.screens.home import HomeScreen
from autoexp_tui.ui.screens.run import RunScreen
from autoexp_tui.ui.screens.view import Viewer
from autoexp_tui.ui.themes import DARK, LIGHT, ORDER
from autoexp_tui.ui.widgets.bars import AlertBar, KeyBar, StatusLine, TextLine

NOW = 1_700_000_000.0
ROWS = [
    *experiment(1, "keep"),
    *experiment(2, "keep", parent=commit_of(1), description="a smaller step"),
    *experiment(3, "crash", parent=commit_of(2), description="hidden 512", reason="out of memory"),
]

RECORDED = [*opening(), *ROWS, events.RunFinished("done", ok=True)]
"""What `replaying` replays."""


class Told:
    """A source that says what the test tells it to."""

    def __init__(self, told: list[AnyEvent]) -> None:
        self.told = list(told)
        self._seq = 0
        self.living = True
        self.failure: Exception | None = None

    def tell(self, *more: AnyEvent) -> None:
        self.told += more

    def read(self) -> list[Record]:
        if self.failure is not None:
            raise self.failure
        records = []
        while self.told:
            self._seq += 1
            records.append(Record(self._seq, NOW, float(self._seq), self.told.pop(0)))
        return records

    def alive(self) -> bool:
        return self.living


class Bench:
    """The app, its source, and what it asked of the loop."""

    def __init__(self, folder: Path, told: list[AnyEvent]) -> None:
        self.source = Told(told)
        self.run = RunDirectory(folder / "nov23-train")
        self.asked: list[Command] = []
        self.answer: Callable[[Command], Reply] = lambda _: Reply(ok=True, text="as you wish")
        self.show(RunScreen(self.source, self.run, steer=self.take, clock=lambda: NOW + 3))
        self.pilot: Pilot[Any]

    def show(self, screen: RunScreen) -> None:
        self.screen = screen
        self.app = AutoexpApp(screen)

    def take(self, command: Command) -> Reply:
        self.asked.append(command)
        return self.answer(command)

    def write(self, n: int, target: str, output: str = "") -> None:
        self.run.experiment(n).mkdir(parents=True, exist_ok=True)
        self.run.text(n).write_text(target)
        self.run.output(n).write_text(output)

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(3_000):
            if condition():
                return
            await self.pilot.pause(0.02)
        raise AssertionError("it did not come about")

    async def tell(self, *more: AnyEvent) -> None:
        """Let something happen, and wait until it is shown."""
        want = self.screen.state.seq + len(more)
        self.source.tell(*more)
        await self.until(lambda: self.screen.state.seq >= want)
        await self.pilot.pause()

    async def shows(self, pane: str, *words: str) -> None:
        """Wait until what its files hold is in a pane."""
        await self.until(lambda: all(word in self.pane(pane) for word in words))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def left(self) -> bool:
        return self.app.return_code is not None

    def verbs(self) -> list[str]:
        return [command.verb for command in self.asked]

    def line(self, name: str = "status") -> str:
        bar = self.screen.query_one(f"#{name}", StatusLine)
        return bar.render_line(0).text.strip()

    def answered(self) -> str:
        return self.screen.query_one(KeyBar).answer

    def alert(self) -> str:
        bar = self.screen.query_one(AlertBar)
        return str(bar.render()) if bar.display else ""

    def pane(self, name: str) -> str:
        pane = getattr(self.screen.board, name)
        return "\n".join(pane.render_line(y).text for y in range(pane.size.height))

    def title(self, name: str) -> str:
        return str(getattr(self.screen.board, name).border_title)


@asynccontextmanager
async def running(
    folder: Path, told: list[AnyEvent] | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Bench]:
    bench = Bench(folder, [*opening(), *ROWS] if told is None else told)
    count = len(bench.source.told)
    for n, text in ((1, "a = 1\n"), (2, "a = 2\n"), (3, "a = 3\n")):
        bench.write(n, text, f"measuring {n}\n")
    async with bench.app.run_test(size=size) as pilot:
        bench.pilot = pilot
        await bench.until(lambda: bench.screen.state.seq == count)
        await pilot.pause()
        yield bench


# ---- states --------------------------------------------------------------------------------------


async def test_before_the_first_event_every_pane_says_what_will_appear(tmp_path: Path) -> None:
    async with running(tmp_path, []) as bench:
        assert "waiting" in bench.line()
        for name, words in {
            "diff": "appears here",
            "output": "prints here",
            "plot": "starts with the baseline",
            "results": "the baseline comes first",
        }.items():
            assert words in bench.pane(name)


async def test_proposing_shows_the_hypothesis_and_the_diff_as_they_grow(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.tell(events.ExperimentStarted(4, commit_of(2)))
        assert "proposing" in bench.line()
        with ProposalLog(bench.run.proposal(4)) as log:
            log.write("hypothesis", "A larger a")
            log.write("target", "a = 9\n")
            await bench.until(lambda: "a = 9" in bench.pane("diff"))
            assert "A larger a" in picture_of(bench.app)
            assert bench.title("hypothesis").startswith("1 Hypothesis ─ #4 on #2")


async def test_what_an_agent_does_is_seen_as_it_does_it(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.tell(
            events.ExperimentStarted(4, commit_of(2)), events.AgentActed(4, "Edit", "train.py")
        )
        with ProposalLog(bench.run.proposal(4)) as log:
            await bench.until(lambda: "· Edit train.py" in picture_of(bench.app))
            log.write("target", "a = 8\n")
            await bench.until(lambda: "a = 8" in bench.pane("diff"))
            log.write("afresh", "")
            log.write("target", "a = 9\n")
            await bench.until(lambda: "a = 9" in bench.pane("diff"))
            assert "a = 8" not in bench.pane("diff")
        await bench.tell(events.WaitBegan(4, 60.0, "usage limit reached"))
        assert "▶ waiting 57s: usage limit reached" in bench.line()
        await bench.tell(events.WaitBegan(4, 1.0, "usage limit reached"))
        assert "▶ proposing" in bench.line()


async def test_evaluating_follows_the_harness_and_counts_the_seconds(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        bench.write(4, "a = 4\n", "epoch 1\n")
        await bench.tell(
            events.ExperimentStarted(4, commit_of(2)),
            events.Proposed(4, "why", "what", 1, 1, "d"),
            events.Committed(4, commit_of(4)),
            events.EvaluationStarted(4),
        )
        assert "▶ evaluating 3s" in bench.line()
        await bench.until(lambda: "epoch 1" in bench.pane("output"))
        with bench.run.output(4).open("a") as output:
            output.write("epoch 2\n")
        await bench.until(lambda: "epoch 2" in bench.pane("output"))


async def test_paused_is_said_where_it_cannot_be_missed(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        assert bench.alert() == ""
        await bench.tell(events.PauseRequested("ada"), events.Paused("paused by ada"))
        assert "paused" in bench.line()
        assert "paused by ada — space goes on" in bench.alert()


async def test_a_request_that_waits_is_shown_as_such(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.tell(events.ExperimentStarted(4, commit_of(2)), events.PauseRequested("ada"))
        assert "pausing: proposing" in bench.line()


async def test_a_crash_row_says_why_and_has_no_figure(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        assert "✗ crash" in bench.pane("results")
        assert "out of memory" in bench.pane("results")


async def test_finished_says_why_and_how_it_ended(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.tell(events.RunFinished("all 3 experiments done", ok=True))
        assert "■ finished" in bench.line()
        assert "all 3 experiments done" in bench.line()
        assert bench.alert() == ""


async def test_failed_says_why_in_the_alert(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.tell(events.RunFinished("the baseline gave no measurement", ok=False))
        assert "■ failed" in bench.line()
        assert "the baseline gave no measurement" in bench.alert()


async def test_a_runner_that_is_gone_is_told_with_the_remedy(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        bench.source.living = False
        await bench.until(lambda: not bench.screen.alive)
        await bench.pilot.pause()
        assert "runner gone" in bench.line()
        assert "`autoexp run --tag nov23-train` goes on" in bench.alert()


async def test_a_damaged_journal_is_told_and_the_app_stays(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        bench.source.failure = JournalError("journal.jsonl:7: this event is damaged")
        await bench.until(lambda: "damaged" in bench.alert())
        assert "a smaller step" in bench.pane("results")


async def test_the_status_tells_best_count_pace_and_budgets(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        assert "best 0.5  −50.0 % of 1" in bench.line()
        assert "3 of 50" in bench.line()
        assert "stops ≈" in bench.line()
        for words in ("experiments ▰▱", "time ▰▱", "cost ▱", "an hour", "50 % kept", "1 crashed"):
            assert words in bench.line("figures")


# ---- keys that steer -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "verb"), [("space", "pause"), ("p", "pause"), ("s", "skip"), ("S", "stop")]
)
async def test_a_steering_key_is_answered_at_once_and_asks_the_loop(
    tmp_path: Path, keys: str, verb: str
) -> None:
    async with running(tmp_path) as bench:
        await bench.pilot.press(keys)
        assert bench.answered()
        await bench.until(lambda: bench.verbs() == [verb])
        await bench.until(lambda: bench.answered() == "as you wish")


async def test_space_resumes_what_is_paused(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.tell(events.Paused("paused by ada"))
        await bench.press("space")
        await bench.until(lambda: bench.verbs() == ["resume"])


async def test_stop_now_asks_first_and_no_is_the_default(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("x")
        assert isinstance(bench.app.screen, Choice)
        await bench.press("enter")
        assert bench.verbs() == []
        await bench.press("x", "down", "enter")
        await bench.until(lambda: bench.verbs() == ["stop-now"])


async def test_a_hint_is_sent_as_it_was_typed(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("h")
        assert isinstance(bench.app.screen, Ask)
        await bench.press(*"quiet sq", "enter")
        await bench.until(lambda: [c.text for c in bench.asked] == ["quiet sq"])
        assert bench.verbs() == ["hint"]


async def test_the_notebook_is_shown_as_it_was_last_written(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.tell(events.NotebookWritten(3, "ann", "Patterns\nsmaller is better"))
        await bench.press("w")
        await bench.until(lambda: isinstance(bench.app.screen, ToldScreen))
        words = "\n".join(str(text.render()) for text in bench.app.screen.query("Static"))
        assert "Notebook of ann, as of #3" in words
        assert "Patterns\nsmaller is better" in words


async def test_nobody_answering_is_told_in_words(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:

        def refuse(_: Command) -> Reply:
            raise Problem("no runner answers")

        bench.answer = refuse
        await bench.press("s")
        await bench.until(lambda: bench.answered() == "no runner answers")


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_leaving_asks_and_leaves_it_running_by_default(tmp_path: Path, key: str) -> None:
    async with running(tmp_path) as bench:
        await bench.press(key)
        assert isinstance(bench.app.screen, Choice)
        assert bench.app.is_running
        await bench.pilot.press("enter")
        await bench.until(bench.left)
        assert bench.verbs() == []


@pytest.mark.parametrize(("downs", "verb"), [(1, "stop"), (2, "stop-now")])
async def test_leaving_may_stop_the_run(tmp_path: Path, downs: int, verb: str) -> None:
    async with running(tmp_path) as bench:
        await bench.press("q", *["down"] * downs, "enter")
        await bench.until(lambda: bench.verbs() == [verb] and bench.left())


async def test_escape_stays(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("q", "escape")
        assert not isinstance(bench.app.screen, Choice)
        assert not bench.left()


async def test_a_finished_run_is_left_without_a_question(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.tell(events.RunFinished("done", ok=True))
        await bench.pilot.press("q")
        await bench.until(bench.left)


# ---- keys that look ------------------------------------------------------------------------------


async def test_moving_in_the_table_looks_back_and_escape_comes_back(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("j")
        assert bench.screen.look.selected == 2
        assert "#2 on #1" in bench.title("hypothesis")
        await bench.shows("diff", "a = 2")
        await bench.until(lambda: "measuring 2" in bench.pane("output"))
        await bench.press("escape")
        assert bench.screen.look.selected is None


async def test_next_and_previous_experiment(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("P")
        assert bench.screen.look.selected == 3
        await bench.press("P")
        assert bench.screen.look.selected == 2
        await bench.press("n")
        assert bench.screen.look.selected == 3
        await bench.press("n")
        assert bench.screen.look.selected is None


async def test_best_is_found_again(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("b")
        assert bench.screen.look.selected == 2


async def test_the_diff_turns_to_the_baseline_and_back(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("P", "d")
        await bench.shows("diff", "- a = 1")
        assert "baseline" in bench.title("diff")
        await bench.press("d")
        await bench.shows("diff", "- a = 2")


async def test_enter_opens_the_experiment_and_n_goes_through_them(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("b", "enter")
        screen = bench.app.screen
        assert isinstance(screen, ExperimentScreen)
        assert "a smaller step" in str(screen.query_one("#facts-text").render())
        await bench.press("n")
        assert "out of memory" in str(screen.query_one("#facts-text").render())
        await bench.press("escape")
        assert bench.screen.look.selected == 3


async def test_the_filter_leaves_what_matches(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("slash", *"crash", "enter")
        assert bench.screen.board.results.row_count == 1
        await bench.press("slash", *["backspace"] * 5, "enter")
        assert bench.screen.board.results.row_count == 3


async def test_a_pane_is_enlarged_and_put_back(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("2", "z")
        assert bench.screen.board.diff.size.width > 100
        assert not bench.screen.board.results.display
        await bench.press("z")
        assert bench.screen.board.results.display
        assert bench.screen.board.diff.size.width < 100


async def test_a_frozen_view_stands_still_and_catches_up(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("f")
        assert "frozen" in bench.alert()
        bench.source.tell(*experiment(4, "discard", parent=commit_of(2)))
        await bench.pilot.pause(0.6)
        assert len(bench.screen.state.rows) == 3
        await bench.press("f")
        await bench.until(lambda: len(bench.screen.state.rows) == 4)
        assert bench.alert() == ""


async def test_the_plot_turns_to_the_second_metric_and_to_the_front(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        assert "val_loss" in bench.title("plot")
        await bench.press("m")
        assert "latency_ms" in bench.title("plot")
        await bench.press("m")
        assert "over" in bench.title("plot")


async def test_the_theme_goes_round(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        seen = [bench.app.theme]
        for _ in ORDER:
            await bench.press("t")
            seen.append(bench.app.theme)
        assert seen == [*ORDER, ORDER[0]]


async def test_copying_says_where_else_it_is(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("b", "y")
        await bench.until(lambda: "a smaller step" in bench.app.clipboard)
        assert "copied.txt" in bench.answered()
        assert (bench.run.experiment(2) / "copied.txt").read_text() == bench.app.clipboard


async def test_help_lists_every_key_of_a_run(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("question_mark")
        screen = bench.app.screen
        assert isinstance(screen, Help)
        text = "\n".join(str(column.render()) for column in screen.query(".help-column"))
        for key in bench.screen.keys:
            assert key.help in text
        await bench.press("escape")
        assert not isinstance(bench.app.screen, Help)


async def test_help_lists_the_keys_of_an_opened_experiment(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("b", "enter", "question_mark")
        text = picture_of(bench.app)
        for words in ("The next experiment", "Back to the run", "^c ^q      Leave"):
            assert words in text
        assert "Skip this experiment" not in text
        await bench.press("escape", "q")
        assert bench.app.screen is bench.screen


def test_every_key_has_its_action() -> None:
    owners = {
        "app": AutoexpApp,
        "run": RunScreen,
        "experiment": ExperimentScreen,
        "home": HomeScreen,
    }
    for key in KEYS:
        owner = AutoexpApp if key.action.startswith("app.") else owners[key.on]
        assert hasattr(owner, f"action_{key.name}"), key


async def test_the_palette_offers_every_action_and_only_those(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        commands = list(bench.app.get_system_commands(bench.app.screen))
        assert "Skip this experiment, at once" in [command.title for command in commands]
        assert not any("Faster" in command.title for command in commands)


async def test_a_new_best_is_marked_until_the_next_key(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.tell(*experiment(4, "keep", parent=commit_of(2)))
        assert bench.screen.look.fresh == 4
        await bench.press("down")
        assert bench.screen.look.fresh is None


# ---- a slow disk ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["output.log", "target", "proposal.jsonl", "diff.patch"])
async def test_keys_act_while_a_read_is_not_answered(tmp_path: Path, name: str) -> None:
    async with running(tmp_path) as bench:
        stuck = bench.run.experiment(4 if name == "proposal.jsonl" else 2) / name
        stuck.parent.mkdir(exist_ok=True)
        stuck.unlink(missing_ok=True)
        os.mkfifo(stuck)  # whoever opens it waits for one who writes
        try:
            if name == "proposal.jsonl":
                await bench.tell(events.ExperimentStarted(4, commit_of(2)))
            else:
                await bench.press("j")
                assert bench.screen.look.selected == 2
            await bench.press("y" if name == "diff.patch" else "m", "b")
            assert bench.screen.look.selected == 2
            await bench.tell(events.Noticed("info", "the journal comes in all the same"))
            await bench.press("enter", "n", "escape", "x")
            assert isinstance(bench.app.screen, Choice)
        finally:
            # Both ends are opened: the reader goes on, and finds the end.
            os.close(os.open(stuck, os.O_RDWR))
            stuck.unlink()


async def test_a_frozen_view_reads_no_news_of_any_file(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        bench.write(4, "a = 4\n", "epoch 1\n")
        await bench.tell(
            events.ExperimentStarted(4, commit_of(2)),
            events.Proposed(4, "why", "what", 1, 1, "d"),
            events.Committed(4, commit_of(4)),
            events.EvaluationStarted(4),
        )
        await bench.shows("output", "epoch 1")
        await bench.press("f")
        bench.write(4, "a = 4\n", "epoch 1\nepoch 2\n")
        bench.screen.reader.look()
        await bench.pilot.pause()
        assert "epoch 2" not in bench.pane("output")
        await bench.press("f")
        await bench.shows("output", "epoch 2")


# ---- sizes ---------------------------------------------------------------------------------------


async def test_at_80_columns_one_pane_at_a_time_with_tabs(tmp_path: Path) -> None:
    async with running(tmp_path, size=(80, 24)) as bench:
        shown = [name for name, pane in bench.screen.board.panes.items() if pane.display]
        assert shown == ["results"]
        await bench.press("2")
        shown = [name for name, pane in bench.screen.board.panes.items() if pane.display]
        assert shown == ["diff"]
        assert "best 0.5" in bench.line()
        assert len(bench.line()) <= 80


async def test_resizing_while_it_runs_changes_the_plan(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        for width, height, shape in ((80, 24, "narrow"), (200, 50, "wide"), (120, 40, "middle")):
            await bench.pilot.resize_terminal(width, height)
            await bench.pilot.pause()
            await bench.until(lambda want=shape: bench.screen.board.shape == want)
            assert "✗ crash" in bench.pane("results")


async def test_resizing_under_a_dialog_changes_the_plan_too(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("x")
        await bench.pilot.resize_terminal(80, 24)
        await bench.until(lambda: bench.screen.board.shape == "narrow")
        assert isinstance(bench.app.screen, Choice)


@pytest.mark.parametrize("size", [(40, 10), (20, 5), (300, 100), (101, 28)])
async def test_odd_sizes_do_not_break_it(tmp_path: Path, size: tuple[int, int]) -> None:
    async with running(tmp_path, size=size) as bench:
        await bench.press("1", "2", "3", "4", "5", "question_mark", "escape", "enter", "escape")
        assert bench.app.is_running


# ---- the replay ----------------------------------------------------------------------------------


@asynccontextmanager
async def replaying(folder: Path) -> AsyncIterator[Bench]:
    bench = Bench(folder, [])
    told = Told(RECORDED)
    for n in (1, 2, 3):
        bench.write(n, f"a = {n}\n")
    bench.show(RunScreen(Player(told), bench.run))
    async with bench.app.run_test(size=(120, 40)) as pilot:
        bench.pilot = pilot
        await bench.until(lambda: len(bench.screen.state.rows) == 3)
        yield bench


async def test_a_replay_steps_jumps_and_shows_what_was_then(tmp_path: Path) -> None:
    async with replaying(tmp_path) as bench:

        def rows() -> int:
            return len(bench.screen.state.rows)

        await bench.press("left_square_bracket")
        await bench.until(lambda: rows() == 3 and not bench.screen.state.finished)
        await bench.press("left_square_bracket")
        await bench.until(lambda: rows() == 2)
        await bench.press("right_square_bracket")
        await bench.until(lambda: rows() == 3)
        await bench.press("comma")
        await bench.until(lambda: rows() == 2)
        await bench.press("comma")
        await bench.until(lambda: rows() == 1)
        await bench.press("full_stop")
        await bench.until(lambda: rows() == 2)
        await bench.press("left_curly_bracket")
        await bench.until(lambda: rows() == 1)
        await bench.press("g")
        await bench.until(lambda: rows() == 0)
        await bench.press("G")
        await bench.until(lambda: bench.screen.state.finished is not None)


async def test_a_replay_shows_where_it_stands(tmp_path: Path) -> None:
    async with replaying(tmp_path) as bench:
        track = bench.app.screen.query_one("#track", TextLine)
        assert "3 of 3" in str(track.render())
        await bench.press("g")
        await bench.until(lambda: "0 of 3" in str(track.render()))


async def test_g_and_home_are_letters_where_one_types(tmp_path: Path) -> None:
    async with replaying(tmp_path) as bench:
        await bench.press("slash", *"gG", "enter")
        assert bench.screen.look.filter == "gG"


async def test_a_replay_plays_to_the_end_at_the_chosen_speed(tmp_path: Path) -> None:
    async with replaying(tmp_path) as bench:
        for _ in range(12):
            await bench.press("greater_than_sign")
        assert "1000×" in bench.line()
        await bench.press("space")
        await bench.until(lambda: bench.screen.state.finished is not None)


async def test_a_replay_asks_nothing_of_any_loop(tmp_path: Path) -> None:
    async with replaying(tmp_path) as bench:
        await bench.press("s", "S", "h")
        assert bench.asked == []
        assert len(bench.app.screen_stack) == 1


async def test_a_replay_writes_a_proposal_as_fast_as_it_was_written(tmp_path: Path) -> None:
    async with replaying(tmp_path) as bench:
        bench.run.proposal(2).write_text(
            '{"t":0.0,"part":"target","text":"a = 7\\n"}\n{"t":900.0,"part":"target","text":"b"}\n'
        )
        at = next(
            i
            for i, event in enumerate(RECORDED)
            if isinstance(event, events.Proposed) and event.n == 2
        )
        bench.screen.move(lambda player: player.go(at))
        await bench.until(lambda: "+ a = 7" in bench.pane("diff"))
        assert "+ b" not in bench.pane("diff")


async def test_whoever_comes_back_after_hours_is_told_what_is_new(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [*opening(), *ROWS])
    seen = Seen(NOW - 3 * 3600, 1, 0.0)
    bench.show(
        RunScreen(
            bench.source, bench.run, steer=bench.take, viewer=Viewer(seen=seen), clock=lambda: NOW
        )
    )
    async with bench.app.run_test(size=(120, 40)) as pilot:
        bench.pilot = pilot
        await bench.until(lambda: isinstance(bench.app.screen, ToldScreen))
        words = "\n".join(str(text.render()) for text in bench.app.screen.query("Static"))
        assert "3h 00m ago" in words
        assert "2 experiments while you were away: 1 kept, 1 crashed" in words
        assert "#2 0.5" in words
        assert "nothing needs you" in words
        await bench.press("enter")
        assert len(bench.app.screen_stack) == 1


async def test_another_theme_colours_the_hypothesis_anew(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("b", "1", "z")  # nothing else is there to be coloured

        def coloured(theme: Theme) -> bool:
            return str(theme.success) in bench.app.export_screenshot()

        await bench.until(lambda: coloured(DARK))
        await bench.press("t")
        await bench.until(lambda: coloured(LIGHT) and not coloured(DARK))


async def test_the_bell_rings_where_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(AutoexpApp, "bell", lambda app: rung.append(len(app.screen.state.rows)))
    async with running(tmp_path) as bench:
        await bench.tell(*experiment(4, "keep", parent=commit_of(2)))
        await bench.until(lambda: len(bench.screen.state.rows) == 4)
        assert rung == []
        await bench.press("B")
        await bench.tell(*experiment(5, "discard", parent=commit_of(4)))
        await bench.until(lambda: len(bench.screen.state.rows) == 5)
        assert rung == []
        await bench.tell(*experiment(6, "keep", parent=commit_of(4)))
        await bench.until(lambda: rung == [6])
        await bench.tell(events.Paused("10 experiments in a row have crashed"))
        await bench.until(lambda: rung == [6, 6])
        await bench.press("B")
        await bench.tell(events.RunFinished("done", ok=True))
        await bench.until(lambda: bool(bench.screen.state.finished))
        assert rung == [6, 6]


async def test_whoever_was_here_just_now_is_told_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [*opening(), *ROWS])
    seen = Seen(NOW - 60, 1, 0.0)
    bench.show(
        RunScreen(
            bench.source, bench.run, steer=bench.take, viewer=Viewer(seen=seen), clock=lambda: NOW
        )
    )
    async with bench.app.run_test(size=(120, 40)) as pilot:
        bench.pilot = pilot
        await bench.until(lambda: len(bench.screen.state.rows) == 3)
        assert len(bench.app.screen_stack) == 1


async def test_a_table_says_how_its_direction_is_known_and_turns_round(tmp_path: Path) -> None:
    path = tmp_path / "results.tsv"
    path.write_text(
        "commit\tscore\tstatus\tdescription\n"
        "aaaaaaa\t1.0\tkeep\tbaseline\nbbbbbbb\t2.0\tkeep\tmore\nccccccc\t1.5\tdiscard\tless\n"
    )
    table = TableSource(read_table(path))
    bench = Bench(tmp_path, [])
    bench.show(RunScreen(Player(table), None, table=table))
    async with bench.app.run_test(size=(120, 40)) as pilot:
        bench.pilot = pilot
        await bench.until(lambda: len(bench.screen.state.rows) == 3)
        assert "score, higher is better: a guess" in bench.line("figures")
        await bench.press("v")
        await bench.until(lambda: "score, lower is better: as you said" in bench.line("figures"))
        await bench.until(lambda: len(bench.screen.state.rows) == 3)
        assert bench.screen.state.contract.primary.direction == "lower"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("score", ["best 3", "kept last 2"]),
        ("thing", ["kept last 2"]),  # nothing tells which way is better
    ],
)
async def test_a_table_tells_its_best_what_it_kept_last_and_its_notes(
    tmp_path: Path, name: str, said: list[str]
) -> None:
    path = tmp_path / "results.tsv"
    path.write_text(
        f"commit\t{name}\tstatus\tdescription\naaaaaaa\t1.0\tkeep\tbaseline\n"
        "bbbbbbb\t3.0\tkeep\tmore\na line of text\nccccccc\t2.0\tkeep\tless\n"
    )
    table = TableSource(read_table(path))
    bench = Bench(tmp_path, [])
    bench.show(RunScreen(Player(table), None, table=table))
    async with bench.app.run_test(size=(120, 40)) as pilot:
        bench.pilot = pilot
        await bench.until(lambda: len(bench.screen.state.rows) == 3)
        shown = bench.line("status")
        assert all(words in shown for words in said)
        assert ("best" in shown) == ("best 3" in said)
        assert "Notes" in bench.title("output")
        assert "line 4: a line of text" in bench.pane("output")
        await bench.press("b")
        await bench.until(lambda: bench.screen.look.selected == (2 if "best 3" in said else None))


async def test_scrolling_back_in_the_output_is_not_undone_by_news(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        bench.write(4, "a = 4\n", "".join(f"line {n}\n" for n in range(200)))
        await bench.tell(
            events.ExperimentStarted(4, commit_of(2)),
            events.Proposed(4, "why", "what", 1, 1, "d"),
            events.Committed(4, commit_of(4)),
            events.EvaluationStarted(4),
        )
        await bench.until(lambda: "line 199" in bench.pane("output"))
        await bench.press("3", "g")
        await bench.until(lambda: "line 0" in bench.pane("output"))
        await bench.tell(events.Noticed("info", "something else"))
        await bench.pilot.pause(0.3)
        assert "line 0" in bench.pane("output")


async def test_a_replay_shows_the_output_as_far_as_it_had_come(tmp_path: Path) -> None:
    async with replaying(tmp_path) as bench:
        bench.run.output(2).write_text("".join(f"line {n}\n" for n in range(100)))
        at = RECORDED.index(events.EvaluationStarted(2)) + 1
        bench.screen.move(lambda player: player.go(at))
        await bench.until(lambda: bench.screen.state.phase == "evaluating")
        await bench.pilot.pause(0.4)
        await bench.until(lambda: "line 99" not in bench.pane("output"))
        await bench.press("right_square_bracket")
        await bench.until(lambda: "line 99" in bench.pane("output"))


async def test_a_table_in_a_repository_shows_what_its_commits_changed(tmp_path: Path) -> None:
    project = make_repo(tmp_path / "p", {"train.py": "lr = 1\n"})
    first = git(project, "rev-parse", "--short=7", "HEAD")
    second = commit_files(project, {"train.py": "lr = 2\n"})[:7]
    path = project / "results.tsv"
    path.write_text(
        f"commit\tval_loss\tstatus\tdescription\n{first}\t2\tkeep\tbaseline\n"
        f"{second}\t1\tkeep\tfaster\n0000000\t3\tdiscard\tlost\n"
    )
    table = TableSource(read_table(path))
    bench = Bench(tmp_path, [])
    bench.show(RunScreen(Player(table), None, table=table, texts=texts_beside(path)))
    async with bench.app.run_test(size=(120, 40)) as pilot:
        bench.pilot = pilot
        await bench.until(lambda: len(bench.screen.state.rows) == 3)
        await bench.shows("diff", "no diffs: its commits are not in")
        assert "a table alone has no output" in bench.pane("output")
        await bench.press("P", "P")
        await bench.shows("diff", "- lr = 1", "+ lr = 2")
        assert "train.py" in bench.title("diff")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a_baseline_that_failed_shows_why_what_to_do_and_its_output(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    began = [
        *opening(),
        events.ExperimentStarted(1, "0" * 40),
        events.Proposed(1, "The target as it is, measured.", "baseline", 0, 0, ""),
        events.Committed(1, "0" * 40),
        events.EvaluationStarted(1),
    ]
    async with running(tmp_path, began, size) as bench:
        bench.write(1, "x = 1\n", "loading\nTraceback: no numpyx\n")
        reason = "no measurement: exit 1: no numpyx; `pip install numpyx` into .venv"
        await bench.tell(
            events.Evaluated(1, 0.1, {}, failure="exit 1"), events.RunFinished(reason, ok=False)
        )
        table = " ".join(bench.pane("results").split())
        assert "`pip install numpyx` into .venv" in table
        assert "⏎ shows the output" in table
        await bench.press("enter")
        await bench.shows("output", "loading", "Traceback: no numpyx")
        assert bench.screen.look.enlarged


# ---- what a person says of the run -----------------------------------------------------------


async def test_a_note_goes_to_the_experiment_that_is_looked_at(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("b", "a")
        await bench.press(*"no", "enter")
        await bench.press("A")
        await bench.until(lambda: len(bench.asked) == 2)
        note, never = bench.asked
        assert (note.verb, note.n, note.text, note.never) == ("note", 2, "no", None)
        assert (never.n, never.text, never.never) == (2, "", True)
        await bench.tell(events.NoteGiven(2, "ann", "too dear", never=True))
        await bench.press("A")
        await bench.until(lambda: len(bench.asked) == 3)
        assert bench.asked[2].never is False
        await bench.press("enter")
        assert "noted: never again: too dear" in picture_of(bench.app)


async def test_other_caps_are_asked_for_in_words(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("u")
        assert "3 of 50 experiments" in picture_of(bench.app)
        await bench.press(*"200, 1.5h", "enter")
        await bench.until(lambda: bool(bench.asked))
        assert bench.asked[0].caps == Caps(200, None, 1.5)
        await bench.press("u", *"soon", "enter")
        assert "write it like" in bench.answered()
        assert len(bench.asked) == 1


async def test_instructions_that_can_not_be_edited_here_say_why(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        await bench.press("e")
        assert "began without instructions" in bench.answered()
    told = msgspec.structs.replace(CONTRACT, instructions="program.md")
    async with running(tmp_path, opening(told)) as bench:
        await bench.press("e")
        assert "not from here" in bench.answered()
        bench.screen.edit = lambda path: "never called: the terminal of a test can't be given up"
        await bench.press("e")
        assert "not in this terminal" in bench.answered()
