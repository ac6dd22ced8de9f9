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
        self._cursor: tuple[int, int] | None = None
        self._placed: tuple[int, int] | None = None
        self.together = False
        """Whether the terminal knows how to show a frame all at once."""

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start anew on a terminal about which nothing is known."""
        self._loop = loop
        with self._changed:
            self._pace = Pace(remote=self._remote)
            self._draining = False
        self.redraw()

    def end(self) -> None:
        """Send no more: the terminal is another's, until it is begun with anew."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop = self._timer = None

    def redraw(self) -> None:
        """Send the whole screen: another may have written over it."""
        if self._frame is not None:
            self._frame.forget()
            self._send()

    def redraw_soon(self) -> None:
        """Send the whole screen, at the loop's next turn."""
        self._on_loop(self.redraw)

    def take(
        self,
        update: CompositorUpdate,
        size: tuple[int, int],
        colours: ColorSystem,
        cursor: tuple[int, int] | None = None,
    ) -> None:
        """Want what `update` paints on a screen of `size`: columns and lines.

        Where text is being typed, at column and line `cursor`, a terminal shows what is composed
        of several keys: its own cursor, if hidden, is put there.
        """
        if isinstance(update, LayoutUpdate):
            size = (update.region.width, update.region.height)
        # What is painted of a part, after a change of the size, is followed by the whole.
        if self._frame is None or (isinstance(update, LayoutUpdate) and self._frame.size != size):
            self._frame = Frame(*size, colours)
        self._frame.take(update)
        self._cursor = cursor
        self._send()

    def drained(self) -> None:
        """All that was written has left for the terminal."""
        with self._changed:
            self._draining = False
        self._send_soon()

    def answered(self, line: int) -> None:
        """The terminal has said that a frame has come, after which its cursor was on `line`."""
        with self._changed:
            self._pace.answered(self._clock(), line=line)
            self._changed.notify_all()
        self._send_soon()

    def hurry(self) -> None:
        """A key was pressed: what it changes is shown at once."""
        with self._changed:
            self._pace.key(self._clock())
        self._send_soon()

    def settle(self, least_s: float, most_s: float) -> None:
        """Wait for the answers that are to come: a shell would take them for input.

        For `least_s`, where need be; on a slow line for longer, but for no more than `most_s`.
        """
        with self._changed:
            timeout_s = self._pace.patience(least_s, most_s)
            self._changed.wait_for(lambda: not self._pace.awaits(self._clock()), timeout_s)

    def _send_soon(self) -> None:
        self._on_loop(self._send)

    def _on_loop(self, action: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(action)

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
            if wait <= 0 and (difference := self._difference(self._frame)):
                self._pace.sent(self._clock())
                self._draining = True
                begin, end = (_BEGIN, _END) if self.together else ("", "")
                self._write(f"{begin}{difference}{end}{ASK}")
        if wait > 0:
            self._timer = self._loop.call_later(wait, self._send)

    def _difference(self, frame: Frame) -> str:
        difference = frame.difference()
        if self._cursor is not None and (difference or self._cursor != self._placed):
            x, y = self._cursor
            difference += f"\x1b[{y + 1};{x + 1}H"
        self._placed = self._cursor
        return difference
