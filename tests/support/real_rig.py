"""A loop on a real repository, workspace and processes; only the proposals are given."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
from support.fakes import ListProposer, started
from support.gitrepos import git, make_repo

from autoexp_tui.evaluation.launch.elsewhere import evaluating
from autoexp_tui.evaluation.local import LocalEvaluator
from autoexp_tui.loop.control import Controls, Desk
from autoexp_tui.loop.guidance import Guidance
from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.lanes import Lanes
from autoexp_tui.loop.loop import Loop
from autoexp_tui.loop.ports import Ports
from autoexp_tui.loop.projections import Projections
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events
from autoexp_tui.model.contract import Contract
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.repository.candidates import Candidates
from autoexp_tui.repository.repository import Repository
from autoexp_tui.testing.evaluators import CONTRACT, FILES
from autoexp_tui.text.safe import Safe


class RealRig:
    """A run of a project whose harness does what its target, a shell script, says."""

    def __init__(
        self,
        folder: Path,
        texts: list[str],
        contract: Contract = CONTRACT,
        baseline: str = FILES[CONTRACT.target],
    ) -> None:
        self.root = make_repo(folder / "project", {**FILES, CONTRACT.target: baseline})
        self.run_directory = RunDirectory(folder / "run" / "t1")
        self.proposer = ListProposer(texts)
        base = git(self.root, "rev-parse", "HEAD")
        self.started = msgspec.structs.replace(started(contract), base=base)
        self.state = RunState()
        self.is_attended = False
        """Whether a person resumes it whenever it pauses."""

    @contextlib.contextmanager
    def evaluator(self) -> Iterator[LocalEvaluator]:
        """What the loop evaluates with; its workspace is removed at the end."""
        with contextlib.closing(Repository.open(self.root)) as repository:
            made = LocalEvaluator(
                self.run_directory,
                repository,
                self.started,
                products=self.state.products,
                damaged=lambda: self.state.damaged,
            )
            try:
                yield made
            finally:
                made.workspace.remove()

    def run(self) -> events.RunFinished:
        with (
            contextlib.closing(Repository.open(self.root)) as repository,
            self.evaluator() as evaluator,
            Journal(self.run_directory.journal) as journal,
            contextlib.ExitStack() as stack,
        ):
            recorder = Recorder(journal)
            self.state = recorder.state
            results = self.run_directory.path / "tables" / "results.tsv"
            results.parent.mkdir(exist_ok=True)
            measuring = stack.enter_context(
                evaluating(
                    self.run_directory,
                    evaluator,
                    evaluator.workspace,
                    self.started,
                    recorder.state,
                )
            )
            recorder.record(self.started)
            recorder.record(events.RunnerStarted(1, "host", str(self.root), str(results), False))
            ports = Ports(
                Candidates(repository, self.started),
                measuring,
                Guidance(self.root, self.started.contract),
                lambda: 10_000,
            )
            projections = Projections(self.run_directory, results, recorder.state)
            controls = Controls()
            lanes = Lanes(ports, recorder, projections, controls)
            desk = Desk(controls)
            loop = Loop(self.run_directory, ports, self.proposer, recorder, lanes, desk)

            def attend(record: events.Record) -> None:
                if self.is_attended and isinstance(record.event, events.Paused):
                    recorder.record(events.Resumed(Safe("a person")))
                    controls.resume()

            recorder.listener = lambda record, _: attend(record)
            return loop.run()
