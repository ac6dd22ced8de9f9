"""What is in a project: its files as git has them, what git ignores, and their texts on demand."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from autoexp_tui.project import Project
from autoexp_tui.repository.repository import Repository
from autoexp_tui.text.safe import decode

_MOST_FILES = 20_000
_MOST_BYTES = 256 << 10
"""Of one file's text; a longer one is read in part."""
_ASIDE = ("node_modules", "vendor", "third_party", "site-packages", "dist", ".github")
"""Folders of other people's code, which nobody measures here."""


@dataclass(frozen=True, slots=True)
class Survey:
    """A project; all paths are relative to `folder`, with `/`."""

    folder: Path
    inner: str
    """The folder's own path in its repository; empty at the root."""
    files: tuple[str, ...]
    """What HEAD has in the folder, sorted: what a workspace would have too."""
    untracked: tuple[str, ...] = ()
    """Files that git neither has nor ignores: no workspace has them."""
    ignored: tuple[str, ...] = ()
    """What git ignores, at any depth; of a folder that is ignored whole, the folder alone."""
    beside: tuple[str, ...] = ()
    """The same in the folders that the project lies in, as `../data`."""
    _texts: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def root(self) -> Path:
        """The repository's."""
        return self.folder.parents[self.inner.count("/")] if self.inner else self.folder

    def has(self, name: str) -> bool:
        return name in self.files

    def named(self, *patterns: str) -> Iterator[str]:
        """The files whose last part matches a pattern, those of the top folder first."""
        lowered = [pattern.lower() for pattern in patterns]
        for name in sorted(self.files, key=lambda name: (name.count("/"), name)):
            base = PurePosixPath(name).name.lower()
            if not is_aside(name) and any(fnmatchcase(base, pattern) for pattern in lowered):
                yield name

    def text(self, name: str) -> str:
        """The beginning of a file's text as it is in the checkout; empty where it has none."""
        if name not in self._texts:
            data = b""
            with contextlib.suppress(OSError), (self.folder / name).open("rb") as file:
                data = file.read(_MOST_BYTES)
            self._texts[name] = "" if b"\0" in data else decode(data)
        return self._texts[name]

    def executable(self, name: str) -> bool:
        """Whether the file may be started by its name."""
        try:
            return bool((self.folder / name).stat().st_mode & 0o100)
        except OSError:
            return False


def survey(repository: Repository, project: Project) -> Survey:
    """Read what git knows of a project. Raises RepositoryError where there is no commit yet."""
    folder = project.folder
    prefix = f"{folder}/" if folder else ""
    files = [
        entry.path.removeprefix(prefix)
        for entry in repository.files(repository.head())
        if entry.path.startswith(prefix) and entry.mode in {"100644", "100755"}
    ]
    ignored, untracked = repository.strays(folder)
    return Survey(
        project.path,
        folder,
        tuple(sorted(files)[:_MOST_FILES]),
        tuple(untracked[:_MOST_FILES]),
        tuple(ignored[:_MOST_FILES]),
        tuple(_beside(repository, folder)),
    )


def _beside(repository: Repository, folder: str) -> Iterator[str]:
    """What is ignored directly in each folder above the project's."""
    up = ""
    while folder:
        folder = folder.rpartition("/")[0]
        up += "../"
        for name in repository.ignored_entries(folder):
            yield f"{up}{name}"


def is_aside(name: str) -> bool:
    """Whether a file is other people's, or a tool's."""
    return not set(_ASIDE).isdisjoint(PurePosixPath(name).parts[:-1])
