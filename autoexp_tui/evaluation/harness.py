"""Runs the harness once: bounded in time, its output followed, its metrics read, nothing left over.

The process tree belongs to `supervisor.py`; this side reads the pipe, whatever happens to the disk
or to the tree, and puts into words how it ended.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autoexp_tui.evaluation.following import Supervised
from autoexp_tui.evaluation.metrics import MetricReader, MetricReading
from autoexp_tui.evaluation.output_log import OutputLog
from autoexp_tui.evaluation.supervisors import ForkServer, server
from autoexp_tui.model.contract import Metric
from autoexp_tui.system.processes import ProcessId
from autoexp_tui.text.mask import NO_MASK, Mask
from autoexp_tui.text.safe import clean, clean_line, decode

EndReason = Literal["exited", "time limit", "interrupted", "limit"]


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
class Report:
    """What a supervisor said last; see its docstring for the form."""

    cause: str
    """`exited`, `limit` or `asked`; empty when it said nothing."""
    status: int
    seconds: float
    max_rss_bytes: int
    cpu_seconds: float
    survivors: int

    @classmethod
    def parse(cls, line: str) -> Report | None:
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
    server: ForkServer = server,
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
        server: who forks its supervisor.
        on_start: called with the supervisor's name; SIGTERM to it ends the tree as well.

    Whatever goes wrong with the harness, its start included, is the outcome's `failure`.
    """
    with contextlib.closing(OutputLog(log, mask=mask)) as file:
        output = Output(file, MetricReader(metrics, units, usual), listen, on_end, mask, exceeded)
        if interrupt.is_set():
            return output.outcome("interrupted", "interrupted")
        began = time.monotonic()
        try:
            supervisor = Supervised(cwd, time_limit, server)
        except OSError as error:
            return output.outcome("exited", f"the harness could not be started: {error}")
        with supervisor:
            if on_start is not None:
                on_start(ProcessId.of(supervisor.pid))
            supervisor.send(argv, {"PYTHONUNBUFFERED": "1", **env})
            supervisor.follow(output, interrupt)
        seconds = time.monotonic() - began
        report = Report.parse(supervisor.answer)
        if report is None or supervisor.abandoned:
            asked = interrupt.is_set() or output.enough
            return _lost(output, supervisor, seconds, time_limit, asked=asked)
        return told(output, report, time_limit)


def told(output: Output, report: Report, limit: float) -> HarnessOutcome:
    """How it went, by what the supervisor has told and what was printed."""
    if report.cause == "limit":
        return output.outcome("time limit", _limit_words(limit), report)
    if output.exceeded:
        return output.outcome("limit", output.exceeded, report)
    if report.cause == "asked":
        return output.outcome("interrupted", "interrupted", report)
    return output.outcome("exited", _exit_words(report.exit_code, output.tail()), report)


def _lost(
    output: Output, supervisor: Supervised, seconds: float, limit: float, *, asked: bool
) -> HarnessOutcome:
    """Of a supervisor that can't tell how it ended, or may have been made to tell it."""
    report = Report("", -1, seconds, 0, 0.0, 0)
    if supervisor.abandoned:
        return output.outcome("exited", "the harness was lost: its fork server was killed", report)
    if seconds >= limit:
        return output.outcome("time limit", _limit_words(limit), report)
    if output.exceeded:
        return output.outcome("limit", output.exceeded, report)
    if asked:
        return output.outcome("interrupted", "interrupted", report)
    why = supervisor.answer or "its supervisor was killed"
    return output.outcome("exited", f"the harness was lost: {why}", report)


class Output:
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

    def lost(self, why: str) -> None:
        self.reader.lost(why)

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
        self, ended: EndReason, failure: str, report: Report | None = None
    ) -> HarnessOutcome:
        """Sum up; without a report nothing was started. A failure goes before the reading's own."""
        reading = self.reader.finish()
        report = report or Report("", -1, 0.0, 0, 0.0, 0)
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
