"""Step 7's evidence: a gain is kept when fresh evaluations tell it from luck.

What the statistics are is `model.evidence`; this module runs the harness as they ask for it, and
writes down what the incumbent's further runs have given.
"""

from __future__ import annotations

from dataclasses import dataclass

from autoexp_tui.loop.measuring import Measurer, Runs
from autoexp_tui.loop.ports import CandidateStore
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events
from autoexp_tui.model.evidence import (
    RECENT,
    Evidence,
    LOOKS,
    Finding,
    SequentialTest,
    Wanted,
    spendable,
)
from autoexp_tui.model.measurement import Measurement, Sample
from autoexp_tui.model.objective import Verdict

_BASELINE_RUNS = 3
"""Evaluations of a baseline that is not exact: the third halves what the spread's estimate is off."""
_SHARE = 0.05
"""Of the run's wall clock: the most that the baseline's further evaluations may take."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a candidate that was measured."""

    verdict: Verdict
    measurement: Measurement
    """What its row tells: the fresh evaluations where there were any, else the first."""
    evidence: Evidence | None = None
    against: tuple[Sample, ...] = ()
    """The incumbent's evaluations that were made for it."""

    @property
    def was_tested(self) -> bool:
        return self.evidence is not None and self.evidence.runs > 0


class FreshRunFailed(Exception):
    """A fresh run gave no measurement; the message says why."""


