"""Waits between retries, which a person or the end of a budget ends at once."""

from __future__ import annotations

import time
from collections.abc import Callable

from autoexp_tui.loop.control import Controls, Interrupted
from autoexp_tui.model.proposal import Exhausted

_POLL_S = 0.2
"""Seconds between looks at what has no bell of its own: a stop after this experiment, a budget."""


class Waiter:
    """Waits between retries; a skip, a stop or a used-up budget ends a wait at once."""

    def __init__(
        self,
        controls: Controls,
        used_up: Callable[[], str],
        announce: Callable[[float, str], None],
    ) -> None:
        """`used_up` says which budget is at its end, or nothing; `announce` journals a wait."""
        self._controls = controls
        self._used_up = used_up
        self._announce = announce

    def check(self) -> None:
        """Raise Interrupted when the step is to end; called ten times a second while one runs."""
        self._controls.check_proposal()

    def wait(self, seconds: float, reason: str) -> None:
        """Return after that time.

        Raises:
            Interrupted: a skip or a stop; a stop "after this experiment" too, for an experiment
                that waits for an outage to end may never come to it.
            Exhausted: a budget has come to its end meanwhile.
        """
        self._look()
        self._announce(seconds, reason)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._controls.wait(self._controls.proposing, min(left, _POLL_S))
            self._look()

    def _look(self) -> None:
        self._controls.check_proposal()
        while self._controls.pausing and not self._controls.stopping:
            self._controls.check_proposal()
            self._controls.wait_while_paused(_POLL_S)  # nothing is asked while a person has paused
        if self._controls.stopping:
            raise Interrupted
        if why := self._used_up():
            raise Exhausted(why)
