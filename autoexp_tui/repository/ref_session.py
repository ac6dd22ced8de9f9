"""One `git update-ref` for many transactions: a process for each would be most of their cost."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Sequence
from typing import BinaryIO, cast

from autoexp_tui.repository.identity import Identity
from autoexp_tui.repository.packs import FEW
from autoexp_tui.repository.plumbing import Plumbing, RepositoryError


class RefSession:
    """Creates refs that keep no reflog: git would give all of a session the date of its start."""

    def __init__(self, git: Plumbing, identity: Identity) -> None:
        self._git = git
        self._identity = identity
        self._process: subprocess.Popen[bytes] | None = None
        self._done = 0

    def update(self, lines: Sequence[str]) -> None:
        """Change refs in one transaction; no symbolic ref is followed.

        Raises RepositoryError: nothing was changed, or nobody knows; the session is over then.
        """
        process = self._begun()
        into, out = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
        changes = "".join(f"option no-deref\n{line}\n" for line in lines)
        said = b""
        with contextlib.suppress(OSError):  # it has ended, and said nothing then
            into.write(f"start\n{changes}commit\n".encode())
            into.flush()
            said = out.readline() + out.readline()
        if said != b"start: ok\ncommit: ok\n":
            self.close()
            raise RepositoryError(f"git update-ref in {self._git.root}: {lines[0]}: refused")
        self._done += 1
        if self._done >= FEW:  # it maps every pack that it has looked into, removed ones too
            self.close()

    def _begun(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._done = 0
            command = ("update-ref", "-m", "autoexp", "--stdin")
            lent = self._identity.lent
            self._process = self._git.start(*command, stdin=subprocess.PIPE, env=lent)
        return self._process

    def close(self) -> None:
        """End the process; the next update begins another."""
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was still to be written
                    stream.close()
        process.wait()
