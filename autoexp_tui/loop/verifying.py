"""Measures a run's gains again: its baseline, every kept step, and the last text without each step.

It costs evaluations only. Texts take turns, so that a drift of the machine hits all alike; each
round has a seed of its own, so that what only fits the seed of the run is seen. What was measured
is in the journal: whoever is killed goes on with what is missing.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence

from autoexp_tui.loop.measuring import MOST_DEATHS, died_words
from autoexp_tui.loop.ports import CandidateStore, Evaluator, Handle, Job, Result
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events
from autoexp_tui.model.events import Effect, Variant
from autoexp_tui.model.lineage import kept_chain
from autoexp_tui.model.measurement import Measurement, Sample
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.state import Row, RunState
from autoexp_tui.model.verification import Blocks, Verification, settled
from autoexp_tui.text.merge import merged
from autoexp_tui.text.safe import clean_line

ROUNDS = 5
_SAME = 1e-12
"""Relative: a mean of equal figures may differ from them in the last digit."""


def fresh_seed() -> int:
    """A number that no harness was tuned to; small enough for any of them."""
    return int.from_bytes(os.urandom(3))


def steps_of(state: RunState) -> list[Row]:
    """The baseline and every kept experiment that the last one builds on, in their order.

    Raises UsageProblem where there is nothing to verify.
    """
    found = kept_chain(state)
    if len(found) < 2:
        raise UsageProblem(f"run {state.run.tag} has kept nothing yet: there is no gain to verify")
    return found


def without_step(texts: Sequence[str], k: int) -> str | None:
    """The last of `texts` without what the k-th of them has changed; None where it can't be so.

    That is where later steps have changed the same lines, or nothing of it is left.
    """
    found = merged(texts[k], texts[-1], texts[k - 1])
    return None if found == texts[-1] else found


def begin(state: RunState, text_of: Callable[[str], str], rounds: int, seed: int) -> Plan:
    """What there is to measure of a run. Raises UsageProblem where that is nothing."""
    rows = steps_of(state)
    texts = [text_of(row.commit) for row in rows]
    parts = {rows[k].n: without_step(texts, k) for k in range(1, len(rows) - 1)}
    alone = {n: text for n, text in parts.items() if text is not None}
    last = rows[-1].n
    return Plan(
        events.VerificationStarted(
            rows[0].n, tuple(row.n for row in rows[1:]), tuple(alone), rounds, seed
        ),
        {Variant(row.n): text for row, text in zip(rows, texts, strict=True)}
        | {Variant(last, n): text for n, text in alone.items()},
    )


class Plan:
    """A verification, and the texts that it measures."""

    def __init__(self, event: events.VerificationStarted, texts: dict[Variant, str]) -> None:
        self.event = event
        self.texts = texts

    def goes_on(self, before: Verification | None) -> bool:
        """Whether an earlier verification measured the same and was not brought to its end."""
        if before is None or (before.finished is not None and before.finished.complete):
            return False
        return before.plan.variants == self.event.variants


def wanted(state: RunState) -> tuple[int, Variant] | None:
    """The round and the text that come next; None where all that counts is told."""
    known = _verification(state)
    for number in range(1, known.plan.rounds + 1):
        if found := _missing(known, number):
            return number, found
        if number == 1 and state.calibration.is_exact:
            if _all_reproduce(state, 1):
                return None
            # It may be the seed alone that makes the difference: measure as the run did.
            if found := _missing(known, 0):
                return 0, found
        if number > 1 and settled(effects(state, number)):
            return None
    return None


def _missing(known: Verification, number: int) -> Variant | None:
    there, turn = known.measured(number), known.due(number)
    # To and fro: a drift within a round favours nobody in the end.
    turn = turn if number % 2 else turn[::-1]
    return next((variant for variant in turn if variant not in there), None)


def reproduced(state: RunState) -> bool | None:
    """Whether a harness that repeats itself gave the run's own figures; None where it is noisy."""
    known = _verification(state)
    rounds = known.rounds
    if not rounds:
        return None
    if state.calibration.is_exact:
        if _all_reproduce(state, 1):
            return True
        return _all_reproduce(state, 0) if known.is_whole(0) else None
    exact = len(rounds) > 1 and _blocks(state).exact
    return _all_reproduce(state, 1) if exact else None


def effects(state: RunState, rounds: int | None = None) -> tuple[Effect, ...]:
    """What each step is worth, by the first `rounds` whole rounds; empty with too few of them."""
    known = _verification(state)
    blocks = _blocks(state, rounds)
    first_tells = state.calibration.is_exact and _all_reproduce(state, 1)
    if blocks.rounds < 1 or len(blocks.figures) < 2 or (blocks.rounds < 2 and not first_tells):
        return ()
    plan, last = known.plan, known.plan.steps[-1]
    found = [
        blocks.effect(
            "whole", last, Variant(last), Variant(plan.baseline), _gain(state, last, plan.baseline)
        )
    ]
    for before, n in zip((plan.baseline, *plan.steps), plan.steps, strict=False):
        gain = _gain(state, n, before)
        found.append(blocks.effect("step", n, Variant(n), Variant(before), gain))
        if n in plan.alone:
            found.append(blocks.effect("without", n, Variant(last), Variant(last, n), gain))
    return tuple(found)


