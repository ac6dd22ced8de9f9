"""The refs of runs, and their branches: each changed by git, in transactions that compare first."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path

from autoexp_tui.repository.identity import Identity
from autoexp_tui.repository.plumbing import Plumbing, RepositoryError
from autoexp_tui.repository.ref_session import RefSession
from autoexp_tui.repository.waiting import Locks, clear, retried

NOTHING = "0" * 40
_FINISHED = "finished-"
"""Begins the names of the refs that hold what was published of a run."""
_COMMIT = re.compile(r"[0-9a-f]{40}")


class Refs:
    """Refs and branches of ours in one repository."""

    def __init__(self, git: Plumbing, common_dir: Path, identity: Identity) -> None:
        self._git = git
        self._common_dir = common_dir
        self._identity = identity
        self._session = RefSession(git, identity)
        self._moved: dict[str, str] = {}
        """Where each run's branch was left."""

    def close(self) -> None:
        """End what is kept open between calls."""
        self._session.close()

    def clear_locks(self, tag: str) -> None:
        """Remove the locks on a run's refs that a killed git has left. For who has the run."""
        clear(lambda: self._locks(tag))

    def hold(self, tag: str, n: int, commit: str) -> None:
        """Let `refs/autoexp/<tag>/<n>` hold a commit; what it held stays as `replaced-…`.

        Raises RepositoryError.
        """
        ref = _own(tag, str(n))
        try:
            self._session.update([f"create {ref} {checked(commit)}"])
        except RepositoryError:
            retried(lambda: self._replace(tag, ref, commit), lambda: self._locks(tag))

    def _replace(self, tag: str, ref: str, commit: str) -> None:
        listing = self._git.line("for-each-ref", "--format=%(objectname)", ref)
        old = listing.split("\n")[0]
        if old == commit:
            return
        lines = [f"update {ref} {commit} {old or NOTHING}"]
        if old:
            lines.insert(0, f"update {_own(tag, f'replaced-{old[:12]}')} {old}")
        self._update(lines)

    def keep(self, tag: str, name: str, commit: str) -> None:
        """Let `refs/autoexp/<tag>/<name>` hold a commit. Raises RepositoryError."""
        lines = [f"update {_own(tag, name)} {checked(commit)}"]
        retried(lambda: self._update(lines), lambda: self._locks(tag))

    def of_run(self, tag: str) -> dict[str, str]:
        """Commits that the run's refs hold, by their names."""
        prefix = _own(tag, "")
        listing = self._git.line("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        pairs = (line.split(" ") for line in listing.split("\n") if line)
        return {ref.removeprefix(prefix): commit for ref, commit in pairs}

    def branch(self, tag: str) -> str | None:
        """The tip of the run's branch."""
        return self._resolved(_branch(tag))[0]

    def _resolved(self, *names: str) -> list[str | None]:
        """The commits that revisions stand for, None where one isn't there: of one process."""
        stdin = "".join(f"{name}\n" for name in names).encode()
        said = self._git.line("cat-file", "--batch-check=%(objectname)", stdin=stdin).split("\n")
        return [name if _COMMIT.fullmatch(name) else None for name in said]

    def advance(self, tag: str, to: str) -> str:
        """See `Repository.advance`."""
        name = _branch(tag).removeprefix("refs/heads/")
        try:
            return retried(lambda: self._advance(tag, to), lambda: self._locks(tag))
        except MissingCommit:
            raise
        except RepositoryError as error:
            self.keep(tag, "tip", to)
            return f"{name} could not be moved ({error}): the best is at refs/autoexp/{tag}/tip"

    def _advance(self, tag: str, to: str) -> str:
        branch, name, tip = _branch(tag), f"autoexp/{tag}", _own(tag, "tip")
        old, aside, there = self._resolved(branch, tip, f"{checked(to)}^{{commit}}")
        if there is None:
            raise MissingCommit(f"commit {to[:7]} is missing in {self._git.root}")
        if old == to:
            self._moved[tag] = to
            return ""
        if old is not None and (holder := self.holder(branch)):
            self.keep(tag, "tip", to)
            return (
                f"{name} is checked out in {holder} and was left alone: "
                f"`git merge --ff-only refs/autoexp/{tag}/tip` there brings it up to date"
            )
        lines = [f"update {branch} {to} {old or NOTHING}"]
        note = ""
        if old is not None and not self._is_ours(tag, old, to):
            saved = _own(tag, f"saved-{old[:12]}")
            lines.insert(0, f"update {saved} {old}")
            note = f"{name} had been moved to {old[:7]}: that is saved as {saved}"
        if aside is not None:
            lines.append(f"delete {tip}")
        self._update(lines)
        self._moved[tag] = to
        return note

    def _is_ours(self, tag: str, old: str, to: str) -> bool:
        """Whether nothing is lost when the branch goes on from `old`: a ref has it, or `to`."""
        return (
            self._moved.get(tag) == old
            or old in self.of_run(tag).values()
            or self.is_ancestor(old, to)
        )

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` has `old` in its history, or is it."""
        return self._git.ask("merge-base", "--is-ancestor", old, new)[0] == 0

    def may_publish(self, tag: str, name: str) -> str:
        """See `Repository.may_publish`."""
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
        if tip and (holder := self.holder(ref)):
            raise RepositoryError(
                f"branch {name} is checked out in {holder}: it stays as it is; "
                "choose another, --branch NAME"
            )
        return tip

    def publish(self, tag: str, name: str, tip: str) -> None:
        """See `Repository.publish`."""
        old = self.may_publish(tag, name)
        lines = [f"update {_own(tag, f'{_FINISHED}{checked(tip)[:12]}')} {tip}"]
        if old != tip:
            lines.append(f"update refs/heads/{name} {tip} {old or NOTHING}")
        retried(lambda: self._update(lines), lambda: self._locks(tag))

    def _published(self, tag: str) -> set[str]:
        """Every tip that `publish` has given to a branch for run `tag`."""
        found = self.of_run(tag).items()
        return {commit for name, commit in found if name.startswith(_FINISHED)}

    def _update(self, lines: Sequence[str]) -> None:
        """Change refs in one transaction. Raises RepositoryError."""
        # A branch that somebody made a symbolic ref must not lead us to another.
        stdin = "".join(f"option no-deref\n{line}\n" for line in lines).encode()
        lent = self._identity.lent
        self._git.run("update-ref", "-m", "autoexp", "--stdin", stdin=stdin, env=lent)

    def holder(self, branch: str) -> str:
        """The work tree that has `branch` checked out, or is rebasing it; empty if none."""
        for record in self._git.line("worktree", "list", "--porcelain").split("\n\n"):
            if f"branch {branch}" in record.split("\n"):
                return record.split("\n")[0].removeprefix("worktree ")
        for git_dir in (self._common_dir, *self._common_dir.glob("worktrees/*")):
            for state in ("rebase-merge", "rebase-apply"):
                head = git_dir / state / "head-name"
                if head.is_file() and head.read_text(errors="replace").strip() == branch:
                    return str(git_dir)
        return ""

    def _locks(self, tag: str) -> Locks:
        """The locks on refs of a run."""
        branch = self._common_dir / f"{_branch(tag)}.lock"
        found = {}
        for lock in (branch, *(self._common_dir / "refs" / "autoexp" / tag).glob("*.lock")):
            with contextlib.suppress(OSError):
                stat = lock.stat()
                found[lock] = (stat.st_ino, stat.st_mtime_ns)
        return found


class MissingCommit(RepositoryError):
    """A branch can't end at a commit that isn't there."""


def _branch(tag: str) -> str:
    return f"refs/heads/autoexp/{tag}"


def _own(tag: str, name: str) -> str:
    return f"refs/autoexp/{tag}/{name}"


def checked(commit: str) -> str:
    """A commit's whole name, which no command can take for an option. Raises RepositoryError."""
    if not _COMMIT.fullmatch(commit):
        raise RepositoryError(f"{commit!r} is not the name of a commit (40 hex digits)")
    return commit
