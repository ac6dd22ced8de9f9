"""Process identities that stay unique: pid, start time and boot, for the system reuses a pid."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROC = Path("/proc/self")
_PR_SET_CHILD_SUBREAPER = 36
_HZ = 100
"""Of `started`: Linux counts in these units too, so that a name is exact there."""

# psutil takes 30 ms to import, and `autoexp ls` asks only for runs that left a lock.


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process of this machine and of this boot."""

    pid: int
    started: int
    """Hundredths of a second from boot to its start; 0 is not known, as names of earlier versions
    had it on macOS. Not the time of day, which is set and corrected while a process runs.
    """
    boot: str
    """The kernel's random id of this boot; `-` where there is none."""

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """Name a process that exists. Raises ProcessLookupError when none has this pid."""
        import psutil  # noqa: PLC0415

        try:
            return cls(pid, _started(psutil.Process(pid)), _boot())
        except psutil.NoSuchProcess as error:
            raise ProcessLookupError(f"no process has the pid {pid}") from error

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
        import psutil  # noqa: PLC0415

        try:
            process = psutil.Process(self.pid)
            same = self.started in {0, _started(process)} and self.boot == _boot()
            return same and process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
        except psutil.NoSuchProcess:
            return self._hidden()

    def _hidden(self) -> bool:
        """Whether /proc, mounted with `hidepid`, hides a shielded process of ours by that pid."""
        if self.boot != _boot() or not _PROC.exists() or (_PROC.parent / str(self.pid)).exists():
            return False
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def ancestors(pid: int) -> list[int]:
    """The process, its parent, and so on up to the first one. Raises ProcessLookupError."""
    import psutil  # noqa: PLC0415

    line = [pid]
    try:
        while (parent := psutil.Process(line[-1]).ppid()) and parent not in line:
            line.append(parent)
    except psutil.NoSuchProcess:
        if len(line) == 1:
            raise ProcessLookupError(f"no process has the pid {pid}") from None
    except psutil.Error:
        pass  # not to be seen from here: no descendant of ours then
    return line


def terminal_of(pid: int) -> str:
    """The terminal of a process, without `/dev/`: `pts/3`; empty where it has none."""
    import psutil  # noqa: PLC0415

    try:
        return (psutil.Process(pid).terminal() or "").removeprefix("/dev/")
    except psutil.Error:
        return ""


def has_open(pid: int, path: Path) -> bool:
    """Whether a process has the file open; where that can't be seen, whether it is a program of
    ours.
    """
    import psutil  # noqa: PLC0415

    process = psutil.Process(pid)
    try:
        wanted = path.stat()
        for found in process.open_files():
            with contextlib.suppress(OSError):
                if os.path.samestat(Path(found.path).stat(), wanted):
                    return True
    except psutil.AccessDenied:
        with contextlib.suppress(psutil.Error):
            return any("autoexp" in word for word in process.cmdline())
    except (psutil.Error, OSError):
        pass
    return False


def _started(process: psutil.Process) -> int:
    import psutil  # noqa: PLC0415

    # Both move when the clock is set; their difference doesn't.
    return round((process.create_time() - psutil.boot_time()) * _HZ)


def _boot() -> str:
    return _BOOT.read_text().strip() if _BOOT.exists() else "-"


def unblocked(argv: list[str]) -> list[str]:
    """The command line that starts `argv` with no signal blocked, as a thread of ours may have."""
    code = (
        "import os,signal,sys;signal.pthread_sigmask(signal.SIG_SETMASK,[]);"
        "os.execvp(sys.argv[1],sys.argv[1:])"
    )
    return [sys.executable, "-I", "-S", "-c", code, *argv]


def kill_marked(name: str, value: str) -> int:
    """Kill every process of ours whose initial environment holds `name=value`.

    For trees whose owner has died: what has cleared its environment is not found. Returns the
    number of processes killed.
    """
    import psutil  # noqa: PLC0415

    def marked(process: psutil.Process) -> bool:
        try:
            return process.environ().get(name) == value
        except (psutil.Error, OSError):  # another user's, a zombie, or gone meanwhile
            return False

    seen: set[psutil.Process] = set()
    killed = 0
    # What is found may have forked since, so the last look is one that finds nothing new.
    while found := {process for process in psutil.process_iter() if marked(process)} - seen:
        seen |= found
        for process in found:
            try:
                process.kill()  # psutil makes sure that the pid has not changed hands
            except psutil.Error:
                continue
            killed += 1
    return killed


def adopt_orphans() -> bool:
    """Become the parent of every orphan among our descendants; False where that can't be.

    On Linux alone. `end_strays` ends what came to us so.
    """
    if sys.platform != "linux":
        return False
    try:
        import ctypes  # noqa: PLC0415 - a Python may be built without it

        return not ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return False


def end_strays(ours: Collection[int], seconds: float = 2.0) -> int:
    """Kill children of this process in a session that is not its own, and all below them.

    For a process that has adopted orphans: whatever they made of their names and environments,
    they are its children. `ours` are those that it has put into a session itself. Returns how many
    would not go within `seconds`.
    """
    import psutil  # noqa: PLC0415

    session, deadline = os.getsid(0), time.monotonic() + seconds

    def strays() -> list[psutil.Process]:
        children = psutil.Process().children()
        return [each for each in children if each.pid not in ours and _session(each.pid) != session]

    while found := strays():
        if time.monotonic() > deadline:
            return len(found)
        for stray in found:
            _kill_tree(stray)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(stray.pid, os.WNOHANG)  # nobody else waits for it
        time.sleep(0.002)
    return 0


def _kill_tree(root: psutil.Process) -> None:
    """Each is stopped before its children are listed, so that none is forked meanwhile."""
    import psutil  # noqa: PLC0415

    stopped, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        try:
            process.suspend()
            stopped.append(process)
            waiting += process.children()
        except psutil.Error:  # gone, or another user's
            continue
    for process in stopped:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return os.getsid(0)  # it has gone, and with it the question
