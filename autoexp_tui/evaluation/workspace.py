"""The workspace: a private copy of the base commit in which one run's harness works.

Every tracked file but the target is protected: verified before an evaluation and after it. What
is linked in from the user's checkout is shared, not copied: a harness can write to it, and
nothing here notices. Nor does anything here stop a program from reading what the user can read.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from autoexp_tui.evaluation.links import choose_links
from autoexp_tui.model.contract import LinkMode
from autoexp_tui.repository.objects import TreeEntry
from autoexp_tui.repository.plumbing import RepositoryError
from autoexp_tui.repository.repository import Repository
from autoexp_tui.repository.unstored import remarks as unstored_remarks
from autoexp_tui.system.removal import copy_tree, discard, open_up

_CHUNK_BYTES = 1 << 20
_TICK_NS = 50_000_000
"""A file changed this recently could change again without its times telling."""

_Stamp = tuple[int, int, int, int, int]


def workspace_home(common_dir: Path, tag: str) -> Path:
    """The folder that holds a run's workspace: in the user's cache, or in `$AUTOEXP_CACHE`."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - asked for when a run is, not before

    given = os.environ.get("AUTOEXP_CACHE")
    cache = Path(given) if given else user_cache_path("autoexp")
    key = hashlib.sha256(os.fsencode(common_dir) + b"\0" + tag.encode()).hexdigest()[:12]
    return cache.absolute() / "workspaces" / f"{tag}-{key}"


def remove_workspace(common_dir: Path, tag: str) -> None:
    """Remove a run's workspace, if there is one. What is linked into it stays. Raises OSError."""
    discard(workspace_home(common_dir, tag))


class _Survey(NamedTuple):
    wrong: list[str]
    """Protected files and links that are missing or not as they must be."""
    foreign: list[str]
    """Everything that is not of the commit, and what stands where a folder must be."""
    folders: set[str]
    """Those that are there and were looked into."""