def _blocks(state: RunState, rounds: int | None = None) -> Blocks:
    known = _verification(state)
    found = known.rounds[:rounds]
    return Blocks(
        {
            variant: [state.objective.merits(one[variant].metrics) for one in found]
            for variant in known.due(1)
        },
        known.plan.rounds,
    )


def _verification(state: RunState) -> Verification:
    if state.verification is None:
        raise RuntimeError("no verification was begun")
    return state.verification


def _row(state: RunState, n: int) -> Row:
    row = state.row(n)
    if row is None:
        raise RuntimeError(f"there is no row {n}")
    return row


def _gain(state: RunState, n: int, before: int) -> tuple[float, ...]:
    """What the run itself has measured."""
    new, old = (state.objective.merits(_row(state, k).metrics) for k in (n, before))
    return tuple(a - b for a, b in zip(new, old, strict=True))


def _all_reproduce(state: RunState, number: int) -> bool:
    """Whether a round gave what the run has measured; of a text that it never had, nobody knows."""
    merits = state.objective.merits
    return all(
        math.isclose(now, then, rel_tol=_SAME)
        for found in _verification(state).measured(number).values()
        if not found.variant.without
        for now, then in zip(
            merits(found.metrics), merits(_row(state, found.variant.n).metrics), strict=True
        )
    )


class Verifier:
    """Evaluates what is wanted, one after the other, and writes it down."""

    def __init__(
        self,
        recorder: Recorder,
        candidates: CandidateStore,
        evaluator: Evaluator,
        *,
        rounds: int = ROUNDS,
        time_limit: float = math.inf,
    ) -> None:
        """`time_limit` is in seconds, from now on. Raises UsageProblem: there is nothing to do."""
        self._recorder = recorder
        self._evaluator = evaluator
        self._until = time.monotonic() + time_limit
        self._handle: Handle | None = None
        self.stopped = False
        """Whether somebody ended it."""
        state = recorder.state
        self._plan = begin(state, candidates.text_of, rounds, fresh_seed())
        self.goes_on = self._plan.goes_on(state.verification)
        """Whether it goes on with what an earlier one has left."""

    def stop(self) -> None:
        """End it, also from a signal's handler; what was measured stays."""
        self.stopped = True
        if self._handle is not None:
            self._handle.cancel()

    def run(self) -> events.VerificationFinished:
        """Measure until the gains are told, the rounds are over, or it is stopped."""
        state = self._recorder.state
        if not self.goes_on:
            self._recorder.record(self._plan.event)
        reason = ""
        while not reason and (next_one := wanted(state)) is not None:
            reason = self._measure(*next_one)
        same = reproduced(state)
        if same is False:
            self._recorder.alarm(
                "verification: the harness repeated itself exactly, and does not give the run's "
                "figures any more: what it measures has changed"
            )
        finished = events.VerificationFinished(
            reason=clean_line(reason or ("the run's figures come again" if same else "measured")),
            complete=not reason,
            rounds=len(_verification(state).rounds),
            reproduced=same,
            effects=effects(state),
        )
        self._recorder.record(finished)
        return finished

    def _measure(self, number: int, variant: Variant) -> str:
        """Evaluate one text and write it down; why it ends here, or nothing."""
        state = self._recorder.state
        contract, samples, failure, seconds = state.contract, list[Sample](), "", 0.0
        if (deaths := _verification(state).begun) >= MOST_DEATHS:
            self._verified(number, variant, 0.0, {}, died_words(deaths))
            return ""
        self._recorder.record(events.EvaluationStarted(variant.n, purpose="verify"))
        for turn in range(contract.repeats):
            left = self._until - time.monotonic()
            if self.stopped:
                return "interrupted"
            if left < self._longest() / contract.repeats:
                return "out of time"
            seed = _verification(state).plan.seed + number * contract.repeats + turn
            job = Job(
                variant.n,
                self._plan.texts[variant],
                min(contract.time_limit, left),
                "verify",
                seed=seed if number else None,
            )
            result = self._run(job)
            if result.cut_short and self.stopped:
                return "interrupted"
            if result.cut_short and left < contract.time_limit:
                return "out of time"
            seconds += result.seconds
            if failure := result.failure:
                break
            samples.append(Sample(result.metrics, result.seconds, result.extras))
        metrics = {} if failure else Measurement(tuple(samples)).metrics
        if metrics and not state.objective.merits(metrics):
            failure, metrics = "its figures are not finite", {}
        self._verified(number, variant, seconds, metrics, failure)
        return ""

    def _verified(
        self, number: int, variant: Variant, seconds: float, metrics: dict[str, float], failure: str
    ) -> None:
        self._recorder.record(
            events.Verified(number, variant, round(seconds, 3), metrics, clean_line(failure, 300))
        )
        if failure:
            name = f"#{variant.n}" + (f" without #{variant.without}" * bool(variant.without))
            self._recorder.alarm(f"verification: {name} gives no measurement: {failure}")

    def _run(self, job: Job) -> Result:
        self._handle = handle = self._evaluator.submit(job)
        if self.stopped:  # between the look above and this
            handle.cancel()
        return handle.result()

    def _longest(self) -> float:
        """Seconds that an evaluation takes, as far as is known."""
        state = self._recorder.state
        known = _verification(state)
        return max((found.seconds for found in known.evaluations), default=0.0)
