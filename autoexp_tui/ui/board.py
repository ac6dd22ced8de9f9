"""The five panes together: given a state and what to look at, each shows its part of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.layout import Layout
from textual.message import Message

from autoexp_tui.model.state import Phase, RunState
from autoexp_tui.sources.subject import Base, Subject, Texts, subject_of
from autoexp_tui.summary.annotations import noted, words_of
from autoexp_tui.summary.night import story
from autoexp_tui.summary.picture import Across, PlotScale
from autoexp_tui.text.safe import NOTHING, Safe
from autoexp_tui.ui import ink
from autoexp_tui.ui.panes import PANES, BoardShape, Name, PanesLayout, shape_of
from autoexp_tui.ui.reading import ChangeRead, ChangeReading, FileReader
from autoexp_tui.ui.widgets.diff import DiffPane
from autoexp_tui.ui.widgets.hypothesis import HypothesisPane
from autoexp_tui.ui.widgets.output import OutputPane
from autoexp_tui.ui.widgets.plot import MetricPlot, views
from autoexp_tui.ui.widgets.table import EMPTY, ResultsTable

_NEXT = "⏎ shows the output · mend it · `autoexp check` tries again · `autoexp run`"
"""What to do about a baseline that gave no measurement."""

Pane = HypothesisPane | DiffPane | OutputPane | MetricPlot | ResultsTable


@dataclass(slots=True)
class Look:
    """How a person looks at a run; nothing of it touches the run."""

    selected: int | None = None
    """The experiment looked at; None: the one in flight."""
    lane: int = 0
    """Which lane's, where there are several: its place among them."""
    base: Base | None = None
    """What the diff is against; None: as `base_of` says."""
    plot: int = 0
    """Which of `views`: 0 is what the run optimises."""
    how: PlotScale = "auto"
    across: Across = "experiments"
    fresh: int | None = None
    """A new best that nobody has answered with a key yet."""
    filter: str = ""
    active: Name = "results"
    """The pane that has the focus, or that is shown alone."""
    enlarged: bool = False
    below: bool = True
    """Whether the table has the whole width under the other panes."""


def without_baseline(state: RunState) -> Safe:
    """Why the run ended before anything was measured; empty where it did not."""
    ended = state.finished is not None and not state.finished.ok and not state.rows
    return state.finished.reason if state.finished is not None and ended else NOTHING


def tells_the_night(state: RunState, look: Look) -> bool:
    """Whether the panes tell what a whole run has come to: it has ended, and nobody looks back."""
    ended = state.finished is not None and not state.is_table
    return ended and look.selected is None and state.baseline is not None


def base_of(state: RunState, look: Look) -> Base:
    """What the diff is against: of a whole run the baseline, of an experiment its parent."""
    return look.base or ("baseline" if tells_the_night(state, look) else "parent")


def _phase(state: RunState, subject: Subject) -> Phase:
    """What is being done for what is looked at; with one lane, what the run does."""
    return subject.flight.phase if subject.flight and state.slots else state.phase


