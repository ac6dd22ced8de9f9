"""The workspace of one run: the files, and what a run has changed of them."""

from __future__ import annotations

import os
import stat
import time

from autoexp_tui.evaluation.launch.there.files import (
    Files,
    Stamp,
    create,
    listing,
    read,
    remove,
    stamp,
)
from autoexp_tui.evaluation.launch.there.line import Line

MOST_TOLD = 2000
"""Paths of each sort that are told of one run."""
_TICK_NS = 50_000_000
"""A file changed this recently could change again without its times telling."""


class Place:
    """The workspace of one run: the tree with the candidate's target, and what was there then."""

    def __init__(self, root: str, files: Files, line: Line) -> None:
        """Make `root`, a folder, hold `files` alone. What an earlier run left of them is kept where
        it is right, for to make a file costs many times as much as to read it.
        """
        self.root = root
        self._files = dict(files)
        self._stamps: dict[str, Stamp] = {}
        self._folders = {""}
        self._links: dict[str, str] = {}
        self._line = line
        found = os.lstat(root)
        self._identity = (found.st_dev, found.st_ino)
        for path in files:
            folder = path.rpartition("/")[0]
            while folder not in self._folders:
                self._folders.add(folder)
                folder = folder.rpartition("/")[0]
        for path in sorted(self._files.keys() - self._sweep()):
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            create(os.path.join(root, path), *self._files[path])
            line.check()

    def is_there(self) -> bool:
        """Whether its root is the folder that it was."""
        try:
            found = os.lstat(self.root)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def tidy(self) -> None:
        """Remove all that is not of the files, for the next who uses the folder."""
        self._links.clear()
        self._sweep()

    def _sweep(self) -> set[str]:
        """Remove what is not as it must be; the files that are."""
        right = set()
        mask = os.umask(0)
        os.umask(mask)
        pending = [""]
        while pending:
            folder = pending.pop()
            for entry in listing(os.path.join(self.root, folder)):
                path = folder + "/" + entry.name if folder else entry.name
                found = entry.stat(follow_symlinks=False)
                if path in self._files and self._is_untouched(path, found, mask):
                    right.add(path)
                elif path in self._folders and stat.S_ISDIR(found.st_mode):
                    pending.append(path)
                else:
                    remove(entry.path)
            self._line.check()
        return right

    def _is_untouched(self, path: str, found: os.stat_result, mask: int) -> bool:
        """Whether nothing tells a file from a new one; no other name may lead to it either."""
        rights = 0o755 if self._files[path][0] == "100755" else 0o644
        is_link = stat.S_ISLNK(found.st_mode)
        as_made = is_link or stat.S_IMODE(found.st_mode) == rights & ~mask
        return as_made and found.st_nlink == 1 and self._is_right(path, found)

    def link(self, path: str, source: str) -> None:
        """A link to what `setup` has made."""
        self._links[path] = source
        os.makedirs(os.path.dirname(os.path.join(self.root, path)), exist_ok=True)
        os.symlink(source, os.path.join(self.root, path))

    def settle(self) -> None:
        """Note how all is before the command runs."""
        self._stamps = {
            path: stamp(os.lstat(os.path.join(self.root, path))) for path in self._files
        }
        self._began = time.time_ns()

    def changes(self) -> dict[str, list[str]]:
        """What was changed: `wrong`, `written` to and put back, `folders` that are none any more;
        `foreign` is what is new.
        """
        wrong: list[str] = []
        written: list[str] = []
        foreign: list[str] = []
        missing, visited = {*self._files, *self._links}, set()
        pending = [""] if self.is_there() else []
        while pending:
            folder = pending.pop()
            visited.add(folder)
            for entry in listing(os.path.join(self.root, folder)):
                path = folder + "/" + entry.name if folder else entry.name
                if path in self._files:
                    missing.discard(path)
                    found = entry.stat(follow_symlinks=False)
                    if self._stamps[path] == stamp(found):
                        late = found.st_ctime_ns + _TICK_NS >= self._began
                        if late and not self._is_right(path, found):
                            wrong.append(path)
                    else:
                        (written if self._is_right(path, found) else wrong).append(path)
                elif path in self._links:
                    missing.discard(path)
                    if not entry.is_symlink() or os.readlink(entry.path) != self._links[path]:
                        wrong.append(path)
                elif path in self._folders and entry.is_dir(follow_symlinks=False):
                    pending.append(path)
                else:
                    foreign.append(path)
                    if entry.is_dir(follow_symlinks=False):
                        inner = listing(entry.path)[:MOST_TOLD]
                        foreign += [path + "/" + each.name for each in inner]
        return {
            "wrong": sorted([*wrong, *missing])[:MOST_TOLD],
            "written": sorted(written)[:MOST_TOLD],
            "folders": sorted(self._folders - visited)[:MOST_TOLD],
            "foreign": sorted(foreign)[:MOST_TOLD],
        }

    def _is_right(self, path: str, found: os.stat_result) -> bool:
        mode, content = self._files[path]
        where = os.path.join(self.root, path)
        try:
            if mode == "120000":
                return stat.S_ISLNK(found.st_mode) and os.fsencode(os.readlink(where)) == content
            if not stat.S_ISREG(found.st_mode) or found.st_size != len(content):
                return False
            if bool(found.st_mode & 0o100) != (mode == "100755"):
                return False
            return read(where, len(content) + 1) == content
        except OSError:
            return False
