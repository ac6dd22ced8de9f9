"""Step 7's evidence: a gain is kept when fresh evaluations tell it from luck.

What the statistics are is `model.evidence`; this module runs the harness as they ask for it, and
writes down what the incumbent's further runs have given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from autoexp_tui.loop.lanes import Lanes
from autoexp_tui.loop.measuring import Measurer, Runs
from autoexp_tui.loop.ports import CandidateStore, Result
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events
from autoexp_tui.model.evidence import (
    RECENT,
    Evidence,
    Finding,
    Merits,
    SequentialTest,
    spendable,
)
from autoexp_tui.model.measurement import Measurement, Sample
from autoexp_tui.model.objective import Objective, Verdict
from autoexp_tui.model.plausibility import is_suspicious
from autoexp_tui.model.state import Row

_BASELINE_RUNS = 4
"""Evaluations of a baseline that is not exact: with two the spread could be anything, and what the
first gains claim is measured against it."""
_ENOUGH = 2
"""Degrees of freedom from which on the noise of figures like the incumbent's is known."""
_TAIL = 4
"""Lines of a guard's output that its failure tells."""
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
    mark: events.Mark = ""
    holdout: float | None = None

    @property
    def was_tested(self) -> bool:
        """Whether `measurement` is of evaluations that were made after the first."""
        return bool(self.against) or (self.evidence is not None and self.evidence.runs > 0)


class FreshRunFailed(Exception):
    """A fresh run gave no measurement; the message says why."""


class GuardFailed(Exception):
    """A guard doesn't pass; the message tells its name and why."""


class Overtaken(Exception):
    """Another became the best while a candidate was compared with the one before."""