class Board(Container):
    """Lays the panes out and keeps them showing the look at the state."""

    class Resized(Message):
        """There is another room for the panes: the terminal's size changed, under a dialog too."""

    def __init__(
        self,
        texts: Texts,
        reader: FileReader,
        progress: Callable[[int], float] = lambda _: 1.0,
        since_event: Callable[[], float] = lambda: math.inf,
    ) -> None:
        """Panes whose files `reader` reads; it calls the other two, in its thread.

        Args:
            progress: how much of its output experiment `n` has printed: less than 1 only in a
                replay.
            since_event: seconds since the last record that was shown; likewise.
        """
        super().__init__(id="board")
        self._reader = reader
        self._progress = progress
        self._since_event = since_event
        self._texts = texts
        self._places = PanesLayout()
        self.shape: BoardShape = "middle"
        self.hypothesis = HypothesisPane(id="hypothesis")
        self.diff = DiffPane(id="diff")
        self.output = OutputPane(reader, id="output")
        self.plot = MetricPlot(id="plot", label="4")
        self.results = ResultsTable(id="results")
        if texts.output(1) is None:
            self.diff.EMPTY = "no diffs: its commits are not in this repository"
            self.output.EMPTY = "a table alone has no output, and nothing about it needs a note"
        self._diffed: tuple[object, ...] = ()
        self._change: ChangeReading | None = None
        self._subject: Subject | None = None
        self._look = Look()
        self._base: Base = "parent"
        self._target = ""
        self._decimals: dict[str, int] = {}
        """Of figures that are nearer to each other than the usual digits tell."""
        self._written = ""
        """Of the hypothesis in flight."""

    def on_resize(self) -> None:
        self.post_message(self.Resized())

    def compose(self) -> ComposeResult:
        for name, pane in self.panes.items():
            pane.add_class("pane")
            ink.entitle(pane, f"{PANES.index(name) + 1} {name.capitalize()}")
            yield pane

    @property
    def layout(self) -> Layout:
        """Ours: Textual's style sheets know no layout of a plan like this."""
        return self._places

    @property
    def panes(self) -> dict[Name, Pane]:
        """All five, by name."""
        return {
            "hypothesis": self.hypothesis,
            "diff": self.diff,
            "output": self.output,
            "plot": self.plot,
            "results": self.results,
        }

    def arrange_for(self, look: Look, terminal: Size) -> None:
        """Show the panes that have room, and give the active one the focus."""
        self.shape = shape_of(*terminal)
        only = look.active if look.enlarged or self.shape == "narrow" else None
        places = self._places
        before = (places.shape, places.only, places.below)
        places.shape, places.only, places.below = self.shape, only, look.below
        changed = before != (self.shape, only, look.below)
        for name, pane in self.panes.items():
            pane.display = only in (None, name)
        self.panes[look.active].focus()
        if changed:
            self.results.refresh(layout=True)  # of a child: what is arranged within is cached

    def active_after_focus(self) -> Name | None:
        """The pane that has the focus now."""
        for name, pane in self.panes.items():
            if pane.has_focus:
                return name
        return None

    def show(self, state: RunState, look: Look) -> None:
        """Bring every pane up to the state; each repaints only what it must."""
        if state.started is None:
            self.hypothesis.wait("the first hypothesis appears here")
            return
        over = tells_the_night(state, look)
        selected = state.best.n if over and state.best else look.selected
        subject = subject_of(state, selected, look.lane)
        self._subject, self._look = subject, look
        if self._places.telling != over:
            self._places.telling = over
            self.results.refresh(layout=True)  # of a child: what is arranged within is cached
        self._show_results(state, look)
        self._show_plot(state, look)
        if subject is None:
            self.hypothesis.wait(
                "the first hypothesis appears here; the baseline is measured first"
            )
            self.diff.clear()
            self.output.follow(None)
            self._follow_change(None)
            self._diffed = ()
            return
        self._target = state.contract.target
        self._decimals = {state.objective.title: state.places}
        base = self._base = base_of(state, look)
        self._show_diff(state, subject, base)
        if reason := without_baseline(state):
            ink.entitle(self.hypothesis, "1 No measurement")
            self.hypothesis.failed(reason)
        elif over:
            ink.entitle(self.hypothesis, "1 The run")
            self.hypothesis.tell(story(state))
        else:
            words = words_of(subject.row, state) if subject.row else []
            self._show_hypothesis(subject, looking_back=look.selected is not None, words=words)
        ink.subtitle(self.hypothesis, _phase(state, subject) if subject.row is None else "")
        self._show_output(state, subject)

    def _show_results(self, state: RunState, look: Look) -> None:
        best = state.best.n if state.best else None
        reason = without_baseline(state)
        self.results.why_empty = f"{reason}\n\n{_NEXT}" if reason else EMPTY
        notes = {n: noted(state, n) for n in state.notes}
        texts = state.run.texts
        self.results.show(
            state.rows,
            state.objective,
            best=best,
            fresh=look.fresh,
            notes=notes,
            texts=texts,
            parents=not state.is_table,
        )

    def _show_plot(self, state: RunState, look: Look) -> None:
        shown = views(state.objective)
        self.plot.show(
            state.rows,
            state.objective,
            shown[look.plot % len(shown)],
            best=state.best.n if state.best else None,
            cursor=look.selected,
            fresh=look.fresh,
            how=look.how,
            across=look.across,
        )

    def _show_diff(self, state: RunState, subject: Subject, base: Base) -> None:
        against = subject.parent if base == "parent" else 1
        key = (subject.n, subject.is_whole, against, state.started)
        if key != self._diffed:
            self._diffed = key
            self._written = ""
            self._follow_change(ChangeReading(self._texts, subject, base))
        if self._change is not None and subject.flight is not None:
            elapsed = state.elapsed - subject.flight.since
            self._change.until = lambda: elapsed + self._since_event()

    def _follow_change(self, reading: ChangeReading | None) -> None:
        self._change = reading
        self._reader.follow(self, reading)

    @on(ChangeRead)
    def _take(self, message: ChangeRead) -> None:
        message.taken = True
        change, subject = message.reading, self._subject
        if change is not self._change or subject is None:
            return
        if message.first:
            self._begin_diff(change, subject)
        for piece in message.pieces:
            if piece.part == "again":
                self._written = ""
                self.diff.begin(self.diff.old, self.diff.path)
            elif piece.part == "afresh":
                self.diff.begin(self.diff.old, self.diff.path)
            elif piece.part == "hypothesis":
                self._written += piece.text
            else:
                self.diff.feed(piece.text)
        if message.pieces:
            self._show_hypothesis(subject, looking_back=False)
        self._title_diff(self._base)

    def _begin_diff(self, change: ChangeReading, subject: Subject) -> None:
        path = change.path or self._target
        if change.old is not None and change.new is not None:
            self.diff.show(change.old, change.new, path)
        elif subject.is_whole or change.old is None:
            self.diff.clear()
        else:
            self.diff.begin(change.old, path)

    def _title_diff(self, base: Base) -> None:
        changes = f"  +{self.diff.added} −{self.diff.removed}" if self.diff.path else ""
        against = " against the baseline" if base == "baseline" else ""
        words = f"2 Diff ─ {self.diff.path}{against}{changes}" if self.diff.path else "2 Diff"
        ink.entitle(self.diff, words)

    def _show_hypothesis(
        self, subject: Subject, *, looking_back: bool, words: Sequence[str] = ()
    ) -> None:
        on = f" on #{subject.parent}" if subject.parent else ""
        back = "  (esc: back to now)" if looking_back else ""
        where = f" in {subject.flight.slot}" if subject.flight and subject.flight.slot else ""
        ink.entitle(self.hypothesis, f"1 Hypothesis ─ #{subject.n}{on}{where}{back}")
        if subject.row is not None:
            self.hypothesis.decided(subject.row, subject.verified, words, self._decimals)
        elif subject.flight is not None:
            self.hypothesis.forming(subject.flight, self._written)

    def _show_output(self, state: RunState, subject: Subject) -> None:
        ran = subject.row is not None or (
            subject.flight is not None and subject.flight.evaluation is not None
        )
        path = self._texts.output(subject.n) if ran else None
        prints = subject.row is None and _phase(state, subject) == "evaluating"
        share = partial(self._progress, subject.n)
        self.output.follow(path, share if prints else lambda: 1.0)
        if ran and path is None:
            self.output.tell([notice.text for _, notice in state.notices])
            ink.entitle(self.output, "3 Notes on the table")
        else:
            ink.entitle(self.output, f"3 Output ─ #{subject.n}" if ran else "3 Output")
