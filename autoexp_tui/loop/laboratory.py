"""What the loop needs of the outside world, and nothing of how it is done."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

import msgspec


class Result(msgspec.Struct, frozen=True):
    """One run of the harness, as the loop judges it."""

    seconds: float
    metrics: dict[str, float]
    """Complete and finite, or empty."""
    extras: dict[str, float]
    failure: str
    """Why there is no measurement; empty when there is one."""
    cut_short: bool = False
    """Ended by the interrupt or by its time limit."""
    tail: str = ""
    """The last lines of output, for a repair."""
    tampered: bool = False
    notes: tuple[str, ...] = ()
    """What else a person should know of this run."""


class Laboratory(Protocol):
    """The repository, the workspace and the harness of one run."""

    def text_of(self, commit: str) -> str:
        """The target as it stands in a commit."""
        ...

    def commit(self, n: int, parent: str, text: str, message: str, attempt: int) -> str:
        """Put a candidate into the repository where nothing can lose it; returns its name.

        An earlier attempt of the same experiment stays there too.
        """
        ...

    def evaluate(
        self, n: int, text: str, *, time_limit: float, interrupt: threading.Event
    ) -> Result:
        """Run the harness on `text`; its output can be followed while it runs."""
        ...

    def advance(self, to: str) -> str:
        """Let the run's branch end at `to`; what a person should know of it, or nothing."""
        ...

    def free_mb(self) -> int:
        """Megabytes of disk that are left where the run writes."""
        ...

    def ideas(self) -> Sequence[str]:
        """What a person wrote down to be tried, a line each."""
        ...

    def instructions(self) -> str:
        """What the person told the proposer, as it reads now."""
        ...
