"""The terminal under the app: UTF-8 whatever the streams say, and left as it was found.

Textual writes to standard error in that stream's encoding, and knows nothing of signals that end
a process, of a terminal that has gone, or of one that takes no more. What it paints goes through
a `Painter`, which sends what differs when the terminal can take it.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from rich.color import ColorSystem
from textual import events, messages
from textual._compositor import CompositorUpdate
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from autoexp_tui.ui.painting import Painter

_LEAVING = (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT)
_PATIENCE_S = 3.0
"""Seconds that a screen has to leave by itself: a terminal that takes nothing holds it up."""
_ANSWERS_S, _SLOW_ANSWERS_S = 0.5, 2.0
"""Seconds that answers of the terminal are waited for at the end: usually, on a slow line."""
_MOUSE_OFF = "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"
RESET = f"{_MOUSE_OFF}\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
"""All that a screen switches on, switched off."""


class Terminal(LinuxDriver):
    """Textual's driver, on the terminal that standard output is."""

    def __init__(
        self,
        app: Any,
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._descriptor = sys.__stdout__.fileno() if sys.__stdout__ else self.fileno
        remote = any(name in os.environ for name in ("SSH_CONNECTION", "SSH_TTY"))
        self._painter = Painter(self.write, remote=remote)
        output: Any = _Output(
            self._descriptor, self._painter.drained, lambda: self._leave(signal.SIGHUP)
        )
        self._file = output
        self._handlers = {
            number: signal.signal(number, self._on_signal)
            for number in _LEAVING
            # nohup, say, wants it to be ignored
            if signal.getsignal(number) != signal.SIG_IGN
        }
        self._forced = threading.Timer(_PATIENCE_S, self._force)
        self._forced.daemon = True
        self._number = signal.SIGTERM
        threading.Thread(target=self._await_hang_up, name="terminal", daemon=True).start()

    def show(
        self, update: CompositorUpdate, colours: ColorSystem, cursor: tuple[int, int] | None
    ) -> None:
        """Bring what was painted to the terminal, and its cursor to where text is typed."""
        self._painter.take(update, self._app.size, colours, cursor)

    def redraw(self) -> None:
        """Paint everything: another program may have written over it."""
        self._painter.redraw()

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        told = signal.getsignal(signal.SIGWINCH)

        def on_resize(number: int, frame: FrameType | None) -> None:
            # Back to the size that it had, nothing is laid out anew; the terminal may have cut it.
            self._painter.redraw_soon()
            if callable(told):
                told(number, frame)

        signal.signal(signal.SIGWINCH, on_resize)
        self._painter.begin(self._loop)

    def stop_application_mode(self) -> None:
        self._painter.end()
        self._painter.settle(_ANSWERS_S, _SLOW_ANSWERS_S)
        super().stop_application_mode()

    def process_message(self, message: Message) -> None:
        """Take what is said to the painter out of what is said to the app."""
        match message:
            case events.CursorPosition():
                self._painter.answered(message.y)
                return
            case messages.TerminalSupportsSynchronizedOutput():
                self._painter.together = True
            case events.Key() | events.MouseDown() | events.MouseScrollDown():
                self._painter.hurry()
            case events.MouseScrollUp() | events.Paste():
                self._painter.hurry()
            case events.Resize():  # told in the terminal's own way, and not by a signal
                self._painter.hurry()
                self._painter.redraw_soon()
        super().process_message(message)

    def close(self) -> None:
        super().close()
        self._forced.cancel()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _get_terminal_size(self) -> tuple[int, int]:
        """As the terminal has it: COLUMNS and LINES may be another's, and don't follow it."""
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(self._descriptor)
            if size.columns and size.lines:
                return size.columns, size.lines
        return super()._get_terminal_size()

    def _disable_mouse_support(self) -> None:
        if self._mouse:
            self.write(_MOUSE_OFF)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._leave(signal.Signals(number))

    def _leave(self, number: signal.Signals) -> None:
        """End the app as a quit does, from any thread; by force where it doesn't come to it."""
        self._number = number
        with contextlib.suppress(RuntimeError):  # begun already, or the loop has ended meanwhile
            self._forced.start()
            self._loop.call_soon_threadsafe(lambda: self._app.exit(return_code=128 + number))

    def _force(self) -> None:
        """The loop, or the thread that writes, waits for a terminal that takes nothing."""
        if self.attrs_before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        with contextlib.suppress(OSError):
            if select.select([], [self._descriptor], [], 0)[1]:
                os.write(self._descriptor, RESET.encode())
        os._exit(128 + self._number)

    def _await_hang_up(self) -> None:
        """Wait for the terminal to go: who reads from it then is told so without an end."""
        with contextlib.suppress(OSError):  # some systems can't wait for that
            poll = select.poll()
            poll.register(self._descriptor, 0)
            poll.poll()
            self._leave(signal.SIGHUP)


class _Output(io.TextIOBase):
    """Writes to a terminal in UTF-8; once it has gone, what is written is dropped."""

    def __init__(
        self, descriptor: int, drained: Callable[[], None], gone: Callable[[], None]
    ) -> None:
        self._file = open(  # noqa: SIM115 - the terminal is not ours to close
            descriptor, "w", encoding="utf-8", errors="replace", newline="", closefd=False
        )
        self._drained = drained
        self._tell = gone
        self._gone = False

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute in the stubs
        return "utf-8"

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._try(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self._file.flush)
        self._drained()

    def _try(self, action: Callable[[], object]) -> None:
        if self._gone:
            return
        try:
            action()
        except OSError:
            self._gone = True
            self._tell()
