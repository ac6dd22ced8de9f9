"""What a worker does with files: never through a link, and whatever a harness made of them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import stat
import zlib
from typing import Any, Dict, Iterator, Tuple

Stamp = Tuple[int, int, int, int, int]
Files = Dict[str, Tuple[str, bytes]]
"""Path, relative to the repository's root, to git's mode and the content."""


class Tree:
    """Files of a commit: what `bundle.packed` made."""

    def __init__(self, packed: bytes) -> None:
        data = zlib.decompress(packed)
        index, _, contents = data.partition(b"\n")
        self.files: Files = {}
        at = 0
        for path, mode, size in json.loads(index):
            self.files[path] = (mode, contents[at : at + size])
            at += size


def create(path: str, mode: str, content: bytes) -> None:
    if mode == "120000":
        os.symlink(os.fsdecode(content), path)
        return
    rights = 0o755 if mode == "100755" else 0o644
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, rights)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def stamp(found: os.stat_result) -> Stamp:
    return found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def listing(folder: str) -> list[os.DirEntry[str]]:
    try:
        mode = os.lstat(folder).st_mode
        if mode & 0o700 != 0o700 and not stat.S_ISLNK(mode):
            os.chmod(folder, stat.S_IMODE(mode) | 0o700)  # closed by whoever worked there
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def read(path: str, most: int) -> bytes:
    """Of a regular file, never through a link. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no regular file")
        parts = []
        while most > 0 and (part := os.read(descriptor, min(most, 1 << 20))):
            parts.append(part)
            most -= len(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def discard(path: str) -> None:
    """Remove a folder, whatever a harness has made of its rights."""

    def open_up(_: Any, where: str, __: Any) -> None:
        with contextlib.suppress(OSError):
            os.chmod(os.path.dirname(where), 0o700)
            if os.path.islink(where) or not os.path.isdir(where):
                os.unlink(where)
                return
            os.chmod(where, 0o700)
            shutil.rmtree(where)

    shutil.rmtree(path, onerror=open_up)


def remove(path: str) -> None:
    """Remove a folder or a file, never what a link leads to."""
    if os.path.isdir(path) and not os.path.islink(path):
        discard(path)
    else:
        os.unlink(path)


@contextlib.contextmanager
def kept(folder: str) -> Iterator[bool]:
    """Hold a folder or file; False where another holds it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
