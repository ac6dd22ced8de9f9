"""What a run stands still for: a person, a full disk, or what stands in the way of git.

An experiment that is cut goes on when that is over; nothing here is a candidate's fault.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from autoexp_tui.loop.control import Controls
from autoexp_tui.loop.journal import DiskFull, JournalError
from autoexp_tui.loop.patience import waits
from autoexp_tui.loop.ports import Ports
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import budget, events
from autoexp_tui.model.problem import Problem
from autoexp_tui.system.files import is_full
from autoexp_tui.text.numbers import format_duration
from autoexp_tui.text.safe import Safe, clean_line, one_line

T = TypeVar("T")

_PATIENCE_S = 60.0
_LONGEST_PATIENCE_S = 900.0
_REASON = 1000
"""Characters of a reason that are written down."""


class Pauses:
    """Decides whether the next experiment begins, and waits where it can't yet."""

    def __init__(self, ports: Ports, recorder: Recorder, controls: Controls) -> None:
        self._ports = ports
        self._recorder = recorder
        self._controls = controls
        self._short_of_disk = False
        self._stood_still = 0
        """Times that the disk was full since the last row."""
        self._patience, self._again_at = _PATIENCE_S, 0.0
        """How long to wait for what stands in the way; when that ends, 0 where nothing does."""
        self._standing = threading.Lock()

    def row_logged(self) -> None:
        """A row was decided: whatever comes next is waited for as briefly as at first."""
        self._stood_still = 0
        self._patience = _PATIENCE_S

    def stop_reason(self, *, idle: bool) -> str:
        """Which budget or goal ends the run; else nothing, and where `Controls.pausing` is set, the
        run stands still: told once it is `idle`. Within a transaction.
        """
        state = self._recorder.state
        if state.incumbent and (
            reason := state.objective.reached(state.contract.stop_at, state.incumbent.metrics)
        ):
            return f"{reason} (stop_at)"
        if reason := budget.used_up(state, self._recorder.elapsed, settled=True):
            return reason
        self._guard()
        self._try_again()
        if self._controls.pausing and idle and not state.paused:
            by = state.pause_requested or "a person"
            self._recorder.record(events.Paused(one_line(f"paused by {by}")))
        return ""

    def wait(self, seconds: float) -> None:
        """Until the pause has ended, or may have by itself: for so long at most."""
        left = self._again_at - time.monotonic() if self._again_at else seconds
        self._controls.wait_while_paused(min(max(left, 0.0), seconds))

    def _guard(self) -> None:
        """Pause for what would burn the night; go on by itself when a full disk has room again."""
        wanted, free = self._recorder.state.contract.min_free_mb, self._ports.free_mb()
        if free < wanted and not self._short_of_disk:
            self._short_of_disk = True
            self._pause(f"only {free} MB of disk are left: it goes on when there are {wanted}")
        elif free >= wanted and self._short_of_disk:
            self._short_of_disk = False
            self._recorder.record(events.Resumed(Safe("room on the disk")))
            self._controls.resume()

    def may_pass(self, problem: Problem) -> bool:
        """Whether waiting may help: the harness has worked once, and the journal is sound."""
        known = isinstance(problem, JournalError) or is_full(problem)
        return bool(self._recorder.state.rows) and not known

    def stand_back(self, problem: Problem) -> None:
        """Something stands in the way that is no candidate's fault: a repository that git can't
        read, say. Pause, and try again by itself, each time later.
        """
        with self._recorder.transaction() as state:
            if state.paused and self._again_at:
                return  # another lane has met it too
            wait = format_duration(self._patience)
            self._pause(f"{problem}; it tries again in {wait}, or when you resume")
            self._again_at = time.monotonic() + self._patience
            self._patience = min(2 * self._patience, _LONGEST_PATIENCE_S)

    def _try_again(self) -> None:
        if self._again_at and (self._again_at <= time.monotonic() or not self._controls.pausing):
            self._again_at = 0.0
            if self._recorder.state.paused:
                self._controls.resume()
                self._recorder.record(events.Resumed(Safe("trying again")))

    def _pause(self, reason: str) -> None:
        if not self._recorder.state.paused:
            self._controls.pause()
            self._recorder.record(events.Paused(clean_line(reason, _REASON)))

    def with_room(self, step: Callable[[], T]) -> T:
        """What `step` gives, once the disk has room for it. Raises what else goes wrong."""
        while True:
            try:
                return step()
            except Exception as error:
                if isinstance(error, DiskFull) or not is_full(error) or self._controls.stopping:
                    raise
                self.stand_still(error)

    def stand_still(self, error: Exception) -> None:
        """Pause until there is room again, or the run is to stop."""
        if not self._standing.acquire(blocking=False):
            with self._standing:  # another lane does, and tells it
                return
        try:
            words = f"the disk is full ({error}): it goes on by itself when there is room"
            self._recorder.record(events.Paused(clean_line(words, _REASON)))
            for seconds in waits(self._controls, 2.0**self._stood_still):
                self._controls.wait_for_stop(seconds)
                if self._ports.has_room():
                    break
            self._stood_still += 1  # longer each time, until a row is decided
            self._recorder.record(events.Resumed(Safe("room on the disk")))
        finally:
            self._standing.release()
