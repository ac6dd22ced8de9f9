"""The app: records come in by the bridge, the board shows them, commands go out by `steer`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.events import DescendantFocus, Key, Resize
from textual.geometry import Size
from textual.screen import Screen

from autoexp_tui.core import events
from autoexp_tui.core.brief import brief
from autoexp_tui.core.bulk import many_objects
from autoexp_tui.core.control import Command, Reply, Verb
from autoexp_tui.core.events import Record
from autoexp_tui.core.history import History
from autoexp_tui.core.numbers import format_duration
from autoexp_tui.core.problem import Problem
from autoexp_tui.core.rundir import RunDirectory
from autoexp_tui.core.state import RunState
from autoexp_tui.core.text import clean_line
from autoexp_tui.person import whoami
from autoexp_tui.sources.journals import Source
from autoexp_tui.sources.player import Player
from autoexp_tui.sources.seen import Seen
from autoexp_tui.sources.tables import LedgerSource
from autoexp_tui.ui import scrubber, status, themes
from autoexp_tui.ui.board import Board, Look
from autoexp_tui.ui.bridge import PERIOD, Arrived, Bridge, Broken
from autoexp_tui.ui.clipping import experiment_as_text
from autoexp_tui.ui.dialogs import Ask, Choice, Help, Told
from autoexp_tui.ui.experiment import ExperimentScreen
from autoexp_tui.ui.keys import KEYS, bindings, keys_for, name_of
from autoexp_tui.ui.marks import MARKS
from autoexp_tui.ui.panes import PANES
from autoexp_tui.ui.subject import Texts
from autoexp_tui.ui.title import TerminalTitle
from autoexp_tui.ui.widgets.bars import AlertBar, KeyBar, Line, StatusLine, TabBar
from autoexp_tui.ui.widgets.table import ResultsTable

Steer = Callable[[Command], Reply]

_ANSWER_SECONDS = 6.0
_MANY = 5_000
_AWAY = 3600.0
"""Seconds after which whoever comes back is told what is new."""


class AutoexpApp(App[None], inherit_bindings=False):
    """Shows one run, live or replayed; `steer` is None where there is no loop to ask."""

    CSS_PATH = Path(__file__).with_name("autoexp.tcss")
    TITLE = "autoexp"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(
        self,
        source: Source,
        run: RunDirectory | None,
        *,
        steer: Steer | None = None,
        hosted: bool = False,
        seen: Seen | None = None,
        table: LedgerSource | None = None,
        texts: Texts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """The app on `source`; the files of its experiments are in `run`.

        Args:
            hosted: the loop lives in this process and ends with it.
            seen: what was last on a screen of this person's: the rest is told first.
            table: where the records are a table's, whose direction may be turned round.
            texts: where experiments' texts are, if not in `run`.
        """
        self._player = source if isinstance(source, Player) else None
        self.keys = keys_for(steering=steer is not None, replaying=self._player is not None)
        elsewhere = {name_of(key.action) for key in KEYS} - {name_of(k.action) for k in self.keys}
        self._elsewhere = frozenset(elsewhere)
        super().__init__()
        for theme in (themes.DARK, themes.LIGHT):
            self.register_theme(theme)
        self.theme = themes.DARK.name
        self._history = History(rewindable=self._player is not None)
        self.look = Look()
        self.alive = True
        self._texts = texts or Texts(run)
        self._run = run
        self._steer = steer
        self._hosted = hosted
        self._seen = seen
        self._table = table
        self._clock = clock
        self._bridge = Bridge(self, source)
        self._title = TerminalTitle(self)
        self._warning = ""

    # ---- the screen --------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield StatusLine(id="status")
        yield StatusLine(id="figures")
        yield AlertBar(id="alert")
        yield TabBar(id="tabs")
        yield Line(id="now")
        yield Board(self._texts, self._progress)
        yield Line(id="track")
        yield KeyBar(self.keys, id="keys")

    def on_mount(self) -> None:
        self._arrange()
        self._bridge.start()
        self.set_interval(PERIOD, self._poll)
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        self._bridge.stop()
        self._title.restore()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.ANSI_EXTRAS

    def on_resize(self, event: Resize) -> None:
        if self._is_up:
            self._arrange(event.size)

    @property
    def _is_up(self) -> bool:
        """Whether the panes are there: not yet at the start, and no more at the end."""
        return bool(self.screen_stack) and len(self.screen_stack[0].query("#keys")) > 0

    @property
    def state(self) -> RunState:
        return self._history.state

    @property
    def board(self) -> Board:
        return self.screen_stack[0].query_one(Board)

    def _now(self) -> status.Now:
        replay = self._player.words() if self._player else ""
        return status.Now(self._clock(), self.alive, replay)

    def _arrange(self, size: Size | None = None) -> None:
        base = self.screen_stack[0]
        self.board.arrange_for(self.look, size or self.size)
        base.set_class(self.board.shape == "narrow", "-narrow")
        base.set_class(self.look.active == "hypothesis", "-telling")
        base.query_one(TabBar).show(self.look.active)
        self._tick()

    def _show(self) -> None:
        """Bring the whole screen up to the state."""
        if not self._is_up:
            return
        self.board.show(self.state, self.look)
        self._tick()

    def _tick(self) -> None:
        """What changes with the clock alone; costs nothing on the wire while it doesn't."""
        if not self._is_up:
            return
        base, now = self.screen_stack[0], self._now()
        base.query_one("#status", StatusLine).show(status.first_line(self.state, now))
        base.query_one("#figures", StatusLine).show(self._figures(now))
        frozen = "the view is frozen, the loop goes on — f goes on watching"
        alert = self._warning or status.alert(self.state, now)
        base.query_one(AlertBar).warn(frozen if self._bridge.held else alert)
        base.query_one("#now", Line).show(self._now_line())
        pausing = bool(self.state.paused or self.state.pause_requested)
        base.query_one(KeyBar).relabel("toggle_pause", "resume" if pausing else "pause")
        if self._player is not None:
            self._show_track(self._player)
            base.query_one(KeyBar).relabel("play", "hold" if self._player.playing else "play")
        self._title.show(status.title(self.state, now))

    def _figures(self, now: status.Now) -> list[status.Piece]:
        if self._table is not None:
            return [status.Piece(f"{self._table.direction}   (v turns it round)", "quiet", 0)]
        return status.second_line(self.state, now)

    def _show_track(self, player: Player) -> None:
        bar = self.screen_stack[0].query_one("#track", Line)
        bar.display = True
        words = f"{player.speed:g}×"
        bar.show(scrubber.line(self.size.width - 2, player.rows, player.keeps, player.at, words))

    def _now_line(self) -> Text:
        """What is tried, or came of it, in one line: where its pane has no room."""
        current = self.state.current
        if current is not None:
            words = current.description or current.hypothesis or "forming a hypothesis …"
            return Text(f"#{current.n} {clean_line(words, 300)}")
        row = self.state.row(len(self.state.rows))
        return Text(f"#{row.n} {MARKS[row.status]}  {clean_line(row.reason, 300)}" if row else "")

    def _poll(self) -> None:
        if self._is_up and not self._bridge.held and self.state.started is not None:
            self.board.poll(self.state, self.look, self._written_until())

    def _progress(self) -> float:
        return 1.0 if self._player is None else self._player.progress

    def _written_until(self) -> float:
        """How far a proposal had been written, in seconds since it was begun."""
        current = self.state.current
        if self._player is None or current is None:
            return math.inf
        return self.state.elapsed - current.since + self._player.into_event

    # ---- what comes in -----------------------------------------------------------------------

    @on(Arrived)
    def _take(self, message: Arrived) -> None:
        try:
            with many_objects() if len(message.records) > _MANY else nullcontext():
                self.alive = message.alive
                self._history.fold(message.records)
                if self.look.selected and self.state.row(self.look.selected) is None:
                    self.look.selected = None
                self._mark_new_best(message.records)
                self._show()
                self._tell_what_is_new()
        finally:
            message.taken.set()

    def _tell_what_is_new(self) -> None:
        """The morning brief, once, when somebody comes back after hours."""
        seen, self._seen = self._seen, None
        if seen is None or self._clock() - seen.time < _AWAY:
            return
        if lines := brief(self.state, seen.rows, seen.spent_usd):
            away = format_duration(self._clock() - seen.time)
            self.push_screen(Told(f"Since you left, {away} ago", lines))

    @on(Broken)
    def _warn(self, message: Broken) -> None:
        self._warning = clean_line(message.problem, 400)
        self._tick()

    def _mark_new_best(self, records: Iterable[Record]) -> None:
        """A new best is worth a moment: it stays marked until the next key."""
        for record in records:
            event = record.event
            if isinstance(event, events.Decided) and event.status == "keep" and event.n > 1:
                self.look.fresh = event.n if self.alive else None

    def on_key(self, event: Key) -> None:
        if self.look.fresh is not None:
            self.look.fresh = None
            self._show()

    # ---- steering ----------------------------------------------------------------------------

    def say(self, words: str) -> None:
        """Answer a key, in place of the key bar, for a moment."""
        bar = self.screen_stack[0].query_one(KeyBar)
        bar.say(clean_line(words, 300))

        def be_quiet(said: str = bar.answer) -> None:
            if bar.answer == said:
                bar.say("")

        self.set_timer(_ANSWER_SECONDS, be_quiet)

    @work(thread=True, exit_on_error=False)
    def _ask(self, verb: Verb, text: str = "") -> None:
        """Send a command without making anything wait for its answer."""
        if self._steer is None:
            return
        try:
            words = self._steer(Command(verb, whoami(), text)).text
        except Problem as problem:
            words = str(problem)
        self.call_from_thread(self.say, words)

    def action_toggle_pause(self) -> None:
        going = not (self.state.paused or self.state.pause_requested)
        self.say("pausing …" if going else "resuming …")
        self._ask("pause" if going else "resume")

    def action_skip(self) -> None:
        self.say("skipping …")
        self._ask("skip")

    def action_stop_after(self) -> None:
        self.say("stopping after this experiment …")
        self._ask("stop")

    def action_stop_now(self) -> None:
        def chosen(answer: str | None) -> None:
            if answer == "stop":
                self.say("stopping …")
                self._ask("stop-now")

        self.push_screen(
            Choice(
                "Stop the run now?",
                [
                    ("back", "No, go on"),
                    ("stop", "Stop now: the experiment in flight is measured again on resume"),
                ],
            ),
            chosen,
        )

    def action_hint(self) -> None:
        def given(text: str | None) -> None:
            if text:
                self.say("noting the hint …")
                self._ask("hint", text)

        self.push_screen(
            Ask("A hint for the next proposals", placeholder="try a cosine schedule"), given
        )

    def action_leave(self) -> None:
        if isinstance(self.screen, Choice):
            self.pop_screen()
            return
        over = self.state.finished is not None or not self.alive or self._steer is None
        if over:
            self.exit()
            return
        stay = [("leave", "Leave it running: `autoexp attach` comes back")]
        ends = [
            ("after", "Stop the run after this experiment, and leave"),
            ("now", "Stop the run now, and leave"),
        ]
        if self._hosted:
            stay = [("stay", "Stay: the loop lives in this window")]
        self.push_screen(Choice("Leave?", [*stay, *ends]), self._leave)

    def _leave(self, answer: str | None) -> None:
        if answer == "leave":
            self.exit()
        elif answer in {"after", "now"}:
            self._stop_and_leave("stop" if answer == "after" else "stop-now")

    @work(thread=True, exit_on_error=False)
    def _stop_and_leave(self, verb: Verb) -> None:
        try:
            if self._steer is not None:
                self._steer(Command(verb, whoami()))
        except Problem as problem:
            self.call_from_thread(self.say, str(problem))
            return
        self.call_from_thread(self.exit)

    # ---- the replay --------------------------------------------------------------------------

    def action_play(self) -> None:
        self._move(Player.toggle)

    def action_step(self, by: int) -> None:
        self._move(lambda player: player.step(by))

    def action_jump(self, fraction: float) -> None:
        self._move(lambda player: player.jump(fraction))

    def action_keep(self, by: int) -> None:
        self._move(lambda player: player.to_keep(by))

    def action_leap(self, by: int) -> None:
        self._move(lambda player: player.leap(by))

    def action_speed(self, by: int) -> None:
        if self._player is not None:
            self._player.change_speed(by)
            self._tick()

    def _move(self, how: Callable[[Player], None]) -> None:
        if self._player is not None:
            how(self._player)
            self.look.selected = None
            self._bridge.nudge()
            self._tick()

    def action_turn(self) -> None:
        """The other direction is better: read the table anew."""
        if self._table is None:
            self.say("a run says itself which direction is better")
            return
        self._table = self._table.turned()
        self._player = Player(self._table)
        self._bridge.exchange(self._player)

    # ---- looking -----------------------------------------------------------------------------

    def _look_at(self, n: int | None) -> None:
        self.look.selected = n
        if n is not None:
            self.board.results.select(n)
        self._show()

    @on(ResultsTable.RowHighlighted)
    def _follow_cursor(self, event: ResultsTable.RowHighlighted) -> None:
        self.look.selected = None if self.board.results.following else event.n
        self._show()

    @on(ResultsTable.RowOpened)
    def _open_row(self, event: ResultsTable.RowOpened) -> None:
        self._open(event.n)

    def action_open(self) -> None:
        n = self.look.selected or len(self.state.rows)
        if n:
            self._open(n)
        else:
            self.say("nothing to open yet: the baseline comes first")

    def _open(self, n: int) -> None:
        if isinstance(self.screen, ExperimentScreen):
            return
        self.push_screen(
            ExperimentScreen(self.state, n, self._texts, self.look.base), self._look_at
        )

    def action_experiment(self, by: int) -> None:
        last = len(self.state.rows)
        n = (self.look.selected or last + (by < 0)) + by
        if 1 <= n <= last:
            self._look_at(n)
        elif n > last:
            self.action_live()

    def action_best(self) -> None:
        if self.state.incumbent is None:
            self.say("no best yet: the baseline comes first")
        else:
            self._look_at(self.state.incumbent.n)

    def action_live(self) -> None:
        if self.look.enlarged:
            self.action_enlarge()
            return
        self.look.selected = None
        self.board.results.action_newest()
        self._show()

    def action_toggle_base(self) -> None:
        self.look.base = "baseline" if self.look.base == "parent" else "parent"
        self.say(f"diff against the {self.look.base}")
        self._show()

    def action_plot_mode(self) -> None:
        if len(self.state.contract.metrics if self.state.started else ()) < 2:
            self.say("this run has one metric")
            return
        self.look.plot = (self.look.plot + 1) % 3
        self._show()

    def action_filter(self) -> None:
        def given(text: str | None) -> None:
            if text is not None:
                self.look.filter = text
                self.board.results.filter(text)
                self.say(f"showing what matches {text!r}" if text else "showing every row")

        self.push_screen(
            Ask("Show rows with", placeholder="keep, crash, or any word", value=self.look.filter),
            given,
        )

    def action_pane(self, number: int) -> None:
        self.look.active = PANES[number - 1]
        self._arrange()

    @on(DescendantFocus)
    def _focus_moved(self) -> None:
        active = self.board.active_after_focus()
        if active is not None:
            self.look.active = active

    def action_enlarge(self) -> None:
        self.look.enlarged = not self.look.enlarged
        self._arrange()

    def action_freeze(self) -> None:
        self._bridge.held = not self._bridge.held
        self._bridge.nudge()
        self._tick()

    def action_theme(self) -> None:
        order = themes.ORDER
        index = order.index(self.theme) if self.theme in order else -1
        self.theme = order[(index + 1) % len(order)]

    def action_copy(self) -> None:
        row = self.state.row(self.look.selected or len(self.state.rows))
        if row is None:
            self.say("nothing to copy yet")
            return
        patch = self._run.diff(row.n) if self._run else None
        text = experiment_as_text(
            row, patch.read_text("utf-8", "replace") if patch and patch.exists() else ""
        )
        self.copy_to_clipboard(text)
        where = ""
        if self._run is not None:
            path: Path = self._run.experiment(row.n) / "copied.txt"
            path.write_text(text, encoding="utf-8", errors="replace")
            where = f"; also in {path}"
        self.say(f"copied #{row.n}{where}")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One key may mean one thing in a run and another in a replay."""
        if action == "jump" and len(self.screen_stack) > 1:
            return False
        return action not in self._elsewhere

    # ---- the app -----------------------------------------------------------------------------

    def action_help(self) -> None:
        self.push_screen(Help(self.keys))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for key in self.keys:
            if not key.moves and key.action != "command_palette":
                yield SystemCommand(
                    key.help, key.shown, lambda action=key.action: self.run_action(action)
                )