class Confirmer:
    """Decides over measured candidates, with as many more runs of the harness as that takes."""

    def __init__(self, measurer: Measurer, candidates: CandidateStore, recorder: Recorder) -> None:
        self._measurer = measurer
        self._candidates = candidates
        self._recorder = recorder

    def measure_baseline(self, n: int, text: str, attempt: int) -> Runs:
        """Evaluate the baseline until its spread is known: two that agree end it.

        Raises what `Measurer.measure` does.
        """
        state = self._recorder.state
        repeats = state.contract.repeats
        runs = self._measurer.measure(n, text, repeats, attempt)
        if state.contract.confirm != "auto":
            return runs
        hours = state.budget.max_wall_clock_hours
        found: list[Sample] = []
        while not runs.failure:
            found.append(Measurement(runs.measurement.samples[-repeats:]).as_sample())
            agree = state.objective.merits(found[0].metrics) == state.objective.merits(
                found[-1].metrics
            )
            dear = runs.seconds > _SHARE * hours * 3600
            if len(found) > 1 and (agree or dear or len(found) >= _BASELINE_RUNS):
                break
            runs += self._measurer.measure(n, text, repeats, attempt)
        return runs

    def judge(self, n: int, text: str, first: Measurement) -> Judgement:
        """Keep or not: the contract's rule, and evidence that the gain is no luck.

        `first` is the candidate's first evaluation: it tells whether to look again, and decides
        only where the harness repeats itself exactly. Raises what `Measurer.measure` does.
        """
        state = self._recorder.state
        known, confirm = state.calibration, state.contract.confirm
        if state.baseline is None:
            return Judgement(Verdict(keep=True, reason="the baseline"), first)
        verdict = self._verdict(first)
        merits = state.objective.merits(first.metrics)
        if confirm in {"off", 0} or not merits or not all(one.is_known for one in known.noise):
            return Judgement(verdict, first)
        test = self._test()
        glance = test.at_a_glance(merits, known.merits(state.objective))
        if test.exact or not verdict.keep:
            return Judgement(verdict, first, glance)
        if confirm == "auto" and not test.promising(merits, known.merits(state.objective)):
            words = f"{verdict.reason}: {sigmas(glance)} better, within the noise"
            return Judgement(Verdict(False, words), first, glance)
        try:
            return self._confirm(n, text, test)
        except FreshRunFailed as failure:
            return Judgement(Verdict(False, f"unconfirmed: {failure}"), first, glance)

    def refresh(self, n: int) -> None:
        """Run the incumbent again where it was last run long ago: machines drift.

        Raises what `Measurer.measure` does.
        """
        state = self._recorder.state
        known = state.calibration
        if state.contract.confirm != "auto" or known.is_exact or not known.incumbent:
            return
        if known.evaluations - known.incumbent[-1].at >= RECENT * state.contract.repeats:
            try:
                self._run_incumbent(n)
            except FreshRunFailed as failure:
                self._recorder.warn(f"the best so far could not be measured again: {failure}")

    def _test(self) -> SequentialTest:
        state = self._recorder.state
        known, confirm = state.calibration, state.contract.confirm
        alpha = spendable(
            state.contract.confidence, len(state.rows), known.tests, known.tests_since_gain
        )
        return SequentialTest(known.noise, alpha, looks=1 if isinstance(confirm, int) else LOOKS)

    def _confirm(self, n: int, text: str, test: SequentialTest) -> Judgement:
        """Evaluate it afresh beside the incumbent, as often as the test or the contract says."""
        state = self._recorder.state
        fixed = state.contract.confirm if isinstance(state.contract.confirm, int) else 0
        fresh: list[Sample] = []
        against: list[Sample] = []
        while True:
            merits = [state.objective.merits(sample.metrics) for sample in fresh]
            known = state.calibration.merits(state.objective)
            if fixed and len(fresh) == len(against) == fixed:
                found: Wanted | Finding = test.settle(merits, known[-fixed:])
            elif fixed:
                found = "candidate" if len(fresh) < len(against) else "incumbent"
            else:
                found = test.look(merits, known, state.calibration.evaluations)
            match found:
                case "incumbent":
                    against.append(self._run_incumbent(n))
                case "candidate":
                    began = events.EvaluationStarted(
                        n, turn=len(fresh) + 1, of=fixed or test.looks, purpose="confirm"
                    )
                    fresh.append(self._evaluate(began, text))
                case Finding():
                    return self._judgement(found, tuple(fresh), tuple(against))

    def _judgement(
        self, found: Finding, fresh: tuple[Sample, ...], against: tuple[Sample, ...]
    ) -> Judgement:
        """The finding, and the contract's rule once more on the fresh figures alone."""
        measured = Measurement(fresh, "mean")
        verdict = self._verdict(measured)
        keep = found.keep and verdict.keep
        runs = f"{len(fresh)} fresh run{'s' if len(fresh) != 1 else ''}"
        word = "confirmed" if keep else "unconfirmed"
        reason = f"{word} by {runs}, {sigmas(found.evidence)}: {verdict.reason}"
        return Judgement(Verdict(keep, reason), measured, found.evidence, against)

    def _verdict(self, candidate: Measurement) -> Verdict:
        """By the contract's rule, against all that is known of the incumbent."""
        state = self._recorder.state
        if state.incumbent is None or state.baseline is None:
            raise RuntimeError("there is nothing to compare the baseline with")
        incumbent = state.calibration.incumbent_measurement or state.incumbent.measurement
        return state.objective.judge(candidate, incumbent, state.baseline.measurement)

    def _run_incumbent(self, n: int) -> Sample:
        state = self._recorder.state
        if state.incumbent is None:
            raise RuntimeError("there is no incumbent")
        began = events.EvaluationStarted(n, purpose="incumbent")
        sample = self._evaluate(began, self._candidates.text_of(state.incumbent.commit))
        self._recorder.record(events.Remeasured(n, state.incumbent.n, sample))
        return sample

    def _evaluate(self, began: events.EvaluationStarted, text: str) -> Sample:
        """One evaluation, of as many runs as the contract says. Raises FreshRunFailed."""
        runs = self._measurer.evaluate(began, text, self._recorder.state.contract.repeats)
        if runs.failure:
            raise FreshRunFailed(runs.failure)
        return runs.measurement.as_sample()


def sigmas(evidence: Evidence) -> str:
    """How far the effect is beyond chance, in words: `1.8 σ`."""
    if not evidence.sigma:
        return "exactly"
    return f"{abs(evidence.effect) / evidence.sigma:.1f} σ"
