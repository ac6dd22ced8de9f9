"""Runs git's plumbing so that nothing a repository's configuration names is ever executed."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from autoexp_tui.model.problem import Problem
from autoexp_tui.system.files import can_sync

if TYPE_CHECKING:
    from git import Git

_CONFIG = (
    "core.hooksPath=/dev/null",  # reference-transaction would run for every ref
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.fsync=objects,derived-metadata,reference",
    "core.fsyncMethod=fsync",
    "diff.external=",
    "gc.auto=0",
    "maintenance.auto=false",
    "i18n.commitEncoding=UTF-8",
)

_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    # A missing object is an error: fetching it would run whatever the configuration names.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}

_INHERITED = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
"""Of a git that started us (a hook, an alias): they would lead to another repository."""

_LIVES = 3
_NO_GIT = "git could not be started: install it, and see that it is on the PATH"


class RepositoryError(Problem):
    """Git, or the state of the repository, stands in the way."""


class Plumbing:
    """Git commands in one work tree; what `start` starts is its caller's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        # Where a file system can't force anything to the disk, git would not write at all.
        self._config = _CONFIG if can_sync(root) else (*_CONFIG, "core.fsync=none")
        self._git = _gitpython(root)
        # A repository that vanishes must not be mistaken for one further up.
        self._git.update_environment(**_ENVIRONMENT, GIT_CEILING_DIRECTORIES=str(root.parent))

    def run(self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> bytes:
        """Standard output of a command. Raises RepositoryError when it fails."""
        status, out, err = self.ask(*arguments, stdin=stdin, env=env)
        if status != 0:
            raise RepositoryError(f"git {arguments[0]} in {self.root}: {_one_line(err)}")
        return out

    def line(self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> str:
        """Standard output as one line of text. Raises RepositoryError."""
        return os.fsdecode(self.run(*arguments, stdin=stdin, env=env)).strip("\n")

    def ask(
        self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None
    ) -> tuple[int, bytes, str]:
        """Exit status, standard output and standard error, whatever the status.

        A git that somebody kills (the system, out of memory) is started again, a few times.
        """
        for _ in range(_LIVES - 1):
            status, out, err = self._ask(arguments, stdin, env)
            if status >= 0:
                return status, out, err
        return self._ask(arguments, stdin, env)

    def _ask(
        self, arguments: Iterable[str], stdin: bytes, env: dict[str, str] | None
    ) -> tuple[int, bytes, str]:
        from git.exc import CommandError  # noqa: PLC0415 - see _gitpython

        with _as_file(stdin) as file:
            try:
                return self._git.execute(
                    self._command(arguments),
                    istream=file,
                    env=env,
                    with_extended_output=True,
                    with_exceptions=False,
                    stdout_as_string=False,
                    strip_newline_in_stdout=False,
                )
            except (CommandError, OSError) as error:
                raise RepositoryError(_NO_GIT) from error

    def objects(self, names: Iterable[str]) -> Iterator[bytes]:
        """Contents of objects, in order, unfiltered, through one process that ends with us.

        Raises:
            RepositoryError: one of them is missing.
        """
        wanted = list(names)
        if not wanted:
            return
        with _as_file("".join(f"{name}\n" for name in wanted).encode()) as file:
            running = self.start("cat-file", "--batch", stdin=file)
            out = cast("BinaryIO", running.stdout)
            try:
                for name in wanted:
                    header = out.readline().split()
                    if len(header) != 3:
                        raise RepositoryError(
                            f"object {name} is missing in {self.root}: {self._missing_words()}"
                        )
                    content = out.read(int(header[2]) + 1)
                    yield content[:-1]
            finally:
                out.close()
                cast("BinaryIO", running.stderr).close()
                running.wait()

    def start(
        self, *arguments: str, stdin: BinaryIO | int, env: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """A command that goes on; the caller closes its streams, and waits for it.

        Raises RepositoryError.
        """
        from git.exc import CommandError  # noqa: PLC0415 - see _gitpython

        try:
            process = self._git.execute(
                self._command(arguments), istream=cast("BinaryIO", stdin), env=env, as_process=True
            )
        except (CommandError, OSError) as error:
            raise RepositoryError(_NO_GIT) from error
        # GitPython's wrapper terminates what it still knows when it is collected.
        running, process.proc = process.proc, None
        if running is None:
            raise RepositoryError(_NO_GIT)
        return running

    @cached_property
    def is_partial(self) -> bool:
        """Whether a clone may lack objects that a remote has promised."""
        pattern = r"^(remote\..*\.(promisor|partialclonefilter)|extensions\.partialclone)$"
        return bool(self.ask("config", "--name-only", "--get-regexp", pattern)[1])

    @cached_property
    def trusts_modes(self) -> bool:
        """Whether what is executable in the checkout is so in earnest (`core.fileMode`)."""
        modes = self.ask("config", "--type=bool", "--get", "core.fileMode")[1]
        return modes.strip() != b"false"

    @cached_property
    def index(self) -> Path:
        """Where the work tree's index is, or would be. Raises RepositoryError."""
        return self.root / self.line("rev-parse", "--git-path", "index")

    def _missing_words(self) -> str:
        if not self.is_partial:
            return "`git fsck` says more"
        return (
            "it is a partial clone, and nothing is fetched here; "
            "`git fetch --refetch --no-filter` brings what is missing"
        )

    def close(self) -> None:
        """Let go of whatever GitPython keeps."""
        self._git.clear_cache()

    def _command(self, arguments: Iterable[str]) -> list[str]:
        foreign = [name for name in _INHERITED if name in os.environ]
        unset = ["env", *(part for name in foreign for part in ("-u", name))] if foreign else []
        options = [part for setting in self._config for part in ("-c", setting)]
        executable = self._git.GIT_PYTHON_GIT_EXECUTABLE or "git"
        # `-C`, because GitPython falls back to our own folder when its own has gone.
        return [*unset, executable, "-C", str(self.root), *options, *arguments]


def _gitpython(root: Path) -> Git:
    try:
        from git import Git  # noqa: PLC0415 - an ImportError means that there is no git program
    except ImportError as error:
        raise RepositoryError(_NO_GIT) from error
    return Git(str(root))


def _as_file(content: bytes) -> BinaryIO:
    """Input as an unnamed file: no pipe that both sides could wait for."""
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    file.write(content)
    file.seek(0)
    return file


def _one_line(error: str) -> str:
    if "dubious ownership" in error:
        return (
            "the repository belongs to another user: "
            "`git config --global --add safe.directory PATH` trusts it"
        )
    lines = [line.strip() for line in error.split("\n") if line.strip()]
    fatal = next((line for line in lines if line.startswith(("fatal:", "error:"))), None)
    text = fatal or (lines[0] if lines else "it failed without a word")
    return text.removeprefix("fatal: ").removeprefix("error: ")
