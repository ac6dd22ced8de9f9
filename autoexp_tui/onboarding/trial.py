"""Runs a command in a workspace as a run's harness would be, and reads what it leaves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autoexp_tui.evaluation.documents import pytest_counts
from autoexp_tui.evaluation.local import LocalEvaluator
from autoexp_tui.loop.ports import Job
from autoexp_tui.model.contract import Contract
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.project import Project
from autoexp_tui.repository.candidates import Candidates
from autoexp_tui.repository.repository import Repository
from autoexp_tui.runner import preparation
from autoexp_tui.system.scratch import scratch_folder
from autoexp_tui.text.safe import Safe, clean, clean_line, decode

_TAG = "init"
_MOST_BYTES = 64 << 10
"""Of the output's end, and of a file that was written."""
_MOST_FILES = 20
_TEXTS = (".json", ".txt", ".out", ".log", ".csv", ".tsv", ".metrics", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a command."""

    seconds: float
    failure: str
    """Why it is no harness as it is; empty when it ended well."""
    printed: str
    """The end of what it printed, as it is: for reading, not for showing."""
    written: dict[str, str]
    """The text files that it made, by path relative to the project."""
    remedy: Safe
    """What to do about the failure; empty where that isn't known."""

    @property
    def output(self) -> Safe:
        """The end of what it printed."""
        return clean(self.printed)


def try_out(
    repository: Repository, project: Project, contract: Contract, time_limit: float
) -> Trial:
    """Run the contract's harness once on HEAD, isolated as in a run; the workspace goes again.

    Raises RepositoryError, and KeyboardInterrupt once the command has been ended.
    """
    base = repository.head()
    started = preparation.first_event(project, contract, _TAG, base, seed=0)
    with scratch_folder() as folder:
        evaluator = LocalEvaluator(RunDirectory(folder / _TAG), repository, started)
        try:
            text = Candidates(repository, started).text_of(base)
            handle = evaluator.submit(Job(1, text, time_limit, "guard", contract.harness))
            try:
                result = handle.result()
            except BaseException:
                handle.cancel()
                with contextlib.suppress(Exception):
                    handle.result()
                raise
            output = _end_of(handle.output) or result.tail
            return Trial(
                result.seconds,
                "" if _counts_tests(output, result.failure) else result.failure,
                output,
                dict(_written(evaluator, contract.target)),
                clean_line(result.remedy, 400),
            )
        finally:
            evaluator.workspace.remove()


def _counts_tests(output: str, failure: str) -> bool:
    """Whether it ended with 1 since some tests fail, which is a figure."""
    lines = clean(output).split("\n")
    return failure.startswith("exit 1") and any(map(pytest_counts, lines))


def _end_of(path: Path) -> str:
    with contextlib.suppress(OSError), path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _MOST_BYTES, 0))
        return decode(file.read())
    return ""


def _written(evaluator: LocalEvaluator, target: str) -> Iterator[tuple[str, str]]:
    """Small texts that are in the workspace and neither of the commit nor linked."""
    workspace = evaluator.workspace
    known, linked = {*workspace.files}, {*workspace.linked}
    found = 0
    for path in _below(workspace.project_dir, workspace.root, linked, 3):
        name = path.relative_to(workspace.root).as_posix()
        inner = path.relative_to(workspace.project_dir).as_posix()
        if name in known or inner == target or PurePosixPath(name).suffix.lower() not in _TEXTS:
            continue
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if 0 < path.stat().st_size <= _MOST_BYTES:
                yield inner, path.read_text(encoding="utf-8")
                found += 1
        if found >= _MOST_FILES:
            return


def _below(folder: Path, root: Path, linked: set[str], depth: int) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            if path.is_symlink() or path.name.startswith(".") or path.name == "node_modules":
                continue
            if path.relative_to(root).as_posix() in linked:
                continue
            if path.is_file():
                yield path
            elif depth and path.is_dir():
                yield from _below(path, root, linked, depth - 1)
