"""The copy of the workspace that an agent works in: kept from one run to the next, and mended.

It is a git repository of its own with one commit, so that what an agent does with git (a commit of
all that has changed, a reset) finds this one, and never another further up.
"""

from __future__ import annotations

import filecmp
import os
import stat
import subprocess
from pathlib import Path

from autoexp_tui.proposers.command.mirror import Mirror
from autoexp_tui.system.removal import discard

_LARGEST_BYTES = 8 << 20
"""Bytes of a target beyond which something has gone wrong."""
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
    """The copy. Before each run of an agent it is made what the workspace is."""

    def __init__(self, home: Path, root: Path, folder: str, target: str) -> None:
        """A copy of `root` below `home`, which is removed first; `prepare` makes it.

        `target` is relative to `folder`, and that to `root`.
        """
        self._home = home
        self._root = root
        self._copy = home / (root.name or "root")
        self.project = self._copy / folder
        self.target = self.project / target
        self._named = str(self.target.relative_to(self._copy))
        self._git = home / "repository" / ".git"
        """What the copy's `.git` is made of: no git is ever run in what an agent may have left."""
        self._begin()

    def _begin(self) -> None:
        self._files = Mirror(self._root, self._copy, frozenset({".git", self._named}))
        self._repository = Mirror(self._git, self._copy / ".git")
        self._committed: bytes | None = None
        """The target of the one commit."""
        self._is_there = False

    def prepare(self, text: str) -> None:
        """Make the copy exact, with `text` as the target. Raises OSError."""
        content = text.encode("utf-8", "surrogateescape")
        if not self._is_there or self._home.is_symlink():
            self._begin()
            discard(self._home)
            self._home.mkdir(mode=0o700, parents=True)
        self._is_there = False  # until it is whole
        changed = self._files.mend()
        self._put(content)
        self.log.unlink(missing_ok=True)
        if changed or content != self._committed:
            self._committed = content if self._commit() else None
        if self._committed is None:
            discard(self._copy / ".git")  # half of one would be worse: no git looks further up
        else:
            self._repository.mend()
        self._is_there = True

    def close(self) -> None:
        """Remove the copy. Raises OSError."""
        self._is_there = False
        discard(self._home)

    def _put(self, content: bytes) -> None:
        """Write the target anew, as executable as the workspace's."""
        discard(self.target)
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.target.write_bytes(content)
        try:
            self.target.chmod(stat.S_IMODE((self._root / self._named).lstat().st_mode))
        except FileNotFoundError:
            return  # new with this text

    def _commit(self) -> bool:
        """Let the one commit hold the copy as it is; False where git can't."""
        known = self._git.is_dir()
        try:
            if not known:
                self._git.parent.mkdir()
                self._run("init", "-q", "--template=")
                named = ((*name.split("."), text) for name, text in _SETTINGS.items())
                lines = [f"[{section}]\n\t{key} = {text}\n" for section, key, text in named]
                with (self._git / "config").open("a", encoding="utf-8") as config:
                    config.writelines(lines)
            copy = ("--git-dir", str(self._git), "--work-tree", str(self._copy))
            self._run(*copy, "add", "-A")
            amended = ("--amend", "--reset-author") if known else ()
            message = ("-m", "The target as it stands")
            self._run(*copy, "commit", "-q", "--allow-empty", *amended, *message)
            if not known:
                self._run("repack", "-a", "-d", "-q")  # few files to look at before each run
        except (OSError, subprocess.CalledProcessError):
            discard(self._git.parent)
            return False
        return True

    def _run(self, *arguments: str) -> None:
        """Run git beside the copy. Raises OSError, CalledProcessError."""
        environment = {name: text for name, text in os.environ.items() if name[:4] != "GIT_"}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        settings = [part for pair in _SETTINGS.items() for part in ("-c", "=".join(pair))]
        subprocess.run(
            ["git", *settings, *arguments],  # noqa: S607 - the user's own git
            cwd=self._git.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )

    def beside(self, name: str, text: str) -> Path:
        """A file with this text, beside the copy and not in it."""
        path = self._home / name
        discard(path)
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
        return [
            path
            for path in self._files.changes()
            if not any(part.startswith(_LEFTOVERS) for part in Path(path).parts)
            and not self._is_as_it_was(path)
        ]

    def _is_as_it_was(self, path: str) -> bool:
        """Whether it was only touched."""
        ours, theirs = self._root / path, self._copy / path
        try:
            if ours.is_symlink() or theirs.is_symlink():
                return os.readlink(ours) == os.readlink(theirs)  # noqa: PTH115 - two at once
            return ours.is_file() and filecmp.cmp(ours, theirs, shallow=False)
        except OSError:
            return False
