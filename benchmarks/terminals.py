"""Programs in terminals that answer, keep a screen and count bytes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

ASK, ANSWER = b"\x1b[6n", b"\x1b[2;1R"
"""The question where the cursor is, which asks whether a frame has come, and its answer."""


class Terminal:
    """A program in a pseudo-terminal, with an emulated screen behind it."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        size: tuple[int, int] = (120, 40),
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Start it, on `size` columns and lines; `env` is added to this program's."""
        self._master, slave = pty.openpty()
        columns, lines = size
        _resize(slave, columns, lines)
        usual = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("SSH_") and name not in ("COLUMNS", "LINES")
        }
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            arguments,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env={**usual, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})},
            start_new_session=True,
        )
        os.close(slave)
        self.bytes = 0
        """That came so far."""
        self.last = self.begun
        """When the last of them came."""
        self._kept: list[tuple[float, bytes]] = []
        """Pieces that the screen doesn't show yet, and when each came."""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._tail = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self._screen.display)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def read(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Take what comes for so long, or until something holds; whether it does."""
        end = time.monotonic() + seconds
        while not until():
            left = end - time.monotonic()
            if left <= 0 or not self._take(left):
                return until()
        return True

    def keep(self, quiet: float, most: float = 20.0) -> None:
        """Take what comes until nothing has for so long: unseen, for emulating takes its time."""
        end = time.monotonic() + most
        before = -1
        while (self.bytes != before or not self.bytes) and time.monotonic() < end:
            before, still = self.bytes, time.monotonic() + quiet
            while (left := still - time.monotonic()) > 0 and self.bytes == before:
                if not self._take(left, seen=False):
                    return

    def shown(self, until: Callable[[], bool]) -> float | None:
        """When that came by which something held on the screen; None: it doesn't hold yet."""
        at: float | None = None
        for when, data in self._kept:
            self._stream.feed(data)
            if at is None and until():
                at = when
        self._kept.clear()
        return at

    def when(self, until: Callable[[], bool], quiet: float, most: float = 60.0) -> float:
        """`shown`, once it holds. Ends this program where that takes longer than `most` seconds."""
        end = time.monotonic() + most
        while time.monotonic() < end:
            self.keep(quiet, most=2 * quiet)
            at = self.shown(until)
            if at is not None:
                return at
        sys.exit(f"what was waited for never came on this screen:\n{self.text}")

    def _take(self, seconds: float, *, seen: bool = True) -> bool:
        """Take one piece; False where the program has gone."""
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:
            return False
        self.last = time.monotonic()
        self.bytes += len(data)
        asked = (self._tail + data).count(ASK) - self._tail.count(ASK)
        if asked:
            os.write(self._master, ANSWER * asked)
        self._tail = data[-3:]
        if seen:
            self._stream.feed(data)
        else:
            self._kept.append((self.last, data))
        return bool(data)


def _resize(descriptor: int, columns: int, lines: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