class Workspace:
    """A copy of one commit's whole tree, for one run; used by one thread.

    Files are copied as they are stored: no filter runs, so line ends are the repository's. What a
    filter makes of a file (LFS, say) is copied from where it has done so. Symbolic links are made
    as in the tree, but one that leads out of the repository by a relative path leads to where it
    does in the checkout. A submodule that the checkout has is linked, else an empty folder.
    """

    def __init__(
        self,
        repository: Repository,
        base: str,
        folder: str,
        *,
        tag: str,
        link: Mapping[str, LinkMode] | Sequence[str] | None,
        keep: Sequence[str],
        target: str,
    ) -> None:
        """Materialise `base`, or bring what an earlier runner left back to it.

        `folder` is the project's, relative to the root; `link`, `keep` and `target` are relative
        to `folder`. Raises RepositoryError.
        """
        self._repository = repository
        self._folder = folder
        self._keep = [pattern.removeprefix("./").rstrip("/") for pattern in keep]
        self._target = str(PurePosixPath(folder, target))
        self._home = workspace_home(repository.common_dir, tag)
        self.root = self._home / (repository.root.name or "root")
        self._files: dict[str, TreeEntry] = {}
        self._filtered: dict[str, Path] = {}
        self.remarks: tuple[str, ...] = ()
        """What is not as git stores it, or not there: a line each."""
        self._target_mode = 0o644
        self._content: bytes | None = None
        self._stamps: dict[str, _Stamp] = {}
        submodules, filtered = self._read_tree(base)
        own = {*(self._files.keys() - filtered), self._target, str(PurePosixPath(folder, "x"))}
        links = choose_links(
            repository.root,
            folder,
            link,
            repository.ignored_entries(folder) if link is None else (),
            own.union("", *map(_parents, own)),
            submodules,
        )
        self.modes = dict(sorted(links.modes.items()))
        """Paths relative to the repository's root of what is the user's own, and what may be done
        there. `copy` is a copy of it, made by `prepare`; all else is a symbolic link to it, and
        nothing here keeps a harness from writing to it."""
        self.sources = links.sources
        """Where each path of `modes` lies in the user's checkout."""
        self.elsewhere = dict(links.elsewhere)
        """Absolute paths that `link` names outside of the project, and what may be done there."""
        self.checkout = repository.root
        """The user's own folder."""
        self.runs = repository.common_dir / "autoexp"
        """Where every run of this repository has its directory."""
        self._links = {
            path: str(source)
            for path, source in links.sources.items()
            if links.modes[path] != "copy"
        }
        self._copies = {path: links.sources[path] for path in links.modes.keys() - self._links}
        for path in [path for path in self._files if self.modes.keys() & {path, *_parents(path)}]:
            del self._files[path]
        self._folders = {"", *(submodules - self.modes.keys())}
        inner = str(PurePosixPath(folder, "x"))
        for path in (inner, self._target, *self._files, *self.modes, *submodules):
            self._folders.update(_parents(path))
        self.linked: tuple[str, ...] = tuple(self.modes)
        """The paths of `modes`."""
        self.not_linked: tuple[tuple[str, str], ...] = tuple(sorted(links.refused.items()))
        """What could have been linked, as it was named, and why it was not."""
        self._restore(None)

    @property
    def files(self) -> Iterable[str]:
        """The tracked files but for the target, relative to the repository's root."""
        return self._files.keys()

    @property
    def project_dir(self) -> Path:
        """Where the harness runs."""
        return self.root / self._folder

    @property
    def private(self) -> Path:
        """A folder beside the workspace for what a command of it writes elsewhere."""
        return self._home / "private"

    def protected(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Regular files that nobody may change, those nearest the project first; their folders.

        Relative to `root`, which is not among the folders.
        """
        near = len(PurePosixPath(self._folder).parts)

        def distance(path: str) -> tuple[bool, int, str]:
            inside = not self._folder or path.startswith(f"{self._folder}/")
            return (not inside, abs(path.count("/") - near), path)

        files = [path for path, entry in self._files.items() if entry.mode != "120000"]
        kept = [path for path in (self._target, *files) if not self._is_kept(path)]
        folders = {parent for path in kept for parent in _parents(path)}
        return tuple(sorted(kept, key=distance)), tuple(sorted(folders, key=distance))

    def prepare(self, content: bytes) -> list[str]:
        """Make the workspace exact, with `content` as the target; what had to be repaired.

        Leftovers are removed unless `keep` names them. Raises RepositoryError.
        """
        return self._restore(content)

    def verify(self) -> list[str]:
        """What an evaluation changed that it must not: protected files, links, the target.

        Paths are relative to the repository's root. New files are nobody's business.
        """
        found = self._survey()
        changed = {path for path in found.wrong if path in self._links or not self._is_kept(path)}
        changed.update(self._folders.intersection(found.foreign))
        if self._content is not None and not self._target_is(self._content):
            changed.add(self._target)
        return sorted(changed)

    def remove(self) -> None:
        """Remove the workspace. What is linked into it stays. Raises OSError."""
        discard(self._home)
        self._stamps.clear()

    # What these are made of.

    def _read_tree(self, base: str) -> tuple[set[str], set[str]]:
        """Fill in what the commit has; its submodules, and what filters make, are returned."""
        submodules = set()
        absent = []
        missing = self._repository.missing(base)
        for entry in self._repository.files(base):
            if entry.mode == "160000":
                submodules.add(entry.path)
            elif entry.path == self._target:
                self._target_mode = _permissions(entry)
            elif entry.sha in missing:
                absent.append(entry.path)
            else:
                self._files[entry.path] = entry
        filtered = self._repository.filtered(self._files)
        for path, found in filtered.items():
            if found.source is not None:
                self._filtered[path] = found.source
                self._files[path] = self._files[path]._replace(sha=_blob_name(found.source))
        self.remarks = tuple(unstored_remarks(filtered, absent))
        return submodules, set(filtered)

    def _restore(self, content: bytes | None) -> list[str]:
        try:
            return self._make_exact(content)
        except OSError as error:
            raise RepositoryError(
                f"the workspace {self._home} can't be made ({error.strerror or error}): see that "
                "the disk has room, or set AUTOEXP_CACHE to a folder that has and can be written"
            ) from error

    def _make_exact(self, content: bytes | None) -> list[str]:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._home.chmod(0o700)
        if self.root.is_symlink() or not self.root.is_dir():
            discard(self.root)
            self.root.mkdir()
        found = self._survey()
        for path in found.foreign:
            if path in self._folders:
                discard(self.root / path)
            else:
                self._sweep(path)
        for folder in sorted(self._folders - found.folders):  # sorts before what is in it
            (self.root / folder).mkdir()
        self._write_files([path for path in found.wrong if path in self._files])
        for path in found.wrong:
            if path in self._links:
                discard(self.root / path)
                (self.root / path).symlink_to(self._links[path])
        if content is not None:
            for path, source in self._copies.items():
                discard(self.root / path)  # `keep` may have spared it
                copy_tree(source, self.root / path)
        if content is not None:
            self._write_target(content)
        return sorted(found.wrong)

    def _survey(self) -> _Survey:
        """Look at every protected path, and at what lies beside them.

        Only folders that have something protected in them are entered, and no link.
        """
        wrong: list[str] = []
        foreign: list[str] = []
        visited: set[str] = set()
        missing = self._files.keys() | self._links.keys()
        pending = [""]
        while pending:
            folder = pending.pop()
            visited.add(folder)
            for entry in self._listing(folder):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if path in self._files:
                    missing.discard(path)
                    if not self._intact(path, entry):
                        wrong.append(path)
                elif path in self._links:
                    missing.discard(path)
                    if not self._is_linked(path, entry):
                        wrong.append(path)
                elif path in self._folders and entry.is_dir(follow_symlinks=False):
                    pending.append(path)
                elif path != self._target:
                    foreign.append(path)
        return _Survey([*wrong, *missing], foreign, visited)

    def _listing(self, folder: str) -> list[os.DirEntry[str]]:
        path = str(self.root / folder)
        try:
            open_up(path)
            with os.scandir(path) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _intact(self, path: str, entry: os.DirEntry[str]) -> bool:
        try:
            found = entry.stat(follow_symlinks=False)
            stamp = _stamp(found)
            if self._stamps.get(path) == stamp:
                return True
            if self._is_kept(path):
                return True
            if not self._is_stored(self._files[path], entry.path, found):
                return False
        except OSError:
            return False
        if found.st_ctime_ns + _TICK_NS < time.time_ns():
            self._stamps[path] = stamp
        return True

    def _is_linked(self, path: str, entry: os.DirEntry[str]) -> bool:
        return entry.is_symlink() and str(Path(entry.path).readlink()) == self._links[path]

    def _is_stored(self, stored: TreeEntry, path: str, found: os.stat_result) -> bool:
        """Whether a file has the content, the kind and the executable bit of its tree entry."""
        if stored.mode == "120000":
            if not stat.S_ISLNK(found.st_mode):
                return False
            text = str(Path(path).readlink())
            return text == self._link_text(stored)
        if not stat.S_ISREG(found.st_mode):
            return False
        if bool(found.st_mode & 0o100) != (stored.mode == "100755"):
            return False
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags), "rb") as file:
            return _hashed(file, found.st_size) == stored.sha

    def _write_files(self, paths: Sequence[str]) -> None:
        for filtered in self._filtered.keys() & set(paths):
            self._copy_filtered(filtered)
        entries = [self._files[path] for path in paths if path not in self._filtered]
        contents = self._repository.contents(entry.sha for entry in entries)
        for entry, content in zip(entries, contents, strict=True):
            path = self.root / entry.path
            discard(path)
            if entry.mode == "120000":
                path.symlink_to(self._retarget(entry.path, content))
            else:
                _create(path, content, _permissions(entry))

    def _copy_filtered(self, path: str) -> None:
        entry, source = self._files[path], self._filtered[path]
        if _blob_name(source) != entry.sha:
            raise RepositoryError(
                f"{source} has changed since the run began: put it back as the commit has it"
            )
        discard(self.root / path)
        copy_tree(source, self.root / path)
        (self.root / path).chmod(_permissions(entry))

    def _link_text(self, entry: TreeEntry) -> str:
        (text,) = self._repository.contents([entry.sha])
        return self._retarget(entry.path, text)

    def _retarget(self, path: str, stored: bytes) -> str:
        """A link's text, absolute when it leads out of the repository by a relative path."""
        text = os.fsdecode(stored)
        target = PurePosixPath(os.path.normpath(PurePosixPath(path).parent / text))
        if text.startswith("/") or target.parts[:1] != ("..",):
            return text
        return os.path.normpath(self._repository.root / target)

    def _write_target(self, content: bytes) -> None:
        if not self._target_is(content):
            path = self.root / self._target
            discard(path)
            _create(path, content, self._target_mode)
        self._content = content

    def _target_is(self, content: bytes) -> bool:
        path = self.root / self._target
        try:
            found = path.lstat()
            return (
                stat.S_ISREG(found.st_mode)
                and found.st_size == len(content)
                and bool(found.st_mode & 0o100) == bool(self._target_mode & 0o100)
                and path.read_bytes() == content
            )
        except OSError:
            return False

    def _sweep(self, path: str) -> None:
        """Remove a leftover, but for what `keep` names in it."""
        if self._is_kept(path):
            return
        full = self.root / path
        if not self._keep or full.is_symlink() or not full.is_dir():
            discard(full)
            return
        open_up(str(full))
        for name in sorted(entry.name for entry in full.iterdir()):
            self._sweep(f"{path}/{name}")
        if not any(full.iterdir()):
            full.rmdir()

    def _is_kept(self, path: str) -> bool:
        """Whether `keep` names a path of the project's folder, or a folder that it is in.

        A pattern without `/` is a name at any depth; `*` matches `/` too.
        """
        if not self._keep:
            return False
        prefix = f"{self._folder}/" if self._folder else ""
        if not path.startswith(prefix):
            return False
        inner = PurePosixPath(path.removeprefix(prefix))
        names = [inner, *list(inner.parents)[:-1]]
        return any(
            fnmatchcase(str(name) if "/" in pattern else name.name, pattern)
            for pattern in self._keep
            for name in names
        )


def _parents(path: str) -> Iterator[str]:
    """The folders that `path` is in, without the root."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _permissions(entry: TreeEntry) -> int:
    return 0o755 if entry.mode == "100755" else 0o644


def _stamp(found: os.stat_result) -> _Stamp:
    return found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _blob_name(path: Path) -> str:
    """The name that git would give to the file's bytes as they are. Raises OSError."""
    with path.open("rb") as file:
        return _hashed(file, os.fstat(file.fileno()).st_size)


def _hashed(file: BinaryIO, size: int) -> str:
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _create(path: Path, content: bytes, mode: int) -> None:
    """Write a file that is not there, never through a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(content)
