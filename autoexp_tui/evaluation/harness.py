"""Runs the harness once: bounded in time, its output followed, its metrics read, nothing left over.

The process tree belongs to `supervisor.py`; this side reads the pipe, whatever happens to the disk
or to the tree, and puts into words how it ended.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import re
import select
import selectors
import signal
import subprocess
import sys
import termios
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Literal, Self

from autoexp_tui.evaluation.metrics import MetricReader, MetricReading
from autoexp_tui.evaluation.output_log import OutputLog
from autoexp_tui.evaluation.watching import Inotify
from autoexp_tui.model.contract import Metric
from autoexp_tui.system.processes import ProcessId, end_strays, kill_marked
from autoexp_tui.text.mask import NO_MASK, Mask
from autoexp_tui.text.safe import clean, clean_line, decode

EndReason = Literal["exited", "time limit", "interrupted", "limit"]

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_MARKER = "AUTOEXP_EVALUATION"
"""Set to a random value in the harness's environment, so that its processes can be told apart."""
_LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH")
"""What our own Python may need to start at all; the supervisor sees nothing else of ours."""

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
_TAIL_BYTES = 32 << 10
_SHOWN_TAIL_BYTES = 4096
_WIDTH = 200
_FATAL = frozenset(
    number
    for number in (
        *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGILL, signal.SIGTRAP),
        *(signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGKILL, signal.SIGSEGV),
        *(signal.SIGPIPE, signal.SIGTERM, signal.SIGXCPU, signal.SIGXFSZ, signal.SIGSYS),
    )
)

_ERROR = re.compile(
    r"(?:Error|Exception|Interrupt)\b|^Killed\b"
    r"|\b(?i:(?:fatal|error)\s*[:\[(]|fatal error|panic(?:ked)?\b|segmentation fault|out of memory)"
)


@dataclass(frozen=True, slots=True)
class HarnessOutcome:
    """How one run of the harness went."""

    exit_code: int | None
    """Of the shell; negative is the signal that ended it; None when that is not known."""
    seconds: float
    """From the shell's start to its end, by monotonic clock; what it left behind does not count."""
    ended: EndReason
    reading: MetricReading
    failure: str
    """Why there is no measurement, in words; empty when it is complete."""
    tail: str
    """The end of the output, about 4 KiB, fit to be shown."""
    output_bytes: int
    max_rss_bytes: int = 0
    """Resident memory of the largest process of the tree; about 10 MB at least."""
    cpu_seconds: float = 0.0
    """User and system time of all processes that were waited for."""
    survivors: int = 0
    """Processes that could not be killed: another user's, or stuck in the kernel."""
    log_error: str = ""
    """Why the log on disk is incomplete; the run went on without it."""


@dataclass(frozen=True, slots=True)
class _Report:
    """What the supervisor said last; see its docstring for the form."""

    cause: str
    """`exited`, `limit` or `asked`; empty when it said nothing."""
    status: int
    seconds: float
    max_rss_bytes: int
    cpu_seconds: float
    survivors: int

    @classmethod
    def parse(cls, line: str) -> _Report | None:
        """None for anything but a report."""
        cause, *figures = line.split() or [""]
        if cause not in {"exited", "limit", "asked"}:
            return None
        try:
            status, seconds, peak, cpu, left = figures
            return cls(cause, int(status), float(seconds), int(peak), float(cpu), int(left))
        except ValueError:
            return None  # another has written into the pipe too

    @property
    def exit_code(self) -> int | None:
        return os.waitstatus_to_exitcode(self.status) if self.status >= 0 else None


