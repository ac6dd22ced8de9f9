"""A run on the screen: records come in by the bridge, the board and the bars show the state."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.events import Key as KeyPressed

from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.model.history import History
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.sources.habits import Habits, TableHabit
from autoexp_tui.sources.journals import Source
from autoexp_tui.sources.player import Player
from autoexp_tui.sources.seen import Seen
from autoexp_tui.sources.subject import Texts, flight_in
from autoexp_tui.summary.brief import brief
from autoexp_tui.summary.lanes import busy_words, lanes_of
from autoexp_tui.summary.outcomes import LEGEND, OF_LANES, Outcome, outcome_of
from autoexp_tui.system.collector import gc_paused
from autoexp_tui.text.numbers import format_duration
from autoexp_tui.text.safe import NOTHING, Safe, one_line
from autoexp_tui.ui import ink, scrubber, status
from autoexp_tui.ui.board import Board, Look
from autoexp_tui.ui.bridge import MANY, Arrived, Bridge, Broken
from autoexp_tui.ui.dialogs import Told
from autoexp_tui.ui.keys import Circumstances, run_keys, why_not
from autoexp_tui.ui.reading import FileReader, LastLinesRead, LastLinesReading
from autoexp_tui.ui.screens.keyed import KeyScreen, Retitled
from autoexp_tui.ui.widgets.bars import AlertBar, KeyBar, StatusLine, TabBar, TextLine
from autoexp_tui.ui.widgets.lanes import LanesPane
from autoexp_tui.ui.widgets.table import ORDERS

if TYPE_CHECKING:
    from autoexp_tui.sources.tables import TableSource
    from autoexp_tui.sources.watching import TableWatch

_AWAY_S = 3600.0
"""Seconds after which whoever comes back is told what is new."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at a run, and from where."""

    seen: Seen | None = None
    """What was last on a screen of this person's: the rest is told first."""
    habits: Habits = field(default_factory=Habits)
    file: Path | None = None
    """The table that is looked at, for its habits."""
    leads: bool = False
    """Whether the app's result is acted on: what is to come after the run's end."""


