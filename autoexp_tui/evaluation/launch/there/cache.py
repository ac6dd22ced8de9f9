"""What a machine keeps from one evaluation to the next: files of commits, and environments."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import stat
import sys
import tempfile
import time
from typing import Any, Iterator

from autoexp_tui.evaluation.launch.there.files import (
    Stamp,
    Tree,
    discard,
    kept,
    listing,
    read,
    stamp,
)
from autoexp_tui.evaluation.launch.there.line import Line, Unable
from autoexp_tui.evaluation.launch.there.place import MOST_TOLD, Place

_ENVIRONMENT_FILES = 50_000
"""As many files of an environment are looked at after a run."""
_POOLED = 16
"""Folders with the same files that are kept for the next."""
_TREES = 8
"""That are kept in the cache."""


class Cache:
    """What this machine keeps from one evaluation to the next, of this user alone."""

    def __init__(self) -> None:
        """Raises Unable."""
        given = os.environ.get("AUTOEXP_CACHE")
        name = "autoexp-%d" % os.getuid()
        self.root = os.path.join(given or tempfile.gettempdir(), "there" if given else name)
        try:
            os.makedirs(self.root, mode=0o700, exist_ok=True)
            found = os.lstat(self.root)
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                raise OSError("it belongs to another user")  # noqa: TRY301 - told below as others
            os.chmod(self.root, 0o700)
            for part in ("trees", "work", "environments"):
                os.makedirs(os.path.join(self.root, part), exist_ok=True)
        except OSError as error:
            raise Unable(
                "%s can't be used there (%s): set AUTOEXP_CACHE to a folder that can be written"
                % (self.root, error.strerror or error)
            ) from error
        self.trees: dict[str, Tree] = {}

    def _tree(self, digest: str) -> str:
        return os.path.join(self.root, "trees", digest)

    def tree(self, digest: str) -> Tree | None:
        """What was sent before. What became of its file meanwhile is not believed."""
        if digest not in self.trees:
            try:
                packed = read(self._tree(digest), 1 << 40)
                os.utime(self._tree(digest))
            except OSError:
                return None
            if hashlib.sha256(packed).hexdigest() != digest:
                return None
            self.trees = {digest: Tree(packed)}
        return self.trees[digest]

    def add(self, digest: str, packed: bytes) -> Tree:
        """Raises Unable."""
        if hashlib.sha256(packed).hexdigest() != digest:
            raise Unable("what came is not what was sent: the launcher changes what it passes on")
        self.trees = {digest: Tree(packed)}
        folder = os.path.join(self.root, "trees")
        with contextlib.suppress(OSError):  # a full disk: it is sent again the next time
            descriptor, path = tempfile.mkstemp(dir=folder)
            with os.fdopen(descriptor, "wb") as file:
                file.write(packed)
            os.replace(path, self._tree(digest))
            known = sorted((each.stat().st_mtime, each.path) for each in os.scandir(folder))
            for _, old in known[:-_TREES]:
                os.unlink(old)
        return self.trees[digest]

    @contextlib.contextmanager
    def workspace(self) -> Iterator[str]:
        """A new folder; those are removed that nobody works in any more."""
        home = os.path.join(self.root, "work")
        for entry in os.scandir(home):
            with contextlib.suppress(OSError), kept(entry.path) as ours:
                if ours:
                    discard(entry.path)
        while True:
            made = tempfile.mkdtemp(dir=home, prefix="%d-" % os.getpid())
            with kept(made) as ours:
                if not ours or not os.path.isdir(made):
                    continue  # another took it for one that nobody works in
                try:
                    yield made
                finally:
                    discard(made)
                return

    def adopt(self, digest: str, root: str) -> None:
        """Let `root` be a folder: one that an earlier run has given back, where there is one."""
        pool = os.path.join(self.root, "pool", digest)
        for name in _names(pool):
            path = os.path.join(pool, name)
            with contextlib.suppress(OSError):  # another was faster
                if stat.S_ISDIR(os.lstat(path).st_mode):
                    os.rename(path, root)
                    return
        os.mkdir(root, 0o700)

    def give_back(self, digest: str, root: str) -> None:
        """Keep a folder for the next who wants these files; those of files long gone are not."""
        home = os.path.join(self.root, "pool")
        pool = os.path.join(home, digest)
        with contextlib.suppress(OSError):  # it is made anew the next time
            os.makedirs(pool, exist_ok=True)
            for other in set(_names(home)) - set(_names(os.path.join(self.root, "trees"))):
                discard(os.path.join(home, other))
            if len(_names(pool)) < _POOLED:
                os.rename(root, tempfile.mktemp(dir=pool, prefix=""))  # noqa: S306 - of ours alone


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


class Environment:
    """The folder that `setup` was run in, once for what it is made of on this machine."""

    def __init__(self, cache: Cache, job: dict[str, Any], tree: Tree) -> None:
        self._setup = job["setup"]
        self._folder = job["folder"]
        self._tree = tree
        words = [platform.node(), sys.version, self._setup, self._folder]
        digest = hashlib.sha256("\0".join(words).encode())
        for path in sorted(self._named()):
            digest.update(b"\0".join((os.fsencode(path), *map(_bytes, tree.files[path]))))
        self.root = os.path.join(cache.root, "environments", digest.hexdigest()[:24])
        self._stamps: dict[str, Stamp] = {}

    def _named(self) -> Iterator[str]:
        """The files that the command names, whole folders too."""
        prefix = self._folder + "/" if self._folder else ""
        for word in self._setup.split():
            name = os.path.normpath(prefix + word.strip("'\""))
            for path in self._tree.files:
                if path == name or path.startswith(name + "/") or name == ".":
                    yield path

    @property
    def tree(self) -> str:
        return os.path.join(self.root, "tree")

    def made(self) -> list[tuple[str, str]]:
        """What setup has made beside the files, as paths of a workspace, and where that lies."""
        found = []
        pending = [""]
        folders = {path.rpartition("/")[0] for path in self._tree.files}
        folders = {each for folder in folders for each in _with_parents(folder)}
        while pending:
            folder = pending.pop()
            for entry in listing(os.path.join(self.tree, folder)):
                path = folder + "/" + entry.name if folder else entry.name
                if path in folders and entry.is_dir(follow_symlinks=False):
                    pending.append(path)
                elif path not in self._tree.files:
                    found.append((path, entry.path))
        return found

    def ready(self, line: Line, build: Any) -> None:
        """Build it unless it is there; wait for who builds it. Raises Unable, Gone."""
        os.makedirs(self.root, exist_ok=True)
        done = os.path.join(self.root, "done")
        while True:
            with kept(self.root) as ours:
                if os.path.exists(done):
                    return
                if ours:
                    if os.path.lexists(self.tree):
                        discard(self.tree)
                    os.mkdir(self.tree)
                    Place(self.tree, self._tree.files, line)
                    build(self.tree)
                    with open(done, "w"):
                        return
            line.check()
            time.sleep(0.2)

    def look(self) -> None:
        """Note how it is before a run."""
        self._stamps = dict(self._files())

    def changes(self) -> list[str]:
        """What a run has changed in it: it is built anew then."""
        now = dict(self._files())
        changed = sorted(
            path for path in {*now, *self._stamps} if now.get(path) != self._stamps.get(path)
        )
        if changed:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self.root, "done"))
        return changed[:MOST_TOLD]

    def _files(self) -> Iterator[tuple[str, Stamp]]:
        seen = 0
        for folder, folders, names in os.walk(self.tree):
            folders[:] = [each for each in folders if each != "__pycache__"]
            for name in names:
                seen += 1
                if seen > _ENVIRONMENT_FILES:
                    return
                path = os.path.join(folder, name)
                with contextlib.suppress(OSError):
                    yield os.path.relpath(path, self.tree), stamp(os.lstat(path))


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _with_parents(folder: str) -> Iterator[str]:
    yield folder
    while "/" in folder:
        folder = folder.rpartition("/")[0]
        yield folder
