"""One runner per run: who holds the lock, and whether it is still alive.

The lock is a `flock` of the run's file `lock`, which names its holder. Where the file system has no
such locks, it is a file `lock.held` that only one process can make.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autoexp_tui.model.problem import Problem, UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.system.files import is_shared, open_for_writing, open_plain
from autoexp_tui.system.processes import ProcessId, ancestors, has_open

_HEARTBEAT_S = 15.0
"""Seconds without one after which a runner that gives two a second is not awake."""


_LOCK_WAIT_S = 2.0
"""Seconds for which a lock whose holder has died is waited for."""
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
"""What a file system says that has no locks."""
_NAME_BYTES = 200


class AlreadyRunning(Problem):
    """Another runner holds the lock of this run."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock of a run, as its file tells it."""

    words: str = ""
    is_this: bool = False
    """Whether it is this very process."""
    is_other: bool = False
    """Whether it is another runner that is there; what this one has started is none."""


class Lock:
    """The lock of a run, held."""

    def __init__(self, run: RunDirectory) -> None:
        """Take it. Raises AlreadyRunning, Problem where it can't be made."""
        self._run = run
        self._name = ProcessId.of(os.getpid()).encode()
        self._by_name = False
        try:
            self._fd = _opened(run.lock)
            try:
                self._take()
                self._write()
            except BaseException:
                os.close(self._fd)
                raise
        except OSError as error:
            raise Problem(
                f"{run.lock}: the run can't be locked: {error.strerror or error}; "
                "make its folder writable, or put the repository on a file system with locks"
            ) from error

    def beat(self) -> None:
        """Show that this process is awake, and put the lock back where somebody removed it."""
        with contextlib.suppress(OSError):
            if not self._is_there():
                if holder_of(self._run.path).is_other:
                    return
                self._restore()
            os.utime(self._fd)

    def release(self) -> None:
        with contextlib.suppress(OSError):
            if self._by_name and _read(_held(self._run)) == self._name:
                _held(self._run).unlink()
            os.ftruncate(self._fd, 0)
        os.close(self._fd)

    def _is_there(self) -> bool:
        """Whether the file is ours and says so."""
        return self._is_same_file() and _read(self._run.lock) == self._name

    def _is_same_file(self) -> bool:
        try:
            return os.path.samestat(self._run.lock.lstat(), os.fstat(self._fd))
        except OSError:
            return False

    def _restore(self) -> None:
        if not self._is_same_file():
            new = _opened(self._run.lock)
            with contextlib.suppress(OSError):  # held by whoever made it: the journal will tell
                fcntl.flock(new, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(self._fd)
            self._fd = new
        self._write()

    def _write(self) -> None:
        os.ftruncate(self._fd, 0)
        os.write(self._fd, self._name.encode())

    def _take(self) -> None:
        """Take the lock. What a killed runner was about to start may hold it a moment longer."""
        until = time.monotonic() + _LOCK_WAIT_S
        while True:
            self._refuse_remote()
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if is_running(self._run) or time.monotonic() > until:
                    raise self._running() from error
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                if self._take_by_name(give_up=time.monotonic() > until):
                    self._by_name = True
                    return
            else:
                return
            time.sleep(0.02)

    def _take_by_name(self, *, give_up: bool) -> bool:
        """Make the file that stands for the lock. Raises AlreadyRunning, OSError."""
        held = _held(self._run)
        try:
            fd = os.open(held, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError as error:
            found = _read(held)
            try:
                alive = ProcessId.decode(found).alive()
            except ValueError:
                alive = not give_up  # perhaps its name is just being written
            if alive and found:
                raise self._running() from error
            if not alive:
                self._remove_stale(held, found)
            return False
        try:
            os.write(fd, self._name.encode())
        finally:
            os.close(fd)
        return True

    @staticmethod
    def _remove_stale(held: Path, found: str) -> None:
        mine = held.with_name(f"{held.name}.{os.getpid()}")
        held.rename(mine)
        if _read(mine) == found:
            mine.unlink()
        else:  # another was faster: what was moved is its lock
            mine.rename(held)

    def _refuse_remote(self) -> None:
        holder = holder_of(self._run.path)
        if holder.is_other and "machine" in holder.words:
            raise AlreadyRunning(
                f"{self._run.tag} is running already, by {holder.words}: if that has just ended, "
                f"try again in {_HEARTBEAT_S:.0f} s"
            )

    def _running(self) -> AlreadyRunning:
        tag = self._run.tag
        return AlreadyRunning(f"{tag} is running already: `autoexp attach {tag}` shows it")


@contextlib.contextmanager
def locked(run: RunDirectory) -> Iterator[Lock]:
    """Be the one process that may write this run. Raises AlreadyRunning."""
    run.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = Lock(run)
    try:
        yield lock
    finally:
        lock.release()


@contextlib.contextmanager
def claimed(table: Path, run: RunDirectory) -> Iterator[None]:
    """Be the one run of the repository that writes a table. Raises UsageProblem."""
    name = hashlib.sha256(os.fsencode(table)).hexdigest()[:24]
    try:
        with locked(RunDirectory(run.path.parent / ".claims" / name)):
            yield
    except AlreadyRunning as error:
        raise UsageProblem(
            f"another run is writing {table.name} now: "
            "wait for it, or choose another table with --results PATH"
        ) from error


def holder_of(path: Path) -> Holder:
    """Who the lock of the run in the folder `path` says that it is held by."""
    run = RunDirectory(path)
    try:
        holder = ProcessId.decode(_read(run.lock))
        this = ProcessId.of(os.getpid())
        if holder == this:
            return Holder(f"process {holder.pid}", is_this=True)
        if holder.boot != this.boot:
            # Its process can't be seen from here, only that it gives signs of life.
            fresh = abs(_silence(run)) < _HEARTBEAT_S and is_shared(path)
            return Holder("a runner on another machine", is_other=fresh)
        is_other = (
            holder.alive()
            and this.pid not in ancestors(holder.pid)
            and has_open(holder.pid, run.journal)
        )
    except (OSError, ValueError, ProcessLookupError):
        return Holder()
    return Holder(f"process {holder.pid}", is_other=is_other)


def is_running(run: RunDirectory) -> bool:
    """Whether the process that took the run's lock last is still there."""
    try:
        holder = ProcessId.decode(_read(run.lock))
    except ValueError:
        return False
    return holder.alive()


def is_asleep(run: RunDirectory) -> bool:
    """Whether its process is there, but has given no sign of life for a while: stopped, or hung."""
    try:
        silent = _silence(run)
    except OSError:
        return False
    return silent > _HEARTBEAT_S and is_running(run)


def _silence(run: RunDirectory) -> float:
    """Seconds since the last sign of life. Raises OSError."""
    return time.time() - run.lock.stat().st_mtime


def _held(run: RunDirectory) -> Path:
    return run.lock.with_name(f"{run.lock.name}.held")


def _read(path: Path) -> str:
    """What a lock says; nothing where it can't be read."""
    try:
        with open_plain(path) as file:
            return file.read(_NAME_BYTES).decode("ascii")
    except (OSError, ValueError):
        return ""


def _opened(path: Path) -> int:
    """The lock's file, made where it is missing. Raises OSError."""
    # Not truncated: that would wipe the name of the holder before the lock is ours.
    return open_for_writing(path, os.O_RDWR | os.O_APPEND)
