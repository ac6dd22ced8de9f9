"""A file that one process alone writes, in a folder where others may: kept as it was written.

What the file must hold is known here, in memory: by a hash of it all, and by a packed copy. Before
each append one `stat` tells whether anybody else was there; only then is more looked at.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from autoexp_tui.loop.runlock import holder_of
from autoexp_tui.system.files import keep_aside, replace_file, set_aside, sync, sync_directory

_PORTION = 1 << 20
_Signature: TypeAlias = tuple[int, int, int, int]
IsNext: TypeAlias = Callable[[bytes], bool]
"""Whether bytes found behind what was written are what another runner would write there."""


class Taken(Exception):
    """Another runner writes the file; the message says which one."""


class Kept:
    """One file, open for appending. Not safe to use from several threads at once."""

    def __init__(self, path: Path, size: int) -> None:
        """Open it, and cut it to its first `size` bytes. Raises OSError."""
        self._path = path
        self._fd = _opened(path)
        self._size = 0
        self._digest = hashlib.blake2b()
        self._copy = _Packed()
        self._rest = os.fstat(self._fd).st_size != size
        """Whether there may be something behind what was written."""
        while self._size < size:
            part = os.pread(self._fd, min(_PORTION, size - self._size), self._size)
            if not part:
                raise OSError(errno.EIO, "it was shortened while it was read", str(path))
            self._wrote(part)
        self._drop_rest()
        sync(self._fd)
        sync_directory(path.parent)
        self._signature: _Signature | None = _signature(os.fstat(self._fd))
        self._new = True
        """Whether nothing has been appended yet."""
        self._found = ""
        """What was met and put right while a line was written."""

    def add(self, line: bytes, is_next: IsNext, *, force: bool) -> None:
        """Write a line behind the others; `force` it to the disk.

        Raises:
            OSError: it could not be written; the file is as it was.
            Taken: another runner came first.
        """
        try:
            self._drop_rest()
            self._rest = True
            _write_whole(self._fd, line)
            if force:
                sync(self._fd)
        except OSError:
            with contextlib.suppress(OSError):  # tried again before the next line is written
                self._drop_rest()
            raise
        self._rest = False
        found = os.fstat(self._fd)
        if found.st_size == self._size + len(line):
            self._signature = _signature(found)
        elif os.pread(self._fd, len(line), self._size) == line:
            self._signature = None  # somebody wrote behind it: looked at before the next line
        else:
            self._came_second(line, is_next)
        self._wrote(line)
        self._new = False

    def put_right(self, is_next: IsNext, *, thoroughly: bool = False) -> str:
        """Undo what somebody else did to the file; what that was, in words, or nothing.

        What is taken out is kept beside it. `thoroughly`: however untouched it looks.

        Raises:
            OSError: it could not be.
            Taken: it was another runner.
        """
        told, self._found = self._found, ""
        if self._rest:
            self._drop_rest()
            self._signature = None  # what was written there has changed the times
        try:
            there = self._path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            there = None
        if there is not None and _signature(there) == self._signature and not thoroughly:
            return told
        mine = os.fstat(self._fd)
        if there is None or (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
            self._refuse_other()
            was = "removed" if there is None else "replaced"
            aside = _named(set_aside(self._path)) if there is not None else ""
            self._rebuild()
            return f"{self._path.name} was {was} by something else: it is put back{aside}"
        if not self._is_intact(mine.st_size):
            self._refuse_other()
            aside = _named(keep_aside(self._path, os.pread(self._fd, _PORTION, 0)))
            self._rebuild()
            return f"{self._path.name} was changed by something else: it is put back{aside}"
        if mine.st_size > self._size:
            tail = os.pread(self._fd, _PORTION, self._size)
            if is_next(tail) and (self._new or not holder_of(self._path.parent).is_this):
                raise Taken(_words(holder_of(self._path.parent).words))
            aside = _named(keep_aside(self._path, tail))
            os.ftruncate(self._fd, self._size)
            sync(self._fd)
            told = f"{self._path.name} had lines that are not the runner's: they are taken out"
            told += aside
        self._signature = _signature(os.fstat(self._fd))
        return told

    def close(self) -> None:
        os.close(self._fd)

    def _refuse_other(self) -> None:
        holder = holder_of(self._path.parent)
        if holder.is_other:
            mine = keep_aside(self._path, b"".join(self._copy.parts()))
            raise Taken(f"{_words(holder.words)}{_named(mine, 'what this one wrote is in')}")

    def _came_second(self, line: bytes, is_next: IsNext) -> None:
        """Others wrote between the look at the file and the line: it is put where it belongs."""
        tail = os.pread(self._fd, _PORTION, self._size)
        if is_next(tail):
            raise Taken(_words(holder_of(self._path.parent).words))
        aside = _named(keep_aside(self._path, tail))
        # A new file: however fast they write, what they write to is not it any more.
        self._rebuild(line)
        self._found = f"{self._path.name} was written to by something else: it is put right{aside}"

    def _is_intact(self, size: int) -> bool:
        """Whether the file begins with all that was written."""
        if size < self._size:
            return False
        found, position = hashlib.blake2b(), 0
        while position < self._size:
            part = os.pread(self._fd, min(_PORTION, self._size - position), position)
            if not part:
                return False
            found.update(part)
            position += len(part)
        return found.digest() == self._digest.digest()

    def _rebuild(self, more: bytes = b"") -> None:
        """Write the whole file again, as a new one."""
        folder = self._path.parent
        if not folder.is_dir():
            set_aside(folder)
            folder.mkdir(mode=0o700, parents=True)
        replace_file(self._path, b"".join((*self._copy.parts(), more)), mode=0o600)
        new = _opened(self._path)
        os.close(self._fd)
        self._fd, self._rest = new, False
        self._signature = _signature(os.fstat(new))

    def _wrote(self, data: bytes) -> None:
        self._size += len(data)
        self._digest.update(data)
        self._copy.take(data)

    def _drop_rest(self) -> None:
        """Cut off what a failed write left behind the last line. Raises OSError."""
        if self._rest:
            os.ftruncate(self._fd, self._size)
            self._rest = False


class _Packed:
    """Bytes that are only ever added to, in little memory."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._last = bytearray()

    def take(self, data: bytes) -> None:
        self._last += data
        if len(self._last) > _PORTION:
            self._packed.append(zlib.compress(self._last, 1))
            self._last.clear()

    def parts(self) -> Iterator[bytes]:
        for part in self._packed:
            yield zlib.decompress(part)
        yield bytes(self._last)


def _write_whole(fd: int, line: bytes) -> None:
    # One write, not a loop of them: a line is whole, or torn at the end of the file, and then it
    # counts as never written.
    written = os.write(fd, line)
    if written != len(line):
        raise OSError(errno.ENOSPC, f"only {written} of {len(line)} bytes fit")


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(path, flags, 0o600)


def _signature(found: os.stat_result) -> _Signature:
    # Of the times, the one that nobody can set.
    return found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns


def _words(holder: str) -> str:
    return f"{holder or 'another runner'} writes this run too: this one ends, the other goes on"


def _named(aside: Path | None, words: str = "what was there is in") -> str:
    return "" if aside is None else f"; {words} {aside.name}"
