"""Tells which paths of a folder may have changed since they were looked at, without a look at all.

By inotify, on Linux, where it is seen to work. A watch on each file tells what is written by
whatever name it has, mapped memory too: that needs a descriptor, whose end is told. A watch on each
folder tells what comes and goes. What the system could not tell makes everything doubtful, and so
does a mount: nothing is told of it.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Collection, Iterable
from pathlib import Path

from autoexp_tui.evaluation.watching import Inotify

_MODIFY, _ATTRIBUTES, _CLOSE_WRITE = 0x2, 0x4, 0x8
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x40, 0x80, 0x100, 0x200
_MOVE_SELF, _GONE, _NO_LINK, _ONLY_FOLDERS = 0x800, 0x8000, 0x02000000, 0x01000000
_OF_FILE = _MODIFY | _ATTRIBUTES | _CLOSE_WRITE | _NO_LINK
_IN_FOLDER = _CREATE | _DELETE | _MOVED_FROM | _MOVED_TO | _ATTRIBUTES
_OF_FOLDER = _IN_FOLDER | _MOVE_SELF | _NO_LINK | _ONLY_FOLDERS
_MOST = 50_000
"""Paths: each watch holds about a kilobyte in the kernel."""


class Touches:
    """What happened to paths of one folder; used by one thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._inotify: Inotify | None = None
        self._able: bool | None = None
        self._paths: dict[int, str] = {}
        self._folders: set[int] = set()
        self._mounts = b""
        self._doubtful = True
        self._found: set[str] = set()

    @property
    def covered(self) -> bool:
        """Whether it tells anything."""
        return self._inotify is not None

    def found(self) -> frozenset[str] | None:
        """What may have changed since it was settled last; None: anything."""
        if self._inotify is None:
            return None
        for number, mask, name in self._inotify.read():
            self._take(number, mask, name)
        return None if self._doubtful or _mounts() != self._mounts else frozenset(self._found)

    def cover(self, files: Collection[str], folders: Collection[str]) -> None:
        """Begin to tell of all that is there now; until `settle` all is doubtful still.

        The paths are relative to the folder, which itself is empty.
        """
        self.close()
        if self._able is None:
            self._able = len(files) + len(folders) <= _MOST and _works(self._root.parent)
        inotify = Inotify.begin() if self._able else None
        if inotify is None:
            return
        self._inotify = inotify
        self._ending = weakref.finalize(self, os.close, inotify.descriptor)
        self._mounts = _mounts()
        outer = [os.path.relpath(folder, self._root) for folder in list(self._root.parents)[:-1]]
        for path, mask in (
            *((path, _OF_FOLDER) for path in folders),
            *((path, _MOVE_SELF | _NO_LINK | _ONLY_FOLDERS) for path in outer),
            *((path, _OF_FILE) for path in files),
        ):
            if not self._add(path, mask):
                self.give_up()
                return

    def renew(self, files: Iterable[str]) -> None:
        """These were made again: they are others now."""
        for path in files:
            if self._inotify is not None and not self._add(path, _OF_FILE):
                self.give_up()

    def settle(self, *, whole: bool) -> None:
        """What was found is as it must be; with `whole`, so is everything."""
        self._found.clear()
        if whole:
            self._doubtful = False
            self._mounts = _mounts()

    def give_up(self) -> None:
        """Tell nothing any more."""
        self.close()
        self._able = False

    def close(self) -> None:
        if self._inotify is not None:
            self._ending()
        self._inotify = None
        self._paths.clear()
        self._folders.clear()
        self._found.clear()
        self._doubtful = True

    def _take(self, number: int, mask: int, name: str) -> None:
        path = self._paths.get(number)
        if path is None or (number in self._folders and not (name and mask & _IN_FOLDER)):
            self._doubtful = True  # the queue ran over, or a folder itself is another
        elif number in self._folders:
            self._found.add(f"{path}/{name}" if path else name)
        else:
            self._found.add(path)
            if mask & _GONE:
                del self._paths[number]

    def _add(self, path: str, mask: int) -> bool:
        number = -1 if self._inotify is None else self._inotify.add(self._root / path, mask)
        if number < 0:
            return False
        self._paths[number] = path
        if mask & _MOVE_SELF:
            self._folders.add(number)
        return True


def _mounts() -> bytes:
    """What is mounted anywhere, as far as that can be told."""
    try:
        with open("/proc/self/mountinfo", "rb") as file:  # noqa: PTH123 - read at every look
            return file.read()
    except OSError:
        return b""


def _works(folder: Path) -> bool:
    """Whether the file system tells what is written to a file by another of its names."""
    with tempfile.TemporaryDirectory(prefix=".watch-", dir=folder) as name:
        file, other = Path(name, "file"), Path(name, "other")
        file.touch()
        inotify = Inotify.begin()
        if inotify is None:
            return False
        try:
            if inotify.add(file, _OF_FILE) < 0:
                return False
            os.link(file, other)
            other.write_bytes(b"x")
            return any(mask & _CLOSE_WRITE for _, mask, _ in inotify.read())
        except OSError:
            return False  # there can be no other names
        finally:
            os.close(inotify.descriptor)
