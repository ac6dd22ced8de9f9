"""One runner per run: who holds the lock, and whether it is still alive."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from autoexp_tui.model.problem import Problem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.system.processes import ProcessId

_HEARTBEAT_S = 15.0
"""Seconds without one after which a runner that gives two a second is not awake."""


_LOCK_WAIT_S = 2.0
"""Seconds for which a lock whose holder has died is waited for."""


class AlreadyRunning(Problem):
    """Another runner holds the lock of this run."""


@contextlib.contextmanager
def locked(run: RunDirectory) -> Iterator[None]:
    """Be the one process that may write this run. Raises AlreadyRunning."""
    run.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Not "w": that would wipe the name of the holder before the lock is ours.
    with run.lock.open("a+") as file:
        _take(file.fileno(), run)
        file.truncate(0)
        file.write(ProcessId.of(os.getpid()).encode())
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _take(descriptor: int, run: RunDirectory) -> None:
    """Take the lock. What a killed runner was about to start may hold it for a moment longer."""
    until = time.monotonic() + _LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if is_running(run) or time.monotonic() > until:
                raise AlreadyRunning(
                    f"{run.tag} is running already: `autoexp attach {run.tag}` shows it"
                ) from error
            time.sleep(0.02)
        else:
            return


def is_running(run: RunDirectory) -> bool:
    """Whether the process that took the run's lock last is still there."""
    try:
        holder = ProcessId.decode(run.lock.read_text())
    except (OSError, ValueError):
        return False
    return holder.alive()


def is_asleep(run: RunDirectory) -> bool:
    """Whether its process is there, but has given no sign of life for a while: stopped, or hung."""
    try:
        silent = time.time() - run.lock.stat().st_mtime
    except OSError:
        return False
    return silent > _HEARTBEAT_S and is_running(run)
