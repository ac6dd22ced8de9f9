"""Follows one supervisor: its harness' output, its own words, and the end of both.

Whatever becomes of the supervisor, or of the process that forked it, the tree has gone at the end.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import select
import selectors
import signal
import termios
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Protocol, Self

from autoexp_tui.evaluation.supervisors import ForkServer, server
from autoexp_tui.evaluation.watching import Inotify
from autoexp_tui.system.processes import kill_marked

MARKER = "AUTOEXP_EVALUATION"
"""Set to a random value in the harness's environment, so that its processes can be told apart."""

_POLL_S = 0.1
"""Seconds between looks at the interrupt."""
_CHUNK_BYTES = 256 << 10
_ENDED = "ended"
"""The supervisor's word for: the shell has ended, and something that it started has not."""
_OVERDUE_S = 5.0
"""Seconds after which a supervisor that should have ended everything is taken for dead."""
_STRAGGLE_S = 1.0
"""Seconds to read on when the supervisor has gone and something still holds the pipe."""
_DROPPED = "what the harness prints to was full, and set not to wait"
_ATTRIBUTES_CHANGED = 0x4
"""Of inotify."""


class Listener(Protocol):
    """Who gets what the harness prints."""

    def take(self, data: bytes) -> None: ...

    def is_enough(self) -> bool:
        """Whether the tree is to be ended; asked at least ten times a second."""
        ...

    def ended(self) -> None:
        """The shell has ended; what was printed by then has been taken."""
        ...

    def lost(self, why: str) -> None:
        """What was printed can't be relied on to be all, or to have been read by nobody else."""
        ...


class Readers:
    """Keeps a pipe from being opened to read by its name in /proc, but by root; a context manager.

    Who takes that back, as its owner may, is seen.
    """

    def __init__(self, written: FileIO) -> None:
        self._inotify = Inotify.begin()
        if self._inotify is not None:  # first: who may not read a pipe may not watch it
            self._inotify.add(Path(f"/proc/self/fd/{written.fileno()}"), _ATTRIBUTES_CHANGED)
        with contextlib.suppress(OSError):  # not every system has names for pipes
            os.fchmod(written.fileno(), 0o200)
        self.may_be()  # what we did ourselves is told too

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._inotify is not None:
            os.close(self._inotify.descriptor)

    def may_be(self) -> bool:
        """Whether somebody has changed who may open it."""
        return self._inotify is not None and any(self._inotify.read())


class Supervised:
    """A running supervisor; on exit its tree has gone."""

    def __init__(self, cwd: Path, time_limit: float, server: ForkServer = server) -> None:
        """Raises OSError."""
        self._server = server
        with contextlib.ExitStack() as ours:
            self._forked = ours.enter_context(contextlib.closing(server.fork(cwd, time_limit)))
            self._readers = ours.enter_context(Readers(self._forked.written))
            self._open = ours.pop_all()
        # What is told to be there may be gone when it is read: taken by `_catch_up`, or by another
        # process. We hold the other end too, so to wait for more could be for ever.
        for end in (self._forked.output, self._forked.status, self._forked.told):
            os.set_blocking(end.fileno(), False)
        self.pid = self._forked.pid
        self.abandoned = False
        """Whether the process that forked it was killed."""
        self._output, self._written = self._forked.output, self._forked.written
        self._status, self._lifeline = self._forked.status, self._forked.lifeline
        self._marker = uuid.uuid4().hex
        self._answer = b""
        self._due = time.monotonic() + time_limit + _OVERDUE_S

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()
        if not self._forked.wait(_OVERDUE_S):
            self._kill()
            if not self._forked.wait(_OVERDUE_S):
                self._server.close()  # it was stopped, and waits for nobody
        if not self._answer:  # it was killed, so it could not kill: find by the mark what it owned,
            kill_marked(MARKER, self._marker)
        if not self._answer or self.abandoned:
            self._server.end_strays()  # and what has shed the mark by whose child it has become
        self._open.close()

    def _kill(self) -> None:
        if self._forked.is_up():
            os.kill(self.pid, signal.SIGKILL)

    @property
    def answer(self) -> str:
        """Its last words; empty when it died without any."""
        return self._answer.decode("utf-8", "replace").strip().removeprefix(_ENDED).strip()

    def send(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Hand over the job. A supervisor that has died meanwhile is noticed later."""
        pairs = {**env, MARKER: self._marker}.items()
        items = [str(len(argv)), *argv, *(f"{name}={value}" for name, value in pairs)]
        job = b"\0".join(map(os.fsencode, items))
        view = memoryview(len(job).to_bytes(8, "big") + job)
        with contextlib.suppress(BrokenPipeError):
            while view:
                view = view[self._lifeline.write(view) :]

    def follow(self, output: Listener, interrupt: threading.Event) -> None:
        """Read until the tree has gone and the supervisor has said how."""
        with selectors.DefaultSelector() as selector:
            for end in (self._output, self._status, self._forked.told):
                selector.register(end, selectors.EVENT_READ, end)
            waiting = {self._output, self._status}
            while waiting:
                if interrupt.is_set() or self.abandoned or output.is_enough():
                    self._let_go()
                if time.monotonic() > self._due:
                    if self._status not in waiting:
                        return  # what could not be killed still holds the pipe
                    self._kill()  # stopped or stuck: its end is seen below
                for key, _ in selector.select(_POLL_S):
                    if not self._read(key.data, output):
                        selector.unregister(key.data)
                        waiting.discard(key.data)

    def _read(self, end: FileIO, output: Listener) -> bool:
        """Take what came, if anything did; False at the end."""
        if end is self._output and self._loses():
            output.lost(_DROPPED)
        try:
            data = os.read(end.fileno(), _CHUNK_BYTES)
        except BlockingIOError:
            return True
        if end is self._output:
            output.take(data)
        elif end is self._forked.told:
            self.abandoned = self._forked.is_up()
        else:
            self._answer += data
            if data.strip() == _ENDED.encode():
                self._catch_up(output)
                output.ended()
            else:
                if self._readers.may_be():
                    output.lost("another process may have read it")
                self._written.close()
                self._due = time.monotonic() + _STRAGGLE_S
        return bool(data)

    def _loses(self) -> bool:
        """Whether what is printed now is dropped: the pipe is full, and set not to be waited for.

        Python's own `print` drops it without a word then.
        """
        if self._written.closed or os.get_blocking(self._written.fileno()):
            return False
        return not select.select([], [self._written], [], 0)[1]

    def _catch_up(self, output: Listener) -> None:
        """Take what is in the pipe by now: it was printed before the shell's end, or about then."""
        if self._loses():
            output.lost(_DROPPED)
        waiting = array.array("i", [0])
        fcntl.ioctl(self._output, termios.FIONREAD, waiting)
        left = waiting[0]
        with contextlib.suppress(BlockingIOError):
            while left > 0 and (data := os.read(self._output.fileno(), min(left, _CHUNK_BYTES))):
                output.take(data)
                left -= len(data)

    def _let_go(self) -> None:
        """Close the lifeline: the supervisor ends everything and reports."""
        if not self._lifeline.closed:
            self._lifeline.close()
            self._due = min(self._due, time.monotonic() + _OVERDUE_S)
