"""A run told on one page that is written anew while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from autoexp_tui.model.events import Record
from autoexp_tui.model.state import RunState
from autoexp_tui.report.account import account_of
from autoexp_tui.report.live import live_of
from autoexp_tui.report.page import as_html
from autoexp_tui.sources.journals import POLL_S, Source
from autoexp_tui.text.safe import Safe

LEAST_S = 2.0
"""Seconds between two pages, at least."""
_SHARE = 8.0
"""A page is followed by a rest of so many times what it took: a long run's costs little, too."""
MOST_S = 60.0
"""Seconds after which a page is written though nothing is new: who reads it sees that it lives."""


class Follower:
    """Writes the page of what a source tells, when there is something new in it."""

    def __init__(
        self,
        source: Source,
        write: Callable[[Safe], None],
        *,
        diff_of: Callable[[int], str] | None = None,
        caveats: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`write` puts a page where it is read; `diff_of` and `caveats` are `account_of`'s."""
        self._source = source
        self._write = write
        self._diff_of = diff_of
        self._caveats = caveats
        self._clock = clock
        self._state = RunState()
        self._alive: bool | None = None
        self._is_new = False
        self._written = -1.0
        self._took = 0.0

    def look(self) -> bool:
        """Take what came, write a page where it is time for one; whether that was the last."""
        alive = self._source.alive()  # asked first: what a runner wrote before its end is read
        self._is_new |= alive != self._alive
        self._alive = alive
        while records := self._source.read():
            self._is_new = True
            for record in records:
                self._take(record)
        ended = self._state.finished is not None and not alive
        if self._state.started is not None and (ended or self._is_due()):
            self._put(followed=True)
        return ended

    def follow(self, rest: Callable[[float], None] = time.sleep) -> None:
        """Write pages until the run has ended; the last says why there are no more."""
        try:
            while not self.look():
                rest(POLL_S)
        except BaseException:
            if self._state.started is not None:
                self._put(followed=False)
            raise

    def _is_due(self) -> bool:
        age = self._clock() - self._written
        least = max(LEAST_S, _SHARE * self._took)
        return not 0 <= age < (least if self._is_new else MOST_S)

    def _take(self, record: Record) -> None:
        if record.seq == 1:  # of a table, everything comes again
            self._state = RunState()
        self._state.apply(record)

    def _put(self, *, followed: bool) -> None:
        began = self._clock()
        account = account_of(self._state, self._diff_of, caveats=self._caveats)
        live = live_of(self._state, alive=bool(self._alive), written=began, followed=followed)
        self._write(as_html(account, live))
        self._is_new = False
        self._written = began
        self._took = max(0.0, self._clock() - began)
