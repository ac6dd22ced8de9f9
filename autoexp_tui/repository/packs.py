"""Objects of ours in the user's repository: in packs, which are put together before they are many.

A loose object is at the mercy of a `git prune` that began before a ref held it, and a ref to what
it took would break every gc of the user's. So each commit comes in a small pack, as `git fetch`
would bring it. Every git command looks into every pack: a thousand of them would slow them all.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from autoexp_tui.repository.objects import GitObject, make_pack
from autoexp_tui.repository.plumbing import Plumbing, RepositoryError
from autoexp_tui.system.files import sync, sync_directory

FEW = 32
"""Packs of one size that are left alone."""
_STALE_S = 60.0
"""Seconds after which a protected pack is what a crash left."""
_MARK = "autoexp"
_PARTS = ("idx", "rev", "pack")
"""Of one pack; in this order it is never found without its contents."""


class Packs:
    """The packs that this process writes; they are the user's like all others once released."""

    def __init__(self, git: Plumbing, folder: Path) -> None:
        """`folder` is the repository's `objects/pack`."""
        self._git = git
        self._folder = folder
        self._held: list[str] = []
        """Those that a `.keep` protects until a ref holds what is in them."""
        self._shelves: list[list[str]] = []
        """The others by size: each of the k-th shelf was `FEW` ** k of them."""

    def write(self, objects: Sequence[GitObject]) -> None:
        """Put objects into a pack that no gc may touch before `release`.

        They are on the disk when this returns. Raises RepositoryError; a prune of the user's takes
        unfinished packs too, so try again.
        """
        pack = make_pack(objects)
        try:
            self._folder.mkdir(exist_ok=True)  # not its parents: a repository that is gone is gone
            if not self._held:
                self._drop_stale_marks()
            if pack.name not in self._held:
                self._held.append(pack.name)
            # In this order it is protected before it is there, and whole before it is found.
            self._path(pack.name, "keep").write_text(f"{_MARK}\n")
            self._put(pack.name, "pack", pack.content)
            self._put(pack.name, "idx", pack.idx)
        except OSError as error:
            words = f"{self._folder}: a pack can't be written: {error.strerror}"
            raise RepositoryError(words) from error

    def release(self) -> None:
        """A ref holds what was written: the packs are as good as any."""
        while self._held:
            name = self._held.pop()
            self._path(name, "keep").unlink(missing_ok=True)
            self._shelve(name, 0)

    def _shelve(self, name: str, size: int) -> None:
        if size == len(self._shelves):
            self._shelves.append([])
        shelf = self._shelves[size]
        shelf.append(name)
        if len(shelf) >= FEW:
            whole = ""
            # An economy, and no reason for an experiment to fail.
            with contextlib.suppress(OSError, RepositoryError):
                whole = self._put_together(shelf)
            shelf.clear()  # what is still there is left to a gc of the user's
            if whole:
                self._shelve(whole, size + 1)

    def _put_together(self, names: Sequence[str]) -> str:
        """Make one pack of several, and remove these; its name, empty where it can't be.

        What the user has marked to be kept, or indexed across packs, is left as it is.
        """
        if any(self._folder.glob("multi-pack-index*")):
            return ""
        there = [
            name
            for name in names
            if self._path(name, "pack").exists() and not self._path(name, "keep").exists()
        ]
        status, said, _ = self._git.ask(
            *("-c", "pack.packSizeLimit=0", "pack-objects", "--quiet", "--stdin-packs"),
            str(self._folder / "pack"),
            stdin="".join(f"pack-{name}.pack\n" for name in there).encode(),
        )
        whole = os.fsdecode(said).strip()
        if status != 0 or not self._path(whole, "idx").exists():
            return ""
        sync_directory(self._folder)  # the new name is on the disk before the old ones go
        for name in there:
            if name != whole:
                for part in _PARTS:
                    self._path(name, part).unlink(missing_ok=True)
        return whole

    def _put(self, name: str, part: str, content: bytes) -> None:
        """Write one part of a pack as git would: as one step, readable for whom the folder is."""
        temporary = self._folder / f"tmp_{part}_{name[:12]}{os.getpid()}"
        try:
            with temporary.open("xb") as file:
                os.fchmod(file.fileno(), self._folder.stat().st_mode & 0o444)
                file.write(content)
                file.flush()
                sync(file.fileno())
            temporary.replace(self._path(name, part))
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _path(self, name: str, part: str) -> Path:
        return self._folder / f"pack-{name}.{part}"

    def _drop_stale_marks(self) -> None:
        """Let gc have the packs of ours that a crash left protected."""
        for keep in self._folder.glob("*.keep"):
            try:
                old = time.time() - keep.stat().st_mtime > _STALE_S
                if old and keep.read_text(errors="replace").strip() == _MARK:
                    keep.unlink()
            except FileNotFoundError:
                continue  # another run's, let go meanwhile
