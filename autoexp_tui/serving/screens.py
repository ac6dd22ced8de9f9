"""The processes behind a page: one app for each open tab, ended with it.

Each is the command line itself, started without a shell, with Textual's driver for the web: packets
of a kind (`D` data, `M` meta), a length in four bytes and a payload, both ways.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

from autoexp_tui.evaluation.environment import harness_environment
from autoexp_tui.model.contract import Environment
from autoexp_tui.text.safe import Safe, clean_line, decode

DRIVER = "autoexp_tui.ui.web:WebPage"
"""Textual's driver of a screen that is a page."""
_READY = b"__GANGLION__\n"
_PATIENCE_S = 3.0
"""Seconds that an app has to end by itself."""
_WIDTHS, _HEIGHTS = (20, 400), (5, 150)
"""Columns and lines that a page may ask for: each cell costs memory and time."""
_PACKET_BYTES = 16 << 20


def screen_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What an app behind a page is given: nothing that looks like a secret."""
    passed = harness_environment(environ, Environment()).passed
    if cache := environ.get("AUTOEXP_CACHE"):
        passed["AUTOEXP_CACHE"] = cache
    passed.pop("TEXTUAL", None)  # its developer's tools
    return {
        **passed,
        "TEXTUAL_DRIVER": DRIVER,
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
        "TERM_PROGRAM": "textual",
        "PYTHONUNBUFFERED": "1",
    }


class AppProcess:
    """One app in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Of a process whose three streams are pipes."""
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("a stream of the process is no pipe")
        self._process = process
        self._stdin, self._stdout, self._stderr = process.stdin, process.stdout, process.stderr
        self._errors: deque[bytes] = deque(maxlen=16)
        self._reading = asyncio.create_task(self._read_errors())

    @classmethod
    async def start(
        cls, arguments: Sequence[str], environ: Mapping[str, str], width: int, height: int
    ) -> AppProcess:
        """Start `autoexp` with `arguments`. Raises OSError."""
        size = {"COLUMNS": str(_within(width, _WIDTHS)), "ROWS": str(_within(height, _HEIGHTS))}
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "autoexp_tui", *arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**environ, **size},
                start_new_session=True,  # a ^C of the server's terminal is the server's to answer
            )
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    async def show(self, send: Callable[[bytes], Awaitable[None]]) -> Safe:
        """Hand what it draws to `send` until it ends; returns why it never began, if so.

        Once nobody takes it any more it is read on and dropped, so that the app can end.
        """
        output = self._stdout
        while (line := await output.readline()) != _READY:
            if not line:
                await self._reading
                return clean_line(decode(b"".join(self._errors)), 400)
        taken = True
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await output.readexactly(5)
                size = int.from_bytes(head[1:], "big")
                if size > _PACKET_BYTES:
                    break
                payload = await output.readexactly(size)
                # An exit needs no word: its end is seen. No address is opened, no file handed out.
                if head[:1] == b"D" and taken:
                    try:
                        await send(payload)
                    except ConnectionError:
                        taken = False
        return Safe("")

    def type(self, text: str) -> None:
        """What a person typed, or did with the mouse."""
        self._send(b"D", text.encode("utf-8", "replace"))

    def resize(self, width: int, height: int) -> None:
        self._tell(type="resize", width=_within(width, _WIDTHS), height=_within(height, _HEIGHTS))

    def focus(self, has_it: bool) -> None:
        self._tell(type="focus" if has_it else "blur")

    async def settle(self) -> None:
        """Wait until it has taken what it was sent."""
        with contextlib.suppress(ConnectionError):
            await self._stdin.drain()

    async def end(self) -> None:
        """Have it quit, by force where it doesn't; nothing of it is left."""
        if self._process.returncode is None:
            self._tell(type="quit")
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _PATIENCE_S)
        finally:  # of a server that ends, too, which cancels this
            self.kill()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _PATIENCE_S)
            self._stdin.close()
            await asyncio.wait({self._reading}, timeout=1.0)  # its end closes the pipe
            self._reading.cancel()

    def kill(self) -> None:
        """End it now, and what it started in its session."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _tell(self, **what: object) -> None:
        self._send(b"M", json.dumps(what).encode())

    def _send(self, kind: bytes, payload: bytes) -> None:
        if not self._stdin.is_closing():
            self._stdin.write(kind + len(payload).to_bytes(4, "big") + payload)

    async def _read_errors(self) -> None:
        while part := await self._stderr.read(1024):
            self._errors.append(part)


def _within(value: int, bounds: tuple[int, int]) -> int:
    return max(bounds[0], min(bounds[1], value))