def run_harness(  # noqa: PLR0913 - what a run depends on, by name
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    time_limit: float,
    log: Path,
    metrics: Sequence[Metric],
    interrupt: threading.Event,
    units: Mapping[str, str] | None = None,
    usual: Mapping[str, Sequence[str]] | None = None,
    on_end: Callable[[], None] = lambda: None,
    mask: Mask = NO_MASK,
    listen: Callable[[bytes], bool] | None = None,
    on_start: Callable[[ProcessId], None] | None = None,
    exceeded: Callable[[], str] = str,
) -> HarnessOutcome:
    """Run a command in `cwd` and wait until it and all it started have gone.

    Args:
        argv: its words, of which the first is an absolute path: `/bin/sh -c …`, sandboxed or not.
        env: the whole environment; PYTHONUNBUFFERED=1 is added where it is not set, so that what
            is printed can be seen at once.
        time_limit: seconds from the shell's start; at 0 it is ended at once.
        log: where the raw output goes as it comes; see `output_log` for what a follower sees.
        units: what the metrics were printed in before; see `MetricReader`, as for `usual`.
        mask: applied to what is kept of the output; figures are read from it as it is.
        on_end: called when the command has ended and something that it started has not.
        interrupt: when set, from any thread, the tree is ended within 2 seconds.
        listen: called with what is printed, as it comes; once it returns True, the tree is ended
            as by an interrupt.
        exceeded: asked ten times a second; once it tells a reason, the tree is ended for it.
        on_start: called with the supervisor's name; SIGTERM to it ends the tree as well.

    Whatever goes wrong with the harness, its start included, is the outcome's `failure`.
    """
    with contextlib.closing(OutputLog(log, mask=mask)) as file:
        output = _Output(file, MetricReader(metrics, units, usual), listen, on_end, mask, exceeded)
        if interrupt.is_set():
            return output.outcome("interrupted", "interrupted")
        began = time.monotonic()
        try:
            supervisor = _Supervisor(cwd, time_limit)
        except OSError as error:
            return output.outcome("exited", f"the harness could not be started: {error}")
        with supervisor:
            if on_start is not None:
                on_start(ProcessId.of(supervisor.pid))
            supervisor.send(argv, {"PYTHONUNBUFFERED": "1", **env})
            supervisor.follow(output, interrupt)
        seconds = time.monotonic() - began
        lost = _Report("", -1, seconds, 0, 0.0, 0)
        report = _Report.parse(supervisor.answer) or lost
        if report.cause == "limit" or (report is lost and seconds >= time_limit):
            return output.outcome("time limit", _limit_words(time_limit), report)
        if output.exceeded:
            return output.outcome("limit", output.exceeded, report)
        if report.cause == "asked" or (report is lost and (interrupt.is_set() or output.enough)):
            return output.outcome("interrupted", "interrupted", report)
        if report is lost:
            failure = f"the harness was lost: {supervisor.answer or 'its supervisor was killed'}"
        else:
            failure = _exit_words(report.exit_code, output.tail())
        return output.outcome("exited", failure, report)


class _Output:
    """Everything that is done with the bytes the harness prints."""

    def __init__(
        self,
        log: OutputLog,
        reader: MetricReader,
        listen: Callable[[bytes], bool] | None,
        on_end: Callable[[], None],
        mask: Mask,
        exceeded: Callable[[], str],
    ) -> None:
        self.log = log
        self.reader = reader
        self.enough = False
        """Whether who listens wants no more."""
        self.exceeded = ""
        """Which limit it went beyond, in words."""
        self._exceeds = exceeded
        self._listen = listen
        self._on_end = on_end
        self._mask = mask
        self.size = 0
        self._tail = b""

    def take(self, data: bytes) -> None:
        self.size += len(data)
        self._tail = (self._tail + data)[-_TAIL_BYTES:] if len(data) < _TAIL_BYTES else data
        self.log.write(data)
        self.reader.feed(data)
        if self._listen is not None:
            self.enough = self._listen(data)

    def is_enough(self) -> bool:
        """Whether the tree is to be ended."""
        self.exceeded = self.exceeded or self._exceeds()
        return self.enough or bool(self.exceeded)

    def ended(self) -> None:
        """The shell has ended; what was printed by then has been taken."""
        self.reader.ended()
        self._on_end()

    def tail(self) -> str:
        """The end of the output, cleaned; it begins with a whole line where one begins."""
        text = clean(decode(self._mask.data(self._tail[-_TAIL_BYTES:])))
        if self.size <= _TAIL_BYTES and len(text) <= _SHOWN_TAIL_BYTES:
            return text
        first, _, rest = text[-_SHOWN_TAIL_BYTES:].partition("\n")
        return rest or first

    def outcome(
        self, ended: EndReason, failure: str, report: _Report | None = None
    ) -> HarnessOutcome:
        """Sum up; without a report nothing was started. A failure goes before the reading's own."""
        reading = self.reader.finish()
        report = report or _Report("", -1, 0.0, 0, 0.0, 0)
        return HarnessOutcome(
            exit_code=report.exit_code,
            seconds=report.seconds,
            ended=ended,
            reading=reading,
            failure=failure or reading.failure,
            tail=self.tail(),
            output_bytes=self.size,
            max_rss_bytes=report.max_rss_bytes,
            cpu_seconds=report.cpu_seconds,
            survivors=report.survivors,
            log_error=self.log.error,
        )


