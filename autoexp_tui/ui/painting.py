"""Brings what Textual has painted to the terminal: frame by frame, at the terminal's own pace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from threading import Condition

from rich.color import ColorSystem
from textual._compositor import CompositorUpdate, LayoutUpdate

from autoexp_tui.ui.frame import Frame
from autoexp_tui.ui.pace import ASK, Pace

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
"""Around a frame that the terminal is to show all at once."""


class Painter:
    """Holds what is to be on the screen, and sends it when the terminal can take it.

    `take` and `begin` belong to the app's loop; the others may be called from any thread.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        remote: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A painter that hands frames to `write`, and waits for `drained` after each."""
        self._write = write
        self._clock = clock
        self._remote = remote
        self._pace = Pace(remote=remote)
        self._changed = Condition()
        self._frame: Frame | None = None
        self._draining = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.together = False
        """Whether the terminal knows how to show a frame all at once."""

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start anew on a terminal about which nothing is known."""
        self._loop = loop
        with self._changed:
            self._pace = Pace(remote=self._remote)
            self._draining = False
        if self._frame is not None:
            self._frame.forget()
            self._send()

    def take(self, update: CompositorUpdate, size: tuple[int, int], colours: ColorSystem) -> None:
        """Want what `update` paints on a screen of `size`: columns and lines."""
        if isinstance(update, LayoutUpdate):
            size = (update.region.width, update.region.height)
        if self._frame is None or self._frame.size != size:
            self._frame = Frame(*size, colours)
        self._frame.take(update)
        self._send()

    def drained(self) -> None:
        """All that was written has left for the terminal."""
        with self._changed:
            self._draining = False
        self._send_soon()

    def answered(self) -> None:
        """The terminal has said that a frame has come."""
        with self._changed:
            self._pace.answered(self._clock())
            self._changed.notify_all()
        self._send_soon()

    def hurry(self) -> None:
        """A key was pressed: what it changes is shown at once."""
        with self._changed:
            self._pace.key(self._clock())
        self._send_soon()

    def settle(self, timeout_s: float) -> None:
        """Wait for the answers that are to come: a shell would take them for input."""
        with self._changed:
            self._changed.wait_for(lambda: not self._pace.awaits, timeout_s)

    def _send_soon(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._send)

    def _send(self) -> None:
        """Send what differs, now or when the time has come."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._frame is None or self._loop is None:
            return
        with self._changed:
            if self._draining:
                return
            wait = self._pace.wait(self._clock())
            if wait <= 0 and (difference := self._frame.difference()):
                self._pace.sent(self._clock())
                self._draining = True
                begin, end = (_BEGIN, _END) if self.together else ("", "")
                self._write(f"{begin}{difference}{end}{ASK}")
        if wait > 0:
            self._timer = self._loop.call_later(wait, self._send)
