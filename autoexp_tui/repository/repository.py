"""Every git call of the program: objects and refs are written, never a checkout or an index."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal, Self, TypeVar

from autoexp_tui.repository import checkout, exclude, gitdir, unstored
from autoexp_tui.repository.objects import GitObject, TreeEntry, make_tree, parse_listing
from autoexp_tui.repository.packs import Packs
from autoexp_tui.repository.plumbing import Plumbing, RepositoryError
from autoexp_tui.system.files import replace_file

__all__ = ["Repository", "RepositoryError", "TreeEntry"]

_T = TypeVar("_T")
_Changes = Mapping[tuple[str, ...], bytes]
"""New contents by the parts of their paths."""
_Lock = tuple[int, int]
_NOTHING = "0" * 40
_FINISHED = "finished-"
"""Begins the names of the refs that hold what was published of a run."""
_ATTEMPTS = 8
"""With the pauses between them, 1.3 seconds."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NOBODY = {
    "GIT_AUTHOR_NAME": "autoexp",
    "GIT_AUTHOR_EMAIL": "autoexp@localhost",
    "GIT_COMMITTER_NAME": "autoexp",
    "GIT_COMMITTER_EMAIL": "autoexp@localhost",
}


class Repository:
    """A git repository, seen from one of its work trees; for one thread at a time."""

    def __init__(self, place: gitdir.GitPlace) -> None:
        self.root = place.root
        self.common_dir = place.common_dir
        self._git = Plumbing(place.root)
        self._identity: dict[str, str] | None = None
        self._packs = Packs(self._git, place.common_dir / "objects" / "pack")

    @classmethod
    def open(cls, path: Path) -> Self:
        """The repository whose work tree `path` lies in. Raises RepositoryError."""
        place = gitdir.find(path)
        if place is None:
            bare = any(gitdir.is_git_dir(folder) for folder in (path, *path.parents))
            raise RepositoryError(
                f"{path} is a bare repository: clone it, and run autoexp in the clone"
                if bare
                else f"{path} is in no git repository: `git init` makes one"
            )
        repository = cls(place)
        kind = repository._git.line("rev-parse", "--show-object-format")
        if kind != "sha1":
            raise RepositoryError(
                f"{place.root} names its objects by {kind}; autoexp knows sha1 only: "
                "use a clone made with `git init --object-format=sha1`"
            )
        return repository

    def close(self) -> None:
        """Let go of what no ref holds yet; nothing else stays open between calls."""
        self._packs.release()
        self._git.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Reading.

    def head(self) -> str:
        """The commit that is checked out. Raises RepositoryError when there is none yet."""
        status, out, _ = self._git.ask("rev-parse", "--verify", "-q", "HEAD^{commit}")
        if status != 0:
            raise RepositoryError(
                f"{self.root} has no commit yet: `git add -A && git commit -m start` makes one"
            )
        return out.decode().strip()

    def read(self, commit: str, path: str) -> bytes:
        """The bytes of a file as they are stored, no filter applied. Raises RepositoryError."""
        _check(commit)
        status, out, _ = self._git.ask("cat-file", "blob", f"{commit}:{path}")
        if status != 0:
            missing = "is not a file of" if self.exists(commit) else "can't be read from missing"
            raise RepositoryError(f"{path} {missing} commit {commit[:7]} in {self.root}")
        return out

    def files(self, commit: str) -> Iterator[TreeEntry]:
        """Every file of a commit, links and submodules included; with its size, but not in a
        partial clone, which would have to fetch what it lacks.
        """
        _check(commit)
        sizes = () if self._git.is_partial else ("-l",)
        listing = self._git.run("ls-tree", "-r", *sizes, "-z", "--full-tree", commit)
        yield from parse_listing(listing)

    def missing(self, commit: str) -> set[str]:
        """Names of the commit's objects that a partial clone has not fetched."""
        return unstored.missing(self._git, _check(commit))

    def filtered(self, entries: Mapping[str, TreeEntry]) -> dict[str, unstored.Filtered]:
        """Those of `entries`, by path, that a filter makes of what git stores (LFS, say)."""
        return unstored.filtered(self._git, self.common_dir, entries)

    def contents(self, blobs: Iterable[str]) -> Iterator[bytes]:
        """The bytes of many blobs, in order, by one process. Raises RepositoryError."""
        return self._git.objects(blobs)

    def change_of(self, name: str) -> tuple[str, bytes, bytes] | None:
        """The first file that a commit changed, beside tables: its path, before, and after.

        `name` may be short, and anything that a table says. None: there is no such commit here, or
        it changed nothing.
        """
        if not re.fullmatch(r"[0-9a-f]{4,40}", name):
            return None
        status, found, _ = self._git.ask(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        )
        if status != 0:
            return None
        commit = found.decode().strip()
        names = self._git.run(
            "diff-tree", "--root", "-r", "--no-commit-id", "--name-only", "-z", commit
        )
        for path in map(os.fsdecode, filter(None, names.split(b"\0"))):
            if not path.endswith((".tsv", ".jsonl", ".log")):
                return (
                    path,
                    self._blob_or_nothing(f"{commit}^", path),
                    self._blob_or_nothing(commit, path),
                )
        return None

    def _blob_or_nothing(self, commit: str, path: str) -> bytes:
        """A file of a commit; nothing where it is not there, or the commit has no parent."""
        status, content, _ = self._git.ask("cat-file", "blob", f"{commit}:{path}")
        return content if status == 0 else b""

    def exists(self, commit: str) -> bool:
        """Whether the commit is there, although perhaps not all that it is made of."""
        _check(commit)
        return self._git.ask("cat-file", "-e", f"{commit}^{{commit}}")[0] == 0

    # The user's checkout, only looked at.

    def is_tracked(self, path: str) -> bool:
        """Whether the index has `path`, or something below it."""
        return bool(self._git.run("ls-files", "-z", "--cached", "--", path))

    def uncommitted(self, paths: Sequence[str]) -> list[str]:
        """Those of `paths` whose index entry or file is not what HEAD has; folders count whole.

        Nothing is refreshed and no filter runs; what counts as the same is in `checkout`.
        """
        return checkout.uncommitted(self._git, self.head(), paths)

    @property
    def git_version(self) -> str:
        """As git tells it: `2.39.5`."""
        return self._git.line("--version").removeprefix("git version ")

    def changed(self) -> list[str]:
        """Every tracked path whose index entry or file is not what HEAD has, sorted."""
        return checkout.changed(self._git, self.head())

    def ignored(self, paths: Sequence[str]) -> list[str]:
        """Those of `paths` that git ignores."""
        if not paths:
            return []
        # Literal pathspecs are not for this command; `./` keeps a leading `:` from being magic.
        status, out, err = self._git.ask(
            *("check-ignore", "--stdin", "-z"),
            stdin=b"".join(b"./" + os.fsencode(path) + b"\0" for path in paths),
            env={"GIT_LITERAL_PATHSPECS": "0"},
        )
        if status > 1:
            raise RepositoryError(f"git check-ignore in {self.root}: {err.strip()}")
        return [os.fsdecode(path.removeprefix(b"./")) for path in out.split(b"\0") if path]

    def ignored_entries(self, folder: str) -> list[str]:
        """Names directly below `folder` of the checkout that git ignores, sorted."""
        try:
            names = sorted(path.name for path in (self.root / folder).iterdir())
        except OSError:
            return []
        prefix = f"{folder}/" if folder else ""
        found = self.ignored([prefix + name for name in names if name != ".git"])
        return [path.removeprefix(prefix) for path in found]

    def strays(self, folder: str) -> tuple[list[str], list[str]]:
        """What of the checkout's `folder` git ignores, and the files that it doesn't know.

        Paths are relative to it, sorted; an ignored folder stands for what is in it.
        """
        prefix = f"{folder}/" if folder else ""
        asked = ("ls-files", "-z", "--others", "--exclude-standard")
        of_folder = ("--", folder) if folder else ()
        found = (
            self._git.run(*asked, *kind, *of_folder) for kind in (("--ignored", "--directory"), ())
        )
        ignored, unknown = (
            sorted(os.fsdecode(path).removeprefix(prefix).rstrip("/") for path in out.split(b"\0"))
            for out in found
        )
        return [*filter(None, ignored)], [*filter(None, unknown)]

    # Commits.

    def commit(
        self,
        parent: str,
        files: Mapping[str, bytes],
        message: str,
        when: float | None = None,
    ) -> str:
        """Write a commit that changes `files` of `parent`; a ref must hold it before `close`.

        A file keeps the mode it has in `parent`; a new one is as executable as the checkout's.
        Its date is now, or `when`, in seconds since the epoch.

        Raises:
            RepositoryError: a path is no plain file there, or the objects can't be written.
        """
        _check(parent)
        objects: list[GitObject] = []
        changes = {PurePosixPath(path).parts: content for path, content in files.items()}
        tree = self._graft(self._git.line("rev-parse", f"{parent}^{{tree}}"), "", changes, objects)
        at = time.time() if when is None else when
        date = f"{int(at)} {time.strftime('%z', time.localtime(at))}"
        head = (
            f"tree {tree}\nparent {parent}\n"
            f"author {self._who('AUTHOR')} {date}\ncommitter {self._who('COMMITTER')} {date}\n\n"
        )
        text = message.replace("\0", "")
        objects.append(GitObject("commit", f"{head}{text}".encode("utf-8", "replace")))
        self._retry(lambda: self._packs.write(objects))
        return objects[-1].name

    def record(
        self, tag: str, n: int, parent: str, files: Mapping[str, bytes], message: str
    ) -> str:
        """Write a commit and let `refs/autoexp/<tag>/<n>` hold it; both are there, or an error.

        What an interrupted attempt left under that number stays as `replaced-<commit>`.

        Raises:
            RepositoryError: as `commit`, or the ref can't be written.
        """
        commit = self.commit(parent, files, message)
        ref = f"refs/autoexp/{tag}/{n}"
        try:
            self._retry(lambda: self._hold(ref, commit, tag), tag)
        finally:
            self._packs.release()
        return commit

    # Refs and branches of ours.

    def keep_ref(self, tag: str, name: str, commit: str) -> None:
        """Let `refs/autoexp/<tag>/<name>` hold a commit, so that no `git gc` takes it."""
        ref = f"refs/autoexp/{tag}/{name}"
        self._retry(lambda: self._update([f"update {ref} {_check(commit)}"]), tag)
        self._packs.release()

    def refs(self, tag: str) -> dict[int, str]:
        """Commits of a run's experiments by number, those that were measured or cut short."""
        found = self._all_refs(tag)
        return {int(name): commit for name, commit in sorted(found.items()) if name.isdecimal()}

    def branch(self, tag: str) -> str | None:
        """The tip of the run's branch."""
        branch = _branch(tag)
        listing = self._git.line("for-each-ref", "--format=%(refname) %(objectname)", branch)
        tips = dict(line.split(" ") for line in listing.split("\n") if line)
        return tips.get(branch)

    def advance(self, tag: str, to: str) -> str:
        """Let the run's branch end at `to`; what a person should know of it, or nothing.

        Nobody's work is lost: a tip of the user's is saved under `refs/autoexp/<tag>/saved-…`
        first, and a branch that is checked out is left alone (`refs/autoexp/<tag>/tip` has the
        result then).

        Raises:
            RepositoryError: the commit is missing, or not even that ref can be written.
        """
        if not self.exists(to):
            raise RepositoryError(f"commit {to[:7]} is missing in {self.root}")
        name = _branch(tag).removeprefix("refs/heads/")
        try:
            return self._retry(lambda: self._advance(tag, to), tag)
        except RepositoryError as error:
            self.keep_ref(tag, "tip", to)
            return f"{name} could not be moved ({error}): the best is at refs/autoexp/{tag}/tip"

    # A branch for the user, made of what a run has kept.

    def resolve(self, revision: str) -> str:
        """The commit that a person names. Raises RepositoryError where there is none."""
        status, out, _ = self._git.ask(
            "rev-parse", "--verify", "-q", "--end-of-options", f"{revision}^{{commit}}"
        )
        if status != 0:
            raise RepositoryError(f"{revision}: there is no such commit in {self.root}")
        return out.decode().strip()

    def news_of(self, commit: str) -> str:
        """The first line of a commit's message where HEAD doesn't have it; empty where it does."""
        if self._is_ancestor(_check(commit), "HEAD"):
            return ""
        _, _, message = self._git.run("cat-file", "commit", commit).partition(b"\n\n")
        return message.split(b"\n")[0].decode("utf-8", "replace") or "without a message"

    def may_publish(self, tag: str, name: str) -> str:
        """The tip that `publish` would move branch `name` from; empty where it is new.

        Raises RepositoryError for what is no name, another's branch, or one that is checked out.
        """
        ref = f"refs/heads/{name}"
        if name.startswith("-") or self._git.ask("check-ref-format", ref)[0] != 0:
            raise RepositoryError(
                f"{name!r} is no name for a branch: choose another, --branch NAME"
            )
        if name.startswith("autoexp/"):
            raise RepositoryError(
                f"{name}: branches under autoexp/ are the runs' own: --branch NAME"
            )
        old = self._git.ask("rev-parse", "--verify", "-q", "--end-of-options", ref)[1]
        tip = old.decode().strip()
        if tip and tip not in self._published(tag):
            raise RepositoryError(
                f"branch {name} is there already, and is not as an earlier `finish` of {tag} left "
                "it: it stays as it is; choose another, --branch NAME"
            )
        if tip and (holder := self._holder(ref)):
            raise RepositoryError(
                f"branch {name} is checked out in {holder}: it stays as it is; "
                "choose another, --branch NAME"
            )
        return tip

    def publish(self, tag: str, name: str, tip: str) -> None:
        """Let branch `name` end at `tip`, from nothing or from an earlier result of run `tag`.

        Raises RepositoryError: as `may_publish`, or the ref can't be written.
        """
        old = self.may_publish(tag, name)
        own = f"refs/autoexp/{tag}/{_FINISHED}{_check(tip)[:12]}"
        lines = [f"update {own} {tip}"]
        if old != tip:
            lines.append(f"update refs/heads/{name} {tip} {old or _NOTHING}")
        try:
            self._retry(lambda: self._update(lines), tag)
        finally:
            self._packs.release()

    def _published(self, tag: str) -> set[str]:
        """Every tip that `publish` has given to a branch for run `tag`."""
        refs = self._all_refs(tag)
        return {commit for name, commit in refs.items() if name.startswith(_FINISHED)}

    # `info/exclude`, the one file of the repository's own that we touch.

    def exclude(self, lines: Iterable[str]) -> None:
        """Hide paths from `git status`; `lines` are patterns of git's. Idempotent."""
        self._edit_exclude(lambda content: exclude.with_lines(content, lines))

    def unexclude(self, lines: Iterable[str]) -> None:
        """Take lines that `exclude` wrote out again; everybody else's stay. Idempotent."""
        self._edit_exclude(lambda content: exclude.without_lines(content, lines))

    # What these are made of.

    def _edit_exclude(self, edit: Callable[[bytes], bytes]) -> None:
        path = (self.common_dir / "info" / "exclude").resolve()
        try:
            before = path.read_bytes() if path.exists() else b""
            after = edit(before)
            if after == before:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
            replace_file(path, after, mode=mode)
        except OSError as error:
            raise RepositoryError(f"{path} can't be written: {error.strerror}") from error

    def _graft(
        self, tree: str | None, folder: str, changes: _Changes, made: list[GitObject]
    ) -> str:
        """The name of `tree` with files changed; only the trees on the way to them are made."""
        listing = self._git.run("ls-tree", "-z", tree) if tree else b""
        entries = {entry.path: entry for entry in parse_listing(listing)}
        by_name: dict[str, dict[tuple[str, ...], bytes]] = {}
        for (name, *below), content in changes.items():
            by_name.setdefault(name, {})[tuple(below)] = content
        for name, inner in by_name.items():
            path, old = folder + name, entries.get(name)
            if () in inner:
                if old is not None and not old.mode.startswith("100"):
                    raise RepositoryError(
                        f"{path} is not a plain file: name the file it stands for"
                    )
                blob = GitObject("blob", inner[()])
                made.append(blob)
                mode = old.mode if old else self._mode_of_new(path)
                entries[name] = TreeEntry(name, mode, blob.name)
            elif old is None or old.mode == "040000":
                below_it = self._graft(old.sha if old else None, f"{path}/", inner, made)
                entries[name] = TreeEntry(name, "040000", below_it)
            else:
                raise RepositoryError(f"{path} is not a folder in the commit")
        made.append(make_tree(entries.values()))
        return made[-1].name

    def _mode_of_new(self, path: str) -> str:
        return "100755" if os.access(self.root / path, os.X_OK) else "100644"

    def _who(self, role: Literal["AUTHOR", "COMMITTER"]) -> str:
        """Name and address as git would write them."""
        ident = self._git.line("var", f"GIT_{role}_IDENT", env=self._lent())
        return ident.rpartition(">")[0] + ">"

    def _lent(self) -> dict[str, str]:
        """Nothing where git knows who the user is; else a name, as a commit can't do without."""
        if self._identity is None:
            known = all(
                self._git.ask("config", "--get", key)[1].strip()
                for key in ("user.name", "user.email")
            )
            lent = {name: value for name, value in _NOBODY.items() if name not in os.environ}
            self._identity = {} if known else lent
        return self._identity

    def _hold(self, ref: str, commit: str, tag: str) -> None:
        listing = self._git.line("for-each-ref", "--format=%(objectname)", ref)
        old = listing.split("\n")[0]
        if old == commit:
            return
        lines = [f"update {ref} {commit} {old or _NOTHING}"]
        if old:
            lines.insert(0, f"update refs/autoexp/{tag}/replaced-{old[:12]} {old}")
        self._update(lines)

    def _update(self, lines: Sequence[str]) -> None:
        """Change refs in one transaction. Raises RepositoryError."""
        # A branch that somebody made a symbolic ref must not lead us to another.
        stdin = "".join(f"option no-deref\n{line}\n" for line in lines).encode()
        self._git.run("update-ref", "-m", "autoexp", "--stdin", stdin=stdin, env=self._lent())

    def _all_refs(self, tag: str) -> dict[str, str]:
        prefix = f"refs/autoexp/{tag}/"
        listing = self._git.line("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        pairs = (line.split(" ") for line in listing.split("\n") if line)
        return {ref.removeprefix(prefix): commit for ref, commit in pairs}

    def _advance(self, tag: str, to: str) -> str:
        branch, name = _branch(tag), f"autoexp/{tag}"
        old = self.branch(tag)
        if old == to:
            return ""
        if old is not None and (holder := self._holder(branch)):
            self.keep_ref(tag, "tip", to)
            return (
                f"{name} is checked out in {holder} and was left alone: "
                f"`git merge --ff-only refs/autoexp/{tag}/tip` there brings it up to date"
            )
        found = self._all_refs(tag)
        lines = [f"update {branch} {to} {old or _NOTHING}"]
        note = ""
        if old is not None and old not in found.values() and not self._is_ancestor(old, to):
            saved = f"refs/autoexp/{tag}/saved-{old[:12]}"
            lines.insert(0, f"update {saved} {old}")
            note = f"{name} had been moved to {old[:7]}: that is saved as {saved}"
        if "tip" in found:
            lines.append(f"delete refs/autoexp/{tag}/tip")
        self._update(lines)
        return note

    def _is_ancestor(self, old: str, new: str) -> bool:
        return self._git.ask("merge-base", "--is-ancestor", old, new)[0] == 0

    def _holder(self, branch: str) -> str:
        """The work tree that has `branch` checked out, or is rebasing it; empty if none."""
        for record in self._git.line("worktree", "list", "--porcelain").split("\n\n"):
            if f"branch {branch}" in record.split("\n"):
                return record.split("\n")[0].removeprefix("worktree ")
        for git_dir in (self.common_dir, *self.common_dir.glob("worktrees/*")):
            for state in ("rebase-merge", "rebase-apply"):
                head = git_dir / state / "head-name"
                if head.is_file() and head.read_text(errors="replace").strip() == branch:
                    return str(git_dir)
        return ""

    def _retry(self, action: Callable[[], _T], tag: str = "") -> _T:
        """Again while others are in the way with locks or a gc; the last error is raised.

        A lock on a ref of run `tag` that stands all the while is what a crash left: it is removed.
        """
        stale: dict[Path, _Lock] = {}
        for attempt in range(_ATTEMPTS):
            try:
                return action()
            except RepositoryError:
                locks = self._locks(tag) if tag else {}
                stale = locks if attempt == 0 else _still_there(stale, locks)
                if attempt == _ATTEMPTS - 1 and not stale:
                    raise
                if attempt < _ATTEMPTS - 1:
                    time.sleep(0.01 * 2**attempt)
        for lock in stale:
            lock.unlink(missing_ok=True)
        return action()

    def _locks(self, tag: str) -> dict[Path, _Lock]:
        """The locks on refs of a run, and what tells each from a later one of its name."""
        branch = self.common_dir / f"{_branch(tag)}.lock"
        found = {}
        for lock in (branch, *(self.common_dir / "refs" / "autoexp" / tag).glob("*.lock")):
            with contextlib.suppress(OSError):
                stat = lock.stat()
                found[lock] = (stat.st_ino, stat.st_mtime_ns)
        return found


def _still_there(before: Mapping[Path, _Lock], now: Mapping[Path, _Lock]) -> dict[Path, _Lock]:
    return {path: lock for path, lock in before.items() if now.get(path) == lock}


def _branch(tag: str) -> str:
    return f"refs/heads/autoexp/{tag}"


def _check(commit: str) -> str:
    """A commit's whole name, which no command can take for an option. Raises RepositoryError."""
    if not _COMMIT.fullmatch(commit):
        raise RepositoryError(f"{commit!r} is not the name of a commit (40 hex digits)")
    return commit
