"""What a model is told beside the situation: the harness' own text, and how the last tries went."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from autoexp_tui.model.proposal import Crash, Situation
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import Row, RunState
from autoexp_tui.summary.trust import near_misses
from autoexp_tui.text.safe import clean, decode

_RECENT = 5
"""Experiments whose diffs are shown again."""
_TAIL_BYTES = 8 << 10
_FEEDBACK_BYTES = 64 << 10
_LATELY = 10
_NEAR = 3
_HEARD = 3
"""Experiments of which it is told what the harness said."""
_LINES = 20
_TELLING = 4
"""Characters from which on a number tells the hold-out wherever it stands."""
_NUMBER = re.compile(r"\d[\d.eE+-]*")


class Change(msgspec.Struct, frozen=True):
    """What an earlier experiment did to the target it was made from."""

    n: int
    diff: str
    """Unified."""


class Output(msgspec.Struct, frozen=True):
    """What the harness printed for an experiment, beside its figures."""

    n: int
    last: str
    """Its last lines, cleaned."""
    feedback: Sequence[str] = ()
    """What stands behind the contract's word for feedback, line by line, cleaned."""


class Context(msgspec.Struct, frozen=True):
    """Everything may be empty; everything is cut to its budget before it is sent."""

    harness: str = ""
    """The text of the harness' own files, as far as they are known."""
    recent: Sequence[Change] = ()
    """The last few experiments, oldest first."""
    near: Sequence[Change] = ()
    """The near misses that were furthest from luck, the latest of them last."""
    outputs: Sequence[Output] = ()
    """Of the best so far, and of the last few experiments that were measured."""
    crash: Crash | None = None
    """The last experiment's, if it crashed."""
    pace: float | None = None
    """Seconds from one proposal to the next, lately; None while there is none to go by."""


GatherContext = Callable[[Situation], Context]
"""Gathers the context of a situation; called once for each experiment."""


def no_context(_: Situation) -> Context:
    """For those who have nothing to add."""
    return Context()


class ContextGatherer:
    """Gathers what a model is told beside the situation, from what the experiments left."""

    def __init__(self, run: RunDirectory, harness_text: Callable[[], str], state: RunState) -> None:
        self._run = run
        self._harness_text = harness_text
        self._state = state

    def gather(self, situation: Situation) -> Context:
        """The context of that situation."""
        rows = self._state.rows
        crash = None
        if rows and rows[-1].status == "crash":
            last = rows[-1]
            crash = Crash(last.n, last.reason, self._told(_end(self._run.output(last.n))))
        return Context(
            harness=self._harness_text(),
            recent=self._changes(rows[1:][-_RECENT:]),
            near=self._changes(sorted(near_misses(rows)[:_NEAR], key=lambda row: row.n)),
            outputs=self._outputs(),
            crash=crash,
            pace=self._pace(),
        )

    def _changes(self, rows: Iterable[Row]) -> list[Change]:
        changes = [Change(row.n, _text(self._run.diff(row.n))) for row in rows]
        return [change for change in changes if change.diff]

    def _outputs(self) -> list[Output]:
        measured = [row for row in self._state.rows[-_LATELY:] if row.metrics][-_HEARD:]
        best = self._state.incumbent
        if best is not None and all(row is not best for row in measured):
            measured.insert(0, best)
        found = [self._output(row.n) for row in measured]
        return [output for output in found if output.last.strip() or output.feedback]

    def _output(self, n: int) -> Output:
        """What an experiment printed, without what tells the hold-out."""
        word = self._state.contract.feedback
        output = self._run.output(n)

        def is_feedback(line: str) -> bool:
            return bool(word) and line.strip().startswith(word)

        printed = self._lines(output)
        # What `score` prints may tell what is hidden: of that, what is marked for it alone.
        lines = [*printed, *self._lines(output.with_name("score.log"))]
        feedback = [line.strip()[len(word) :].strip() for line in lines if is_feedback(line)]
        others = [line for line in printed if not is_feedback(line)]
        return Output(n, "\n".join(others[-_LINES:]), feedback[-_LINES:])

    def _lines(self, path: Path) -> list[str]:
        return self._told(_end(path, _FEEDBACK_BYTES)).split("\n")

    def _told(self, text: str) -> str:
        held = self._state.contract.held_out
        return without_figures(text, held.name) if held else text

    def _pace(self) -> float | None:
        rows = self._state.rows[-_LATELY:]
        if len(rows) < 2:
            return None
        return (rows[-1].elapsed - rows[0].elapsed) / (len(rows) - 1)


def _text(path: Path) -> str:
    try:
        return decode(path.read_bytes())
    except OSError:
        return ""


def without_figures(text: str, name: str) -> str:
    """The text without the lines that tell a figure: its name, or a number beside that."""
    lines = text.split("\n")
    beside = [number for line in lines if name in line for number in _NUMBER.findall(line)]
    hidden = [name, *(number for number in beside if len(number) >= _TELLING)]
    return "\n".join(line for line in lines if not any(word in line for word in hidden))


def _end(path: Path, most: int = _TAIL_BYTES) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - most))
            return clean(decode(file.read()))
    except OSError:
        return ""
