"""Step 5 of the loop, however often it is done: once, repeated, or again to confirm."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from autoexp_tui.loop.control import Controls, Interrupted
from autoexp_tui.loop.laboratory import Laboratory, Result
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import budget, events


class OutOfTime(Exception):
    """The run's wall clock cut the harness short; the message names the cap."""


class Measurer:
    """Runs the harness within what is left of the run's time, and says so as it begins."""

    def __init__(self, lab: Laboratory, recorder: Recorder, controls: Controls) -> None:
        self._lab = lab
        self._recorder = recorder
        self._controls = controls

    def measure(self, n: int, text: str, times: int = 1, attempt: int = 1) -> Result:
        """The median of `times` runs; the first that gives no measurement ends it.

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
        return combined(results)

    def compare(self, n: int, text: str, incumbent: str, times: int) -> tuple[Result, Result]:
        """Fresh runs of a candidate and of the incumbent, in turns: machines drift together."""
        candidates: list[Result] = []
        incumbents: list[Result] = []
        for turn in range(1, times + 1):
            began = events.EvaluationStarted(n, turn=turn, of=times, purpose="incumbent")
            incumbents.append(self._once(began, incumbent))
            began = events.EvaluationStarted(n, turn=turn, of=times, purpose="confirm")
            candidates.append(self._once(began, text))
            if incumbents[-1].failure or candidates[-1].failure:
                break
        return combined(candidates), combined(incumbents)

    def _once(self, began: events.EvaluationStarted, text: str) -> Result:
        state = self._recorder.state
        limit = state.contract.time_limit
        left = budget.seconds_left(state, self._recorder.elapsed)
        self._recorder.record(began)
        result = self._lab.evaluate(
            began.n, text, time_limit=min(limit, max(left, 0.0)), interrupt=self._controls.interrupt
        )
        if result.cut_short and self._controls.stopping_now:
            raise Interrupted
        if result.cut_short and left < limit and not self._controls.interrupt.is_set():
            raise OutOfTime(budget.used_up(state, self._recorder.elapsed) or "out of time")
        return result


def combined(results: Sequence[Result]) -> Result:
    """One result of several runs: medians and summed seconds, or the first failure."""
    first = next((result for result in results if result.failure), results[0])
    if len(results) == 1:
        return first
    whole = not first.failure
    names = first.metrics if whole else ()
    extras = first.extras if whole else ()
    return Result(
        seconds=sum(result.seconds for result in results),
        metrics={name: statistics.median(r.metrics[name] for r in results) for name in names},
        extras={
            name: statistics.median(r.extras[name] for r in results if name in r.extras)
            for name in extras
        },
        failure=first.failure,
        cut_short=first.cut_short,
        tail=first.tail,
        tampered=first.tampered,
        notes=tuple(note for result in results for note in result.notes),
    )
