"""Waits between retries, which a person or the end of a budget ends at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from autoexp_tui.loop.control import Desk, Interrupted
from autoexp_tui.model.proposal import Exhausted

_T = TypeVar("_T")
_FIRST_RETRY_S = 1.0
_POLL_S = 0.2
"""Seconds between looks at what has no bell of its own: a stop after this experiment, a budget."""


class Passing(Exception):
    """A fault that passes by itself; the message says what it is."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        """`after` is how many seconds from now it was said to be over; None: nobody said."""
        super().__init__(reason)
        self.after = after


class EndedWaiting(Exhausted):
    """A budget has come to its end during a wait."""


def delays(longest: float, spread: Callable[[], float] = random.random) -> Iterator[float]:
    """How long to wait before each further attempt, in seconds; without an end.

    From a second, doubled, to `longest`. `spread` gives 0 to 1, so that runs which failed
    together don't come back together.
    """
    most = _FIRST_RETRY_S
    while True:
        yield most * (0.75 + 0.25 * spread())
        most = min(2 * most, longest)


class Waiter:
    """Waits between retries; a skip, a stop or a used-up budget ends a wait at once."""

    def __init__(
        self,
        desk: Desk,
        used_up: Callable[[], str],
        announce: Callable[[float, str], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`used_up` says which budget is at its end, or nothing; `announce` journals a wait."""
        self._monotonic = monotonic
        self._wall = wall
        self._desk = desk
        self._used_up = used_up
        self._announce = announce

    def check(self) -> None:
        """Raise Interrupted when the step is to end; called ten times a second while one runs."""
        self._desk.check()

    def wait(self, seconds: float, reason: str) -> None:
        """Return after that time.

        Raises:
            Interrupted: a skip or a stop; a stop "after this experiment" too, for an experiment
                that waits for an outage to end may never come to it.
            EndedWaiting: a budget has come to its end meanwhile.
        """
        self._look(reason)
        self._announce(seconds, reason)
        # By both clocks: a machine that slept has waited too, and a clock may be set back.
        end, moment = self._monotonic() + seconds, self._wall() + seconds
        while (left := min(end - self._monotonic(), moment - self._wall())) > 0:
            self._desk.wait(min(left, _POLL_S))
            self._look(reason)

    def until_it_passes(self, attempt: Callable[[], _T], longest: float) -> _T:
        """What `attempt` returns, when it raises Passing no more; between attempts, waits.

        `longest` is the longest wait in seconds where no time was named. Raises as `wait` does,
        and what `attempt` raises.
        """
        pauses = delays(longest)
        while True:
            self.check()
            try:
                return attempt()
            except Passing as passing:
                # Who names a short time again and again is mistaken: our own pauses grow.
                self.wait(max(passing.after or 0.0, next(pauses)), str(passing))

    def _look(self, reason: str) -> None:
        self._desk.check()
        controls = self._desk.controls
        while controls.pausing and not controls.stopping:
            self._desk.check()
            controls.wait_while_paused(_POLL_S)  # nothing is asked while a person has paused
        if controls.stopping:
            raise Interrupted
        if why := self._used_up():
            raise EndedWaiting(f"{why}, while it waited: {reason}")
