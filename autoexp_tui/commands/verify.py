"""`autoexp verify`: are a run's gains still there? Measured again, by evaluations alone."""

from __future__ import annotations

import contextlib
import math
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from autoexp_tui import plain
from autoexp_tui.commands.overrides import Duration
from autoexp_tui.console import echo, warn
from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.runlock import locked
from autoexp_tui.loop.verifying import ROUNDS, Verifier
from autoexp_tui.model.events import Record, VerificationFinished
from autoexp_tui.model.problem import INTERRUPTED
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.project import Project, find_project, find_run
from autoexp_tui.text.safe import safe_json


@click.command()
@click.argument("tag", required=False)
@click.option("--rounds", type=click.IntRange(2, 1000), default=ROUNDS, show_default=True,
              help="Evaluations of each text at most.")  # fmt: skip
@click.option("--time-limit", type=Duration(), default=math.inf,
              help="Of all evaluations: 90s, 5m; another call goes on.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="What came of it, as one JSON object.")
def verify(tag: str | None, *, rounds: int, time_limit: float, as_json: bool) -> int:
    """Measure the gains of run TAG again: which of its kept steps hold?

    Its baseline and every kept step are evaluated in turns, each round with a fresh $AUTOEXP_SEED,
    and the last text without each step that can be taken out of it. Ctrl+C ends it; another call
    goes on. The exit code is 1 where the whole gain does not hold.
    """
    project = find_project(Path())
    run = find_run(project.place, tag)
    found = verified(project, run, rounds=rounds, time_limit=time_limit, quiet=as_json)
    if as_json:
        echo(safe_json(msgspec.json.encode(found.finished)))
    if found.stopped:
        return INTERRUPTED
    return 0 if found.holds else 1


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of a verification."""

    finished: VerificationFinished
    stopped: bool
    """Whether a person ended it."""

    @property
    def holds(self) -> bool:
        """Whether the whole gain does, and the figures come again where they must."""
        whole = [effect for effect in self.finished.effects if effect.kind == "whole"]
        holds = any(effect.outcome == "holds" for effect in whole)
        return holds and self.finished.reproduced is not False


def verified(
    project: Project,
    run: RunDirectory,
    *,
    rounds: int = ROUNDS,
    time_limit: float = math.inf,
    quiet: bool,
) -> Verified:
    """Measure the gains of a run again, and say what comes of it unless `quiet`.

    Raises UsageProblem where there is nothing to measure, AlreadyRunning.
    """
    from autoexp_tui.evaluation.launch.elsewhere import evaluating  # noqa: PLC0415
    from autoexp_tui.evaluation.local import LocalEvaluator  # noqa: PLC0415
    from autoexp_tui.evaluation.local_slots import first_slot  # noqa: PLC0415
    from autoexp_tui.repository.candidates import Candidates  # noqa: PLC0415
    from autoexp_tui.repository.repository import Repository  # noqa: PLC0415 - git

    with (
        locked(run),
        Journal(run.journal, clock_runs=False) as journal,
        contextlib.closing(Repository.open(project.place.root)) as repository,
        contextlib.ExitStack() as stack,
    ):
        recorder = Recorder(journal)
        started = recorder.state.run
        local = LocalEvaluator(
            run,
            repository,
            started,
            products=recorder.state.products,
            slot=first_slot(started.contract, recorder.state),
        )
        verifier = Verifier(
            recorder,
            Candidates(repository, started),
            stack.enter_context(evaluating(run, local, local.workspace, started, recorder.state)),
            rounds=rounds,
            time_limit=time_limit,
        )
        known = recorder.state.verification
        if verifier.goes_on and known is not None:
            warn(f"{run.tag}: goes on after {known}, as it was begun")
        if not quiet:
            recorder.listener = _tell
        with _interrupts(verifier):
            finished = verifier.run()
    if not finished.complete:
        warn(f"{run.tag}: {finished.reason}; `autoexp verify {run.tag}` goes on")
    return Verified(finished, verifier.stopped)


def _tell(record: Record, state: RunState) -> None:
    for line in plain.as_lines(record, state):
        echo(line)


@contextlib.contextmanager
def _interrupts(verifier: Verifier) -> Iterator[None]:
    """While it lasts, what asks this process to end lets the verification end in order."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, lambda *_: verifier.stop()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
