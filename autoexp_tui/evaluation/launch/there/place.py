"""The workspace of one run: the files, and what a run has changed of them."""

from __future__ import annotations

import os
import stat
import time

from autoexp_tui.evaluation.launch.there.files import Files, Stamp, create, listing, read, stamp
from autoexp_tui.evaluation.launch.there.line import Line

MOST_TOLD = 2000
"""Paths of each sort that are told of one run."""
_TICK_NS = 50_000_000
"""A file changed this recently could change again without its times telling."""


class Place:
    """The workspace of one run: the tree with the candidate's target, and what was there then."""

    def __init__(self, root: str, files: Files, line: Line) -> None:
        self.root = root
        self._files = dict(files)
        self._stamps: dict[str, Stamp] = {}
        self._folders = {""}
        self._links: dict[str, str] = {}
        for path, (mode, content) in self._files.items():
            self._make_folders(path)
            create(os.path.join(root, path), mode, content)
            line.check()

    def link(self, path: str, source: str) -> None:
        """A link to what `setup` has made."""
        self._links[path] = source
        self._make_folders(path)
        os.symlink(source, os.path.join(self.root, path))

    def _make_folders(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            os.makedirs(os.path.join(self.root, folder), exist_ok=True)
            while folder:
                self._folders.add(folder)
                folder = folder.rpartition("/")[0]

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
        pending = [""]
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
