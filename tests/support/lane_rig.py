"""Lanes on fakes: a harness run in them ends when the test says so, and not before."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from support.fakes import FakeLab, contract, started

from autoexp_tui.loop.control import Controls, Desk
from autoexp_tui.loop.guidance import Guidance
from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.lanes import Lanes
from autoexp_tui.loop.loop import Loop
from autoexp_tui.loop.ports import Job, Ports, Result
from autoexp_tui.loop.projections import Projections
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events
from autoexp_tui.model.contract import Contract
from autoexp_tui.model.proposal import Exhausted, Proposal, Situation, Stream
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.text.safe import Safe

_TIMEOUT_S = 20.0
BASELINE = "5\n5\n5\n"


class HeldHandle:
    """Ends by `HeldLab.end`, or by a cancel."""

    output = Path("nowhere")

    def __init__(self, lab: HeldLab, job: Job) -> None:
        self.job = job
        self._lab = lab
        self._over = threading.Event()
        self._result: Result | None = None

    def end(self, result: Result | None = None) -> None:
        self._result = self._result or result or self._lab.measured(self.job.text)
        self._over.set()

    def cancel(self) -> None:
        self.end(Result(0.1, {}, {}, "interrupted", cut_short=True))

    def result(self) -> Result:
        self._over.wait()
        assert self._result is not None
        return self._result


class HeldLab(FakeLab):
    """The loss of a text is the sum of its lines; `losses` says another."""

    def __init__(self, *slots: str) -> None:
        super().__init__(BASELINE)
        self.slots = tuple(map(Safe, slots))
        self.losses: dict[str, float] = {}
        self.handles: list[HeldHandle] = []
        self.held = True
        """Whether a run waits to be ended; else it ends by itself, as the baseline's does."""
        self.commit_fails: Callable[[int], Exception | None] = lambda n: None
        self._changed = threading.Condition()

    def commit(self, n: int, parent: str, text: str, message: str, attempt: int = 1) -> str:
        if error := self.commit_fails(n):
            raise error
        return super().commit(n, parent, text, message, attempt)

    def submit(self, job: Job) -> HeldHandle:  # type: ignore[override] - another handle
        handle = HeldHandle(self, job)
        with self._changed:
            self.handles.append(handle)
            self._changed.notify_all()
        if job.n == 1 or not self.held:
            handle.end()
        return handle

    def measured(self, text: str) -> Result:
        try:
            loss = self.losses.get(text, sum(map(float, text.split())))
        except ValueError:
            return Result(0.1, {}, {}, "no number")
        return Result(0.1, {"loss": loss}, {}, "")

    def runs(self, n: int) -> list[HeldHandle]:
        with self._changed:
            return [handle for handle in self.handles if handle.job.n == n]

    def end(self, n: int, result: Result | None = None, run: int = 1) -> str:
        """Let the `run`-th run of experiment `n` end once it has begun; the text that was run."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.runs(n)) >= run, _TIMEOUT_S)
        assert came, f"run {run} of #{n} never began"
        handle = self.runs(n)[run - 1]
        handle.end(result)
        return handle.job.text


class ByNumber:
    """Proposes for each experiment what the test has for it; `Exhausted` where it has nothing."""

    name = "by number"

    def __init__(self, texts: Mapping[int, str]) -> None:
        self.texts = dict(texts)
        self.situations: dict[int, Situation] = {}
        self.before: Callable[[Situation], None] = lambda situation: None

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        self.situations[situation.n] = situation
        self.before(situation)
        text = self.texts.get(situation.n)
        if text is None or situation.answers:
            raise Exhausted("no texts left")
        return Proposal(f"try {situation.n}", f"text {situation.n}", text, {"n": situation.n})


class LaneRig:
    """A run whose lanes are in slots a, b, c; `running` may be entered again, as by a resume."""

    def __init__(
        self,
        folder: Path,
        texts: Mapping[int, str],
        made: Contract | None = None,
        slots: str = "abc",
    ) -> None:
        self.directory = RunDirectory(folder / "t1")
        self.results = folder / "results.tsv"
        self.lab = HeldLab(*slots)
        self.proposer = ByNumber(texts)
        self.made = made or contract()
        self.controls = Controls()
        self.recorder: Recorder | None = None
        self.log: list[events.AnyEvent] = []
        self.finished: events.RunFinished | None = None
        self.error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread()

    @property
    def state(self) -> RunState:
        assert self.recorder is not None
        return self.recorder.state

    def _run(self) -> None:
        with Journal(self.directory.journal) as journal:
            recorder = Recorder(journal)
            recorder.listener = self._hear
            if recorder.state.started is None:
                recorder.record(started(self.made))
            self.recorder = recorder
            recorder.record(events.RunnerStarted(1, "host", "/", str(self.results), False))
            projections = Projections(self.directory, self.results, recorder.state)
            guidance = Guidance(self.results.parent, recorder.state.contract)
            ports = Ports(self.lab, self.lab, guidance, self.lab.free_mb)
            lanes = Lanes(ports, recorder, projections, self.controls)

            def lane(slot: Safe) -> Loop:
                desk = Desk(self.controls)
                return Loop(self.directory, ports, self.proposer, recorder, lanes, desk, slot)

            try:
                self.finished = lane(self.lab.slots[0]).run(lane)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                self.error = error

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The lanes in threads of their own, which end by themselves or the test fails."""
        self.controls, self.recorder = Controls(), None
        self._thread = thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield
            thread.join(_TIMEOUT_S)
            assert not thread.is_alive(), f"lanes go on: {sorted(self.state.in_flight)}"
        finally:
            self.controls.stop(now=True)
            thread.join(_TIMEOUT_S)

    def until(self, condition: Callable[[RunState], object]) -> None:
        """Wait for an event after which `condition` holds. AssertionError when none comes."""
        with self._changed:
            came = self._changed.wait_for(
                lambda: self.recorder is not None and condition(self.state), _TIMEOUT_S
            )
        assert came, "the awaited state did not come about"

    def dies(self) -> None:
        """Let this runner leave its journal as one that is killed does, whatever it measures."""
        assert self.recorder is not None
        copy = self.directory.journal.read_bytes()
        self.controls.stop(now=True)
        self._thread.join(_TIMEOUT_S)
        self.directory.journal.write_bytes(copy)
        self.lab.handles.clear()

    def measuring(self, *numbers: int) -> None:
        """Wait until these experiments, and no others, are measured."""
        wanted = set(numbers)
        self.until(lambda state: {n for n, e in state.in_flight.items() if e.measuring} == wanted)

    def _hear(self, record: events.Record, state: RunState) -> None:
        with self._changed:
            self.log.append(record.event)
            self._changed.notify_all()

    def of(self, kind: type[events.Event]) -> list[events.AnyEvent]:
        return [event for event in self.log if isinstance(event, kind)]

    def table(self) -> list[list[str]]:
        return [line.split("\t") for line in self.results.read_text().splitlines()[1:]]
