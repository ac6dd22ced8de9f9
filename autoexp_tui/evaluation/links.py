"""Which git-ignored things of the user's checkout a workspace shares, and why the rest is not."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from autoexp_tui.model.contract import LinkMode

_OURS = ("results.tsv", "budget.log")
_CACHES = (
    "__pycache__",
    "*.pyc",
    "*.swp",
    ".*_cache",
    ".coverage",
    ".DS_Store",
    ".hypothesis",
    ".ipynb_checkpoints",
)
_SECRETS = (".env*",)
_ENVIRONMENTS = (".venv", "venv", "node_modules")
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")


@dataclass(slots=True)
class Links:
    """What is linked and what is not, by path relative to the repository's root."""

    sources: dict[str, Path] = field(default_factory=dict)
    """Path in the workspace → what it points to, in the user's checkout."""
    modes: dict[str, LinkMode] = field(default_factory=dict)
    """For each path of `sources`, what the harness may do there."""
    elsewhere: dict[str, LinkMode] = field(default_factory=dict)
    """Absolute path of what is not of the project and reached where it is → its mode."""
    refused: dict[str, str] = field(default_factory=dict)
    """Path as it was named → why it is not linked."""


def choose_links(
    root: Path,
    folder: str,
    link: Mapping[str, LinkMode] | Sequence[str] | None,
    ignored: Sequence[str],
    tracked: Collection[str],
    submodules: Collection[str] = (),
) -> Links:
    """Decide what to link.

    `link` names paths relative to `folder`, read-only where it is a list; None takes `ignored`,
    the ignored entries of it and of the folders that it is in (`../data`), without caches, our own
    tables, and what may hold secrets.
    `tracked` are all files and folders that the workspace has copies of; `submodules`, relative
    to `root`, are linked in any case, where the checkout has them. What programs are
    installed in is never shared to be written: every later experiment would run them.
    """
    links = Links()
    given = link if isinstance(link, Mapping) else {}
    if link is None:
        wanted = [name for name in ignored if not _matches(name, (*_OURS, *_CACHES))]
    else:
        wanted = list(dict.fromkeys(link))
    named = {os.path.normpath(PurePosixPath(folder, name)) for name in wanted}
    for path in sorted(set(submodules) - named):
        if (root / path / ".git").exists():
            wanted.append(os.path.relpath(path, folder or "."))
    for name in wanted:
        if name.startswith(("/", "~/")):
            outside = os.path.normpath(Path(name).expanduser())
            if os.path.lexists(outside):
                links.elsewhere[outside] = given.get(name, "read-only")
            else:
                links.refused[name] = "there is no such file or folder"
            continue
        path = os.path.normpath(PurePosixPath(folder, name))
        source = root / path
        if link is None and _matches(name, _SECRETS) and not (source / "pyvenv.cfg").is_file():
            reason = "may hold secrets: name it under link: to pass it on"
        else:
            reason = _objection(root, path, tracked, links)
        if reason:
            links.refused[name] = reason
        else:
            mode = given.get(name, "read-only")
            shared = mode == "write" and is_environment(source)
            links.sources[path] = source
            links.modes[path] = "read-only" if shared else mode
    return links


def is_environment(folder: Path) -> bool:
    """Whether programs or libraries are installed there, which whoever uses it then runs."""
    marked = any((folder / mark).exists() for mark in _ENVIRONMENT_MARKS)
    return marked or folder.name in _ENVIRONMENTS


def _objection(root: Path, path: str, tracked: Collection[str], links: Links) -> str:
    parents = [str(parent) for parent in PurePosixPath(path).parents]
    if PurePosixPath(path).parts[:1] in {(), ("/",), ("..",), (".git",)}:
        return "it is no path inside of the repository"
    if path in tracked:
        return "git tracks it, or something in it: the workspace has its own copy"
    if not os.path.lexists(root / path):
        return f"there is no such file or folder in {root}"
    if any(parent in links.sources for parent in parents):
        return "it is inside of something linked already"
    if any(linked.startswith(f"{path}/") for linked in links.sources):
        return "something in it is linked already"
    return ""


def _matches(path: str, patterns: Sequence[str]) -> bool:
    name = PurePosixPath(path).name
    return any(fnmatchcase(name, pattern) for pattern in patterns)
