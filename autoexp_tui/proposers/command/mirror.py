"""A folder that is kept equal to another: what somebody changed in either is copied again."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from autoexp_tui.system.removal import copy_tree, discard

_LONGEST = 2000
_DEEPEST = 200
"""Characters and folders of a path: far more than a project has, less than breaks a copy."""


class _Mark(NamedTuple):
    """What changes with a file, a link or a folder; of folders only the mode counts."""

    mode: int
    inode: int = 0
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    """Nobody can set it."""


class Mirror:
    """A copy of a folder. Nothing in it is shared with the original but blocks of the disk.

    Links that lead out of the original are not copied: what they lead to is the user's own and
    writable, data or virtual environments.
    """

    def __init__(self, source: Path, path: Path, without: frozenset[str] = frozenset()) -> None:
        """`without` are paths in it that are no part of the copy, and stay as they are."""
        self._source = source
        self._path = path
        self._without = without
        self._original: dict[str, _Mark] = {}
        """What was copied, as it was then."""
        self._right: dict[str, _Mark] = {}
        """The copy, as it was when it was right."""

    def mend(self) -> bool:
        """Make the copy equal; whether the original is another than the last time.

        Raises OSError.
        """
        if self._path.is_symlink() or not self._path.is_dir():
            discard(self._path)
            self._path.mkdir(mode=0o700, parents=True)
        original = dict(self._survey(self._source, os.path.realpath(self._source)))
        there = dict(self._survey(self._path))
        kept: dict[str, _Mark] = {}
        gone: set[str] = set()
        for path in sorted(there):
            if path.rpartition("/")[0] in gone:
                gone.add(path)
            elif self._is_right(path, there[path], original.get(path)):
                kept[path] = there[path]
            else:
                gone.add(path)
                discard(self._path / path)
        for path in sorted(original.keys() - kept.keys()):
            kept[path] = self._copy(path, original[path])
        changed = original != self._original
        self._original, self._right = original, kept
        return changed

    def changes(self) -> list[str]:
        """Files and links that are not as they were when the copy was right, sorted."""
        now, right = _files(self._survey(self._path)), _files(self._right.items())
        paths = now.keys() | right.keys()
        return sorted(path for path in paths if now.get(path) != right.get(path))

    def _is_right(self, path: str, mark: _Mark, original: _Mark | None) -> bool:
        if original is None or _is_folder(original):
            return mark == original
        return mark == self._right.get(path) and original == self._original.get(path)

    def _copy(self, path: str, original: _Mark) -> _Mark:
        source, copy = self._source / path, self._path / path
        if _is_folder(original):
            copy.mkdir()
            copy.chmod(stat.S_IMODE(original.mode))
        elif stat.S_ISLNK(original.mode):
            copy.symlink_to(source.readlink())
        else:
            copy_tree(source, copy)
        return _mark(copy.lstat())

    def _survey(self, root: Path, boundary: str = "") -> Iterator[tuple[str, _Mark]]:
        """Everything in a folder; with a boundary only what may be copied from there."""
        pending = [""]
        while pending:
            folder = pending.pop()
            try:
                entries = list(os.scandir(root / folder))
            except OSError:
                continue  # closed to us: its mode tells
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if path in self._without:
                    continue
                is_folder = entry.is_dir(follow_symlinks=False)
                mark = _mark(entry.stat(follow_symlinks=False), stat.S_IRWXU if boundary else 0)
                known = self._original.get(path) == mark and not entry.is_symlink()
                if boundary and not known and not _belongs(entry.path, path, mark.mode, boundary):
                    continue
                yield path, mark
                if is_folder:
                    pending.append(path)


def _mark(found: os.stat_result, open_to_us: int = 0) -> _Mark:
    if stat.S_ISDIR(found.st_mode):
        return _Mark(found.st_mode | open_to_us)
    return _Mark(found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _is_folder(mark: _Mark) -> bool:
    return stat.S_ISDIR(mark.mode)


def _files(found: Iterable[tuple[str, _Mark]]) -> dict[str, _Mark]:
    return {path: mark for path, mark in found if not _is_folder(mark)}


def _belongs(whole: str, path: str, mode: int, boundary: str) -> bool:
    """Whether something may be copied: files, folders, and links that stay within the boundary.

    What the last harness has nested without end, or closed, is nothing that an agent needs.
    """
    if len(path) > _LONGEST or path.count("/") > _DEEPEST:
        return False
    if stat.S_ISLNK(mode):
        return os.path.realpath(whole).startswith(boundary + os.sep)
    if stat.S_ISDIR(mode):
        return os.access(whole, os.R_OK | os.X_OK)
    return stat.S_ISREG(mode) and os.access(whole, os.R_OK)