class RunView(KeyScreen[None]):
    """Shows the state and the look at it; what keys do is for its subclasses."""

    AUTO_FOCUS = ""  # the focus goes to the pane that is looked at

    def __init__(
        self,
        source: Source,
        run: RunDirectory | None,
        *,
        here: Circumstances,
        viewer: Viewer,
        table: TableSource | TableWatch | None = None,
        texts: Texts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """See `RunScreen`; `here` tells which keys mean something."""
        self._here = here
        self.keys = run_keys(here)
        super().__init__()
        self._take_player(source if isinstance(source, Player) else None)
        self._history = History(rewindable=self._player is not None)
        self.look = Look()
        self.habits = viewer.habits
        self.alive = True
        self._texts = texts or Texts(run)
        self._run = run
        self._seen = viewer.seen
        self._table = table
        self._file = viewer.file
        file = viewer.file
        self._habit = viewer.habits.of_table(file) if file is not None else TableHabit()
        self._clock = clock
        self._bridge = Bridge(self, source)
        self.reader = FileReader()
        """Of every file beside the journal, for the screens above this one too."""
        self._warning = NOTHING
        self._printed = LastLinesReading()
        self._last_lines: Mapping[int, Safe] = {}
        self.ringing = False
        """Whether the terminal's bell rings."""

    # ---- the screen --------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield StatusLine(id="status")
        yield StatusLine(id="figures")
        yield AlertBar(id="alert")
        yield TabBar(id="tabs")
        yield TextLine(id="now")
        yield LanesPane(id="lanes")
        yield Board(self._texts, self.reader, self._progress, self._since_event)
        yield TextLine(id="track")
        yield KeyBar(self.keys, id="keys")

    def on_mount(self) -> None:
        self._apply_habits()
        self._arrange()
        self.app.theme_changed_signal.subscribe(self, lambda _: self.call_after_refresh(self._show))
        self._bridge.start()
        self.reader.follow(self, self._printed)
        self.reader.start()
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        self._bridge.stop()
        self.reader.stop()

    @on(Board.Resized)
    def _follow_terminal(self) -> None:
        if self.is_up:
            among_lanes = self.lanes_pane.has_focus
            self._arrange()
            if among_lanes:
                self.lanes_pane.focus()

    @property
    def state(self) -> RunState:
        return self._history.state

    @property
    def board(self) -> Board:
        return self.query_one(Board)

    @property
    def outcomes(self) -> Sequence[Outcome]:
        several = self.state.slots or self.state.lost
        return (*LEGEND, *OF_LANES) if several else LEGEND

    @property
    def lanes_pane(self) -> LanesPane:
        return self.query_one(LanesPane)

    def _now(self) -> status.Now:
        replay = self._player.words() if self._player else ""
        now = status.Now(self._clock(), self.alive, replay)
        waiting = NOTHING if self._table is None else self._table.waiting
        return now._replace(waiting=waiting) if waiting else now

    def _apply_habits(self) -> None:
        results = self.board.results
        order = self.habits.order
        results.hide(self.habits.hidden)
        results.sort(order if order in ORDERS else "newest")
        results.also(self._habit.columns)

    def _like_table(self, habit: TableHabit) -> None:
        """Look at this table so from now on, and when it is opened again."""
        self._habit = habit
        if self._file is not None:
            self.habits = self.habits.with_table(self._file, habit)

    def _other_columns(self) -> list[str]:
        """Of a table: what stands in the results only where a person wants it there."""
        table = None if self._table is None else self._table.table
        if table is None or self.state.started is None:
            return []
        usual = {metric.name for metric in self.state.contract.metrics}
        return [n for n in dict.fromkeys([*table.numeric, *table.texts]) if n not in usual]

    def _arrange(self) -> None:
        self.look.below = self.habits.below
        self.board.arrange_for(self.look, self.app.size)
        self.set_class(self.board.shape == "narrow", "-narrow")
        self.set_class(self._table is not None, "-table")
        self.set_class(self.look.active == "hypothesis", "-telling")
        self.query_one(TabBar).show(self.look.active)
        self._tick()

    def _show(self) -> None:
        """Bring the whole screen up to the state."""
        if not self.is_up:
            return
        self._offer_keys()
        self.board.show(self.state, self.look)
        self._tick()

    def _offer_keys(self) -> None:
        """The keys that mean something now: an end changes them."""
        over = self.state.finished is not None and not self._here.replaying
        ended, lanes = over != self._here.over, bool(lanes_of(self.state))
        if ended or lanes != self._here.lanes:
            self._here = self._here._replace(over=over, lanes=lanes)
            self.keys = run_keys(self._here)
            self.query_one(KeyBar).offer(self.keys)
        if ended:
            unread = self.look.active == "results" and self.look.selected is None
            if over and unread and self.board.shape == "narrow" and self.state.baseline:
                self.look.active = "hypothesis"  # which tells the whole run now
                self._arrange()

    def _tick(self) -> None:
        """What changes with the clock alone; costs nothing on the wire while it doesn't."""
        if not self.is_up:
            return
        now = self._now()
        self.query_one("#status", StatusLine).show(status.first_line(self.state, now))
        self.query_one("#figures", StatusLine).show(self._figures(now))
        frozen = Safe("the view is frozen, the loop goes on — f goes on watching")
        alert = self._warning or status.alert(self.state, now)
        self.query_one(AlertBar).warn(frozen if self._bridge.held else alert)
        self.query_one("#now", TextLine).show(self._now_line())
        self._show_lanes(now)
        pausing = bool(self.state.paused or self.state.pause_requested)
        self.query_one(KeyBar).relabel("toggle_pause", "resume" if pausing else "pause")
        if self._player is not None:
            self._show_track(self._player)
            self.query_one(KeyBar).relabel("play", "hold" if self._player.playing else "play")
            self.query_one(KeyBar).relabel(
                "keep(1)", "next keep" if self.state.is_judged else "next best"
            )
        self.post_message(Retitled(status.title(self.state, now)))

    def _show_lanes(self, now: status.Now) -> None:
        """What every lane does, where there are several; the chosen one is what `s` skips."""
        lanes, pane = lanes_of(self.state), self.lanes_pane
        self.set_class(bool(lanes), "-lanes")
        bar = self.query_one(KeyBar)
        if not lanes:
            if pane.has_focus:
                self.board.panes[self.look.active].focus()
            self._printed.logs = {}
            bar.relabel("skip", "skip")
            return
        self.look.lane = min(self.look.lane, len(lanes) - 1)
        flight = lanes[self.look.lane].flight
        bar.relabel("skip", f"skip #{flight.n}" if flight else "skip")
        time = now.time if now.alive else self.state.time
        if self._player is not None:
            time = self.state.time + self._player.into_event
        goes_on = now.alive or self._player is not None
        pane.show(lanes, self.look.lane, time, self._last_lines, goes_on=goes_on)
        framed = self.board.shape != "narrow"
        height = pane.lines_for(self.app.size.height) + 2 * framed
        if pane.styles.height is None or pane.styles.height.value != height:
            pane.styles.height = height
        ink.entitle(pane, f"0 Lanes ─ {busy_words(self.state).partition(' ')[2]}")
        running = [lane.flight for lane in lanes if lane.flight and lane.flight.evaluation]
        logs = {one.n: path for one in running if (path := self._texts.output(one.n))}
        if self._player is None and logs != self._printed.logs:  # a replay's logs are whole
            self._printed.logs = logs
            self.reader.nudge()

    @on(LastLinesRead)
    def _take_last_lines(self, message: LastLinesRead) -> None:
        message.taken = True
        self._last_lines = message.lines  # shown with the clocks: one redraw a second

    def _figures(self, now: status.Now) -> list[status.StatusPiece]:
        return status.second_line(self.state, now)

    def _show_track(self, player: Player) -> None:
        bar = self.query_one("#track", TextLine)
        bar.display = True
        words = f"{player.speed:g}×"
        bar.show(scrubber.line(self.size.width - 2, player.rows, self._kept, player.at, words))

    def _now_line(self) -> Text:
        """What is tried, or came of it, in one line: where its pane has no room."""
        current = flight_in(self.state, self.look.lane)
        if current is not None:
            words = current.description or current.hypothesis or "forming a hypothesis …"
            return ink.text(one_line(f"#{current.n} {words}"))
        row = self.state.latest
        return ink.text(one_line(f"#{row.n} {outcome_of(row)}  {row.reason}" if row else ""))

    def _take_player(self, player: Player | None) -> None:
        self._player = player
        self._kept = scrubber.KeptRows(player.kept if player else ())

    def _progress(self, n: int) -> float:
        if self._player is None:
            return 1.0
        return self._player.progress_of(n) if self.state.slots else self._player.progress

    def _since_event(self) -> float:
        return math.inf if self._player is None else self._player.into_event

    # ---- what comes in -----------------------------------------------------------------------

    @on(Arrived)
    def _take(self, message: Arrived) -> None:
        try:
            with gc_paused() if len(message.records) >= MANY else nullcontext():
                before = self._worth_a_bell()
                self.alive = message.alive
                self._history.fold(message.records)
                pairs = zip(before, self._worth_a_bell(), strict=True)
                if self.ringing and any(now and now != was for was, now in pairs):
                    self.app.bell()
                if self.look.selected and self.state.row(self.look.selected) is None:
                    self.look.selected = None
                self._mark_new_best(message.records)
                self._show()
                self._tell_what_is_new()
        finally:
            message.taken.set()

    def _worth_a_bell(self) -> tuple[object, ...]:
        """Which best there is, how it ended, and what needs a person; false for what is not."""
        best = self.state.best.n if self.state.best else 0
        return best, self.state.finished, status.alert(self.state, self._now())

    def _tell_what_is_new(self) -> None:
        """The morning brief, once, when somebody comes back after hours."""
        seen, self._seen = self._seen, None
        if seen is None or self._clock() - seen.time < _AWAY_S:
            return
        if lines := brief(self.state, seen.rows, seen.spent_usd, seen.possible_usd):
            away = format_duration(self._clock() - seen.time)
            self.app.push_screen(Told(f"Since you left, {away} ago", lines))

    @on(Broken)
    def _warn(self, message: Broken) -> None:
        self._warning = one_line(message.problem)
        self._tick()

    def _mark_new_best(self, records: Iterable[Record]) -> None:
        """A new best is worth a moment: it stays marked until the next key."""
        for record in records:
            event = record.event
            if isinstance(event, events.Decided) and event.status == "keep" and event.n > 1:
                self.look.fresh = event.n if self.alive else None

    def on_key(self, event: KeyPressed) -> None:
        if words := why_not(event.key, self._here):
            self.say(words)
        if self.look.fresh is not None:
            self.look.fresh = None
            self._show()