class Confirmer:
    """Decides over measured candidates, with as many more runs of the harness as that takes.

    Candidate and incumbent run in turns in the lane's own slot, while the other lanes go on. So
    both meet the same neighbours: where slots disturb each other, a comparison stays fair, though
    it takes more runs. Only the baseline's first runs had the machine to themselves, and they lose
    their weight with every run of an incumbent that comes after them.
    """

    def __init__(
        self, measurer: Measurer, candidates: CandidateStore, recorder: Recorder, lanes: Lanes
    ) -> None:
        self._lanes = lanes
        self._best: Row | None = None
        """What a candidate is compared with now."""
        self._others = 0
        """Candidates that other lanes compared with the best when that began."""
        self._measurer = measurer
        self._candidates = candidates
        self._recorder = recorder

    def measure_baseline(self, n: int, text: str, attempt: int) -> Runs:
        """Evaluate the baseline, until its spread is known where that is to judge by.

        Raises what `Measurer.measure` does.
        """
        state = self._recorder.state
        repeats = state.contract.repeats

        def once() -> Runs:
            return self._measurer.measure(n, text, repeats, attempt)

        if state.contract.confirm != "auto":
            return once()
        dear = _SHARE * state.budget.max_wall_clock_hours * 3600
        return until_spread_is_known(once, state.objective, repeats, dear)

    def judge(self, n: int, text: str, first: Measurement) -> Judgement:
        """Keep or not: the contract's rule, and evidence that the gain is no luck.

        `first` is the candidate's first evaluation: it tells whether to look again, and decides
        only where the harness repeats itself exactly. Raises what `Measurer.measure` does,
        and Overtaken.
        """
        state = self._recorder.state
        self._best = state.incumbent
        if state.baseline is None:
            self._run_guards(n, text)
            return Judgement(
                Verdict(keep=True, reason="the baseline"),
                as_evaluations(first, state.contract.repeats),
            )
        with self._lanes.testing() as self._others:
            return self._judge_claim(n, text, first)

    def _judge_claim(self, n: int, text: str, first: Measurement) -> Judgement:
        state = self._recorder.state
        judged = self._judge_gain(n, text, first)
        if not judged.verdict.keep or not is_suspicious(state, first.metrics):
            return judged
        return replace(
            judged if judged.was_tested else self._run_again(n, text, judged), mark="suspicious"
        )

    def _run_again(self, n: int, text: str, judged: Judgement) -> Judgement:
        """What is too good to be true, by one fresh evaluation; also where the harness is exact."""
        try:
            measured = Measurement((self._run_candidate(n, text, 1, 1),))
        except FreshRunFailed as failure:
            return replace(judged, verdict=Verdict(False, f"unconfirmed: {failure}"))
        verdict = self._verdict(measured)
        words = f"{'' if verdict.keep else 'un'}confirmed by a fresh run: {verdict.reason}"
        return replace(judged, verdict=Verdict(verdict.keep, words), measurement=measured)

    def _judge_gain(self, n: int, text: str, first: Measurement) -> Judgement:
        """By the rule, the guards, and as many fresh evaluations as `confirm` says."""
        state = self._recorder.state
        confirm = state.contract.confirm
        verdict = self._verdict(first)
        try:
            if confirm == "auto" and state.objective.merits(first.metrics):
                return self._judge_by_noise(n, text, first, verdict)
            if verdict.keep:
                self._run_guards(n, text)
                if isinstance(confirm, int) and confirm:
                    return self._confirm_by(confirm, n, text)
        except GuardFailed as failure:
            return Judgement(Verdict(False, str(failure)), first, mark="guard failed")
        except FreshRunFailed as failure:
            return Judgement(Verdict(False, f"unconfirmed: {failure}"), first, mark="unconfirmed")
        return Judgement(verdict, first)

    def _judge_by_noise(self, n: int, text: str, first: Measurement, verdict: Verdict) -> Judgement:
        """As many fresh evaluations as tell the gain from luck: often none."""
        state = self._recorder.state
        if verdict.keep:
            self._learn_noise(n)
        known = state.calibration
        if not known.is_known:
            if verdict.keep:
                self._run_guards(n, text)
            return Judgement(verdict, first)
        alpha = self._spendable(known.tests_since_gain)
        test = SequentialTest(known.noise_here(state.objective), alpha)
        merits, incumbent = state.objective.merits(first.metrics), known.merits(state.objective)
        glance = test.at_a_glance(merits, incumbent)
        if not verdict.keep:
            # Better all the same: past a limit, or less than is worth having. No near miss, that.
            return Judgement(verdict, first, glance if glance.effect <= 0 else None)
        if not (known.is_exact or test.promising(merits, incumbent)):
            words = f"{verdict.reason}: {sigmas(glance)} better, within the noise"
            return Judgement(Verdict(False, words), first, glance)
        self._run_guards(n, text)  # what fails them needs no costly confirmation
        if known.is_exact:
            return Judgement(verdict, first, glance)
        fresh: list[Sample] = []
        against: list[Sample] = []
        while True:
            merits_of = [state.objective.merits(sample.metrics) for sample in fresh]
            known = state.calibration
            found = test.look(merits_of, known.merits(state.objective), known.evaluations)
            match found:
                case "incumbent":
                    against.append(self._run_incumbent(n))
                case "candidate":
                    fresh.append(self._run_candidate(n, text, len(fresh) + 1, test.looks))
                case Finding():
                    return self._judgement(found, fresh, against)

    def _spendable(self, since_gain: int | None) -> float:
        """The error that this test may spend; what others test now counts as tested before it."""
        state, others = self._recorder.state, self._others
        since = None if since_gain is None else since_gain + others
        tests = state.calibration.tests + others
        return spendable(state.contract.confidence, len(state.rows), tests, since)

    def _learn_noise(self, n: int) -> None:
        """Run the best so far again where nothing is known of the noise of figures like its own.

        So it is after a gain that made the figure another one, and where an older version began the
        run. Two runs more tell enough to go on with.
        """
        state = self._recorder.state
        for _ in range(_ENOUGH):
            here = state.calibration.noise_here(state.objective)
            enough = here and all(one.freedom >= _ENOUGH for one in here)
            if enough or state.calibration.is_exact:
                return
            self._run_incumbent(n)

    def _run_guards(self, n: int, text: str) -> None:
        """Raises GuardFailed with the first that doesn't pass, Tampered."""
        for guard in self._recorder.state.contract.guard:
            result = self._measurer.guard(n, text, guard)
            if result.failure:
                raise GuardFailed(f"guard {guard.title} failed: {guard_failure(result)}")

    def _confirm_by(self, times: int, n: int, text: str) -> Judgement:
        """By a number of fresh evaluations of both, in turns: machines drift together."""
        state = self._recorder.state
        fresh: list[Sample] = []
        against: list[Sample] = []
        for turn in range(1, times + 1):
            against.append(self._run_incumbent(n))
            fresh.append(self._run_candidate(n, text, turn, times))
        known = state.calibration.learnt(fresh, state.objective, new=times - 1)
        if not known.is_known:  # one of each tells no spread
            return self._judgement(None, fresh, against)
        alpha = self._spendable(None)
        test = SequentialTest(known.noise_here(state.objective), alpha, fixed=True)
        merits = [state.objective.merits(sample.metrics) for sample in fresh]
        return self._judgement(
            test.settle(merits, known.merits(state.objective)[-times:]), fresh, against
        )

    def refresh(self, n: int) -> None:
        """Run the incumbent again where it was last run long ago: machines drift.

        Raises what `Measurer.measure` does.
        """
        state = self._recorder.state
        known = state.calibration
        if state.contract.confirm != "auto" or known.is_exact or not known.incumbent:
            return
        if known.evaluations - known.incumbent[-1].at < RECENT * state.contract.repeats:
            return
        if not self._lanes.refreshing.acquire(blocking=False):
            return  # another lane is at it
        self._best = state.incumbent
        try:
            self._run_incumbent(n)
        except FreshRunFailed as failure:
            self._recorder.warn(f"the best so far could not be measured again: {failure}")
        except Overtaken:
            return  # the new one was measured just now
        finally:
            self._lanes.refreshing.release()

    def _judgement(
        self, found: Finding | None, fresh: Sequence[Sample], against: Sequence[Sample]
    ) -> Judgement:
        """The finding, and the contract's rule once more on the fresh figures alone."""
        measured = Measurement(tuple(fresh), "mean")
        turns = isinstance(self._recorder.state.contract.confirm, int)
        verdict = self._verdict(measured, against if turns else ())
        keep = (found is None or found.keep) and verdict.keep
        runs = f"{len(fresh)} fresh run{'s' if len(fresh) != 1 else ''}"
        by = f"{runs}, {sigmas(found.evidence)}" if found else runs
        verdict = Verdict(keep, f"{'' if keep else 'un'}confirmed by {by}: {verdict.reason}")
        evidence = found.evidence if found else None
        mark: events.Mark = "" if keep else "unconfirmed"
        return Judgement(verdict, measured, evidence, tuple(against), mark)

    def _verdict(self, candidate: Measurement, against: Sequence[Sample] = ()) -> Verdict:
        """By the contract's rule, against these evaluations or all that is known of the best."""
        state = self._recorder.state
        if state.incumbent is None or state.baseline is None:
            raise RuntimeError("there is nothing to compare the baseline with")
        known = state.calibration.incumbent_measurement or state.incumbent.measurement
        incumbent = Measurement(tuple(against), "mean") if against else known
        return state.objective.judge(candidate, incumbent, state.baseline.measurement)

    def _run_candidate(self, n: int, text: str, turn: int, of: int) -> Sample:
        began = events.EvaluationStarted(n, turn=turn, of=of, purpose="confirm")
        sample = self._evaluate(began, text)
        self._check_best()
        return sample

    def _run_incumbent(self, n: int) -> Sample:
        best = self._check_best()
        began = events.EvaluationStarted(n, purpose="incumbent")
        sample = self._evaluate(began, self._candidates.text_of(best.commit))
        with self._recorder.transaction():
            self._check_best()
            self._recorder.record(events.Remeasured(n, best.n, sample))
        return sample

    def _check_best(self) -> Row:
        """What is the best so far. Raises Overtaken where it isn't what was compared with."""
        best = self._recorder.state.incumbent
        if best is None:
            raise RuntimeError("there is no incumbent")
        if best is not self._best:
            raise Overtaken
        return best

    def _evaluate(self, began: events.EvaluationStarted, text: str) -> Sample:
        """One evaluation, of as many runs as the contract says. Raises FreshRunFailed."""
        runs = self._measurer.evaluate(began, text, self._recorder.state.contract.repeats)
        if runs.failure:
            raise FreshRunFailed(runs.failure)
        return runs.measurement.as_sample()


