"""A throw-away copy of the workspace, in which an agent may do what it likes.

It is a repository of its own with one commit, so that what an agent does with git (a commit of all
that has changed, a reset) finds this one, and never another further up.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Self

from autoexp_tui.system.removal import discard

_LARGEST_BYTES = 8 << 20
"""Bytes of a target beyond which something has gone wrong."""
_LONGEST = 2000
_DEEPEST = 200
"""Characters and folders of a path: far more than a project has, less than breaks a copy."""
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.looseCompression": "0",
    "core.fsync": "none",
    "commit.gpgSign": "false",
    "gc.auto": "0",
    "user.name": "autoexp",
    "user.email": "autoexp@localhost",
}
"""Of that repository: nothing of the user's is run, and nothing asks for a password."""
_LEFTOVERS = (
    *(".aider", ".amp", ".claude", ".codex", ".copilot", ".cursor", ".gemini", ".opencode"),
    *(".pi", ".qwen"),
)
"""What agents keep for themselves, by how its name begins; not worth a word."""


class TargetLost(Exception):
    """The agent left nothing that could be the target; the message says what."""


class Scratch:
    """A context manager; with it the copy goes. Links out of the workspace are not copied.

    What they lead to is the user's own and writable: data, virtual environments.
    """

    def __init__(self, home: Path, root: Path, folder: str, target: str, text: str) -> None:
        """Copy `root` below `home`, which is removed first, with `text` as the target.

        `target` is relative to `folder`, and that to `root`. Raises OSError.
        """
        self._home = home
        self._root = root
        self._copy = home / (root.name or "root")
        self.project = self._copy / folder
        self.target = self.project / target
        self._content = text.encode("utf-8", "surrogateescape")
        self._seen: dict[str, tuple[int, int, int]] = {}

    def __enter__(self) -> Self:
        discard(self._home)
        self._home.mkdir(mode=0o700, parents=True)
        boundary = os.path.realpath(self._root)

        def outside(folder: str, names: list[str]) -> list[str]:
            return [name for name in names if not _belongs(os.path.join(folder, name), boundary)]  # noqa: PTH118 - as copytree gives them

        shutil.copytree(self._root, self._copy, symlinks=True, ignore=outside)
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.target.write_bytes(self._content)
        self._seen = _survey(self._copy)
        _commit_all(self._copy)
        return self

    def __exit__(self, *_: object) -> None:
        discard(self._home)

    def beside(self, name: str, text: str) -> Path:
        """A file with this text, beside the copy and not in it."""
        path = self._home / name
        path.write_text(text, encoding="utf-8", errors="replace")
        return path

    @property
    def log(self) -> Path:
        return self._home / "output.log"

    def text(self) -> str:
        """The target as the agent left it. Raises TargetLost."""
        name = self.target.name
        try:
            found = self.target.lstat()
            if not stat.S_ISREG(found.st_mode):
                raise TargetLost(f"it made {name} something that is no file")
            if found.st_size > _LARGEST_BYTES:
                raise TargetLost(f"it left {found.st_size >> 20} MiB in {name}")
            return self.target.read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            raise TargetLost(f"it removed {name}") from None
        except OSError as error:
            raise TargetLost(f"{name} can't be read: {error.strerror or error}") from None

    def target_mark(self) -> tuple[int, int, int] | None:
        """What changes whenever the target is written; None while it isn't there."""
        try:
            found = self.target.lstat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def other_changes(self) -> list[str]:
        """What else the agent changed, made or removed: sorted paths, relative to the root."""
        now = _survey(self._copy)
        target = str(self.target.relative_to(self._copy))
        changed = {
            path
            for path in now.keys() | self._seen.keys()
            if now.get(path) != self._seen.get(path) and not self._is_as_it_was(path)
        }
        changed.discard(target)
        return sorted(
            path
            for path in changed
            if not any(part.startswith(_LEFTOVERS) for part in Path(path).parts)
        )

    def _is_as_it_was(self, path: str) -> bool:
        """Whether it was only touched."""
        ours, theirs = self._root / path, self._copy / path
        try:
            if ours.is_symlink() or theirs.is_symlink():
                return os.readlink(ours) == os.readlink(theirs)  # noqa: PTH115 - two at once
            return ours.is_file() and filecmp.cmp(ours, theirs, shallow=False)
        except OSError:
            return False


def _belongs(path: str, boundary: str) -> bool:
    """Whether something may be copied: files, folders, and links that stay within the boundary.

    What the last harness has nested without end, or closed, is nothing that an agent needs.
    """
    if len(path) - len(boundary) > _LONGEST or path.count(os.sep) > _DEEPEST:
        return False
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return os.path.realpath(path).startswith(boundary + os.sep)
    if stat.S_ISDIR(mode):
        return os.access(path, os.R_OK | os.X_OK)
    return stat.S_ISREG(mode) and os.access(path, os.R_OK)


def _commit_all(root: Path) -> None:
    """Make a folder a repository with one commit; none where git can't."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    settings = [part for pair in _SETTINGS.items() for part in ("-c", "=".join(pair))]
    try:
        for arguments in (
            ("init", "-q", "--template="),
            ("add", "-A"),
            ("commit", "-q", "--allow-empty", "-m", "The target as it stands"),
        ):
            subprocess.run(
                ["git", *settings, *arguments],  # noqa: S607 - the user's own git
                cwd=root,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
            )
        named = ((*name.split("."), text) for name, text in _SETTINGS.items())
        lines = [f"[{section}]\n\t{key} = {text}\n" for section, key, text in named]
        with (root / ".git" / "config").open("a", encoding="utf-8") as config:
            config.writelines(lines)
    except (OSError, subprocess.CalledProcessError):
        discard(root / ".git")  # half of one would be worse: no git of the agent looks further up


def _survey(root: Path) -> dict[str, tuple[int, int, int]]:
    """Every file and link with size, time of its last change and mode."""
    found: dict[str, tuple[int, int, int]] = {}
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            entries = list(os.scandir(root / folder))
        except OSError:
            continue  # closed to us by the agent: what was in it counts as gone
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if path == ".git":
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(path)
            else:
                status = entry.stat(follow_symlinks=False)
                found[path] = status.st_size, status.st_mtime_ns, status.st_mode
    return found
