"""Evaluates on this machine: one workspace, one run of the harness at a time.

Puts workspace, sandbox and harness together, and tells tampering; it judges nothing.
"""

from __future__ import annotations

import errno
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import msgspec

from autoexp_tui.evaluation.bypasses import (
    Checkout,
    causes,
    python_prefixes,
    repointed,
    with_own_packages,
)
from autoexp_tui.evaluation.disk import DiskUse, size_of
from autoexp_tui.evaluation.environment import harness_environment, mask_of
from autoexp_tui.evaluation.harness import run_harness
from autoexp_tui.evaluation.leavings import VARIABLE, MetricFiles, put_back, take
from autoexp_tui.evaluation.own_places import with_own_places
from autoexp_tui.evaluation.products import Products
from autoexp_tui.evaluation.progress import ProgressReader, remember, remembered
from autoexp_tui.evaluation.remedies import Seen, remedy
from autoexp_tui.evaluation.results import forms_after, result_of, stamp_of, to_blame
from autoexp_tui.evaluation.sandbox import Confinement, NoSandbox, Sandbox, choose
from autoexp_tui.evaluation.sandbox.permissions import LOST, permissions
from autoexp_tui.evaluation.sandbox.reach import harness_confinement
from autoexp_tui.evaluation.slots import Slot
from autoexp_tui.evaluation.supervisors import ForkServer, server
from autoexp_tui.evaluation.surroundings import Surroundings
from autoexp_tui.evaluation.workspace import Stopped, Workspace
from autoexp_tui.loop.ports import Job, Result
from autoexp_tui.model.contract import Metric
from autoexp_tui.model.events import RunStarted
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.pruning import Race
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.repository.repository import Repository
from autoexp_tui.system.removal import discard
from autoexp_tui.text.safe import Safe, clean_line


