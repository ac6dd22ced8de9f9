"""The workspace: a private copy of the base commit in which one run's harness works.

Every tracked file is protected: it is verified before an evaluation and after it, and must not
even have been written to meanwhile. New files that would be read in place of others are named, and
so is what was done to what is linked in from the user's checkout, which is shared, not copied.
Nothing here stops a program from doing it, nor from reading what the user can read.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple

from autoexp_tui.evaluation.borrowed import Borrowed
from autoexp_tui.evaluation.links import choose_links
from autoexp_tui.evaluation.products import Change, Products
from autoexp_tui.evaluation.shadowing import is_cache
from autoexp_tui.evaluation.surroundings import Surroundings
from autoexp_tui.evaluation.touches import Touches
from autoexp_tui.evaluation.watching import Seen, Watch
from autoexp_tui.model.contract import LinkMode
from autoexp_tui.repository.objects import TreeEntry
from autoexp_tui.repository.plumbing import RepositoryError
from autoexp_tui.repository.repository import Repository
from autoexp_tui.repository.unstored import lacking, taken
from autoexp_tui.system.removal import copy_tree, discard, open_up

_CHUNK_BYTES = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_TICK_NS = 50_000_000
"""A file changed this recently could change again without its times telling."""

_WRITTEN = "was written to, and put back"
_MOVED = "was moved away, and put back"

_Stamp = tuple[int, int, int, int, int]


class Stopped(Exception):
    """Somebody wants no more of what the workspace was doing."""


def workspace_home(common_dir: Path, tag: str, place: int = 1) -> Path:
    """The folder that holds a run's workspace: in the user's cache, or in `$AUTOEXP_CACHE`.

    `place` is from 1 on, where a run has several.
    """
    from platformdirs import user_cache_path  # noqa: PLC0415 - asked for when a run is, not before

    given = os.environ.get("AUTOEXP_CACHE")
    cache = Path(given) if given else user_cache_path("autoexp")
    key = hashlib.sha256(os.fsencode(common_dir) + b"\0" + tag.encode()).hexdigest()[:12]
    name = f"{tag}-{key}" if place == 1 else f"{tag}-{key}.{place}"
    return cache.absolute() / "workspaces" / name


def remove_workspace(common_dir: Path, tag: str) -> None:
    """Remove a run's workspaces, if there are any. What is linked into them stays.

    Raises OSError.
    """
    home = workspace_home(common_dir, tag)
    for other in home.parent.iterdir() if home.parent.is_dir() else ():
        base, _, place = other.name.rpartition(".")
        if base == home.name and place.isdecimal():
            discard(other)
    discard(home)


class _Survey(NamedTuple):
    wrong: list[str]
    """Protected files and links that are missing or not as they must be."""
    written: list[str]
    """Those that are as they must be, and were not left alone since the workspace was exact."""
    foreign: set[str]
    """Everything that is not of the commit, and what stands where a folder must be."""
    absent: set[str]
    """Folders that must be there and are not."""
    stamps: dict[str, _Stamp]
    """Of protected paths that are as they must be, and of the target."""


class _Hidden:
    """What is protected like all else where it is shown, and foreign like all else where not."""

    def __init__(self, paths: Sequence[str]) -> None:
        """`paths` are relative to the repository's root."""
        self.paths = frozenset(paths)
        self._taken: list[tuple[dict[str, Any], dict[str, Any]]] = []

    @property
    def is_taken(self) -> bool:
        """Also where it lies in what is linked, and nothing here can be taken out."""
        return bool(self.paths and self._taken)

    @property
    def files(self) -> dict[str, TreeEntry]:
        """What is taken out of the tracked files."""
        return dict(self._taken[0][1]) if self._taken else {}

    def take(self, *entries: dict[str, Any]) -> None:
        """Take out of each what is hidden; the first are the tracked files."""
        self.put_back()
        for each in entries if self.paths else ():
            found = [path for path in each if not self.paths.isdisjoint((path, *_parents(path)))]
            self._taken.append((each, {path: each.pop(path) for path in found}))

    def put_back(self) -> None:
        for each, entries in self._taken:
            each.update(entries)
        self._taken.clear()


