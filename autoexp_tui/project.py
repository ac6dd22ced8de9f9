"""A project as a person names it: a folder with an `autoexp.yaml`, somewhere in a repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from autoexp_tui.loop.runlock import is_running
from autoexp_tui.model.contract import Contract
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory, runs_in
from autoexp_tui.repository import gitdir

if TYPE_CHECKING:
    from autoexp_tui import config

CONFIG = "autoexp.yaml"
INSTRUCTIONS = "program.md"


@dataclass(frozen=True, slots=True)
class Project:
    """Where a project is; its contract is read when it is asked for."""

    path: Path
    place: gitdir.GitPlace

    @property
    def folder(self) -> str:
        """The project's path in its repository, with `/`; empty at the root."""
        return self.place.folder(self.path)

    def run(self, tag: str) -> RunDirectory:
        """Where the run of that name is, or would be."""
        return RunDirectory(self.place.common_dir / "autoexp" / tag)

    def contract(self) -> Contract:
        """Read `autoexp.yaml`. Raises ConfigError, and UsageProblem where there is none."""
        return self.given().contract

    def given(self) -> config.Given:
        """As `contract`, with the line of each setting."""
        path = self.path / CONFIG
        if not path.is_file():
            raise UsageProblem(f"{path}: there is no such file; `autoexp init` writes one")
        from autoexp_tui import config  # noqa: PLC0415 - 20 ms, and who watches needs none

        given = config.load_given(path)
        if given.contract.instructions is None and (self.path / INSTRUCTIONS).is_file():
            contract = msgspec.structs.replace(given.contract, instructions=INSTRUCTIONS)
            return config.Given(contract, given.lines)
        return given


def find_project(path: Path) -> Project:
    """The project at `path`. Raises UsageProblem outside of a git repository."""
    path = path.resolve()
    if not path.is_dir():
        raise UsageProblem(f"{path}: there is no such folder")
    place = gitdir.find(path)
    if place is None:
        raise UsageProblem(
            f"{path} is in no git repository: "
            "`git init && git add -A && git commit -m start` makes one"
        )
    return Project(path, place)


def find_run(place: gitdir.GitPlace, tag: str | None) -> RunDirectory:
    """The run called `tag`, else the one running, else the last. Raises UsageProblem."""
    runs = list(runs_in(place.common_dir))
    if tag is not None:
        for run in runs:
            if run.tag == tag:
                return run
        known = ", ".join(run.tag for run in runs[:5]) or "none yet"
        raise UsageProblem(f"there is no run {tag!r} in {place.root} (runs: {known})")
    if not runs:
        raise UsageProblem(f"no run in {place.root} yet: `autoexp run` starts one")
    return next((run for run in runs if is_running(run)), runs[0])


def run_here(tag: str | None) -> RunDirectory:
    """`find_run` for the repository of the current folder."""
    return find_run(find_project(Path()).place, tag)
