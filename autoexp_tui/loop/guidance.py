"""What a person wrote for the proposer, as it reads now: an edit counts from the next proposal on.

Read from the user's checkout, not from a commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.ideas import NAME, read_ideas
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState


class Guidance:
    """Instructions and ideas of one project."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        """`folder` is the project's, in the checkout that the run was started from."""
        self._folder = folder
        self._instructions = contract.instructions or ""
        self._ideas = str(PurePosixPath(contract.target).with_name(NAME))

    def instructions(self) -> str:
        """The text of the file that `instructions` names; empty when there is none."""
        return self._read(self._instructions)

    def ideas(self) -> Sequence[str]:
        """What is to be tried, a line each, from `ideas.txt` beside the target."""
        return read_ideas(self._read(self._ideas))

    def _read(self, name: str) -> str:
        path = self._folder / name
        try:
            return path.read_text(encoding="utf-8", errors="replace") if name else ""
        except OSError:
            return ""


def instructions_of(run: RunDirectory, state: RunState) -> Path | None:
    """The file that a run reads its instructions from; None where it reads none."""
    if state.runner is None or not (name := state.contract.instructions):
        return None
    return run.place(state.runner.root) / state.run.folder / name
