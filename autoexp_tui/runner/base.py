"""The commit that a run starts from: HEAD, or HEAD with what is changed on top of it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import PurePosixPath

from autoexp_tui.model.contract import Contract
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.state import Row, RunState
from autoexp_tui.project import CONFIG, Project
from autoexp_tui.repository.repository import Repository
from autoexp_tui.summary.outcomes import outcome_of

_TAKEN, _LEFT = "As it was when the run began", "As #"
OWN = (_TAKEN, _LEFT)
"""What the message of a commit begins with that was made for a run to start from."""
_NAMED = 4
"""How many of the other changed files are named."""


@dataclass(frozen=True, slots=True)
class Origin:
    """An experiment of an earlier run, whose text a new one starts from."""

    state: RunState
    row: Row


@dataclass(frozen=True, slots=True)
class Base:
    """A commit, and what a person should know of it."""

    commit: str
    notes: tuple[str, ...] = ()


def choose_base(
    project: Project,
    repository: Repository,
    contract: Contract,
    *,
    include_dirty: bool,
    origin: Origin | None = None,
) -> Base:
    """The commit to start from; the target of `origin` goes on top of it.

    Raises UsageProblem when what is judged (the target, the harness) is not as HEAD has it, and
    nobody has said to take it as it is.
    """
    _check_target(project, contract)
    head = repository.head()
    judged = _judged(project, contract)
    dirty = repository.uncommitted(judged)
    # What git ignores is linked, not committed: the Python of `.venv`, a program that was built.
    linked = set(repository.ignored([p for p in dirty if not repository.is_tracked(p)]))
    dirty = [path for path in dirty if path not in linked]
    if origin is not None:
        return _on_top(project, repository, contract, head, origin)
    if dirty and not include_dirty:
        raise UsageProblem(
            f"{', '.join(dirty)}: not committed; commit first, or start from them as they are "
            "with --include-dirty"
        )
    others = [path for path in repository.changed() if path not in dirty]
    if not include_dirty or not (dirty or others):
        return Base(head, (_ignored_words(others),) if others else ())
    root = project.place.root
    taken = [path for path in (*dirty, *others) if (root / path).is_file()]
    contents = {path: (root / path).read_bytes() for path in taken}
    names = _listed(taken)
    commit = repository.commit(head, contents, f"{_TAKEN}: {names}\n")
    return Base(commit, (f"starting from uncommitted changes: {names}",))


def harness_files(project: Project, contract: Contract) -> list[str]:
    """The words of the harness' command that are files of the project."""
    try:
        words = shlex.split(contract.harness)
    except ValueError:
        words = contract.harness.split()
    names = (word.removeprefix("./") for word in words)
    return [name for name in names if name and (project.path / name).is_file()]


def config_path(project: Project) -> str:
    """`autoexp.yaml` as messages name it."""
    return str(PurePosixPath(project.folder) / CONFIG)


def _check_target(project: Project, contract: Contract) -> None:
    path = project.path / contract.target
    where = f"{config_path(project)}: target {contract.target}"
    if path.is_symlink():
        raise UsageProblem(f"{where} is a symbolic link: name the file it stands for")
    if not path.is_file():
        raise UsageProblem(f"{where} does not exist")


def _judged(project: Project, contract: Contract) -> list[str]:
    """Target and harness, relative to the repository's root."""
    names = dict.fromkeys([contract.target, *harness_files(project, contract)])
    paths = [str(PurePosixPath(project.folder) / name) for name in names]
    return [path for path in paths if not path.startswith("/")]


def _on_top(
    project: Project, repository: Repository, contract: Contract, head: str, origin: Origin
) -> Base:
    """HEAD with the target as an experiment of another run has it."""
    state, row = origin.state, origin.row
    path = str(PurePosixPath(project.folder) / contract.target)
    if (state.run.folder, state.contract.target) != (project.folder, contract.target):
        raise UsageProblem(f"run {state.run.tag} is not of {path}: it has no text to start from")
    text = repository.read(row.commit, path)
    message = f"{_LEFT}{row.n} of run {state.run.tag} left it: {path}\n"
    if row is state.incumbent:
        told = f"starting from the best of {state.run.tag}, #{row.n}"
    else:
        told = f"starting from #{row.n} of {state.run.tag} ({outcome_of(row).told})"
    if text == repository.read(head, path):
        return Base(head, (told,))
    return Base(repository.commit(head, {path: text}, message), (told,))


def _ignored_words(others: list[str]) -> str:
    differ = "differs" if len(others) == 1 else "differ"
    return (
        f"{_listed(others)} {differ} from the commit, which is what is measured: "
        "commit first, or --include-dirty takes them as they are"
    )


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more
