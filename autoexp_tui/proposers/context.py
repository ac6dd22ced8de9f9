"""What a model is told beside the situation: the harness' own text, and how the last tries went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from autoexp_tui.model.proposal import Crash, Situation
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.text.safe import clean, decode

_RECENT = 5
"""Experiments whose diffs are shown again."""
_TAIL_BYTES = 8 << 10
_LATELY = 10


class Change(msgspec.Struct, frozen=True):
    """What an earlier experiment did to the target it was made from."""

    n: int
    diff: str
    """Unified."""


class Context(msgspec.Struct, frozen=True):
    """Everything may be empty; everything is cut to its budget before it is sent."""

    harness: str = ""
    """The text of the harness' own files, as far as they are known."""
    recent: Sequence[Change] = ()
    """The last few experiments, oldest first."""
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
            crash = Crash(last.n, last.reason, _tail(self._run.output(last.n)))
        changes = [Change(row.n, _text(self._run.diff(row.n))) for row in rows[1:][-_RECENT:]]
        return Context(
            harness=self._harness_text(),
            recent=[change for change in changes if change.diff],
            crash=crash,
            pace=self._pace(),
        )

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


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            return clean(decode(file.read()))
    except OSError:
        return ""