class Workspace:
    """A copy of one commit's whole tree, for one run; used by one thread.

    Files are copied as they are stored: no filter runs, so line ends are the repository's. What a
    filter makes of a file (LFS, say) is copied from where it has done so. Symbolic links are made
    as in the tree, but one that leads out of the repository by a relative path leads to where it
    does in the checkout. A submodule that the checkout has is linked, else an empty folder.
    """

    surroundings: Surroundings | None = None
    """What is to be looked at beside the workspace, where no sandbox keeps it."""
    _foreign: set[str]
    """What is there that is not of the commit, when it was looked at last."""
    _content: bytes | None = None
    _protected: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    _began = 0

    def __init__(  # noqa: PLR0913, PLR0915 - what it depends on, by name
        self,
        repository: Repository,
        base: str,
        folder: str,
        *,
        tag: str,
        link: Mapping[str, LinkMode] | Sequence[str] | None,
        target: str,
        products: Products,
        links_are_open: bool = True,
        place: int = 1,
    ) -> None:
        """Materialise `base`, or bring what an earlier runner left back to it.

        `folder` is the project's, relative to the root; `link` and `target` are relative to
        `folder`. `products` tells what may be made beside what is protected. Without
        `links_are_open` a sandbox keeps what is linked, and nobody needs to watch it. Raises
        RepositoryError.
        """
        self._repository = repository
        self._folder = folder
        self._base = base
        self._target = str(PurePosixPath(folder, target))
        """Relative to the root."""
        self._home = workspace_home(repository.common_dir, tag, place)
        self.root = self._home / (repository.root.name or "root")
        self._files: dict[str, TreeEntry] = {}
        self._filtered: dict[str, Path] = {}
        self.taken: tuple[str, ...] = ()
        """Which files are not as git stores them, but as a filter makes them: a line for each."""
        self.lacking: tuple[str, ...] = ()
        """What the harness may miss of the commit, and why: a line each."""
        self._target_mode = 0o644
        self._stamps: dict[str, _Stamp] = {}
        """Of protected files whose content is known to be right."""
        self._exact: dict[str, _Stamp] = {}
        """Of all protected paths, when the workspace was made exact."""
        self._touches = Touches(self.root)
        self._products = products
        self._check: Callable[[], None] = _go_on
        self._seen = Seen()
        submodules, filtered = self._read_tree(base)
        own = {*(self._files.keys() - filtered), self._target, str(PurePosixPath(folder, "x"))}
        links = choose_links(
            repository.root,
            folder,
            link,
            _to_share(repository, folder, products) if link is None else (),
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
        for path in (
            f"{folder}/x".lstrip("/"),
            self._target,
            *self._files,
            *self.modes,
            *submodules,
        ):
            self._folders.update(_parents(path))
        self.linked: tuple[str, ...] = tuple(self.modes)
        """The paths of `modes`."""
        self.not_linked: tuple[tuple[str, str], ...] = tuple(sorted(links.refused.items()))
        """What could have been linked, as it was named, and why it was not."""
        closed = {
            path: self.sources[path]
            for path in self._links
            if links_are_open and self.modes[path] != "write"
        }
        self._hidden = _Hidden(())
        self._restore(None)
        self._borrowed = Borrowed(closed, self.root.lstat().st_dev)
        self.unwatched: tuple[str, ...] = tuple(self._borrowed.too_large)
        """Linked paths that hold too much to be looked at after each evaluation."""

    @property
    def files(self) -> Iterable[str]:
        """The tracked files but for the target, relative to the repository's root."""
        return self._files.keys()

    def contents(self) -> Iterator[tuple[str, str, bytes]]:
        """Path, git's mode and bytes of every file of the commit, hidden ones too.

        Raises RepositoryError, OSError.
        """
        entries = {**self._files, **self._hidden.files}
        stored = [entry for path, entry in entries.items() if path not in self._filtered]
        contents = self._repository.contents(entry.sha for entry in stored)
        for entry, content in zip(stored, contents, strict=True):
            yield entry.path, entry.mode, content
        for path in self._filtered.keys() & entries.keys():
            yield path, entries[path].mode, self._filtered[path].read_bytes()
        mode = "100755" if self._target_mode & 0o100 else "100644"
        yield self._target, mode, self._repository.read(self._base, self._target)

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
        if self._protected is None:
            self._protected = self._nearest_first()
        return self._protected

    def _nearest_first(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        near = len(PurePosixPath(self._folder).parts)

        def distance(path: str) -> tuple[bool, int, str]:
            inside = not self._folder or path.startswith(f"{self._folder}/")
            return (not inside, abs(path.count("/") - near), path)

        files = [path for path, entry in self._files.items() if entry.mode != "120000"]
        kept = [path for path in (self._target, *files) if not self._products.is_kept(path)]
        folders = {parent for path in kept for parent in _parents(path)}
        return tuple(sorted(kept, key=distance)), tuple(sorted(folders, key=distance))

    def prepare(
        self,
        content: bytes | None,
        check: Callable[[], None] | None = None,
        *,
        hidden: bool = False,
    ) -> list[str]:
        """Make the workspace exact, with `content` as the target; what had to be repaired.

        Leftovers are removed unless `keep` names them. Without content the target stays as it is.
        `check` is called now and then, as in `verify`. With `hidden`, what is hidden is there too,
        until the next call. Raises RepositoryError.
        """
        if self._hidden.paths:
            self._protected = None
        if hidden:
            self._hidden.put_back()
        else:
            self._hidden.take(self._files, self._links, self._copies)
        self._check = check or _go_on
        self._seen = Seen()
        return self._restore(content)

    def hide(self, paths: Sequence[str]) -> None:
        """Take what only `prepare` with `hidden` shows out, now. Relative to the project's folder.

        Raises RepositoryError.
        """
        self._hidden = _Hidden([str(PurePosixPath(self._folder, path)) for path in paths])
        self._hidden.take(self._files, self._links, self._copies)
        self._protected = None
        self._touches.give_up()  # what is protected is another thing from time to time
        self._restore(None)

    def distrust(self) -> None:
        """Look at everything from now on: a process that nobody can end may write unnoticed."""
        self._touches.give_up()

    def concealed(self) -> Iterator[Path]:
        """Where the user's own folders have what is hidden here now: to be hidden there as well."""
        if self._hidden.is_taken:
            yield self._repository.common_dir
            for path in self._hidden.paths:
                yield self.checkout / path
                if path in self.sources:
                    yield self.sources[path]

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """While it is open, what is undone before its end is seen too; `verify` tells it."""
        mark = self._home / ".began"
        discard(mark)
        _create(mark, b"", 0o600)
        self._began = mark.lstat().st_ctime_ns
        if self.surroundings is not None:
            self.surroundings.look()
        with Watch(self.root, self._folders, lambda path: bool(self._shadow(path))) as watch:
            yield
        self._seen = watch.seen

    def verify(self, check: Callable[[], None] | None = None) -> list[Change]:
        """What an evaluation changed that it must not, sorted: protected files, links, the target,
        what is borrowed by a link; and new files that would be read in place of others.

        `check` is called where it may take long: what it raises ends it.
        """
        self._check = check or _go_on
        found = self._survey(self._touches.found())
        changes = {
            path: Change(path)
            for path in found.wrong
            if path in self._links or not self._products.is_kept(path)
        }
        changes.update((path, Change(path)) for path in self._folders.intersection(found.foreign))
        if self._content is not None and not self._target_is(self._content):
            changes[self._target] = Change(self._target)
        moved = [path or "." for path in self._seen.moved]
        for why, paths in ((_WRITTEN, found.written), (_MOVED, moved)):
            for path in paths:
                if path in self._links or not self._products.is_kept(path):
                    changes.setdefault(path, Change(path, why, self._products.keeping(path)))
        if self._seen.missed:
            changes.setdefault(".", Change(".", "so much was made in it that not all was seen"))
        for path in (*self._seen.made, *self._looked_into(found.foreign)):
            if path not in changes and (change := self._shadow(path)):
                changes.setdefault(change.path, change)
        for change in self._outside():
            changes.setdefault(change.path, change)
        return [changes[path] for path in sorted(changes)]

    def _outside(self) -> Iterator[Change]:
        """What was done to what isn't the run's own: what is linked, and around the workspace."""
        for touched in self._borrowed.changes(self._began, self._check):
            link = next(link for link in self.modes if f"{touched.path}/".startswith(f"{link}/"))
            if change := self._products.trespass(touched, link, self.sources[link]):
                yield change
        if (around := self.surroundings) is not None:
            for path, how in around.changes().items():
                if change := self._products.astray(around.told(path), how, Path(path)):
                    yield change

    def source_of(self, path: str) -> Path:
        """Where a path that `Change` told with a `source` lies."""
        if path.startswith(("/", "~/")):
            return Path(path).expanduser()
        link = next(link for link in self.sources if f"{path}/".startswith(f"{link}/"))
        return self.sources[link] / path.removeprefix(link).lstrip("/")

    def remove(self) -> None:
        """Remove the workspace. What is linked into it stays. Raises OSError."""
        self._touches.close()
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
                self._files[path] = self._files[path]._replace(
                    sha=_blob_name(found.source), size=found.source.stat().st_size
                )
        self.taken = tuple(taken(filtered))
        self.lacking = tuple(lacking(filtered, absent))
        return submodules, set(filtered)

    def _restore(self, content: bytes | None) -> list[str]:
        try:
            try:
                return self._make_exact(content)
            except OSError as error:
                if error.errno in _FULL:
                    raise
                self._set_aside()
                return self._make_exact(content)
        except OSError as error:
            raise RepositoryError(
                f"the workspace {self._home} can't be made ({error.strerror or error}): see that "
                "the disk has room, or set AUTOEXP_CACHE to a folder that has and can be written"
            ) from error

    def _set_aside(self) -> None:
        """Make way where something can't be removed: a mount, a file that was made immutable."""
        self._stamps.clear()
        if os.path.lexists(self.root):
            self.root.rename(self._home / f"unremovable-{uuid.uuid4().hex}")

    def _make_place(self) -> None:
        if self._home.is_symlink() or not self._home.is_dir():
            discard(self._home)
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._home.chmod(0o700)
        if self.root.is_symlink() or not self.root.is_dir():
            discard(self.root)
            self.root.mkdir()

    def _make_exact(self, content: bytes | None) -> list[str]:
        self._make_place()
        touched = self._touches.found()
        found = self._survey(touched)
        for path in found.foreign:
            if path in self._folders:
                discard(self.root / path)
            else:
                self._sweep(path)
        for folder in sorted(found.absent):  # sorts before what is in it
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
            self._write_target(content)
        if touched is None:
            self._exact.clear()
        self._exact.update(found.stamps)
        for path in (*found.wrong, self._target):
            with contextlib.suppress(FileNotFoundError):  # the target, which none has written yet
                self._exact[path] = _stamp((self.root / path).lstat())
        self._settle(found, whole=touched is None)
        return sorted(found.wrong)

    def _settle(self, found: _Survey, *, whole: bool) -> None:
        """From here on only what is told of needs to be looked at."""
        if whole and (found.wrong or found.absent or not self._touches.covered):
            self._touches.cover(self._files, self._folders)  # the next look proves that it's right
        else:
            self._touches.renew(path for path in found.wrong if path in self._files)
            self._touches.settle(whole=whole)

    def _survey(self, touched: Collection[str] | None) -> _Survey:
        """Look at every protected path, and at what lies beside them.

        Only folders that have something protected in them are entered, and no link. Of `touched`
        alone, with what is known of all else.
        """
        if touched is None or not self._folders.isdisjoint(touched):
            return self._survey_all()
        survey = _Survey([], [], self._foreign, set(), {})
        for path in {*touched, self._target}:
            try:
                found = (self.root / path).lstat()
            except (FileNotFoundError, NotADirectoryError):
                found = None
            if path in self._files or path in self._links or path == self._target:
                self._look(survey, path, found)
            elif found is None:
                self._foreign.discard(path)
            else:
                self._foreign.add(path)
        return survey

    def _survey_all(self) -> _Survey:
        self._foreign = set()
        survey = _Survey([], [], self._foreign, set(), {})
        missing = self._files.keys() | self._links.keys()
        visited = set()
        pending = [""]
        while pending:
            folder = pending.pop()
            visited.add(folder)
            for entry in self._listing(folder):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if path in missing or path == self._target:
                    missing.discard(path)
                    try:
                        self._look(survey, path, entry.stat(follow_symlinks=False))
                    except OSError:
                        self._look(survey, path, None)
                elif path in self._folders and entry.is_dir(follow_symlinks=False):
                    pending.append(path)
                else:
                    self._foreign.add(path)
        survey.wrong.extend(missing)
        survey.absent.update(self._folders - visited)
        return survey

    def _look(self, survey: _Survey, path: str, found: os.stat_result | None) -> None:
        """Note what is to be said of a protected path, or of the target."""
        stamp = None if found is None else _stamp(found)
        if path != self._target:
            if found is None or not (
                self._intact(path, found) if path in self._files else self._is_linked(path, found)
            ):
                survey.wrong.append(path)
                return
        elif found is None:
            return
        if stamp is not None:
            survey.stamps[path] = stamp
        if self._exact.get(path) != stamp:
            survey.written.append(path)

    def _listing(self, folder: str) -> list[os.DirEntry[str]]:
        path = str(self.root / folder)
        try:
            open_up(path)
            with os.scandir(path) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _intact(self, path: str, found: os.stat_result) -> bool:
        stamp = _stamp(found)
        if self._stamps.get(path) == stamp or self._products.is_kept(path):
            return True
        try:
            if not self._is_stored(self._files[path], str(self.root / path), found):
                return False
        except OSError:
            return False
        if found.st_ctime_ns + _TICK_NS < time.time_ns():
            self._stamps[path] = stamp
        return True

    def _is_linked(self, path: str, found: os.stat_result) -> bool:
        return stat.S_ISLNK(found.st_mode) and (
            str((self.root / path).readlink()) == self._links[path]
        )

    def _is_stored(self, stored: TreeEntry, path: str, found: os.stat_result) -> bool:
        """Whether a file has the content, the kind and the executable bit of its tree entry."""
        if stored.mode == "120000":
            if not stat.S_ISLNK(found.st_mode):
                return False
            text = str(Path(path).readlink())
            return text == self._link_text(stored)
        if not stat.S_ISREG(found.st_mode) or (0 <= stored.size != found.st_size):
            return False
        if bool(found.st_mode & 0o100) != (stored.mode == "100755"):
            return False
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags), "rb") as file:
            return _hashed(file, found.st_size, self._check) == stored.sha

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
        if self._products.is_kept(path):
            return
        full = self.root / path
        if not self._products.keeps or full.is_symlink() or not full.is_dir():
            discard(full)
            return
        open_up(str(full))
        for name in sorted(entry.name for entry in full.iterdir()):
            self._sweep(f"{path}/{name}")
        if not any(full.iterdir()):
            full.rmdir()

    def _looked_into(self, foreign: Iterable[str]) -> Iterator[str]:
        """Paths, and what is in those of them that are folders."""
        for path in foreign:
            yield path
            with contextlib.suppress(OSError), os.scandir(self.root / path) as entries:
                yield from (f"{path}/{entry.name}" for entry in entries)

    def _shadow(self, path: str) -> Change | None:
        known = path in self._files or path in self._links or path in self._folders
        if known or path == self._target or path in self._copies:
            return None
        if is_cache(path):
            folder, _, name = f"/{path}".rpartition("/__pycache__/")
            source = str(PurePosixPath(folder.lstrip("/"), f"{name.partition('.')[0]}.py"))
            if source not in self._files:
                return None  # nobody believes it, or the target could as well hold it
        in_new_folder = path.rpartition("/")[0] not in self._folders
        return self._products.shadow(path, in_new_folder=in_new_folder)


def _go_on() -> None:
    """Nobody asks to end it."""


def _to_share(repository: Repository, folder: str, products: Products) -> list[str]:
    """What git ignores, without what a harness that was run by hand has left: it makes its own."""
    return [name for name in _ignored(repository, folder) if not products.is_an_output(name)]


def _ignored(repository: Repository, folder: str) -> Iterator[str]:
    """What git ignores directly in `folder`, and as `../x` in each of the folders that it is in.

    A program looks for its packages and its data there too.
    """
    up = ""
    while True:
        yield from (f"{up}{name}" for name in repository.ignored_entries(folder))
        if not folder:
            return
        folder = folder.rpartition("/")[0]
        up += "../"


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


def _hashed(file: BinaryIO, size: int, check: Callable[[], None] | None = None) -> str:
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        if check is not None:
            check()
    return digest.hexdigest()


def _create(path: Path, content: bytes, mode: int) -> None:
    """Write a file that is not there, never through a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(content)
