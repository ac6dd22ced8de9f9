"""Commits made in this process: blob, trees and commit, in a pack of their own."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import PurePosixPath

from autoexp_tui.repository.identity import Identity
from autoexp_tui.repository.latest import Latest
from autoexp_tui.repository.objects import GitObject, TreeEntry, make_tree, parse_listing
from autoexp_tui.repository.packs import Packs
from autoexp_tui.repository.plumbing import Plumbing, RepositoryError

_Changes = Mapping[tuple[str, ...], bytes]
"""New contents by the parts of their paths."""


class Commits:
    """Writes commits that change a few files of another one.

    What a name of git's stands for never changes, so trees are asked for once: one experiment after
    the other is made from the same commit, or from one that was made here.
    """

    def __init__(self, git: Plumbing, identity: Identity, packs: Packs) -> None:
        self._git = git
        self._identity = identity
        self._packs = packs
        self._trees: Latest[str] = Latest()
        """Names of trees by those of their commits."""
        self._listings: Latest[dict[str, TreeEntry]] = Latest()
        """Entries by their names, of trees by theirs."""

    def write(
        self, parent: str, files: Mapping[str, bytes], message: str, when: float | None
    ) -> str:
        """Write a commit, see `Repository.commit`; it is protected until `Packs.release`.

        Raises RepositoryError.
        """
        objects: list[GitObject] = []
        changes = {PurePosixPath(path).parts: content for path, content in files.items()}
        tree = self._graft(self._tree_of(parent), "", changes, objects)
        at = time.time() if when is None else when
        date = f"{int(at)} {time.strftime('%z', time.localtime(at))}"
        author, committer = self._identity.who("AUTHOR"), self._identity.who("COMMITTER")
        head = (
            f"tree {tree}\nparent {parent}\nauthor {author} {date}\ncommitter {committer} {date}\n"
        )
        text = f"{head}\n{message}".replace("\0", "")
        objects.append(GitObject("commit", text.encode("utf-8", "replace")))
        self._packs.write(objects)
        commit = objects[-1].name
        self._trees[commit] = tree
        return commit

    def _tree_of(self, commit: str) -> str:
        if commit not in self._trees:
            self._trees[commit] = self._git.line("rev-parse", f"{commit}^{{tree}}")
        return self._trees[commit]

    def _listing(self, tree: str) -> dict[str, TreeEntry]:
        if tree not in self._listings:
            listing = self._git.run("ls-tree", "-z", tree)
            self._listings[tree] = {entry.path: entry for entry in parse_listing(listing)}
        return self._listings[tree]

    def _graft(
        self, tree: str | None, folder: str, changes: _Changes, made: list[GitObject]
    ) -> str:
        """The name of `tree` with files changed; only the trees on the way to them are made."""
        entries = dict(self._listing(tree)) if tree else {}
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
        self._listings[made[-1].name] = entries
        return made[-1].name

    def _mode_of_new(self, path: str) -> str:
        return "100755" if os.access(self._git.root / path, os.X_OK) else "100644"
