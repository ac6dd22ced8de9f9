"""What comes before a run: the project is examined, and the run's first event written.

Nothing is written to the project: its own files are only read, and the two tables and the lines
that hide them from `git status` come later, once the run is sure to start.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from autoexp_tui import __version__, config
from autoexp_tui.evaluation.sandbox import protection
from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.runlock import locked
from autoexp_tui.model import budget, events
from autoexp_tui.model.contract import Budget, Contract
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.project import Project
from autoexp_tui.proposers import registry
from autoexp_tui.repository.candidates import Candidates
from autoexp_tui.repository.repository import Repository
from autoexp_tui.runner.base import Origin, choose_base, config_path
from autoexp_tui.runner.claiming import claim, exclude_lines
from autoexp_tui.runner.naming import choose_run, find_origin
from autoexp_tui.sources.journals import read_state
from autoexp_tui.sources.known import remember
from autoexp_tui.system.files import replace_file, set_aside
from autoexp_tui.text.safe import clean_line


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
    origin: str | None = None
    """What the new run starts from: the best of a run, `TAG`, or an experiment, `31`, `TAG:31`."""

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
    # Found first: what goes on with an old run would take no notice of it.
    origin = find_origin(project, wishes.origin) if wishes.origin is not None else None
    run = choose_run(
        project, wishes.tag, contract.target, wishes.budget, today, anew=origin is not None
    )
    with locked(run):
        state = read_state(run)
        if state.rows and origin is not None:
            raise UsageProblem(
                f"run {run.tag} has begun already, and goes on from its own best: "
                "--from begins another, with another --tag"
            )
        with contextlib.closing(Repository.open(project.place.root)) as repository:
            place = claim(project, repository, run, state, wishes.results)
            if state.rows:
                notes = _resume(run, state, wishes, contract, project)
            else:
                notes = _begin(run, project, repository, contract, wishes, origin)
            place.results.parent.mkdir(parents=True, exist_ok=True)
            repository.exclude(exclude_lines(project.place.root, place.results))
    remember(project.place)
    notes = (*place.notes, *notes)
    return Prepared(run, project.place.root, place.results, bool(state.rows), notes)


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


def _begin(
    run: RunDirectory,
    project: Project,
    repository: Repository,
    contract: Contract,
    wishes: Wishes,
    origin: Origin | None,
) -> Sequence[str]:
    """Write the first event; what an attempt without a row left behind is done over."""
    base = choose_base(
        project, repository, contract, include_dirty=wishes.include_dirty, origin=origin
    )
    started = first_event(project, contract, run.tag, base.commit, wishes.seed)
    text = Candidates(repository, started).text_of(base.commit)
    if found := problems(project, contract, started.proposer, text):
        raise UsageProblem("\n".join(found))
    repository.keep_ref(run.tag, "base", base.commit)
    if run.journal.is_dir():
        set_aside(run.journal)
    run.journal.unlink(missing_ok=True)
    replace_file(run.contract, config.render(contract).encode())
    with Journal(run.journal) as journal:
        journal.append(started)
    offered = registry.passed_over(contract.proposer, started.proposer, os.environ)
    return (*base.notes, *offered)


def problems(project: Project, contract: Contract, proposer: str, text: str) -> list[str]:
    """What must be mended before a run may begin, beside a baseline that fails.

    `text` is the target's. `check` and `run` ask nothing else.
    """
    found = []
    if contract.instructions and not (project.path / contract.instructions).is_file():
        found.append(
            f"there are no instructions {contract.instructions}: write that file, or leave "
            "`instructions:` out"
        )
    factory = registry.factory(proposer)
    return [*found, *factory.problems(contract, os.environ), *factory.look(contract, text).problems]


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
