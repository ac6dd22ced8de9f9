"""Every git call of the program: objects and refs are written, never a checkout or an index."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from autoexp_tui.repository import checkout, exclude, gitdir, unstored
from autoexp_tui.repository.commits import Commits
from autoexp_tui.repository.identity import Identity
from autoexp_tui.repository.objects import TreeEntry, parse_listing
from autoexp_tui.repository.packs import Packs
from autoexp_tui.repository.plumbing import Plumbing, RepositoryError
from autoexp_tui.repository.refs import Refs, checked
from autoexp_tui.repository.waiting import retried

__all__ = ["Repository", "RepositoryError", "TreeEntry"]


class Repository:
    """A git repository, seen from one of its work trees; for one thread at a time."""

    def __init__(self, place: gitdir.GitPlace) -> None:
        self.root = place.root
        self.common_dir = place.common_dir
        self._git = Plumbing(place.root)
        identity = Identity(self._git)
        self._packs = Packs(self._git, place.common_dir / "objects" / "pack")
        self._commits = Commits(self._git, identity, self._packs)
        self._refs = Refs(self._git, place.common_dir, identity)

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
        """Let go of what no ref holds yet, and end what was kept open between calls."""
        self._refs.close()
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
        checked(commit)
        status, out, _ = self._git.ask("cat-file", "blob", f"{commit}:{path}")
        if status != 0:
            missing = "is not a file of" if self.exists(commit) else "can't be read from missing"
            raise RepositoryError(f"{path} {missing} commit {commit[:7]} in {self.root}")
        return out

    def files(self, commit: str) -> Iterator[TreeEntry]:
        """Every file of a commit, links and submodules included; with its size, but not in a
        partial clone, which would have to fetch what it lacks.
        """
        checked(commit)
        sizes = () if self._git.is_partial else ("-l",)
        listing = self._git.run("ls-tree", "-r", *sizes, "-z", "--full-tree", commit)
        yield from parse_listing(listing)

    def missing(self, commit: str) -> set[str]:
        """Names of the commit's objects that a partial clone has not fetched."""
        return unstored.missing(self._git, checked(commit))

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
        checked(commit)
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
        checked(parent)
        return retried(lambda: self._commits.write(parent, files, message, when))

    def record(
        self, tag: str, n: int, parent: str, files: Mapping[str, bytes], message: str
    ) -> str:
        """Write a commit and let `refs/autoexp/<tag>/<n>` hold it; both are there, or an error.

        What an interrupted attempt left under that number stays as `replaced-<commit>`.

        Raises:
            RepositoryError: as `commit`, or the ref can't be written.
        """
        commit = self.commit(parent, files, message)
        try:
            self._refs.hold(tag, n, commit)
        finally:
            self._packs.release()
        return commit

    # Refs and branches of ours.

    def clear_locks(self, tag: str) -> None:
        """Remove the locks on a run's refs that a killed git has left, whatever numbers they have.

        For who has the run: nobody else writes there, and a lock that goes is let go.
        """
        self._refs.clear_locks(tag)

    def keep_ref(self, tag: str, name: str, commit: str) -> None:
        """Let `refs/autoexp/<tag>/<name>` hold a commit, so that no `git gc` takes it."""
        self._refs.keep(tag, name, commit)
        self._packs.release()

    def refs(self, tag: str) -> dict[int, str]:
        """Commits of a run's experiments by number, those that were measured or cut short."""
        found = self._refs.of_run(tag)
        return {int(name): commit for name, commit in sorted(found.items()) if name.isdecimal()}

    def branch(self, tag: str) -> str | None:
        """The tip of the run's branch."""
        return self._refs.branch(tag)

    def advance(self, tag: str, to: str) -> str:
        """Let the run's branch end at `to`; what a person should know of it, or nothing.

        Nobody's work is lost: a tip of the user's is saved under `refs/autoexp/<tag>/saved-…`
        first, and a branch that is checked out is left alone (`refs/autoexp/<tag>/tip` has the
        result then).

        Raises:
            RepositoryError: the commit is missing, or not even that ref can be written.
        """
        return self._refs.advance(tag, to)

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
        if self._refs.is_ancestor(checked(commit), "HEAD"):
            return ""
        _, _, message = self._git.run("cat-file", "commit", commit).partition(b"\n\n")
        return message.split(b"\n")[0].decode("utf-8", "replace") or "without a message"

    def may_publish(self, tag: str, name: str) -> str:
        """The tip that `publish` would move branch `name` from; empty where it is new.

        Raises RepositoryError for what is no name, another's branch, or one that is checked out.
        """
        return self._refs.may_publish(tag, name)

    def publish(self, tag: str, name: str, tip: str) -> None:
        """Let branch `name` end at `tip`, from nothing or from an earlier result of run `tag`.

        Raises RepositoryError: as `may_publish`, or the ref can't be written.
        """
        try:
            self._refs.publish(tag, name, tip)
        finally:
            self._packs.release()

    # `info/exclude`, the one file of the repository's own that we touch.

    def exclude(self, lines: Iterable[str]) -> None:
        """Hide paths from `git status`; `lines` are patterns of git's. Idempotent."""
        exclude.edit(self.common_dir, lambda content: exclude.with_lines(content, lines))

    def unexclude(self, lines: Iterable[str]) -> None:
        """Take lines that `exclude` wrote out again; everybody else's stay. Idempotent."""
        exclude.edit(self.common_dir, lambda content: exclude.without_lines(content, lines))