class _Readers:
    """Keeps a pipe from being opened to read by its name in /proc, but by root; a context manager.

    Who takes that back, as its owner may, is seen.
    """

    def __init__(self, written: FileIO) -> None:
        self._inotify = Inotify.begin()
        try:
            os.fchmod(written.fileno(), 0o200)
        except OSError:
            return  # not every system has names for pipes
        if self._inotify is not None:
            self._inotify.add(Path(f"/proc/self/fd/{written.fileno()}"), _ATTRIBUTES_CHANGED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._inotify is not None:
            os.close(self._inotify.descriptor)

    def may_be(self) -> bool:
        """Whether somebody has changed who may open it."""
        return self._inotify is not None and any(self._inotify.read())


_running: set[int] = set()
"""Pids of this process' supervisors, each in a session of its own."""
_strays = threading.Lock()
"""Held while a supervisor is started, so that it isn't taken for a stray."""


class _Supervisor:
    """The running supervisor and our ends of its pipes; on exit the tree has gone."""

    def __init__(self, cwd: Path, time_limit: float) -> None:
        """Raises OSError."""
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            self._output, output = _pipe(ours, theirs)
            # Ours too, until the tree has gone: it tells how those that write have set it.
            self._written = ours.enter_context(FileIO(os.dup(output.fileno()), "wb"))
            self._readers = ours.enter_context(_Readers(self._written))
            self._status, status = _pipe(ours, theirs)
            lifeline, self._lifeline = _pipe(theirs, ours)
            with _strays:
                self._process = subprocess.Popen(
                    [
                        *(sys.executable, "-I", "-S", str(_SUPERVISOR)),
                        *(str(lifeline.fileno()), str(status.fileno()), repr(float(time_limit))),
                    ],
                    cwd=cwd,
                    env={name: os.environ[name] for name in _LOADER if name in os.environ},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(lifeline.fileno(), status.fileno()),
                    start_new_session=True,
                )
                _running.add(self._process.pid)
            self._open = ours.pop_all()
        self.pid = self._process.pid
        self._marker = uuid.uuid4().hex
        self._answer = b""
        self._due = time.monotonic() + time_limit + _OVERDUE_S

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()
        try:
            self._process.wait(_OVERDUE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _running.discard(self.pid)
        if not self._answer:  # it was killed, so it could not kill: find by the mark what it owned,
            kill_marked(_MARKER, self._marker)
            with _strays:  # and what has shed the mark by whose child it has become
                end_strays(_running)
        self._open.close()

    @property
    def answer(self) -> str:
        """Its last words; empty when it died without any."""
        return self._answer.decode("utf-8", "replace").strip().removeprefix(_ENDED).strip()

    def send(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Hand over the job. A supervisor that has died meanwhile is noticed later."""
        pairs = {**env, _MARKER: self._marker}.items()
        items = [str(len(argv)), *argv, *(f"{name}={value}" for name, value in pairs)]
        job = b"\0".join(map(os.fsencode, items))
        view = memoryview(len(job).to_bytes(8, "big") + job)
        with contextlib.suppress(BrokenPipeError):
            while view:
                view = view[self._lifeline.write(view) :]

    def follow(self, output: _Output, interrupt: threading.Event) -> None:
        """Read until the tree has gone and the supervisor has said how."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            selector.register(self._status, selectors.EVENT_READ)
            while waiting := selector.get_map():
                if interrupt.is_set() or output.is_enough():
                    self._let_go()
                if time.monotonic() > self._due:
                    if self._status not in waiting:
                        return  # what could not be killed still holds the pipe
                    self._process.kill()  # stopped or stuck: its end is seen below
                for key, _ in selector.select(_POLL_S):
                    if key.fileobj is self._output and self._loses():
                        output.reader.lost(_DROPPED)
                    data = os.read(key.fd, _CHUNK_BYTES)
                    if key.fileobj is self._output:
                        output.take(data)
                    else:
                        self._answer += data
                        if data.strip() == _ENDED.encode():
                            self._catch_up(output)
                            output.ended()
                        else:
                            if self._readers.may_be():
                                output.reader.lost("another process may have read it")
                            self._written.close()
                            self._due = time.monotonic() + _STRAGGLE_S
                    if not data:
                        selector.unregister(key.fileobj)

    def _loses(self) -> bool:
        """Whether what is printed now is dropped: the pipe is full, and set not to be waited for.

        Python's own `print` drops it without a word then.
        """
        if self._written.closed or os.get_blocking(self._written.fileno()):
            return False
        return not select.select([], [self._written], [], 0)[1]

    def _catch_up(self, output: _Output) -> None:
        """Take what is in the pipe by now: it was printed before the shell's end, or about then."""
        if self._loses():
            output.reader.lost(_DROPPED)
        waiting = array.array("i", [0])
        fcntl.ioctl(self._output, termios.FIONREAD, waiting)
        left = waiting[0]
        while left > 0 and (data := os.read(self._output.fileno(), min(left, _CHUNK_BYTES))):
            output.take(data)
            left -= len(data)

    def _let_go(self) -> None:
        """Close the lifeline: the supervisor ends everything and reports."""
        if not self._lifeline.closed:
            self._lifeline.close()
            self._due = min(self._due, time.monotonic() + _OVERDUE_S)


def _pipe(reads: contextlib.ExitStack, writes: contextlib.ExitStack) -> tuple[FileIO, FileIO]:
    """A pipe without buffers, either end closed with the stack of the side that uses it."""
    read, write = os.pipe()
    return (
        reads.enter_context(FileIO(read, "rb")),
        writes.enter_context(FileIO(write, "wb")),
    )


def _limit_words(time_limit: float) -> str:
    return f"time limit of {round(time_limit, 1):g} s"


def _exit_words(code: int | None, tail: str) -> str:
    """Why the shell's exit is a failure; empty for 0."""
    if code is None:
        return "it ended, but nobody knows how"
    if code == 0:
        return ""
    number = -code if code < 0 else code - 128  # a shell reports its child's signal as 128 + n
    if number in _FATAL:
        name = signal.Signals(number).name
        return "killed (out of memory?)" if name == "SIGKILL" else f"killed by {name}"
    line = last_words(tail)
    return f"exit {code}: {line}" if line else f"exit {code}"


def last_words(tail: str) -> str:
    """The line that most likely says what went wrong, of at most 200 characters: the last that
    names an error, or else the last that holds a word; empty when there is none.
    """
    lines = [line for line in tail.split("\n") if re.search(r"\w", line)][-20:]
    named = [line for line in lines if _ERROR.search(line)]
    return clean_line((named or lines or [""])[-1], _WIDTH)
