"""Tells what was changed in what a workspace borrows of the user's checkout by symbolic links.

One pass over each tree after an evaluation: the time at which the system last changed a file's
record (ctime) can be set by nobody, and moves with its content, its name and its mode.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

MOST = 100_000
"""Files and folders of one tree; a larger one is not looked at."""


class Touched(NamedTuple):
    """What one evaluation did to a borrowed file or folder."""

    path: str
    """Relative to the repository's root."""
    how: str
    """`changed`, `made` or `removed`."""
    source: Path
    """Where it lies in the user's checkout."""
    was_there: bool
    """When this runner began."""
    is_folder: bool


class Borrowed:
    """Trees of the user's as they were seen last; used by one thread."""

    def __init__(self, sources: Mapping[str, Path], device: int) -> None:
        """Look at them for the first time. `sources`: path in the workspace → what is borrowed.

        `device` is the file system whose clock is known, see `changes`.
        """
        self.too_large: list[str] = []
        """Those that nobody watches."""
        self._trees: dict[str, _Tree] = {}
        for path, source in sources.items():
            tree = _Tree(os.path.realpath(source), device)
            if tree.is_small:
                self._trees[path] = tree
            else:
                self.too_large.append(path)

    def changes(self, since: int, check: Callable[[], None]) -> list[Touched]:
        """What has changed from `since` on, in ns of the clock of `device`.

        What was changed before, by the user between two evaluations, is taken as it is; on other
        devices, which may be another machine's, all is told that wasn't told yet. What `check`
        raises, asked at every folder, ends it.
        """
        return [
            Touched(
                f"{path}/{name}" if name else path,
                how,
                Path(tree.source, name),
                name in tree.original,
                Path(tree.source, name).is_dir(),
            )
            for path, tree in self._trees.items()
            for name, how in _innermost(tree.changes(since, check)).items()
        ]


class _Tree:
    def __init__(self, source: str, device: int) -> None:
        self.source = source
        self._device = device
        self._known: dict[str, int] = {}
        """ctime in ns by path relative to the source; the source itself is empty."""
        self.is_small = _walk(source, self._known.__setitem__, lambda: None, MOST)
        self.original = frozenset(self._known)

    def changes(self, since: int, check: Callable[[], None]) -> dict[str, str]:
        if not os.path.lexists(self.source) or os.lstat(self.source).st_dev != self._device:
            since = 0
        known, now, changed = self._known, dict[str, int](), dict[str, str]()

        def look(name: str, ctime: int) -> None:
            now[name] = ctime
            before = known.pop(name, None)
            if before != ctime and ctime >= since:
                changed[name] = "made" if before is None else "changed"

        if _walk(self.source, look, check, 10 * MOST):
            gone = known.keys() - {""}
            folders = {name: name.rpartition("/")[0] for name in gone}
            changed.update(
                (name, "removed")
                for name, folder in folders.items()
                if folder in known or now.get(folder, since) >= since
            )
        self._known = now
        return changed


def _innermost(changed: Mapping[str, str]) -> dict[str, str]:
    """Without the folders that changed only since something in them did."""
    folders = {name.rpartition("/")[0] for name in changed if name}
    kept = ((name, how) for name, how in changed.items() if how != "changed" or name not in folders)
    return dict(sorted(kept))


def _walk(
    source: str, take: Callable[[str, int], None], check: Callable[[], None], most: int
) -> bool:
    """Hand over every file and folder with its ctime; False where there are more than `most`."""
    count = 0
    try:
        take("", os.lstat(source).st_ctime_ns)
    except OSError:
        return True  # it isn't there: nothing can be changed, and what was there is missed
    pending = [""]
    while pending:
        folder = pending.pop()
        check()
        try:
            with os.scandir(f"{source}/{folder}") as entries:
                for entry in entries:
                    name = f"{folder}/{entry.name}" if folder else entry.name
                    try:
                        take(name, entry.stat(follow_symlinks=False).st_ctime_ns)
                    except FileNotFoundError:
                        continue
                    count += 1
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(name)
        except OSError:
            continue  # a file, or closed to the harness as it is to us
        if count > most:
            return False
    return True
