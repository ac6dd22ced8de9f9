"""Where a path lies in a git repository, read from the file system alone: no git, no process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_PREFIX = "gitdir:"


@dataclass(frozen=True, slots=True)
class GitPlace:
    """A work tree and the git directory that all work trees of its repository share."""

    root: Path
    """Top of the work tree, symbolic links resolved."""
    common_dir: Path
    """Holds objects, refs and `info/`; `.git` itself unless this is a linked work tree."""

    def folder(self, path: Path) -> str:
        """`path` relative to the root, with `/`; empty at the root.

        Raises:
            ValueError: `path` is not inside of the work tree.
        """
        relative = path.resolve().relative_to(self.root).as_posix()
        return "" if relative == "." else relative


def find(start: Path) -> GitPlace | None:
    """The innermost work tree that `start` lies in; None outside of any, and in a bare one."""
    start = start.resolve()
    for folder in (start, *start.parents):
        git_dir = _git_dir(folder / ".git")
        if git_dir is not None:
            return GitPlace(folder, _common_dir(git_dir))
    return None


def is_git_dir(path: Path) -> bool:
    """Whether `path` itself is a git directory: a bare repository, or some `.git`."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def _git_dir(path: Path) -> Path | None:
    """What `.git` stands for: a directory, or a file of one line that names one."""
    if path.is_dir():
        return path.resolve() if (path / "HEAD").is_file() else None
    try:
        line = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    if not line.startswith(_PREFIX):
        return None
    target = (path.parent / line.removeprefix(_PREFIX).strip()).resolve()
    return target if (target / "HEAD").is_file() else None


def _common_dir(git_dir: Path) -> Path:
    try:
        line = (git_dir / "commondir").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return git_dir
    return (git_dir / line.strip()).resolve()