def until_spread_is_known(
    once: Callable[[], Runs], objective: Objective, repeats: int, dear: float
) -> Runs:
    """Evaluate by `once` until it is known what the harness' spread is; a failure ends it.

    Two evaluations that agree are enough, and so are two that have taken `dear` seconds and more.
    """
    runs = once()
    found: list[Merits] = []
    while not runs.failure:
        latest = Measurement(runs.measurement.samples[-repeats:])
        found.append(objective.merits(latest.metrics))
        enough = found[0] == found[-1] or runs.seconds > dear or len(found) >= _BASELINE_RUNS
        if len(found) > 1 and enough:
            break
        runs += once()
    return runs


def as_evaluations(runs: Measurement, repeats: int) -> Measurement:
    """A baseline's runs as the evaluations that were made of them, `repeats` runs each."""
    if len(runs.samples) <= repeats:
        return runs
    starts = range(0, len(runs.samples), repeats)
    parts = (Measurement(runs.samples[start : start + repeats]) for start in starts)
    return Measurement(tuple(part.as_sample() for part in parts), "mean")


def guard_failure(result: Result) -> str:
    """Why a guard didn't pass, with the end of what it printed."""
    tail = " / ".join(line.strip() for line in result.tail.splitlines()[-_TAIL:] if line.strip())
    return result.failure if not tail or tail in result.failure else f"{result.failure} ({tail})"


def sigmas(evidence: Evidence) -> str:
    """How far the effect is beyond chance, in words: `1.8 σ`."""
    if not evidence.sigma:
        return "exactly"
    return f"{abs(evidence.sigmas):.1f} σ"
