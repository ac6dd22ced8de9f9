"""One experiment over the whole screen: facts, hypothesis, diff, output."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from autoexp_tui.model.state import Row, RunState, place_of
from autoexp_tui.sources.subject import Base, Texts, subject_of
from autoexp_tui.summary.annotations import noted, words_of
from autoexp_tui.summary.outcomes import outcome_of
from autoexp_tui.summary.trust import evidence_words
from autoexp_tui.text.numbers import format_clock, format_duration, format_number, format_runs
from autoexp_tui.text.safe import Safe
from autoexp_tui.ui import ink
from autoexp_tui.ui.bridge import Broken
from autoexp_tui.ui.keys import bindings, experiment_keys
from autoexp_tui.ui.reading import ChangeRead, ChangeReading, FileReader
from autoexp_tui.ui.screens.keyed import KeyScreen
from autoexp_tui.ui.widgets.bars import KeyBar
from autoexp_tui.ui.widgets.diff import DiffPane
from autoexp_tui.ui.widgets.output import OutputPane


class ExperimentScreen(KeyScreen[int]):
    """Gives back the number of the experiment that was looked at last."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("experiment")]

    def __init__(
        self, state: RunState, n: int, texts: Texts, base: Base, reader: FileReader
    ) -> None:
        super().__init__()
        self._state = state
        self._is_bare = state.is_table and type(texts) is Texts
        """Whether there is nothing but what a table says of it."""
        keys = experiment_keys()
        shown = [key for key in keys if key.name not in {"toggle_base", "focus_next"}]
        self.keys = shown if self._is_bare else keys
        self._n = n
        self._texts = texts
        self._base: Base = base
        self._reader = reader
        self._change: ChangeReading | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="facts", classes="pane"):
            yield Static(id="facts-text", markup=False)
        with Horizontal(id="evidence"):
            yield DiffPane(id="whole-diff", classes="pane")
            if not self._state.is_table:
                yield OutputPane(self._reader, id="whole-output", classes="pane")
        yield KeyBar(self.keys, id="keys")

    def on_mount(self) -> None:
        self._show()
        self.query_one("#evidence").display = not self._is_bare
        self.set_class(self._is_bare, "-bare")
        self.query_one("#facts" if self._is_bare else "#whole-diff").focus()

    def on_resize(self) -> None:
        self.set_class(self.size.width < 110, "-stacked")

    def action_close(self) -> None:
        self.dismiss(self._n)

    def action_beside(self, by: int) -> None:
        rows = self._state.rows
        place = place_of(rows, self._n, len(rows))
        if place is not None and 0 <= place + by < len(rows):
            self._n = rows[place + by].n
            self._show()

    def action_toggle_base(self) -> None:
        self._base = "baseline" if self._base == "parent" else "parent"
        self._show()

    def _show(self) -> None:
        row = self._state.row(self._n)
        subject = subject_of(self._state, self._n)
        if row is None or subject is None:
            return
        facts = self.query_one("#facts", VerticalScroll)
        rows = self._state.rows
        place = (place_of(rows, row.n, len(rows)) or 0) + 1
        of = f"#{row.n} of" if place == row.n else f"#{row.n} ─ {place} of"
        ink.entitle(facts, f"{of} {len(rows)}")
        facts_text = _facts(row, noted(self._state, row.n), self._state)
        self.query_one("#facts-text", Static).update(facts_text)
        self._against = max(1, subject.parent if self._base == "parent" else 1)
        self._change = ChangeReading(self._texts, subject, self._base)
        self._reader.follow(self, self._change)
        for output in self.query(OutputPane):
            output.follow(self._texts.output(row.n))
            ink.entitle(output, "Output")

    @on(ChangeRead)
    def _take(self, message: ChangeRead) -> None:
        message.taken = True
        change = message.reading
        if change is not self._change:
            return
        diff = self.query_one(DiffPane)
        if change.old is not None and change.new is not None:
            path = change.path or self._state.contract.target
            diff.show(change.old, change.new, path)
        else:
            diff.clear()
        words = f"Diff ─ against #{self._against}  +{diff.added} −{diff.removed}"
        ink.entitle(diff, words)

    @on(Broken)
    def _warn(self, message: Broken) -> None:
        self.say(message.problem)

    def on_unmount(self) -> None:
        self._reader.follow(self, None)


def _facts(row: Row, note: Safe, state: RunState) -> Text:
    told = [row.reason.strip()]
    if note:
        told.append(f"noted: {note}")
    if evidence := evidence_words(row):
        told.append(evidence)
    if row.hypothesis.strip() not in {"", row.description.strip()}:
        told.append(row.hypothesis.strip())
    judge = state.objective.title
    figures = [
        f"{name} {format_number(value, state.places if name == judge else 0)}"
        f"{format_runs(row.measurement.values(name))}"
        for name, value in row.metrics.items()
    ]
    if figures or not state.is_table:
        told.append("   ".join(figures) or "no measurement")
    others = [f"{name} {format_number(value)}" for name, value in row.extras.items()]
    if others:
        told.append(f"not judged: {', '.join(others)}")
    told += words_of(row, state)
    made = [f"took {format_duration(row.seconds)}"] if row.seconds or not state.is_table else []
    if row.time:
        made.append(f"at {format_clock(row.time)}")
    if row.cost_usd:
        made.append(f"cost ${row.cost_usd:.4f}")
    if row.commit:
        made.append(f"commit {row.commit[:12]}")
    if row.parent:
        number = f"#{row.made_from} " if row.made_from and (state.slots or row.aside) else ""
        made.append(f"on {number}{row.parent[:12]}")
    return ink.text(
        (f"{outcome_of(row)}  {row.description}\n", "bold"),
        "\n".join(filter(None, told)),
        ("\n" + "   ".join(made), "dim"),
    )
