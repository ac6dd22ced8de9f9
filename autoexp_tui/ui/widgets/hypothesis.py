"""The hypothesis pane: what is tried and why, or how a finished experiment came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import ClassVar

from rich.console import Group
from rich.padding import Padding
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from autoexp_tui.model.state import Experiment, Row
from autoexp_tui.summary.night import Line
from autoexp_tui.summary.outcomes import outcome_of
from autoexp_tui.text.numbers import format_duration, format_number
from autoexp_tui.text.safe import cut
from autoexp_tui.ui import ink

_ABOUT = 80
_TONES = {"better": "keep", "quiet": "quiet", "attention": "attention"}


def _answers(answers: Sequence[str]) -> tuple[str, ...]:
    """The last two different ones, each with how often it came."""
    found = [(answer, len(list(same))) for answer, same in groupby(answers)]
    return tuple(f"{answer} (×{n})" if n > 1 else answer for answer, n in found[-2:])


class HypothesisPane(VerticalScroll, can_focus=True):
    """Shows one experiment in words."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "hypothesis--quiet",
        "hypothesis--keep",
        "hypothesis--discard",
        "hypothesis--crash",
        "hypothesis--attention",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 - as every Textual widget names it
        super().__init__(id=id)
        self._body = Static(markup=False)
        self._shown: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._body

    def wait(self, words: str) -> None:
        """Nothing to show yet: say what will be."""
        self._show(("wait", words), ink.text((words, self._style("quiet"))))

    def forming(self, experiment: Experiment, written: str) -> None:
        """An experiment in flight, `written` so far where its hypothesis isn't whole yet."""
        words = (experiment.hypothesis or written).strip()
        answers = _answers(experiment.answers)
        acts = (
            ""
            if experiment.hypothesis
            else "".join(f"\n· {act.tool} {cut(act.about, _ABOUT)}" for act in experiment.acts)
        )
        form = (experiment.n, experiment.description, experiment.attempt, experiment.rebased)
        key = ("forming", *form, words, answers, acts)
        repair = f"repair {experiment.repairs}\n" if experiment.repairs > 0 else ""
        under = "" if words else "forming a hypothesis …"
        under += acts
        if experiment.description not in words:
            under += f"\n{experiment.description}"
        if experiment.rebased:
            under += f"\nits change, put on #{experiment.made_from}: the best since it began"
        under += "".join(f"\nsent back: {answer}" for answer in answers)
        quiet = self._style("quiet")
        body = ink.text((repair, self._style("crash")), words, (under, quiet))
        self._show(key, body)

    def failed(self, reason: str) -> None:
        """The run ended before there was anything to tell but why."""
        self._show(("failed", reason), ink.text((reason, self._style("crash"))))

    def tell(self, lines: Sequence[Line]) -> None:
        """What a whole run has come to."""
        styles = {tone: self._style(part) for tone, part in _TONES.items()} | {"": ""}
        told = [ink.text((line.text, styles[line.tone])) for line in lines]
        for line, text in zip(lines, told, strict=True):
            if line.of_list:  # one line each: they are compared with one another
                text.no_wrap, text.overflow = True, "ellipsis"
        self._show(("run", *lines), Group(*told))

    def decided(
        self,
        row: Row,
        verified: str,
        words: Sequence[str] = (),
        places: Mapping[str, int] | None = None,
    ) -> None:
        """A finished experiment: the outcome first; `verified` is what measuring it again told.

        `words`: what else another program's table says of it. `places`: the least decimals of
        figures, by name.
        """
        mark = outcome_of(row)
        more = f"\nverified: {verified}" if verified else ""
        outcome = ink.text(
            (f"{mark} ", self._style(mark.tone)),
            (f"{row.reason}{more}", self._style("quiet")),
        )
        text = ink.text(row.hypothesis.strip() or row.description)
        figures = [
            f"{name} {format_number(value, (places or {}).get(name, 0))}"
            for name, value in {**row.metrics, **row.extras}.items()
        ]
        if row.seconds:
            figures.append(f"took {format_duration(row.seconds)}")
        facts = ink.text(("\n".join([" · ".join(figures), *words]), self._style("quiet")))
        self._show(("row", row.n, row.commit, verified), Group(outcome, text, Padding(facts, 0)))

    def _show(self, key: tuple[object, ...], body: Text | Group) -> None:
        key = (self.app.theme, *key)  # its colours are in the text
        if key != self._shown:
            self._shown = key
            self._body.update(body)

    def _style(self, part: str) -> str:
        return str(self.get_component_rich_style(f"hypothesis--{part}", partial=True))