class LocalHandle:
    """A run of the harness in a thread of its own; implements `loop.ports.Handle`."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.cancelled = threading.Event()
        self.future: Future[Result] = Future()

    def result(self) -> Result:
        return self.future.result()

    def cancel(self) -> None:
        self.cancelled.set()

    def check(self) -> None:
        """Raises Stopped once it is cancelled."""
        if self.cancelled.is_set():
            raise Stopped


def _as_it_is(confinement: Confinement) -> Confinement:
    return confinement


class LocalEvaluator:
    """Implements `loop.ports.Evaluator` for one run."""

    def __init__(  # noqa: PLR0913 - what it depends on, by name
        self,
        run: RunDirectory,
        repository: Repository,
        started: RunStarted,
        units: Mapping[str, str] | None = None,
        sandbox: Sandbox | None = None,
        *,
        forms: Mapping[str, Sequence[str]] | None = None,
        products: Sequence[str] = (),
        damaged: Callable[[], Mapping[str, int]] = dict,
        slot: Slot | None = None,
        place: int = 1,
    ) -> None:
        """Materialises the workspace. Raises RepositoryError, UsageProblem, OSError.

        `units` are what the run's metrics were printed in so far: another is refused. `forms` are
        the baseline's, as `MetricReader` tells them, and `products` what it makes, as
        `Result.made` told it. `damaged` gives what the run's journal knows of `Result.damaged`.
        `slot` is what it has of the machine; None: all. `place` tells its workspace from those of
        the run's other slots.
        """
        self._forms = None if forms is None else {name: (*each,) for name, each in forms.items()}
        self._units = dict(units or {})
        self._damaged = damaged
        self.slot = slot
        self._server = server if place == 1 else ForkServer()
        self._server.start()
        self._size: int | None = None
        """Bytes of the workspace when it is exact, about."""
        self._content: bytes | None = None
        """The target as it was to be, the last time."""
        self._run = run
        self._contract = contract = started.contract
        self.sandbox = sandbox or choose(contract.sandbox)
        self._allow: Callable[[Confinement], Confinement] = _as_it_is
        """What a trial is to have, that the sandbox keeps from the harness else."""
        self._confinement = Confinement(Path(), Path())
        """The last one."""
        self._busy = threading.Lock()
        """Held by the job that has the workspace: another waits for it."""
        written = [metric.file for metric in contract.metrics if metric.file is not None]
        self._products = Products(
            started.folder,
            keep=contract.keep,
            declared=[*contract.leaves, *written],
            allowed=products,
        )
        self.workspace = Workspace(
            repository,
            started.base,
            started.folder,
            tag=started.tag,
            place=place,
            link=contract.link,
            target=contract.target,
            products=self._products,
            links_are_open=self.sandbox.name == "none",
        )
        if contract.hidden:
            self.workspace.hide(contract.hidden)
        self._checkout = Checkout(repository.root, self.workspace.root)
        self.mask = mask_of(os.environ)
        environment, self.withheld, self.near = harness_environment(os.environ, contract.env)
        environment, moved = repointed(environment, self._checkout)
        environment = with_own_places(
            environment, contract.env.define, self.workspace.root, started.base
        )
        environment = with_project_python(
            environment, self.workspace.project_dir, self.workspace.root
        )
        linked = [self.workspace.root / name for name in self.workspace.linked]
        self._prefixes = python_prefixes(environment, linked)
        self._environment, packages = with_own_packages(environment, self._checkout, self._prefixes)
        if self.sandbox.name == "none":
            self.workspace.surroundings = Surroundings(self._environment, self.workspace.root)
        self.led_back = (*moved, *packages)
        """Variables and packages that named the user's checkout, and mean the workspace here."""

    slots: tuple[Safe, ...] = ()
    """It is one."""

    def close(self) -> None:
        """No more jobs come. The workspace stays."""
        if self._server is not server:
            self._server.close()

    def _in_slot(self) -> dict[str, str]:
        """The harness' environment."""
        if self.slot is None:
            return self._environment
        return self.slot.environment(self._environment)

    def bypasses(self) -> list[str]:
        """Why the harness may measure something else than the workspace, each with its cure."""
        files = sorted(set(self.workspace.files) - {self._contract.target})
        return list(causes(self._checkout, self._contract.harness, files, self._prefixes))

    def refresh(self) -> None:
        """Make the workspace exact again. Raises RepositoryError."""
        with self._busy:
            self.workspace.prepare(self._content)

    def submit(self, job: Job) -> LocalHandle:
        handle = LocalHandle(log_of(self._run, job))

        def work() -> None:
            try:
                with self._busy:
                    result = self._outcome(job, handle)
                    if result.failure and job.n == 1 and job.purpose != "mutant":
                        lacks = self._missing(job, handle, result) or self._remedy(result)
                        result = msgspec.structs.replace(result, remedy=lacks)
                    handle.future.set_result(result)
            except BaseException as error:  # noqa: BLE001 - raised by `result`, where it is waited for
                handle.future.set_exception(error)

        threading.Thread(target=work, name=f"evaluation of {job.n}").start()
        return handle

    def _missing(self, job: Job, handle: LocalHandle, failed: Result) -> str:
        """The permission that a baseline lacks which works outside of the sandbox; else nothing.

        It is run again for that: without the sandbox first, then with one permission at a time.
        """
        sandbox, unable = self.sandbox, self._contract.sandbox == "required" or failed.tampered
        if sandbox.name == "none" or unable or job.purpose or handle.cancelled.is_set():
            return ""
        trial = LocalHandle(handle.output.with_name("trial.log"))
        trial.cancelled = handle.cancelled

        def works(allow: Callable[[Confinement], Confinement]) -> bool:
            self._allow = allow
            return not self._outcome(job, trial).failure

        try:
            self.sandbox = NoSandbox()
            if not works(_as_it_is):
                return ""
            self.sandbox = sandbox
            sources, modes = self.workspace.sources, self.workspace.modes
            for permission in permissions(self._confinement, modes, sources, failed.tail):
                if works(permission.allow):
                    parts = (part for part in permission.narrower if works(part.allow))
                    return next(parts, permission).words
            return "" if handle.cancelled.is_set() else LOST
        finally:
            self.sandbox, self._allow = sandbox, _as_it_is

    def _outcome(self, job: Job, handle: LocalHandle) -> Result:
        """A result, whatever becomes of the workspace meanwhile."""
        began = time.monotonic()
        try:
            return self._evaluate(job, handle)
        except Stopped:
            failure, cut = "interrupted", True
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise
            failure, cut = clean_line(f"its workspace was lost: {_words(error)}"), False
        return Result(time.monotonic() - began, {}, {}, failure, cut_short=cut)

    def _refuse_damage(self) -> None:
        """Raises Problem where what an experiment changed outside is still as it left it."""
        for path, stamp in self._damaged().items():
            source = self.workspace.source_of(path)
            if stamp_of(source) == stamp:
                raise Problem(
                    f"{source} is as an experiment left it, and nothing measured with that can be "
                    "trusted: put it back as it was (or touch it, if it is right)"
                )

    def _evaluate(self, job: Job, handle: LocalHandle) -> Result:
        self._refuse_damage()
        self._content = content = job.text.encode("utf-8", "surrogateescape")
        self.workspace.prepare(content, handle.check)
        if job.command:
            return self._run_command(job.command, job.reads, job, handle)
        score = self._contract.score
        judged = self._contract.metrics if score is None else ()
        progress = self._follow(job)
        run = self._run_command(self._contract.harness, judged, job, handle, progress=progress)
        if score is not None and not run.failure:
            try:
                run = self._scored(score, run, job, handle)
            finally:
                if self._contract.hidden:
                    self.workspace.prepare(content)  # an agent's copy is made of it
        if not run.failure and job.purpose != "mutant":
            self._units = {**run.units, **self._units}
            run = self._remember_forms(job, run)
            if progress is not None and not job.purpose:
                notes = run.notes + self._remember(job.n, progress)
                run = msgspec.structs.replace(run, notes=notes)
        return run

    def _scored(self, score: str, run: Result, job: Job, handle: LocalHandle) -> Result:
        """What the second command makes of what the first has left."""
        if problem := self._sweep(job.text.encode("utf-8", "surrogateescape"), handle):
            return msgspec.structs.replace(run, failure=problem, metrics={})
        left = msgspec.structs.replace(job, time_limit=max(job.time_limit - run.seconds, 0.0))
        scored = self._run_command(score, self._contract.metrics, left, handle, "score.log")
        return msgspec.structs.replace(
            scored,
            seconds=run.seconds + scored.seconds,
            notes=run.notes + scored.notes,
            made=run.made + scored.made,
            cores=max(run.cores, scored.cores),
        )

    def _remedy(self, result: Result) -> str:
        project = self.workspace.project_dir
        seen = Seen(
            result.failure,
            result.tail,
            checkout=self._checkout.root / project.relative_to(self.workspace.root),
            workspace=project,
            withheld=self.withheld,
            confined=self.sandbox.name != "none",
        )
        return remedy(seen) or ""

    def _remember_forms(self, job: Job, run: Result) -> Result:
        """The baseline's forms add up over its runs; nothing else's are told."""
        if job.n != 1 or job.purpose:
            return msgspec.structs.replace(run, forms=None)
        self._forms = forms_after(self._forms, run, self._contract.metrics)
        return msgspec.structs.replace(run, forms=self._forms)

    def _follow(self, job: Job) -> ProgressReader | None:
        pattern, primary = self._contract.progress, self._contract.primary
        if pattern is None:
            return None
        best = remembered(self._run.progress(job.beside)) if job.beside else ()
        return ProgressReader(pattern, Race(best, primary.direction) if best else None)

    def _remember(self, n: int, progress: ProgressReader) -> tuple[str, ...]:
        """For those that come after it. What a person should know of it."""
        try:
            remember(self._run.progress(n), progress.curve)
        except OSError as error:
            return (f"its progress could not be kept: {_words(error)}",)
        if n == 1 and not progress.curve:
            return ("'progress' finds nothing in what was printed: no run will be ended early",)
        return ()

    def _run_command(
        self,
        command: str,
        metrics: Sequence[Metric],
        job: Job,
        handle: LocalHandle,
        log: str = "",
        progress: ProgressReader | None = None,
    ) -> Result:
        project = self.workspace.project_dir
        private = self.workspace.root / f".autoexp-{uuid.uuid4().hex}"
        private.mkdir(mode=0o700)
        measured = private / VARIABLE
        usual = None if job.n == 1 or job.command else self._forms
        files = MetricFiles(metrics, project, measured)
        seeded = {} if job.seed is None else {"AUTOEXP_SEED": str(job.seed)}
        discard(self.workspace.private)
        self._confinement = harness_confinement(
            self.workspace, self._contract, os.environ, command, self.workspace.private
        )
        if self.slot is not None:
            self._confinement = replace(self._confinement, cores=self.slot.cores)
        confinement = self._allow(self._confinement)
        home = self.workspace.root.parent
        if self._size is None:
            self._size = size_of(home)
        disk = DiskUse(
            home,
            before=self._size,
            most_mb=self._contract.limits.disk,
            spare_mb=self._contract.min_free_mb,
        )
        with self.workspace.watched():
            outcome = run_harness(
                self.sandbox.wrap(["/bin/sh", "-c", command], confinement),
                cwd=project,
                env={**self._in_slot(), **seeded, VARIABLE: str(measured)},
                time_limit=job.time_limit,
                log=handle.output.with_name(log) if log else handle.output,
                metrics=[metric for metric in metrics if metric.file is None],
                interrupt=handle.cancelled,
                units=self._units,
                usual=usual,
                mask=self.mask,
                on_end=files.ended,
                listen=progress.take if progress is not None else None,
                exceeded=disk.exceeded,
                server=self._server,
            )
        discard(self.workspace.private)
        if outcome.survivors:
            self.workspace.distrust()
        reading = files.read(outcome.reading, self._units, usual)
        tampered, made = to_blame(self.workspace.verify(handle.check), job, self._products)
        return result_of(
            outcome,
            reading,
            metrics=metrics,
            primary=self._contract.primary.name,
            job=job,
            tampered=tampered,
            made=made,
            progress=progress,
            cancelled=handle.cancelled.is_set(),
            mask=self.mask,
        )

    def _sweep(self, content: bytes, handle: LocalHandle) -> str:
        """Leave for the second command what is declared and the commit's own, and nothing else.

        Returns why that can't be done, in words.
        """
        project, leaves = self.workspace.project_dir, self._contract.leaves
        store = self.workspace.root.parent / "leaves"
        discard(store)
        try:
            take(project, leaves, store)
            self.workspace.prepare(content, handle.check, hidden=True)
            put_back(project, leaves, store)
        except OSError as error:
            return clean_line(f"there is nothing to score: {_words(error)}")
        finally:
            discard(store)
        return ""


def log_of(run: RunDirectory, job: Job) -> Path:
    """Where the output of a job is kept."""
    match job.purpose:
        case "verify":
            return run.verification_log
        case "mutant":
            return run.output(job.n).with_name("mutant.log")
        case _:
            return run.output(job.n)


def _words(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.strerror else str(error)


def with_project_python(environment: dict[str, str], project: Path, root: Path) -> dict[str, str]:
    """Let `python` mean the `.venv` of the project, or of a folder up to `root` that it is in."""
    for folder in (project, *project.parents):
        programs = folder / ".venv" / "bin"
        if programs.is_dir():
            path = environment.get("PATH", os.defpath)
            return {
                **environment,
                "PATH": f"{programs}{os.pathsep}{path}",
                "VIRTUAL_ENV": str(programs.parent),
            }
        if folder == root:
            break
    return environment
