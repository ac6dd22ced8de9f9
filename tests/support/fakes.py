"""A store, an evaluator and a proposer without git, processes or time: the loop alone is tested."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from autoexp_tui.loop.control import Controls, Desk
from autoexp_tui.loop.guidance import Guidance
from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.lanes import Lanes
from autoexp_tui.loop.loop import Loop
from autoexp_tui.loop.ports import Job, Ports, Result
from autoexp_tui.loop.projections import Projections
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events
from autoexp_tui.model.contract import Budget, Contract, Metric
from autoexp_tui.model.proposal import Exhausted, Proposal, Situation, Stream, digest
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.text.safe import Safe

BASE = "0" * 40
_TIMEOUT_S = 20.0


def contract(*names: str, max_experiments: int = 50, **more: object) -> Contract:
    """A contract with these metrics, lower is better."""
    metrics = tuple(Metric(name, "lower") for name in names or ("loss",))
    budget = Budget(max_experiments=max_experiments)
    more.setdefault("confirm", "off")  # what is not about noise runs its harness once
    return Contract("t.py", "true", metrics, budget=budget, **more)  # type: ignore[arg-type]


def started(made: Contract, tag: str = "t1") -> events.RunStarted:
    """The first event of a run under that contract."""
    return events.RunStarted(
        tag=tag,
        project="project",
        folder="",
        base=BASE,
        contract=made,
        proposer="fake",
        seed=0,
        protection="none: a fake",
        version="0",
    )


class FakeHandle:
    """Evaluates when the result is asked for."""

    output = Path("nowhere")

    def __init__(self, lab: FakeLab, job: Job) -> None:
        self._lab = lab
        self._job = job
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        self._cancelled.set()

    def result(self) -> Result:
        job = self._job
        if job.command:
            return self._lab.guarded(job)
        if job.purpose == "mutant":
            return self._lab.mutated(job)
        return self._lab.evaluate(
            job.n, job.text, time_limit=job.time_limit, interrupt=self._cancelled
        )


class FakeLab:
    """A store of candidates and an evaluator.

    Texts are numbers; a text's loss is that number, or the first one in `10 or 1`. `crash` and
    others are failures."""

    def __init__(self, baseline: str = "10") -> None:
        self.texts = {BASE: baseline}
        self.branch = ""
        self.free = 10_000
        self.moves: list[str] = []
        self.evaluated: list[str] = []
        self.holdouts: dict[str, float] = {}
        """What the harness prints as `held`, by text."""
        self.guards: list[tuple[str, str]] = []
        self.mutants: list[str] = []
        self.messages: dict[str, str] = {}
        self.reads = True
        """Whether what is evaluated is the text, and not always the baseline."""
        self.before_result: Callable[[int], None] = lambda n: None

    slots: tuple[Safe, ...] = ()

    def text_of(self, commit: str) -> str:
        return self.texts[commit]

    def commit(self, n: int, parent: str, text: str, message: str, attempt: int = 1) -> str:
        name = (digest(text) * 3)[:40]
        self.texts[name] = text
        return name

    def graft(self, n: int, own: str, tip: str, text: str, message: str) -> str:
        name = f"{own[:30]}{tip[:10]}"
        self.texts[name], self.messages[name] = text, message
        return name

    def advance(self, to: str) -> str:
        if to != self.branch:
            self.moves.append(to)
        self.branch = to
        return ""

    def free_mb(self) -> int:
        return self.free

    def submit(self, job: Job) -> FakeHandle:
        return FakeHandle(self, job)

    def guarded(self, job: Job) -> Result:
        """A guard fails for the texts that it names."""
        self.guards.append((job.command, job.text))
        if job.text in job.command.split():
            return Result(0.1, {}, {}, "exit 1", tail="ok\n2 failed\n")
        return Result(0.1, {}, {}, "")

    def mutated(self, job: Job) -> Result:
        """Nonsense is no number, so it has no loss."""
        self.mutants.append(job.text)
        return (
            Result(0.1, {}, {}, "no number") if self.reads else Result(0.1, {"loss": 10.0}, {}, "")
        )

    def evaluate(
        self, n: int, text: str, *, time_limit: float, interrupt: threading.Event
    ) -> Result:
        self.evaluated.append(text)
        self.before_result(n)
        if interrupt.is_set():
            return Result(0.1, {}, {}, "interrupted", cut_short=True)
        try:
            value = float(text.partition(" or ")[0])
        except ValueError:
            return Result(0.1, {}, {}, text)
        extras = {"held": self.holdouts[text]} if text in self.holdouts else {}
        return Result(0.1, {"loss": value}, extras, "")


class ListProposer:
    """Proposes these texts one after the other; a callable is asked."""

    name = "list"

    def __init__(self, texts: list[str]) -> None:
        self.texts = list(texts)
        self.situations: list[Situation] = []
        self.before: Callable[[Situation], None] = lambda situation: None

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        self.situations.append(situation)
        self.before(situation)
        if not self.texts:
            raise Exhausted("no texts left")
        text = self.texts.pop(0)
        stream("hypothesis", f"try {text}")
        stream("target", text)
        return Proposal(f"try {text}", f"text {text}", text, {"text": text})


class Rig:
    """A loop on fakes; `run()` may be called again, as a runner that was cut would."""

    def __init__(self, folder: Path, texts: list[str], made: Contract | None = None) -> None:
        self.directory = RunDirectory(folder / "t1")
        self.results = folder / "results.tsv"
        self.lab = FakeLab()
        self.proposer = ListProposer(texts)
        self.controls = Controls()
        self.made = made or contract()
        self.bypasses: Callable[[], Sequence[str]] = tuple
        self.recorder: Recorder | None = None
        self.has_room: Callable[[], bool] = lambda: True
        self._changed = threading.Condition()

    @property
    def state(self) -> RunState:
        assert self.recorder is not None
        return self.recorder.state

    def run(self) -> events.RunFinished:
        return self._run(Controls())

    def _run(self, controls: Controls, desk: Desk | None = None) -> events.RunFinished:
        self.controls = controls
        with Journal(self.directory.journal) as journal:
            self.recorder = recorder = Recorder(journal)
            recorder.listener = self._hear
            if recorder.state.started is None:
                recorder.record(started(self.made))
            recorder.record(events.RunnerStarted(1, "host", "/", str(self.results), False))
            projections = Projections(self.directory, self.results, recorder.state)
            guidance = Guidance(self.results.parent, recorder.state.contract)
            ports = Ports(
                self.lab,
                self.lab,
                guidance,
                self.lab.free_mb,
                self.bypasses,
                has_room=self.has_room,
            )
            lanes = Lanes(ports, recorder, projections, self.controls)
            desk = desk or Desk(controls)
            loop = Loop(self.directory, ports, self.proposer, recorder, lanes, desk)
            return loop.run()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The loop in a thread of its own, which ends by itself or the test fails.

        Whatever goes wrong, the thread is stopped: it can't keep the test's process alive.
        """
        controls = Controls()
        thread = threading.Thread(target=self._run, args=(controls,), daemon=True)
        thread.start()
        try:
            yield
            thread.join(_TIMEOUT_S)
            assert not thread.is_alive(), f"the loop goes on: {self.state.phase}"
        finally:
            controls.stop(now=True)
            thread.join(_TIMEOUT_S)

    def until(self, condition: Callable[[RunState], object]) -> None:
        """Wait for an event after which `condition` holds. AssertionError when none comes."""
        with self._changed:
            came = self._changed.wait_for(
                lambda: self.recorder is not None and condition(self.state), _TIMEOUT_S
            )
        assert came, "the awaited state did not come about"

    def _hear(self, record: events.Record, state: RunState) -> None:
        with self._changed:
            self._changed.notify_all()

    def table(self) -> list[list[str]]:
        return [line.split("\t") for line in self.results.read_text().splitlines()[1:]]
