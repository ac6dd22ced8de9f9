"""What a sandbox is to who uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from autoexp_tui.evaluation.sandbox.confinement import Confinement, confined


class Sandbox(Protocol):
    """Wraps a command, so that it can do less than the user who started it."""

    @property
    def name(self) -> str:
        """As messages name it."""
        ...

    def probe(self) -> str:
        """What it keeps a program from on this machine, in words; empty when from nothing.

        It is tried for real, once in a process. Raises `model.problem.Problem`, with the remedy,
        where it can't be used here.
        """
        ...

    def wrap(self, argv: Sequence[str], confinement: Confinement) -> list[str]:
        """The command line that runs `argv` with no more than `confinement` allows.

        Exit status, output and signals are those of `argv`, and its environment is what it is
        started with, but for TMPDIR, which names a folder of its own. The first word is an
        absolute path. May fill `confinement.private`: once for each command. Raises OSError.
        """
        ...


@dataclass(frozen=True, slots=True)
class NoSandbox:
    """The command may do what the user may do, within its limits."""

    name: str = "none"

    def probe(self) -> str:
        return ""

    def wrap(self, argv: Sequence[str], confinement: Confinement) -> list[str]:
        return confined([*confinement.limit_steps()], list(argv))
