"""Keys that change what is looked at, and never the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar, get_args

from textual import on, work
from textual.events import DescendantFocus
from textual.message import Message

from autoexp_tui.model.state import Row, place_of
from autoexp_tui.sources.subject import Base, subject_of
from autoexp_tui.summary.headline import best_line
from autoexp_tui.summary.notebook import notebook, notebook_title
from autoexp_tui.summary.picture import Across, PlotScale
from autoexp_tui.text.safe import NOTHING, Safe, one_line
from autoexp_tui.ui.board import base_of, without_baseline
from autoexp_tui.ui.clipping import experiment_as_text
from autoexp_tui.ui.dialogs import Ask, Choice, Told
from autoexp_tui.ui.panes import PANES
from autoexp_tui.ui.screens.experiment import ExperimentScreen
from autoexp_tui.ui.screens.view import RunView
from autoexp_tui.ui.widgets.columns import OPTIONAL
from autoexp_tui.ui.widgets.lanes import LanesPane
from autoexp_tui.ui.widgets.plot import views
from autoexp_tui.ui.widgets.table import ORDERS, ResultsTable


class Copied(Message):
    """The text of an experiment is ready for the clipboard."""

    def __init__(self, text: Safe, words: str) -> None:
        super().__init__()
        self.text = text
        self.words = words
        """What was copied, and where else it lies."""


class Looking(RunView):
    """Moves the look: which experiment, which pane, against what."""

    @property
    def _base(self) -> Base:
        return base_of(self.state, self.look)

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

    @on(LanesPane.Chosen)
    def _choose_lane(self, message: LanesPane.Chosen) -> None:
        self.look.lane, self.look.selected = message.place, None
        self.board.results.action_newest()
        self._show()

    @on(LanesPane.Opened)
    def _look_into_lane(self) -> None:
        """What its harness prints; the hypothesis where it doesn't run yet."""
        self.look.selected = None
        self.board.results.action_newest()
        subject = subject_of(self.state, None, self.look.lane)
        flight = subject.flight if subject else None
        self.look.active = "output" if flight and flight.evaluation else "hypothesis"
        self._arrange()
        self._show()

    def action_lanes(self) -> None:
        self.lanes_pane.focus()

    def action_lane(self, by: int) -> None:
        self.lanes_pane.action_move(by)

    def action_notebook(self) -> None:
        lines = notebook(self.state).split("\n")
        if not any(lines):
            self.say("nothing yet: it takes a few experiments")
            return
        hint = Safe("`autoexp notebook --edit` puts it right")
        shown = [one_line(line) for line in lines]
        self.app.push_screen(Told(notebook_title(self.state), [*shown, NOTHING, hint]))

    def action_open(self) -> None:
        latest = self.state.latest
        if latest is not None:
            self._open(self.look.selected or latest.n)
        elif without_baseline(self.state):  # all there is to see is what the harness printed
            self.look.active, self.look.enlarged = "output", True
            self._arrange()
        else:
            self.say("nothing to open yet: the baseline comes first")

    def _open(self, n: int) -> None:
        if isinstance(self.app.screen, ExperimentScreen):
            return
        self.app.push_screen(
            ExperimentScreen(self.state, n, self._texts, self._base, self.reader),
            self._look_at,
        )

    def action_experiment(self, by: int) -> None:
        rows = self.state.rows
        at = place_of(rows, self.look.selected, len(rows)) if self.look.selected else None
        place = (len(rows) - (by > 0) if at is None else at) + by
        if 0 <= place < len(rows):
            self._look_at(rows[place].n)
        elif place >= len(rows):
            self.action_live()

    def action_best(self) -> None:
        if self.state.best is None:
            self.say("no best yet" if self.state.incumbent is None else best_line(self.state))
        else:
            self._look_at(self.state.best.n)

    def action_live(self) -> None:
        if self.look.enlarged:
            self.action_enlarge()
            return
        if self.look.filter:
            self._filter("")
            return
        self.look.selected = None
        self.board.results.action_newest()
        self._show()

    def action_toggle_base(self) -> None:
        self.look.base = "baseline" if self._base == "parent" else "parent"
        self.say(f"diff against the {self._base}")
        self._show()

    def action_plot_mode(self) -> None:
        if len(self.state.contract.metrics if self.state.started else ()) < 2:
            self.say("this run has one metric")
            return
        self.look.plot = (self.look.plot + 1) % len(views(self.state.objective))
        self._show()

    def action_plot_scale(self) -> None:
        self.look.how = _after(self.look.how, get_args(PlotScale))
        self.say(f"the plot's scale: {_SCALES[self.look.how]}")
        self._show()

    def action_plot_across(self) -> None:
        self.look.across = _after(self.look.across, get_args(Across))
        self.say(f"the plot goes over {self.look.across}")
        self._show()

    def action_filter(self) -> None:
        def given(text: str | None) -> None:
            if text is not None:
                self._filter(text)

        self.app.push_screen(
            Ask("Show rows with", placeholder="keep, crash, or any word", value=self.look.filter),
            given,
        )

    def _filter(self, text: str) -> None:
        self.look.filter = text
        self.board.results.filter(text)
        self.say(f"showing what matches {text!r}: esc shows all" if text else "showing every row")

    def action_arrange(self) -> None:
        if self.board.shape == "narrow":
            self.say("one pane at a time has room here")
            return
        self.habits = replace(self.habits, below=not self.habits.below)
        self._arrange()

    def action_order(self) -> None:
        def chosen(answer: str | None) -> None:
            if answer is None:
                return
            kind, _, name = answer.partition(":")
            if kind == "also":
                shown = dict.fromkeys(self._habit.columns)
                columns = [c for c in shown if c != name] if name in shown else [*shown, name]
                self._like_table(replace(self._habit, columns=tuple(columns)))
            elif kind == "order":
                self.habits = replace(self.habits, order=name)
            else:
                hidden = frozenset(self.habits.hidden) ^ {name}
                self.habits = replace(self.habits, hidden=tuple(sorted(hidden)))
            self._apply_habits()
            self.say(f"the table: {ORDERS[self.board.results.order]}")

        now = self.board.results.order
        orders = [
            (f"order:{name}", f"{words}{' ✓' if name == now else ''}")
            for name, words in ORDERS.items()
        ]
        columns = [
            (f"column:{name}", f"{'show' if name in self.habits.hidden else 'hide'} `{name}`")
            for name in OPTIONAL
        ]
        others = [
            (f"also:{name}", f"{'hide' if name in self._habit.columns else 'show'} `{name}`")
            for name in self._other_columns()
        ]
        self.app.push_screen(Choice("The table", [*orders, *columns, *others]), chosen)

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
        self._bridge.held = self.reader.held = not self._bridge.held
        self._bridge.nudge()
        self.reader.nudge()
        self._tick()

    def action_copy(self) -> None:
        n = self.look.selected
        row = self.state.row(n) if n else self.state.latest
        if row is None:
            self.say("nothing to copy yet")
            return
        self._copy(row)

    @work(thread=True, exit_on_error=False)
    def _copy(self, row: Row) -> None:
        """Read its patch, and leave the text in its folder too, where there is one."""
        text, where = experiment_as_text(row, ""), ""
        if self._run is not None:
            to = self._run.experiment(row.n) / "copied.txt"
            try:
                if (path := self._run.diff(row.n)).exists():
                    text = experiment_as_text(row, path.read_text("utf-8", "replace"))
                to.write_text(text, encoding="utf-8", errors="replace")
                where = f"; also in {to}"
            except OSError as error:
                where = f"; not in {to}: {error.strerror or error}"
        self.post_message(Copied(text, f"copied #{row.n}{where}"))

    @on(Copied)
    def _offer(self, message: Copied) -> None:
        self.app.copy_to_clipboard(message.text)
        self.say(message.words)

    def action_ring(self) -> None:
        self.ringing = not self.ringing
        self.say(
            "the bell rings for a new best, the end, and what needs you"
            if self.ringing
            else "the bell is silent"
        )


_SCALES: dict[PlotScale, str] = {
    "auto": "chosen by itself",
    "log": "logarithmic",
    "linear": "linear",
    "kept": "what was kept, from the first gain on",
}
_Choice = TypeVar("_Choice", bound=str)


def _after(now: _Choice, choices: Sequence[_Choice]) -> _Choice:
    """The next of some choices, round and round."""
    return choices[(choices.index(now) + 1) % len(choices)]
