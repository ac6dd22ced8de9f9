"""Tells what happened in some folders while a harness ran, also what was undone before the end.

By inotify, on Linux alone: a look afterwards only tells how a folder is then.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_CREATE, _MOVED_TO, _MOVE_SELF = 0x100, 0x80, 0x800
_OVERFLOW, _GONE, _IS_FOLDER = 0x4000, 0x8000, 0x40000000
_ONLY_FOLDERS, _NO_LINK, _AND_MORE = 0x01000000, 0x02000000, 0x20000000
_HEADER = struct.Struct("iIII")
_CHUNK_BYTES = 1 << 18


@dataclass(slots=True)
class Seen:
    """What happened, by paths relative to the watched root."""

    made: dict[str, None] = field(default_factory=dict)
    """What came into a folder and was wanted, in order."""
    moved: set[str] = field(default_factory=set)
    """Folders that were moved; `..` is one that the root lies in."""
    missed: bool = False
    """Whether more happened than the system could tell."""


class Watch:
    """A context manager that watches folders while it is open.

    A new folder in one of them, whose name could be a package's, is watched as well.
    """

    def __init__(self, root: Path, folders: Iterable[str], wanted: Callable[[str], bool]) -> None:
        """`folders` are relative to `root`; the root itself is empty.

        `wanted` takes a path: what it refuses is not remembered.
        """
        self.seen = Seen()
        self.complete = False
        """Whether all folders are watched: not everywhere there is inotify, or enough of it."""
        self._root = root
        self._wanted = wanted
        self._paths: dict[int, tuple[str, bool]] = {}
        self._unknown: dict[int, str] = {}
        """Inner folders in which nothing has been seen: it may have been there, and gone again."""
        self._open = contextlib.ExitStack()
        self._inotify = Inotify.begin()
        if self._inotify is None:
            return
        self._open.callback(os.close, self._inotify.descriptor)
        events = _CREATE | _MOVED_TO | _MOVE_SELF
        watched = [self._watch(self._inotify, folder, events) for folder in folders]
        for outer in list(root.parents)[:-1]:
            self._watch(self._inotify, os.path.relpath(outer, root), _MOVE_SELF)
        self.complete = all(number >= 0 for number in watched)

    def __enter__(self) -> Self:
        if self._inotify is not None:
            self._end, self._tell_end = os.pipe()
            self._open.callback(os.close, self._end)
            self._open.callback(os.close, self._tell_end)
            self._thread = threading.Thread(
                target=self._follow, args=(self._inotify,), name="watch"
            )
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._inotify is not None:
            os.write(self._tell_end, b"x")
            self._thread.join()
        self._open.close()

    def _watch(self, inotify: Inotify, folder: str, events: int, *, inner: bool = False) -> int:
        number = inotify.add(self._root / folder, events | _ONLY_FOLDERS | _NO_LINK | _AND_MORE)
        if number >= 0:
            self._paths.setdefault(number, (folder, inner))  # it may have come from a watched place
        return number

    def _follow(self, inotify: Inotify) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(inotify.descriptor, selectors.EVENT_READ)
            selector.register(self._end, selectors.EVENT_READ)
            ended = False
            while not ended:
                ended = any(key.fd == self._end for key, _ in selector.select())
                for number, mask, name in inotify.read():
                    self._take(inotify, number, mask, name)

    def _take(self, inotify: Inotify, number: int, mask: int, name: str) -> None:
        if mask & _OVERFLOW:
            self.seen.missed = True
        if number not in self._paths:
            return
        folder, inner = self._paths[number]
        if mask & _GONE and number in self._unknown:
            self._suspect(self._unknown.pop(number))
        if mask & _MOVE_SELF and not inner:
            self.seen.moved.add(".." if folder.startswith("..") else folder)
        if mask & (_CREATE | _MOVED_TO):
            path = f"{folder}/{name}" if folder else name
            self._note(path)
            self._unknown.pop(number, None)
            if mask & _IS_FOLDER and not inner and name.isidentifier():
                new = self._watch(inotify, path, _CREATE | _MOVED_TO, inner=True)
                self._note_content(new, path)

    def _note_content(self, number: int, folder: str) -> None:
        """What came into a new folder before it was watched."""
        try:
            with os.scandir(self._root / folder) as entries:
                names = [entry.name for entry in entries]
        except OSError:
            self._suspect(folder)
            return
        for name in names:
            self._note(f"{folder}/{name}")
        if not names and number >= 0:
            self._unknown[number] = folder

    def _suspect(self, folder: str) -> None:
        """Note a folder that has gone before anybody saw what it was: who hides a module so?"""
        if folder.rpartition("/")[2] in sys.stdlib_module_names:
            self._note(f"{folder}/__init__.py")

    def _note(self, path: str) -> None:
        if self._wanted(path):
            self.seen.made[path] = None


class Inotify:
    """The system's calls; see inotify(7)."""

    def __init__(self, descriptor: int, add: Callable[[int, bytes, int], int]) -> None:
        self.descriptor = descriptor
        self._add = add

    @classmethod
    def begin(cls) -> Inotify | None:
        """None where there is none, or none is left for this user."""
        if sys.platform != "linux":
            return None
        try:
            import ctypes  # noqa: PLC0415 - a Python may be built without it

            library = ctypes.CDLL(None)
            add = library.inotify_add_watch
            descriptor = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        except (ImportError, OSError, AttributeError):
            return None
        add.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32]
        return cls(descriptor, add) if descriptor >= 0 else None

    def add(self, folder: Path, events: int) -> int:
        """The number of the watch; negative where there is none."""
        return self._add(self.descriptor, os.fsencode(folder), events)

    def read(self) -> Iterator[tuple[int, int, str]]:
        """What there is: number of the watch, what happened, and to what in that folder."""
        while True:
            try:
                data = os.read(self.descriptor, _CHUNK_BYTES)
            except BlockingIOError:
                return
            offset = 0
            while offset < len(data):
                number, mask, _, size = _HEADER.unpack_from(data, offset)
                offset += _HEADER.size + size
                yield number, mask, os.fsdecode(data[offset - size : offset].rstrip(b"\0"))
