"""Naming a process so that the name outlives it: a pid alone is given to the next comer."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_BOOT = _PROC / "sys/kernel/random/boot_id"
_ZOMBIE_STATES = frozenset("ZXx")


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process of this machine and of this boot.

    Where there is no /proc (macOS), `started` is 0 and `boot` is `-`: a process that was given
    the same pid later is then taken for the one that was meant.
    """

    pid: int
    started: int
    """Clock ticks from boot to its start, field 22 of proc(5)'s `stat`."""
    boot: str
    """The kernel's random id of this boot."""

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """Name a process that exists. Raises ProcessLookupError when none has this pid."""
        if not _has_proc():
            _ping(pid)
            return cls(pid, 0, "-")
        _state, started = _stat(pid)
        return cls(pid, started, _boot())

    def encode(self) -> str:
        """One line of text that `decode` reads back."""
        return f"{self.pid} {self.started} {self.boot}"

    @classmethod
    def decode(cls, text: str) -> ProcessId:
        """Read what `encode` wrote. Raises ValueError for anything else."""
        fields = text.split()
        if len(fields) != 3:
            raise ValueError(f"not the name of a process: {text[:80]!r}")
        pid, started = int(fields[0]), int(fields[1])
        if pid <= 0 or started < 0:  # kill(0) and kill(-1) mean whole groups
            raise ValueError(f"not the name of a process: {text[:80]!r}")
        return cls(pid, started, fields[2])

    def alive(self) -> bool:
        """Whether this very process runs; a zombie does not."""
        try:
            if not _has_proc():
                _ping(self.pid)
                return True
            state, started = _stat(self.pid)
        except ProcessLookupError:
            return False
        return started == self.started and state not in _ZOMBIE_STATES and _boot() == self.boot

    def kill(self, number: signal.Signals) -> bool:
        """Send a signal, unless the process has gone; True when it was sent.

        Raises:
            PermissionError: it belongs to someone else.
        """
        try:
            if not hasattr(os, "pidfd_open"):
                return self.alive() and _send(self.pid, number)
            # The descriptor pins the process that is examined: the pid cannot change hands between.
            handle = os.pidfd_open(self.pid)
            try:
                if not self.alive():
                    return False
                signal.pidfd_send_signal(handle, number)
            finally:
                os.close(handle)
        except ProcessLookupError:
            return False
        return True


def _has_proc() -> bool:
    return _BOOT.exists()


def _boot() -> str:
    return _BOOT.read_text().strip()


def _stat(pid: int) -> tuple[str, int]:
    """State letter and start time. Raises ProcessLookupError."""
    try:
        line = (_PROC / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise ProcessLookupError(f"no process has the pid {pid}") from error
    # The second field is the program's name in brackets and may itself hold brackets and blanks.
    fields = line.rpartition(b")")[2].split()
    return fields[0].decode(), int(fields[19])


def _ping(pid: int) -> None:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return  # someone else's, so it exists


def _send(pid: int, number: signal.Signals) -> bool:
    os.kill(pid, number)
    return True


def kill_marked(marker: str) -> int:
    """Kill every process of ours whose initial environment holds `marker` (`NAME=value`).

    For trees whose owner has died: what has cleared its environment is not found. Returns the
    number of processes killed; 0 where there is no /proc.
    """
    wanted = os.fsencode(marker)
    seen: set[int] = set()
    killed = 0
    # What is found may have forked since, so the last look is one that finds nothing new.
    while found := [pid for pid in _pids() - seen if wanted in _environment(pid)]:
        seen.update(found)
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                killed += _send(pid, signal.SIGKILL)
    return killed


def _pids() -> set[int]:
    return {int(path.name) for path in _PROC.glob("[0-9]*")}


def _environment(pid: int) -> list[bytes]:
    """Of a process that is ours and runs; otherwise empty, as a zombie's is."""
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return []
