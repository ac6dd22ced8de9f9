"""What a harness may make and change beside what is protected, and what of it is a trespass."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from autoexp_tui.evaluation.borrowed import Touched
from autoexp_tui.evaluation.links import is_environment
from autoexp_tui.evaluation.shadowing import PACKAGE, is_cache, shadow


class Change(NamedTuple):
    """What an evaluation did that it must not do."""

    path: str
    """Relative to the repository's root."""
    why: str = ""
    """What was done, where it is more than another content."""
    remedy: str = ""
    """The setting that allows it, where one does."""
    makes: tuple[str, ...] = ()
    """What a harness that does so by itself makes, see `Products.allow`; nothing that is protected
    or would be believed unseen."""
    source: Path | None = None
    """Where it lies outside of the workspace, which nobody here can bring back."""

    def __str__(self) -> str:
        return f"{self.path} ({self.why})" if self.why else self.path


class Products:
    """The rules of one run; paths are relative to the repository's root."""

    def __init__(
        self,
        folder: str,
        *,
        keep: Sequence[str] = (),
        declared: Sequence[str] = (),
        allowed: Collection[str] = (),
    ) -> None:
        """`keep` and `declared`, what settings say it makes, are relative to `folder`.

        `allowed` is what `allow` was given by earlier runners of the run.
        """
        self._folder = folder
        self._keep = [pattern.removeprefix("./").rstrip("/") for pattern in keep]
        self._declared = {os.path.normpath(PurePosixPath(folder, name)) for name in declared}
        self._allowed = set(allowed)

    @property
    def keeps(self) -> bool:
        """Whether anything outlives an evaluation."""
        return bool(self._keep)

    def allow(self, makes: Iterable[str]) -> tuple[str, ...]:
        """Let every evaluation make this too, since the baseline does; what of it is new.

        A path, or with `/` at its end new files in that linked folder.
        """
        new = tuple(dict.fromkeys(path for path in makes if path not in self._allowed))
        self._allowed.update(new)
        return new

    def is_kept(self, path: str) -> bool:
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

    def is_an_output(self, name: str) -> bool:
        """Whether the settings say that the harness makes it; relative to the run's folder."""
        return os.path.normpath(PurePosixPath(self._folder, name)) in self._declared

    def shadow(self, path: str, *, in_new_folder: bool) -> Change | None:
        """What is wrong with a new file or folder; None where nobody reads it unasked."""
        folder, _, name = path.rpartition("/")
        found = shadow(name)
        if in_new_folder and not is_cache(path):
            found = PACKAGE if fnmatchcase(name, PACKAGE.names[0]) else None
            path = folder
        if found is None or self._is_declared(path) or self.is_kept(path):
            return None
        return Change(path, f"new: {found.by} {found.does}", self.keeping(path), (path,))

    def trespass(self, touched: Touched, root: str, source: Path) -> Change | None:
        """What is wrong with a change in `root`, a link to the user's `source`; None for nothing.

        Where the baseline adds files to a folder others may as well, but what the user had there
        stays the user's.
        """
        path, how = touched.path, touched.how
        folders = [f"{folder}/" for folder in (path, *map(str, PurePosixPath(path).parents))]
        by_name = shadow(touched.source.name)
        if touched.was_there:  # of a folder: something came into it, and has gone again
            makes = [folders[0] if touched.is_folder else path]
            grown = makes
        else:
            makes = [path] if by_name else [path, folders[1]]
            grown = [path] if by_name else [path, *folders]
        if self._allowed.intersection(grown):
            return None
        if is_environment(source):
            remedy = "see what it did there before you use it again"
        else:
            name = os.path.relpath(root, self._folder or ".")
            remedy = f"a harness that writes there wants `link: {{{name}: write}}`, or `copy`"
        lost = "" if how == "made" else "; without a sandbox nobody can bring it back"
        cached = "__pycache__" in PurePosixPath(path).parts
        why = f"linked, your own {touched.source} was {how}{lost}"
        return Change(path, why, remedy, () if cached else tuple(makes), touched.source)

    def astray(self, told: str, how: str, source: Path) -> Change | None:
        """What is wrong with a change outside of all that is the run's; None where the baseline
        does so too. `told` is its path for people.
        """
        if {told, f"{told.rpartition('/')[0]}/"} & self._allowed:
            return None
        makes = (told, f"{told.rpartition('/')[0]}/")
        return Change(told, f"outside of the workspace, it was {how}", "", makes, source)

    def keeping(self, path: str) -> str:
        """The remedy for a harness that writes to a path by itself; empty where there is none."""
        name = os.path.relpath(path, self._folder or ".")
        return "" if name.startswith("..") else f"a harness that does so wants `keep: [{name}]`"

    def _is_declared(self, path: str) -> bool:
        known = self._declared | self._allowed
        return path in known or any(str(parent) in known for parent in PurePosixPath(path).parents)
