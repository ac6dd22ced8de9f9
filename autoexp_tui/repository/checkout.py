"""Whether files of the user's checkout are as HEAD has them, found out without git's porcelain.

Nothing is refreshed and no filter runs. A file that differs from its blob by line ends only is
clean, and so is one that is still as git wrote it at checkout, which settles the files that
filters have changed (those of LFS).
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Sequence
from typing import NamedTuple

from autoexp_tui.repository.objects import TreeEntry, blob_name, parse_listing
from autoexp_tui.repository.plumbing import Plumbing

_DEBUG = re.compile(rb"  mtime: (\d+):(\d+)\n.*?  size: (\d+)\t", re.DOTALL)


class _Staged(NamedTuple):
    """An index entry, with the stat data that git keeps beside it."""

    mode: str
    sha: str
    mtime_ns: int
    size: int


def uncommitted(git: Plumbing, head: str, paths: Sequence[str]) -> list[str]:
    """Those of `paths` that differ from commit `head` in the index or on disk, or are untracked.

    A folder is listed when something tracked below it differs. Raises RepositoryError.
    """
    if not paths:
        return []
    listing = git.run("ls-tree", "-r", "-z", "--full-tree", head, "--", *paths)
    committed = {entry.path: entry for entry in parse_listing(listing)}
    comparison = _Comparison(git, committed, _index(git, paths))
    return [path for path in paths if comparison.differs(path)]


def changed(git: Plumbing, head: str) -> list[str]:
    """Every path that the index or commit `head` has and that differs from it, sorted.

    What is as git wrote it there is not read. Raises RepositoryError.
    """
    listing = git.run("ls-tree", "-r", "-z", "--full-tree", head)
    committed = {entry.path: entry for entry in parse_listing(listing)}
    comparison = _Comparison(git, committed, _index(git, []))
    return sorted(path for path in comparison.known if comparison.differs_at_a_look(path))


def since_checkout(git: Plumbing, entries: Sequence[TreeEntry]) -> set[str]:
    """Paths of those entries that the checkout has as git wrote them there. Nothing is read.

    Raises RepositoryError.
    """
    found: set[str] = set()
    comparison = _Comparison(git, {}, _index(git, [entry.path for entry in entries]))
    for entry in entries:
        staged = comparison.staged.get(entry.path)
        with contextlib.suppress(OSError):
            here = (git.root / entry.path).lstat()
            if staged is not None and staged.sha == entry.sha and stat.S_ISREG(here.st_mode):
                found.update({entry.path} if comparison.since_checkout(here, staged) else ())
    return found


class _Comparison:
    def __init__(
        self, git: Plumbing, committed: dict[str, TreeEntry], staged: dict[str, _Staged]
    ) -> None:
        self._git = git
        self._committed = committed
        self.staged = staged
        self._index_written = git.index.stat().st_mtime_ns if git.index.exists() else 0

    @property
    def known(self) -> set[str]:
        """What git tracks, in the commit or in the index."""
        return self._committed.keys() | self.staged.keys()

    def differs_at_a_look(self, path: str) -> bool:
        """Like `differs` of a file, without reading one that git's quick test knows."""
        entry, staged = self._committed.get(path), self.staged.get(path)
        if entry is not None and staged is not None and staged.sha == entry.sha:
            with contextlib.suppress(OSError):
                if self.since_checkout((self._git.root / path).lstat(), staged):
                    return staged.mode != entry.mode
        return self._file_differs(path)

    def differs(self, path: str) -> bool:
        below = [name for name in self.known if name.startswith(f"{path}/")]
        if below:
            return any(self._file_differs(name) for name in below)
        return self._file_differs(path)

    def _file_differs(self, path: str) -> bool:
        entry, staged = self._committed.get(path), self.staged.get(path)
        if entry is None:
            return staged is not None or os.path.lexists(self._git.root / path)
        if staged is None or (staged.mode, staged.sha) != (entry.mode, entry.sha):
            return True
        try:
            return not self._as_stored(entry, staged)
        except OSError:
            return True

    def _as_stored(self, entry: TreeEntry, staged: _Staged) -> bool:
        path = self._git.root / entry.path
        found = path.lstat()
        if entry.mode == "120000":
            return stat.S_ISLNK(found.st_mode) and (
                blob_name(os.fsencode(path.readlink())) == entry.sha
            )
        if entry.mode == "160000":
            return stat.S_ISDIR(found.st_mode)
        executable = bool(found.st_mode & 0o100) == (entry.mode == "100755")
        if not stat.S_ISREG(found.st_mode) or (self._git.trusts_modes and not executable):
            return False
        content = path.read_bytes()
        if blob_name(content) == entry.sha or self.since_checkout(found, staged):
            return True
        stored = self._git.run("cat-file", "blob", entry.sha)
        return stored.replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n")

    def since_checkout(self, found: os.stat_result, staged: _Staged) -> bool:
        """Git's own quick test, without the cases in which git would look closer."""
        return (
            found.st_mtime_ns == staged.mtime_ns
            and found.st_size % 2**32 == staged.size != 0
            and staged.mtime_ns < self._index_written
        )


def _index(git: Plumbing, paths: Sequence[str]) -> dict[str, _Staged]:
    found: dict[str, _Staged] = {}
    rest = git.run("ls-files", "-z", "--stage", "--debug", "--", *paths)
    # `<mode> <sha> <stage>\t<path>\0`, then lines of stat data, the last of which has flags.
    while b"\0" in rest:
        head, rest = rest.split(b"\0", 1)
        debug, _, rest = rest.partition(b"flags: ")
        rest = rest.partition(b"\n")[2]
        meta, _, name = head.partition(b"\t")
        mode, sha, stage = meta.decode().split(" ")
        seconds, nanoseconds, size = (
            (int(part) for part in known.groups()) if (known := _DEBUG.search(debug)) else (0, 0, 0)
        )
        # A path in conflict has stages 1 to 3, none of which is what HEAD has.
        found[os.fsdecode(name)] = _Staged(
            mode, sha if stage == "0" else "", seconds * 10**9 + nanoseconds, size
        )
    return found
