"""`autoexp clean`: give back what ended runs hold of the disk; no row is touched."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from autoexp_tui.console import say
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.model.rundir import runs_in
from autoexp_tui.project import find_project
from autoexp_tui.repository.gitdir import GitPlace
from autoexp_tui.sources.journals import read_state


@click.command("clean")
def clean_() -> None:
    """Remove the workspaces of ended runs and the lines that hide their tables from git status."""
    give_back(find_project(Path()).place)


def give_back(place: GitPlace) -> None:
    """What `autoexp clean` does for the repository at `place`."""
    from autoexp_tui.evaluation.workspace import remove_workspace  # noqa: PLC0415 - git
    from autoexp_tui.repository.repository import Repository  # noqa: PLC0415
    from autoexp_tui.runner.claiming import exclude_lines  # noqa: PLC0415

    busy = False
    with contextlib.closing(Repository.open(place.root)) as repository:
        lines: list[str] = []
        for run in runs_in(place.common_dir):
            state = read_state(run)
            if state.started is None or is_running(run):
                busy = busy or is_running(run)
                continue
            remove_workspace(repository.common_dir, run.tag)
            if state.runner is not None:
                lines += exclude_lines(place.root, run.place(state.runner.results))
            say(f"{run.tag}: workspace removed; rows, commits and branch are kept")
        if not busy:
            repository.unexclude(lines)
