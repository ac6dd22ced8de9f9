"""Evaluates on this machine: one workspace, one run of the harness at a time.

Puts workspace, sandbox and harness together, and tells tampering; it judges nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

from autoexp_tui.evaluation.environment import harness_environment
from autoexp_tui.evaluation.harness import HarnessOutcome, run_harness
from autoexp_tui.evaluation.sandbox import Sandbox, usual_sandbox
from autoexp_tui.evaluation.workspace import Workspace
from autoexp_tui.loop.ports import Job, Result
from autoexp_tui.model.events import RunStarted
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.repository.repository import Repository


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


class LocalEvaluator:
    """Implements `loop.ports.Evaluator` for one run."""

    def __init__(
        self,
        run: RunDirectory,
        repository: Repository,
        started: RunStarted,
        sandbox: Sandbox | None = None,
    ) -> None:
        """Materialises the workspace. Raises RepositoryError."""
        self._run = run
        self._contract = contract = started.contract
        self._sandbox = sandbox or usual_sandbox()
        self._busy = threading.Lock()
        """Held by the job that has the workspace: another waits for it."""
        self.workspace = Workspace(
            repository,
            started.base,
            started.folder,
            tag=started.tag,
            link=contract.link,
            keep=contract.keep,
            target=contract.target,
        )
        environment, self.withheld = harness_environment(os.environ, contract.env)
        self._environment = with_project_python(environment, self.workspace.project_dir)

    def submit(self, job: Job) -> LocalHandle:
        verifies = job.purpose == "verify"
        handle = LocalHandle(self._run.verification_log if verifies else self._run.output(job.n))

        def work() -> None:
            try:
                with self._busy:
                    handle.future.set_result(self._evaluate(job, handle))
            except BaseException as error:  # noqa: BLE001 - raised by `result`, where it is waited for
                handle.future.set_exception(error)

        threading.Thread(target=work, name=f"evaluation of {job.n}").start()
        return handle

    def _evaluate(self, job: Job, handle: LocalHandle) -> Result:
        self.workspace.prepare(job.text.encode("utf-8", "surrogateescape"))
        argv = ["/bin/sh", "-c", job.command or self._contract.harness]
        seeded = {} if job.seed is None else {"AUTOEXP_SEED": str(job.seed)}
        outcome = run_harness(
            self._sandbox.wrap(argv, self.workspace.root),
            cwd=self.workspace.project_dir,
            env={**self._environment, **seeded},
            time_limit=job.time_limit,
            log=handle.output,
            metrics=job.reads if job.command else self._contract.metrics,
            interrupt=handle.cancelled,
        )
        tampered = self.workspace.verify()
        failure = outcome.failure
        if tampered:
            failure = f"tampered with {', '.join(tampered[:3])}"
        return Result(
            seconds=outcome.seconds,
            metrics={} if failure else outcome.reading.metrics,
            extras=outcome.reading.extras,
            failure=failure,
            cut_short=outcome.ended in {"interrupted", "time limit"},
            tail=outcome.tail,
            tampered=bool(tampered),
            notes=tuple(_notes(outcome)),
        )


def _notes(outcome: HarnessOutcome) -> Iterator[str]:
    if outcome.survivors:
        yield f"{outcome.survivors} processes of the harness could not be killed"
    if outcome.log_error:
        yield f"its output could not be kept: {outcome.log_error}"


def with_project_python(environment: dict[str, str], project: Path) -> dict[str, str]:
    """Let `python` mean the project's own `.venv` where it has one, as in a person's shell."""
    programs = project / ".venv" / "bin"
    if not programs.is_dir():
        return environment
    path = environment.get("PATH", os.defpath)
    return {
        **environment,
        "PATH": f"{programs}{os.pathsep}{path}",
        "VIRTUAL_ENV": str(programs.parent),
    }
