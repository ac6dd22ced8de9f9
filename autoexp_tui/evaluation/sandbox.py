"""What keeps the harness from what the user can reach, beside the private workspace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class Sandbox(Protocol):
    """Wraps a command, so that it can do less than the user who started it."""

    name: str
    """As settings name it."""

    def probe(self) -> str:
        """What it keeps the harness from on this machine, in words; empty when from nothing.

        Raises `model.problem.Problem`, with the remedy, where it can't be used here.
        """
        ...

    def wrap(self, argv: Sequence[str], workspace: Path) -> list[str]:
        """The command line that runs `argv` inside it; `workspace` must be writable there.

        Exit status, output and signals are those of `argv`, and its environment is what it is
        started with. The first word is an absolute path.
        """
        ...


class NoSandbox:
    """The harness may do what the user may do."""

    name = "none"

    def probe(self) -> str:
        return ""

    def wrap(self, argv: Sequence[str], workspace: Path) -> list[str]:
        return list(argv)


def usual_sandbox() -> Sandbox:
    """The sandbox of every run, and what is said of it at the start."""
    return NoSandbox()
