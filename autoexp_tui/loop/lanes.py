"""What the lanes of one run share: each is a thread that experiments in a slot of its own.

Lanes form hypotheses, commit and measure side by side; one at a time decides. Everything here is
guarded by the recorder's transaction, so what is looked at and what is begun is one step.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence

from autoexp_tui.loop.control import Controls, Interrupted
from autoexp_tui.loop.measuring import MOST_DEATHS
from autoexp_tui.loop.pausing import Pauses
from autoexp_tui.loop.ports import Ports
from autoexp_tui.loop.projections import Projections
from autoexp_tui.loop.proposing import Drafts
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events
from autoexp_tui.model.state import RunState
from autoexp_tui.text.safe import clean_line

_LOOK_S = 1.0
"""Seconds between looks at what has no bell of its own: room on the disk, a budget's end."""
_REASON = 1000


class Lanes:
    """Who works on what, who may begin, whose turn it is to decide, and why all of them end."""

    def __init__(
        self, ports: Ports, recorder: Recorder, projections: Projections, controls: Controls
    ) -> None:
        self.ports = ports
        self.projections = projections
        self.controls = controls
        self.pauses = Pauses(ports, recorder, controls)
        self.turn = threading.RLock()
        """Held by the lane that decides over a candidate."""
        self.proving = threading.Lock()
        """Held by the lane that measures again what was measured once."""
        self.refreshing = threading.Lock()
        """Held by the lane that measures the best again since machines drift."""
        self.proposing = threading.RLock()
        """Held by lanes whose proposals are made one after the other."""
        self.drafts = Drafts()
        self.tests = 0
        """Gains that are being tested now, each of which spends of what may be spent on error."""
        self.finished: events.RunFinished | None = None
        """Why no experiment is begun any more."""
        self._recorder = recorder
        self._promised = 0
        """Lanes that may begin an experiment, and have not taken its number yet."""
        self._working: set[int] = set()
        """Experiments that a lane has in hand."""
        self._failure: BaseException | None = None

    # Beginning and leaving an experiment.

    def stop_reason(self) -> str:
        """Why this lane begins no further experiment; empty when it does. Waits while it can't."""
        while not self.controls.stopping:
            with self._recorder.transaction() as state:
                if self.finished is not None:
                    return self.finished.reason or "ended"
                if reason := self.pauses.stop_reason(idle=not self.busy):
                    return reason
                if not self.controls.pausing:
                    if self._may_begin(state):
                        self._promised += 1
                        return ""
                    self._recorder.wait_for_news(_LOOK_S)
            if self.controls.pausing:
                self.pauses.wait(_LOOK_S)
        request = self._recorder.state.stop_requested
        return f"stopped by {request.by}" if request else "stopped"

    @property
    def busy(self) -> int:
        """How many lanes have an experiment in hand, or are about to take one."""
        return len(self._working) + self._promised

    def _may_begin(self, state: RunState) -> bool:
        """Whether the budget has room for a row beside those that are in hand.

        What a cut run has left is taken first, so it needs no room of its own. Where runners have
        died again and again, what was measured then is measured alone, so that none is blamed for
        another.
        """
        cuts = state.in_flight.values()
        if self.busy and any(cut.commit and cut.deaths >= MOST_DEATHS for cut in cuts):
            return False
        return len(state.rows) + self.busy < state.budget.max_experiments

    def _left(self, state: RunState) -> list[int]:
        """What was committed and is in nobody's hands: a runner was cut, or a lane stood back."""
        cuts = state.in_flight.items()
        return sorted(n for n, cut in cuts if cut.commit and n not in self._working)

    def take_left(self) -> int:
        """Take the first experiment that is committed and in nobody's hands; 0 where none is."""
        with self._recorder.transaction() as state:
            if left := self._left(state):
                self.take(left[0])
                return left[0]
        return 0

    def take(self, n: int) -> None:
        """Within a transaction: the lane that was let in works on experiment `n`."""
        self._promised -= 1
        self._working.add(n)

    def check_begin(self) -> None:
        """Within a transaction: raise Interrupted where nothing is to be begun any more."""
        if self.controls.stopping or self.controls.pausing or self.finished is not None:
            raise Interrupted

    def leave(self, n: int) -> None:
        """The lane that was let in has no experiment in hand any more; `n` was it, 0: it took none.

        What it had not committed is given up.
        """
        with self._recorder.transaction():
            if n:
                self._working.discard(n)
            else:
                self._promised -= 1
            self.drafts.claims.pop(n, None)

    def abandon(self, n: int, reason: str) -> None:
        """Give up what a lane has proposed and not committed; `n` 0: nothing."""
        with self._recorder.transaction() as state:
            cut = state.in_flight.get(n)
            if cut is not None and not cut.commit:
                self._recorder.record(events.Abandoned(n, clean_line(reason, _REASON)))

    def wait_for_others(self) -> bool:
        """Wait until another lane has decided over something; False where no other is at work."""
        with self._recorder.transaction() as state:
            rows = len(state.rows)
            if not self.busy:
                return False
            while self.busy and len(state.rows) == rows and not self.controls.stopping:
                self._recorder.wait_for_news(_LOOK_S)
            return True

    @contextlib.contextmanager
    def testing(self) -> Iterator[int]:
        """While a gain is tested: how many others are."""
        with self._recorder.transaction():
            others, self.tests = self.tests, self.tests + 1
        try:
            yield others
        finally:
            with self._recorder.transaction():
                self.tests -= 1

    # The end of all.

    def end(self, reason: str, *, ok: bool) -> None:
        """No lane begins another experiment; the first reason counts."""
        with self._recorder.transaction():
            if self.finished is None:
                self.finished = events.RunFinished(clean_line(reason, _REASON), ok=ok)

    def side_by_side(self, first: Callable[[], None], more: Sequence[Callable[[], None]]) -> None:
        """Run lanes until all have ended, the first in this thread.

        An error of ours in one of them ends what the others measure, which the next runner
        measures again; it is raised when they have ended.
        """
        threads = [
            threading.Thread(target=self._guarded, args=(lane,), name=f"lane {k}")
            for k, lane in enumerate(more, 2)
        ]
        for thread in threads:
            thread.start()
        self._guarded(first)
        for thread in threads:
            thread.join()
        if self._failure is not None:
            raise self._failure

    def _guarded(self, lane: Callable[[], None]) -> None:
        self._recorder.wait_here()
        try:
            lane()
        except BaseException as error:  # noqa: BLE001 - raised again in the first lane's thread
            with self._recorder.transaction():
                self._failure = self._failure or error
            self.controls.stop(now=True)
