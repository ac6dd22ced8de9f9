"""Step 5 of the loop, however often it is done: once, repeated, or again to confirm."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from autoexp_tui.loop.control import Controls, Interrupted
from autoexp_tui.loop.ports import Evaluator, Job, Result
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import budget, events
from autoexp_tui.model.contract import Guard, Metric
from autoexp_tui.model.measurement import Measurement, Sample
from autoexp_tui.model.problem import Problem
from autoexp_tui.text.safe import NOTHING, Safe, clean_line

MOST_DEATHS = 2
"""Runners that may die while one text is measured: no third one is tried."""


def died_words(deaths: int) -> str:
    """Why a text is given up that runners did not survive."""
    return f"the runner died while this was measured, {deaths} times"


MOST_LOST = 3
"""Times that one text may be lost with its node or line: it isn't measured a fourth time."""
_TELLING = 4
"""Characters from which on a number tells the hold-out wherever it stands."""


class Tampered(Exception):
    """A run changed what it is judged by; the message names it."""


class Lost(Problem):
    """The node or the line of one text went away again and again; the message says how."""


class OutOfTime(Exception):
    """The run's wall clock cut the harness short; the message names the cap."""


@dataclass(frozen=True, slots=True)
class Runs:
    """One or several runs of the harness on one text; the first failure was the last run."""

    results: tuple[Result, ...]

    def __add__(self, more: Runs) -> Runs:
        return Runs(self.results + more.results)

    @property
    def measurement(self) -> Measurement:
        """The runs that gave a measurement."""
        return Measurement(
            tuple(
                Sample(r.metrics, round(r.seconds, 3), r.extras, r.holdout)
                for r in self.results
                if not r.failure
            )
        )

    @property
    def last(self) -> Result:
        """The one that failed, where one did."""
        return self.results[-1]

    @property
    def failure(self) -> str:
        return self.last.failure

    @property
    def extras(self) -> dict[str, float]:
        """Other numbers: medians, or what the run that failed has printed."""
        return self.last.extras if self.failure else self.measurement.extras

    @property
    def seconds(self) -> float:
        """Wall time of all of them."""
        return sum(result.seconds for result in self.results)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of them."""
        return tuple(dict.fromkeys(note for result in self.results for note in result.notes))


def _without(result: Result, name: str) -> Result:
    """The result with its hold-out taken out of all that a proposer may see."""
    extras = dict(result.extras)
    value = extras.pop(name, None)
    figures = () if value is None else (repr(value), f"{value:g}")
    hidden = [name, *(figure for figure in figures if len(figure) >= _TELLING)]

    def tells(text: str) -> bool:
        return any(word in text for word in hidden)

    tail = "".join(line for line in result.tail.splitlines(keepends=True) if not tells(line))
    failure = result.failure
    if tells(failure):
        cause = failure.partition(":")[0]
        failure = f"{'it failed' if tells(cause) else cause}: what it says tells the hold-out"
    return msgspec.structs.replace(result, extras=extras, tail=tail, failure=failure, holdout=value)


class Measurer:
    """Runs the harness within what is left of the run's time, and says so as it begins."""

    def __init__(
        self,
        evaluator: Evaluator,
        recorder: Recorder,
        controls: Controls,
        slot: Safe = NOTHING,
    ) -> None:
        self.slot = slot
        """Where it runs, one of the evaluator's."""
        self._evaluator = evaluator
        self._recorder = recorder
        self._controls = controls

    def measure(self, n: int, text: str, times: int = 1, attempt: int = 1) -> Runs:
        """`times` runs; the first that gives no measurement ends it.

        Raises:
            Interrupted: a person stops the run now.
            OutOfTime: `max_wall_clock_hours` came before the time limit.
        """
        results: list[Result] = []
        for turn in range(1, times + 1):
            began = events.EvaluationStarted(n, attempt, turn, times)
            results.append(self._once(began, text))
            if results[-1].failure:
                break
        return Runs(tuple(results))

    def evaluate(self, began: events.EvaluationStarted, text: str, times: int) -> Runs:
        """Like `measure`, as one evaluation of those that decide over a gain."""
        results: list[Result] = []
        while len(results) < times and not (results and results[-1].failure):
            results.append(self._once(began, text))
        return Runs(tuple(results))

    def guard(self, n: int, text: str, guard: Guard) -> Result:
        """One run of a guard, which measures nothing."""
        began = events.EvaluationStarted(n, purpose="guard", name=clean_line(guard.title, 40))
        return self._once(began, text, guard.run, guard.time_limit)

    def hold_out(self, n: int, text: str, command: str, metric: Metric) -> Result:
        """One run of the command that prints the hold-out."""
        began = events.EvaluationStarted(n, purpose="holdout", name=metric.name)
        limit = self._recorder.state.contract.time_limit
        return self._once(began, text, command, limit, (metric,))

    def retry(self, n: int, text: str) -> Result:
        """One run of what was measured before; raises what `measure` does."""
        result = self._once(events.EvaluationStarted(n, purpose="incumbent"), text)
        self._controls.check(n)
        return result

    def mutant(self, n: int, text: str, limit: float) -> Result | None:
        """One run of the harness on a mutant of the target; None when a person ended it.

        Raises what `measure` does.
        """
        result = self._once(events.EvaluationStarted(n, purpose="mutant"), text, limit=limit)
        return None if result.cut_short and self._controls.interrupted(n) else result

    def _once(
        self,
        began: events.EvaluationStarted,
        text: str,
        command: str = "",
        limit: float | None = None,
        reads: tuple[Metric, ...] = (),
    ) -> Result:
        """Run it; what was lost is run again, a few times. Raises Lost."""
        while True:
            result = self._attempt(began, text, command, limit, reads)
            if not result.lost:
                return result
            reason = clean_line(result.lost, 500)
            self._recorder.record(events.EvaluationLost(began.n, reason))
            tried = self._recorder.state.in_flight.get(began.n)
            if tried is None or tried.lost >= MOST_LOST:
                raise Lost(f"lost {MOST_LOST} times: {reason}")

    def _attempt(
        self,
        began: events.EvaluationStarted,
        text: str,
        command: str = "",
        limit: float | None = None,
        reads: tuple[Metric, ...] = (),
    ) -> Result:
        state = self._recorder.state
        limit = state.contract.time_limit if limit is None else limit
        left = budget.seconds_left(state, self._recorder.elapsed)
        self._recorder.record(began)
        seconds = min(limit, max(left, 0.0))
        beside = self._beside(began)
        job = Job(
            began.n,
            text,
            seconds,
            began.purpose,
            command,
            beside=beside,
            reads=reads,
            slot=self.slot,
        )
        handle = self._evaluator.submit(job)
        with self._controls.on_interrupt(began.n, handle.cancel):
            result = handle.result()
        if result.damaged:
            self._recorder.record(events.Damaged(began.n, result.damaged))
        if result.made:
            self._recorder.record(events.ProductsAllowed(began.n, result.made))
        if (result.cut_short or result.lost) and self._controls.stopping_now:
            raise Interrupted
        if result.lost and not self._controls.interrupted(began.n):
            return result
        result = msgspec.structs.replace(result, lost="")
        cut = result.cut_short and not result.stopped_early
        if cut and left < limit and not self._controls.interrupted(began.n):
            raise OutOfTime(budget.used_up(state, self._recorder.elapsed) or "out of time")
        if result.tampered and began.purpose in {
            "confirm",
            "guard",
            "holdout",
        }:  # a first run's has its row
            raise Tampered(result.failure)
        if state.contract.held_out and began.purpose != "holdout":
            result = _without(result, state.contract.held_out.name)
        if not result.failure and (words := state.objective.impossible(result.metrics)):
            return msgspec.structs.replace(result, metrics={}, failure=words)
        return result

    def _beside(self, began: events.EvaluationStarted) -> int:
        """Whose progress a run must keep up with: the first run of a candidate that is new.

        Nothing else is ended early. A repair is to be measured at last, and of a weighted sum one
        metric tells too little.
        """
        state = self._recorder.state
        first = not began.purpose and began.attempt == 1 and began.turn == 1
        told = state.contract.progress and state.contract.decide.rule != "weighted"
        return state.incumbent.n if first and told and state.incumbent else 0
