"""What Claude is told beside the situation: the harness' own text, and how the last tries went."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from autoexp_tui.model.proposal import Crash, Situation


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
