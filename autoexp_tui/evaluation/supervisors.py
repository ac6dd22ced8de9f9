"""Starts supervisors for this process, by a fork server of its own; see `forkserver.py`."""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import select
import socket
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from autoexp_tui.evaluation.forkserver import PID, REQUEST
from autoexp_tui.system.processes import end_strays

_SCRIPT = Path(__file__).with_name("forkserver.py")
_LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH")
"""What our own Python may need to start at all; neither server nor supervisor sees more of ours."""
_ANSWER_S = 20.0
"""Seconds after which a server that doesn't answer is taken for stopped."""
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Supervisor:
    """A supervisor and our ends of its pipes, for whom it is to be closed."""

    pid: int
    output: FileIO
    """What the harness prints."""
    written: FileIO
    """The other end of `output`, which is ours too: it tells how those that write have set it."""
    status: FileIO
    lifeline: FileIO
    told: FileIO
    """Ends when the supervisor has gone and was waited for, and when the server has gone."""

    def close(self) -> None:
        for end in (self.output, self.written, self.status, self.lifeline, self.told):
            end.close()

    def is_up(self) -> bool:
        """Whether it lives, by what nobody else holds open."""
        return not _has_ended(self.status)

    def wait(self, seconds: float) -> bool:
        """Until it has gone, at most so long; whether it has, and whoever forked it noticed."""
        deadline = time.monotonic() + seconds
        return all(
            _has_ended(end, max(0.0, deadline - time.monotonic()))
            for end in (self.status, self.told)
        )


_lock = threading.Lock()
"""Of every server: what is about to be one isn't taken for a stray."""
_servers: weakref.WeakSet[ForkServer] = weakref.WeakSet()


class ForkServer:
    """Started when it is needed first, and again when it is killed. Used by any thread.

    Whoever measures beside others has one of its own: what kills it is its own harness, and costs
    the others nothing.
    """

    def __init__(self, script: Path = _SCRIPT) -> None:
        self._script = script
        self._lock = _lock
        _servers.add(self)
        self._process: subprocess.Popen[bytes] | None = None
        self._control = socket.socket()

    def start(self) -> None:
        """Let it start meanwhile. Raises OSError."""
        with self._lock:
            self._started()

    def fork(self, cwd: Path, limit: float) -> Supervisor:
        """A new supervisor, which waits for its job. Raises OSError."""
        folder = os.open(cwd, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for _ in range(_ATTEMPTS):
                if (supervisor := self._attempt(folder, limit)) is not None:
                    return supervisor
        finally:
            os.close(folder)
        raise OSError(errno.EAGAIN, "the process that is to start it is killed again and again")

    def end_strays(self) -> None:
        """End what has become a child of this process without being started by it."""
        with self._lock:
            end_strays([pid for each in _servers if (pid := each.pid)])

    @property
    def pid(self) -> int:
        """Of the process that forks; 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    def close(self) -> None:
        """Kill it. What it has forked ends with its lifeline."""
        with self._lock:
            self._end()

    def _attempt(self, folder: int, limit: float) -> Supervisor | None:
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            output, printed = _pipe(ours, theirs)
            written = ours.enter_context(FileIO(os.dup(printed.fileno()), "wb"))
            status, reported = _pipe(ours, theirs)
            line, lifeline = _pipe(theirs, ours)
            told, tells = _pipe(ours, theirs)
            given = [each.fileno() for each in (line, reported, printed)]
            with self._lock:
                process = self._started()
                try:
                    request = REQUEST.pack(limit, os.getpid())
                    socket.send_fds(self._control, [request], [*given, folder, tells.fileno()])
                except (BrokenPipeError, ConnectionResetError):
                    self._end()
                    return None
            theirs.close()
            ready, _, _ = select.select([told], [], [], _ANSWER_S)
            answer = os.read(told.fileno(), PID.size) if ready else b""
            if len(answer) < PID.size:
                with self._lock:
                    if self._process is process:
                        self._end()
                return None
            ours.pop_all()
            return Supervisor(PID.unpack(answer)[0], output, written, status, lifeline, told)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(self._script), str(theirs.fileno())],
                env={name: os.environ[name] for name in _LOADER if name in os.environ},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        return self._process

    def _end(self) -> None:
        self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


server = ForkServer()
"""The one of this process, for what runs alone."""


@atexit.register
def _close_all() -> None:
    for each in list(_servers):
        each.close()


def _pipe(reads: contextlib.ExitStack, writes: contextlib.ExitStack) -> tuple[FileIO, FileIO]:
    """A pipe without buffers, either end closed with the stack of the side that uses it."""
    read, write = os.pipe()
    return reads.enter_context(FileIO(read, "rb")), writes.enter_context(FileIO(write, "wb"))


def _has_ended(end: FileIO, seconds: float = 0.0) -> bool:
    """Whether nobody can write into a pipe any more, waited for so long; what is in it stays."""
    poll = select.poll()
    poll.register(end, 0)
    return bool(poll.poll(seconds * 1000))
