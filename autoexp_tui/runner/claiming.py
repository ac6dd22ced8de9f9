"""Where a run's two tables go: a place that is nobody else's, and the run's own from then on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autoexp_tui.loop.journal import JournalError
from autoexp_tui.loop.runlock import is_running
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory, runs_in
from autoexp_tui.model.state import RunState
from autoexp_tui.project import Project
from autoexp_tui.repository.repository import Repository
from autoexp_tui.sources.journals import read_state
from autoexp_tui.system.files import open_plain

_ELSEWHERE = "autoexp"
"""Folder of the project for the tables, where their usual names are taken."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A place for `results.tsv`; `budget.log` lies beside it."""

    results: Path
    notes: tuple[str, ...] = ()
    """What a person should know of it."""


def claim(
    project: Project,
    repository: Repository,
    run: RunDirectory,
    state: RunState,
    wished: Path | None,
) -> Claim:
    """The run's place. What was there before is an earlier table of ours, or nothing.

    `results.tsv` of another program, or one that git tracks, stays as it is: ours then goes into a
    folder of its own. Raises UsageProblem where it can't be had.
    """
    others = [other for other in runs_in(project.place.common_dir) if other.path != run.path]
    if wished is not None:
        results = wished.resolve()
    elif state.runner is not None:
        results = run.place(state.runner.results)
    else:
        results = project.path / "results.tsv"
    own = state.runner is not None and run.place(state.runner.results) == results
    notes: tuple[str, ...] = ()
    if why := next(_objections(project, repository, results, (run, *others), own=own), ""):
        if wished is not None or state.runner is not None:
            raise UsageProblem(f"{why}: choose another with --results PATH")
        results = project.path / _ELSEWHERE / "results.tsv"
        if further := next(_objections(project, repository, results, (run, *others), own=own), ""):
            raise UsageProblem(f"{why}, and {further}: choose another with --results PATH")
        notes = (f"{why}: it stays as it is, and this run's table is {_ELSEWHERE}/results.tsv",)
    for other in others:
        if is_running(other) and _writes_to(other) == results:
            raise UsageProblem(
                f"run {other.tag} is writing {results.name} now: "
                "wait for it, or choose another table with --results PATH"
            )
    return Claim(results, notes)


def exclude_lines(root: Path, results: Path) -> list[str]:
    """What hides the two tables from `git status`; nothing for tables outside the repository."""
    names = [path.relative_to(root).as_posix() for path in _tables(results) if _is_in(path, root)]
    return ["/" + re.sub(r"([\\*?\[ ])", r"\\\1", name) for name in names]


def _objections(
    project: Project,
    repository: Repository,
    results: Path,
    runs: Sequence[RunDirectory],
    *,
    own: bool,
) -> Iterator[str]:
    """Why the tables can't be there, in words.

    What this very run wrote there is its own, however a person or a full disk has left it: the
    projections set aside what they did not write.
    """
    root = project.place.root
    for path in _tables(results):
        if _is_in(path, root):
            name = path.relative_to(root).as_posix()
            if repository.is_tracked(name):
                yield f"{name} is tracked by git (`git rm --cached {name}` lets it go)"
        if own or not path.exists():
            continue
        found = _content(path)
        inner = "results.tsv" if path == results else "budget.log"
        ours = (_content(other.path / inner) or b"" for other in runs)
        # A table that a crash left short is still ours.
        if found is None or not any(table.startswith(found) for table in ours):
            yield f"{path} is here already and no run of autoexp wrote it as it is"


def _tables(results: Path) -> tuple[Path, Path]:
    return results, results.with_name("budget.log")


def _is_in(path: Path, root: Path) -> bool:
    return path.is_relative_to(root)


def _content(path: Path) -> bytes | None:
    """Of a plain file; None where there is none."""
    try:
        with open_plain(path) as file:
            return file.read()
    except OSError:
        return None


def _writes_to(run: RunDirectory) -> Path | None:
    try:
        state = read_state(run)
    except (JournalError, OSError):
        return None  # whoever writes there holds the table's lock
    return run.place(state.runner.results) if state.runner else None
