"""A way to a worker: bytes in both directions, and the reason of its end."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import IO, Protocol

from autoexp_tui.evaluation.launch.bundle import INTERACTIVE
from autoexp_tui.text.safe import clean, decode

_CHUNK_BYTES = 256 << 10
_SAID_BYTES = 4096
_PATIENCE_S = 5.0
"""For a launcher to end, once the worker has: srun reports it, docker removes what it made."""


class Channel(Protocol):
    """To one worker, for one job."""

    one_way: bool
    """Whether all that is sent must be sent at once."""

    def send(self, message: bytes, parts: Mapping[str, bytes]) -> None:
        """Send a line, and behind it what it names. What can't be sent any more is dropped."""
        ...

    def receive(self, seconds: float) -> bytes | None:
        """What has come; empty at the end, None where nothing came within so long."""
        ...

    def let_go(self) -> None:
        """Let the worker end everything and report; at once, from any thread."""
        ...

    def close(self, *, at_once: bool) -> str:
        """End what is left; why it has ended, in the launcher's words.

        `at_once`: nothing was begun that needs time to end.
        """
        ...


class Way(Protocol):
    """Where evaluations are taken."""

    name: str
    """As people call it."""

    def open(self, mark: str, tree: str) -> Channel:
        """To a worker that has begun or will; see `bundle.bootstrap`. Raises OSError."""
        ...

    def close(self) -> None:
        """No more work is taken there."""
        ...


class Tail:
    """Keeps the end of what a process says on standard error, however much that is."""

    def __init__(self, end: IO[bytes]) -> None:
        self._end = end
        self._said = b""
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with self._end:
            while data := self._end.read(_CHUNK_BYTES):
                self._said = (self._said + data)[-_SAID_BYTES:]

    def last(self) -> str:
        """The last line, once the process has ended; empty where there was none."""
        self._thread.join(_PATIENCE_S)  # what it left behind may hold its standard error open
        lines = [line.strip() for line in clean(decode(self._said)).splitlines()]
        return next((line for line in reversed(lines) if line), "")


class PrefixWay:
    """By a command that runs another one elsewhere; implements `Way`."""

    def __init__(self, prefix: str, python: str, environ: Mapping[str, str]) -> None:
        """`environ` is the launcher's own; what it passes on is its own affair."""
        self._argv = [*shlex.split(prefix), *shlex.split(python), INTERACTIVE]
        self._environ = environ
        self.name = prefix

    def open(self, mark: str, tree: str) -> PrefixChannel:
        from autoexp_tui.evaluation.launch.bundle import bootstrap  # noqa: PLC0415

        channel = PrefixChannel(self._argv, self._environ)
        channel.write(bootstrap(mark, tree))
        return channel

    def close(self) -> None:
        """Nothing outlives a job."""


class PrefixChannel:
    """A launcher's process; implements `Channel`."""

    one_way = False

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        """Raises OSError."""
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
            start_new_session=True,
            bufsize=0,
        )
        self._stdin = pipe(self._process.stdin)
        self._stdout = pipe(self._process.stdout)
        self._output = self._stdout.fileno()
        self._tail = Tail(pipe(self._process.stderr))
        self._writing = threading.Lock()

    def send(self, message: bytes, parts: Mapping[str, bytes]) -> None:
        # A thread: a tree is larger than a pipe, and who writes must hear what is said meanwhile.
        data = b"".join((message, *parts.values()))
        threading.Thread(target=self.write, args=(data,), daemon=True).start()

    def write(self, data: bytes) -> None:
        """Send bytes as they are. What can't be sent any more is dropped."""
        with self._writing, contextlib.suppress(BrokenPipeError, ValueError):
            view = memoryview(data)
            while view:
                view = view[self._stdin.write(view) or 0 :]

    def receive(self, seconds: float) -> bytes | None:
        if not select.select([self._output], [], [], seconds)[0]:
            return None
        return os.read(self._output, _CHUNK_BYTES)

    def let_go(self) -> None:
        if self._writing.acquire(blocking=False):
            try:
                self._stdin.close()
            finally:
                self._writing.release()
        else:
            self._kill(signal.SIGTERM)  # it takes nothing in, so it would not see the end either

    def close(self, *, at_once: bool) -> str:
        self.let_go()
        if at_once:
            self._kill(signal.SIGTERM)
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._kill(signal.SIGTERM)
            try:
                self._process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._kill(signal.SIGKILL)
                self._process.wait()
        self._stdout.close()
        code = self._process.returncode
        how = f"killed by signal {-code}" if code < 0 else f"exit {code}"
        said = self._tail.last()
        return f"{how}: {said}" if said else how

    def _kill(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def pipe(end: IO[bytes] | None) -> IO[bytes]:
    """One end of a pipe to a process that was started with three of them."""
    if end is None:
        raise OSError("a process was started without its pipes")
    return end
