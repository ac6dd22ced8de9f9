"""What comes before a run: the project is examined, and the run's first event written.

Nothing is written to the project: its own files are only read, and the two tables and the lines
that hide them from `git status` come later, once the run is sure to start.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from autoexp_tui import __version__, config
from autoexp_tui.evaluation.sandbox import protection
from autoexp_tui.loop.journal import Journal, JournalError
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.runlock import is_running, locked
from autoexp_tui.model import budget, events
from autoexp_tui.model.contract import Budget, Contract
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory, runs_in
from autoexp_tui.model.state import RunState
from autoexp_tui.project import Project
from autoexp_tui.proposers import registry
from autoexp_tui.repository.candidates import Candidates
from autoexp_tui.repository.repository import Repository
from autoexp_tui.sources.journals import read_state
from autoexp_tui.system.files import open_plain, replace_file, set_aside
from autoexp_tui.text.safe import clean_line

_TAG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says beside `autoexp.yaml`; None leaves it to the file."""

    tag: str | None = None
    proposer: str | None = None
    max_experiments: int | None = None
    max_hours: float | None = None
    time_limit: float | None = None
    seed: int = 0
    results: Path | None = None
    include_dirty: bool = False

    def budget(self, given: Budget) -> Budget:
        """`given` with the caps that were asked for."""
        return msgspec.structs.replace(
            given,
            max_experiments=self.max_experiments or given.max_experiments,
            max_wall_clock_hours=self.max_hours or given.max_wall_clock_hours,
        )

    def contract(self, given: Contract) -> Contract:
        """`given` as it is asked for."""
        return msgspec.structs.replace(
            given,
            budget=self.budget(given.budget),
            proposer=self.proposer or given.proposer,
            time_limit=self.time_limit or given.time_limit,
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that a runner can be started for."""

    run: RunDirectory
    root: Path
    results: Path
    resumed: bool
    notes: tuple[str, ...] = ()
    """What a person should know before it starts."""


def prepare(project: Project, wishes: Wishes, *, today: dt.date) -> Prepared:
    """Begin a new run, or take an old one up.

    Raises:
        UsageProblem, ConfigError, RepositoryError: it can't be; nothing was written.
        AlreadyRunning, JournalError: the run of that name can't be taken.
    """
    contract = wishes.contract(project.contract())
    run = _choose_run(project, wishes.tag, contract, today)
    with locked(run):
        state = read_state(run)
        results = _results_path(run, project, wishes, state)
        with contextlib.closing(Repository.open(project.place.root)) as repository:
            _claim(results, repository, project, run, state)
            if state.rows:
                notes = _resume(run, state, wishes, contract, project)
            else:
                notes = _begin(run, project, repository, contract, wishes)
            repository.exclude(exclude_lines(project.place.root, results))
    return Prepared(run, project.place.root, results, bool(state.rows), tuple(notes))


def first_event(
    project: Project, contract: Contract, tag: str, base: str, seed: int
) -> events.RunStarted:
    """What the run will be for ever. Raises UnknownProposer."""
    return events.RunStarted(
        tag=clean_line(tag),
        project=clean_line(project.path.name),
        folder=project.folder,
        base=base,
        contract=contract,
        proposer=clean_line(registry.resolve(contract.proposer, os.environ)),
        seed=seed,
        protection=clean_line(protection(contract), 400),
        version=clean_line(__version__),
    )


def harness_files(project: Project, contract: Contract) -> list[str]:
    """The words of the harness' command that are files of the project."""
    try:
        words = shlex.split(contract.harness)
    except ValueError:
        words = contract.harness.split()
    names = (word.removeprefix("./") for word in words)
    return [name for name in names if name and (project.path / name).is_file()]


def choose_base(
    project: Project, repository: Repository, contract: Contract, *, include_dirty: bool
) -> tuple[str, list[str]]:
    """The commit to start from, and what a person should know of it.

    Raises UsageProblem when the target or the harness is not as HEAD has it.
    """
    head = repository.head()
    judged = [contract.target, *harness_files(project, contract)]
    if not (project.path / contract.target).is_file():
        raise UsageProblem(f"{config_path(project)}: target {contract.target} does not exist")
    paths = [str(PurePosixPath(project.folder) / name) for name in dict.fromkeys(judged)]
    dirty = repository.uncommitted([path for path in paths if not path.startswith("/")])
    # What git ignores is linked, not committed: the Python of `.venv`, a program that was built.
    untracked = [path for path in dirty if not repository.is_tracked(path)]
    ignored = set(repository.ignored(untracked))
    dirty = [path for path in dirty if path not in ignored]
    if not dirty:
        return head, []
    names = ", ".join(dirty)
    if not include_dirty:
        raise UsageProblem(
            f"{names}: not committed; commit first, or start from them as they are "
            "with --include-dirty"
        )
    contents = {path: (project.place.root / path).read_bytes() for path in dirty}
    commit = repository.commit(head, contents, f"As it was when the run began: {names}\n")
    return commit, [f"starting from uncommitted changes: {names}"]


def config_path(project: Project) -> str:
    """`autoexp.yaml` as messages name it."""
    return str(PurePosixPath(project.folder) / "autoexp.yaml")


def default_tag(target: str, today: dt.date) -> str:
    """The date and the target: `mar8-prompt`."""
    stem = re.sub(r"[^A-Za-z0-9-]+", "-", PurePosixPath(target).stem).strip("-") or "target"
    return f"{today:%b}{today.day}-{stem}".lower()[:60]


def _choose_run(
    project: Project, tag: str | None, contract: Contract, today: dt.date
) -> RunDirectory:
    if tag is not None and (not _TAG.fullmatch(tag) or ".." in tag or tag.endswith(".lock")):
        raise UsageProblem(f"tag {tag!r}: use up to 64 letters, digits, dots, dashes")
    if tag is None:
        tag = _unfinished(project) or default_tag(contract.target, today)
    return project.run(tag)


def _unfinished(project: Project) -> str:
    """The last run of this project, when a failure or a person ended it before its budget did."""
    for run in runs_in(project.place.common_dir):
        try:
            state = read_state(run)
        except (JournalError, OSError):
            continue  # named by its tag, it says what is wrong with it
        if state.started is None or state.started.folder != project.folder:
            continue
        finished = state.finished
        cut = finished is None or not finished.ok or state.stop_requested is not None
        left = state.rows and not budget.used_up(state, state.elapsed)
        return run.tag if cut and left else ""
    return ""


def _results_path(run: RunDirectory, project: Project, wishes: Wishes, state: RunState) -> Path:
    if wishes.results is not None:
        return wishes.results.resolve()
    if state.runner is not None:
        return run.place(state.runner.results)
    return project.path / "results.tsv"


def _claim(
    results: Path,
    repository: Repository,
    project: Project,
    run: RunDirectory,
    state: RunState,
) -> None:
    """Make sure that nothing of anybody else is at the tables' paths. Raises UsageProblem.

    What this very run wrote there is its own, however a person or a full disk has left it: the
    projections set aside what they did not write.
    """
    own = state.runner is not None and run.place(state.runner.results) == results
    others = [other for other in runs_in(project.place.common_dir) if other.path != run.path]
    for path in (results, results.with_name("budget.log")):
        if path.is_relative_to(project.place.root):
            name = path.relative_to(project.place.root).as_posix()
            if repository.is_tracked(name):
                raise UsageProblem(f"{name} is tracked by git: choose another with --results PATH")
        if own or not path.exists():
            continue
        found = _content(path)
        ours = [other.path / _inner_name(path, results) for other in (run, *others)]
        if found is None or not any(_is_start(found, _content(own)) for own in ours):
            raise UsageProblem(
                f"{path} is here already and no run of autoexp wrote it as it is: "
                "move it away, or choose another with --results PATH"
            )
    for other in others:
        if is_running(other) and _writes_to(other) == results:
            raise UsageProblem(
                f"run {other.tag} is writing {results.name} now: "
                "wait for it, or choose another table with --results PATH"
            )


def _inner_name(path: Path, results: Path) -> str:
    return "results.tsv" if path == results else "budget.log"


def _content(path: Path) -> bytes | None:
    """Of a plain file; None where there is none."""
    try:
        with open_plain(path) as file:
            return file.read()
    except OSError:
        return None


def _is_start(found: bytes, ours: bytes | None) -> bool:
    """A table that a crash left short is still ours."""
    return ours is not None and ours.startswith(found)


def _writes_to(run: RunDirectory) -> Path | None:
    try:
        state = read_state(run)
    except (JournalError, OSError):
        return None  # whoever writes there holds the table's lock
    return run.place(state.runner.results) if state.runner else None


def _begin(
    run: RunDirectory,
    project: Project,
    repository: Repository,
    contract: Contract,
    wishes: Wishes,
) -> Sequence[str]:
    """Write the first event; what an attempt without a row left behind is done over."""
    base, notes = choose_base(project, repository, contract, include_dirty=wishes.include_dirty)
    started = first_event(project, contract, run.tag, base, wishes.seed)
    _refuse_unable(started.proposer, contract)
    look = registry.factory(started.proposer).look
    if problems := look(contract, Candidates(repository, started).text_of(base)).problems:
        raise UsageProblem(problems[0])
    repository.keep_ref(run.tag, "base", base)
    if run.journal.is_dir():
        set_aside(run.journal)
    run.journal.unlink(missing_ok=True)
    replace_file(run.contract, config.render(contract).encode())
    with Journal(run.journal) as journal:
        journal.append(started)
    return notes


def _refuse_unable(proposer: str, contract: Contract) -> None:
    """Raise UsageProblem where the proposer could not work."""
    if problems := registry.factory(proposer).problems(contract, os.environ):
        raise UsageProblem(problems[0])


def _resume(
    run: RunDirectory, state: RunState, wishes: Wishes, contract: Contract, project: Project
) -> Sequence[str]:
    """Check that there is something left to do; the caps may be raised. Raises UsageProblem."""
    started = state.run
    if started.folder != project.folder:
        raise UsageProblem(f"run {run.tag} belongs to {started.folder or 'the root'}: use --tag")
    caps = wishes.budget(state.budget)
    state.budget = caps
    if spent := budget.used_up(state, state.elapsed):
        raise UsageProblem(
            f"run {run.tag} is complete: {spent}; raise it "
            f"(`--max-experiments {2 * caps.max_experiments}`) or begin another with --tag"
        )
    _refuse_unable(started.proposer, started.contract)
    with Journal(run.journal) as journal:
        recorder = Recorder(journal)
        if caps != recorder.state.budget:
            recorder.record(events.BudgetChanged(caps))
    frozen = msgspec.structs.replace(
        wishes.contract(started.contract),
        budget=contract.budget,
        **{} if wishes.proposer else {"proposer": contract.proposer},
        **{} if wishes.time_limit else {"time_limit": contract.time_limit},
    )
    if frozen != contract:
        differs = f"{config_path(project)} differs from what {run.tag} began with"
        return [f"{differs}: it goes on as it began; --tag begins another"]
    return []


def exclude_lines(root: Path, results: Path) -> list[str]:
    """What hides the two tables from `git status`; nothing for tables outside the repository."""
    tables = (results, results.with_name("budget.log"))
    names = [path.relative_to(root).as_posix() for path in tables if path.is_relative_to(root)]
    return ["/" + re.sub(r"([\\*?\[ ])", r"\\\1", name) for name in names]
