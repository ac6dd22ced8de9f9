"""Runs one command below a supervisor of its own, and passes on what it prints."""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import select
import signal
import time
from typing import Any, Callable, Dict, NamedTuple

from autoexp_tui.evaluation import supervisor
from autoexp_tui.evaluation.launch.there.line import Gone, Line

OVERDUE_S = 5.0
"""Seconds after which a supervisor that should have ended is killed."""
_CHUNK = 256 << 10


class Command(NamedTuple):
    """What is run, by sh."""

    line: str
    folder: str
    env: Dict[str, str]
    limit: float
    """Seconds."""
    limits: Dict[str, int]
    """Of the system, by their names without RLIMIT_."""


class Output:
    """Passes on what is printed, and counts it."""

    def __init__(self, line: Line, kind: str) -> None:
        self._line = line
        self._kind = kind
        self.size = 0
        self.digest = hashlib.sha256()

    def take(self, data: bytes) -> None:
        """Raises Gone."""
        self.size += len(data)
        self.digest.update(data)
        self._line.tell(self._kind, data)


class Running:
    """A command with its supervisor."""

    def __init__(
        self, command: Command, line: Line, output: Output, ended: Callable[[], None]
    ) -> None:
        """`ended` is called when the command has ended, and something it started has not."""
        self._line = line
        self._printing = output
        self._ended = ended
        self._answer = b""
        theirs, self._lifeline = os.pipe()
        self._status, status = os.pipe()
        self._output, output_end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                for each in (self._lifeline, self._status, self._output, line.out):
                    os.close(each)
                _prepare(output_end, command)
                os._exit(supervisor.main(theirs, status, command.limit, os.getpid()))
            finally:
                os._exit(1)
        for each in (theirs, status):
            os.close(each)
        self._written = output_end
        """Our end of what the command prints to, until it has ended."""
        with contextlib.suppress(OSError):  # not every system has names for pipes
            os.fchmod(output_end, 0o200)  # so that nobody else opens it to read
        os.set_blocking(self._output, False)
        self._waiting = {self._output, self._status}
        self._due = time.monotonic() + command.limit + OVERDUE_S
        pairs = ("=".join(pair) for pair in command.env.items())
        job = b"\0".join(map(os.fsencode, ("3", "/bin/sh", "-c", command.line, *pairs)))
        self._send(len(job).to_bytes(8, "big") + job)

    def report(self) -> str:
        """Wait until all that it started has gone; what the supervisor says of it.

        Raises Gone where the line broke, when all has gone too.
        """
        broken = False
        try:
            while self._waiting and not self._is_overdue():
                try:
                    self._follow()
                except Gone:
                    broken = self._line.closed = True
                    self._let_go()
        finally:
            self._let_go()
            self._close_written()
            os.close(self._status)
            os.close(self._output)
            os.waitpid(self._pid, 0)
        if broken:
            raise Gone
        words = self._answer.decode("utf-8", "replace").strip()
        return words[len("ended") :].strip() if words.startswith("ended") else words

    def _follow(self) -> None:
        """Take what has come. Raises Gone."""
        watched = [*self._waiting] if self._line.closed else [*self._waiting, 0]
        ready = select.select(watched, [], [], 0.5)[0]
        if 0 in ready and not self._line.take():
            self._let_go()
        if self._status in ready:
            data = os.read(self._status, _CHUNK)
            self._answer += data
            if data.strip() == b"ended":
                self._drain()
                self._line.tell("ended")
                self._ended()
            if not data:
                self._waiting.discard(self._status)
                self._close_written()
        if self._output in ready and not self._drain():
            self._waiting.discard(self._output)
        self._line.beat()

    def _is_overdue(self) -> bool:
        """Whether nothing is left to wait for but what could not be killed and holds a pipe."""
        if time.monotonic() <= self._due:
            return False
        if self._status in self._waiting:
            os.kill(self._pid, signal.SIGKILL)  # it is there until it was waited for
            self._due = time.monotonic() + OVERDUE_S
            return False
        return True

    def _drops(self) -> bool:
        """Whether what is printed now is dropped: the pipe is full, and set not to wait."""
        if self._written < 0 or os.get_blocking(self._written):
            return False
        return not select.select([], [self._written], [], 0)[1]

    def _close_written(self) -> None:
        if self._written >= 0:
            os.close(self._written)
            self._written = -1

    def _let_go(self) -> None:
        """Close the lifeline: the supervisor ends everything and reports."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
            self._due = min(self._due, time.monotonic() + OVERDUE_S)

    def _drain(self) -> bool:
        """Pass on what is in the pipe by now; False at its end. Raises Gone."""
        for _ in range(16):  # then it is somebody else's turn
            if self._drops():
                self._line.tell("dropped")
            try:
                data = os.read(self._output, _CHUNK)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._printing.take(data)
        return True

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._lifeline, view) :]
        except BrokenPipeError:
            return  # it has died, which its status tells


def _prepare(output: int, command: Command) -> None:
    """In the child that becomes the supervisor."""
    os.setsid()
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.chdir(command.folder)
    for name, wanted in command.limits.items():
        kind: Any = getattr(resource, "RLIMIT_" + name)
        most = resource.getrlimit(kind)[1]
        value = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(kind, (value, value))
