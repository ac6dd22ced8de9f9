"""Nights whose truth is known: streams of ideas, a noisy harness, and rules that decide.

The product's own rules are the real loop: its steps 5 to 7, its state and its events, on a harness
that is a random number. Only the journal is kept in memory. Figures are in standard deviations of
one evaluation (σ), of a metric of which less is better.
"""

from __future__ import annotations

import math
import random
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from autoexp_tui.loop.control import Controls, Desk
from autoexp_tui.loop.guidance import Guidance
from autoexp_tui.loop.journal import Journal
from autoexp_tui.loop.lanes import Lanes
from autoexp_tui.loop.loop import Candidate, Loop
from autoexp_tui.loop.ports import Job, Ports, Result
from autoexp_tui.loop.projections import Projections
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events
from autoexp_tui.model.contract import Budget, Contract, Decide, Metric
from autoexp_tui.model.proposal import Proposal, Situation, Stream
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState
from autoexp_tui.text.safe import Safe

IDEAS = 100
"""A night, where nights of as many ideas are compared."""
EVALUATIONS = 150
"""A night, where nights of equal cost are compared."""
LEVEL = 100.0
_NAMES = (Safe("loss"), Safe("size"))

Noise = Literal["normal", "t3", "walk", "trend"]


@dataclass(frozen=True, slots=True)
class Ideas:
    """What a proposer comes up with, and how the harness measures it."""

    name: str
    good: float = 0.0
    """Share of ideas with a true gain, which is exponential."""
    mean: float = 1.0
    """Of the gains, in σ."""
    harmful: float = 0.0
    """Share with a loss, exponential with a mean of 2 σ; the rest changes nothing."""
    noise: Noise = "normal"
    rule: Literal["primary", "pareto", "weighted"] = "primary"
    """With one of the other two there are two metrics: an idea does to the second a random share
    of what it does to the first, and their noises correlate by 0.6."""

    @property
    def width(self) -> int:
        return 1 if self.rule == "primary" else 2

    def draw(self, rng: random.Random) -> tuple[float, ...]:
        """What an idea does to each figure; positive is better."""
        kind = rng.random()
        gain = 0.0
        if kind < self.good:
            gain = rng.expovariate(1 / self.mean)
        elif kind < self.good + self.harmful:
            gain = -rng.expovariate(1 / 2.0)
        return (gain, gain * rng.random())[: self.width]


class Harness:
    """Measures merits with noise, and counts how often."""

    def __init__(self, ideas: Ideas, rng: random.Random) -> None:
        self._ideas = ideas
        self._rng = rng
        self._level = 0.0
        self._step = 0.02 * rng.choice((-1, 1))
        self.evaluations = 0

    def measure(self, truth: tuple[float, ...]) -> tuple[float, ...]:
        """One evaluation: a figure for each of `truth`; less is better."""
        rng = self._rng
        self.evaluations += 1
        if self._ideas.noise == "walk":
            self._level += rng.gauss(0, 0.1)
        elif self._ideas.noise == "trend":
            self._level += self._step
        common = self._draw()
        noises = (common, 0.6 * common + 0.8 * self._draw())
        pairs = zip(truth, noises, strict=False)
        return tuple(LEVEL - merit + noise + self._level for merit, noise in pairs)

    def _draw(self) -> float:
        z = self._rng.gauss(0, 1)
        if self._ideas.noise == "t3":  # of unit variance
            return z / math.hypot(*(self._rng.gauss(0, 1) for _ in range(3)))
        return z


class Rule(Protocol):
    """Decides over one candidate after the other; begins with a baseline of merit 0."""

    def judge(self, truth: tuple[float, ...], gain: tuple[float, ...]) -> bool:
        """Whether the candidate of that true merit, `gain` better than the best, is kept."""
        ...

    @property
    def claimed(self) -> float:
        """By how much the rule's own figures say the best is better than the baseline."""
        ...


Maker = Callable[[Ideas, Harness], Rule]


@dataclass(slots=True)
class Night:
    """What one rule made of one stream, up to now."""

    ideas: int = 0
    good: int = 0
    """Ideas with a true gain."""
    found: int = 0
    """Of these, the ones kept."""
    false: int = 0
    """Kept without a true gain."""
    gain: float = 0.0
    """True gain of the best over the baseline; with two metrics of their sum."""
    claimed: float = 0.0
    evaluations: int = 0


def night(ideas: Ideas, make: Maker, seed: str) -> tuple[Night, Night]:
    """A night of `IDEAS` ideas, and one of what was decided within `EVALUATIONS`."""
    rng = random.Random(seed)
    harness = Harness(ideas, random.Random(f"{seed} harness"))
    rule = make(ideas, harness)
    best = (0.0,) * ideas.width
    now = Night(evaluations=harness.evaluations)
    by_ideas = by_evaluations = now
    while now.ideas < IDEAS or now.evaluations < EVALUATIONS:
        gain = ideas.draw(rng)
        truth = tuple(map(sum, zip(best, gain, strict=True)))
        kept = rule.judge(truth, gain)
        best = truth if kept else best
        real = sum(gain) > 0
        now = Night(
            now.ideas + 1,
            now.good + real,
            now.found + (kept and real),
            now.false + (kept and not real),
            sum(best),
            rule.claimed,
            harness.evaluations,
        )
        if now.ideas <= IDEAS:
            by_ideas = now
        if now.evaluations <= EVALUATIONS:
            by_evaluations = now
    return by_ideas, by_evaluations


class Product:
    """The loop itself, under a contract that differs from the default by `settings`."""

    def __init__(self, ideas: Ideas, harness: Harness, settings: Mapping[str, object]) -> None:
        self._harness = harness
        self._truth = {"0": (0.0,) * ideas.width}
        min_delta = float(str(settings.get("min_delta", 0)))
        names = _NAMES[: ideas.width]
        contract = Contract(
            "target",
            "true",
            tuple(Metric(name, "lower", min_delta=min_delta) for name in names),
            decide=Decide(rule=ideas.rule, weights=(1.0,) * ideas.width),
            budget=Budget(max_experiments=10**9),
            **{key: value for key, value in settings.items() if key != "min_delta"},  # type: ignore[arg-type]
        )
        self._recorder = Recorder(_Memory())
        self._recorder.record(_started(contract))
        nowhere, controls = RunDirectory(Path("nowhere")), Controls()
        ports = Ports(self, self, Guidance(Path("nowhere"), contract), lambda: 10**6)
        projections = Projections(nowhere, Path("nowhere"), self.state)
        lanes = Lanes(ports, self._recorder, projections, controls)
        self._loop = Loop(nowhere, ports, _Nobody(), self._recorder, lanes, Desk(controls))
        self._decide("0")

    @property
    def state(self) -> RunState:
        return self._recorder.state

    def judge(self, truth: tuple[float, ...], gain: tuple[float, ...]) -> bool:
        text = str(len(self.state.rows))
        self._truth[text] = truth
        return self._decide(text)

    @property
    def claimed(self) -> float:
        first, best = self.state.rows[0], self.state.incumbent
        return sum(first.metrics.values()) - sum(best.metrics.values()) if best else 0.0

    def _decide(self, text: str) -> bool:
        """Steps 5 to 7 of the loop."""
        n = len(self.state.rows) + 1
        parent = self.state.incumbent.commit if self.state.incumbent else text
        self._recorder.record(events.ExperimentStarted(n, parent))
        candidate = Candidate(n, parent, text, text, "an idea")
        runs = self._loop.run_harness(candidate)
        measured = self._loop.extract_metrics(candidate, runs)
        self._loop.keep_or_revert(candidate, measured, runs)
        return self.state.rows[-1].status == "keep"

    slots = ()

    # The ports: a text is its own commit, and an evaluation is over as it begins.

    def submit(self, job: Job) -> _Done:
        figures = self._harness.measure(self._truth[job.text])
        return _Done(Result(1e-9, dict(zip(_NAMES, figures, strict=False)), {}, ""))

    def text_of(self, commit: str) -> str:
        return commit

    def commit(self, n: int, parent: str, text: str, message: str, attempt: int) -> str:
        return text

    def graft(self, n: int, own: str, tip: str, text: str, message: str) -> str:
        raise NotImplementedError("a night climbs: nothing is made from anywhere else")

    def advance(self, to: str) -> str:
        return ""


class _Done:
    output = Path("nowhere")

    def __init__(self, result: Result) -> None:
        self._result = result

    def result(self) -> Result:
        return self._result

    def cancel(self) -> None:
        """Nothing runs any more."""


class _Nobody:
    name = "nobody"

    def propose(self, situation: Situation, stream: Stream) -> Proposal:
        raise NotImplementedError("the stream's ideas are given, not proposed")


class _Memory(Journal):
    """A journal that nobody reads again: a hundred thousand nights need no disk."""

    def __init__(self) -> None:
        self._mutex = threading.RLock()
        self.recovered = []
        self._seq, self._elapsed, self._clock = 0, 0.0, time.monotonic()

    def append(self, event: events.AnyEvent) -> events.Record:
        self._seq += 1
        return events.Record(self._seq, 0.0, 0.0, event)


def _started(contract: Contract) -> events.RunStarted:
    words = dict.fromkeys(("tag", "project", "folder", "base", "proposer", "protection"), "")
    return events.RunStarted(contract=contract, seed=0, version="0", **words)  # type: ignore[arg-type]


class ByHand:
    """A rule that others use, on the first figure."""

    def __init__(self, ideas: Ideas, harness: Harness) -> None:
        self._harness = harness
        self._best_truth: tuple[float, ...] = (0.0,) * ideas.width
        self.first = self.best = self.run(self._best_truth)

    @property
    def claimed(self) -> float:
        return self.first - self.best

    def run(self, truth: tuple[float, ...]) -> float:
        return self._harness.measure(truth)[0]

    def judge(self, truth: tuple[float, ...], gain: tuple[float, ...]) -> bool:
        figure = self.decide(truth, self._best_truth)
        if figure is None:
            return False
        self.best, self._best_truth = figure, truth
        return True

    def decide(self, truth: tuple[float, ...], best: tuple[float, ...]) -> float | None:
        """The candidate's figure where it is kept."""
        raise NotImplementedError


class MadScore(ByHand):
    """pi-autoresearch's confidence: the best improvement over the baseline, divided by the median
    absolute deviation of all figures of the session; from 2 on it is shown as likely real. There it
    is advice, and is told from the third figure on; here it decides.
    """

    def __init__(self, ideas: Ideas, harness: Harness) -> None:
        super().__init__(ideas, harness)
        self._figures = [self.first]

    def decide(self, truth: tuple[float, ...], best: tuple[float, ...]) -> float | None:
        figure = self.run(truth)
        self._figures.append(figure)
        if figure >= self.best:
            return None
        if len(self._figures) < 3:
            return figure
        middle = statistics.median(self._figures)
        mad = statistics.median(abs(one - middle) for one in self._figures)
        return figure if self.first - figure >= 2 * mad else None


class PairedZ(ByHand):
    """What looks better is run beside the best in five pairs, the first run being one of them; kept
    where the mean difference is two of its own standard errors or more."""

    PAIRS = 5

    def decide(self, truth: tuple[float, ...], best: tuple[float, ...]) -> float | None:
        figures = [self.run(truth)]
        if figures[0] >= self.best:
            return None
        differences = [self.run(best) - figures[0]]
        while len(figures) < self.PAIRS:
            figures.append(self.run(truth))
            differences.append(self.run(best) - figures[-1])
        error = statistics.stdev(differences) / len(differences) ** 0.5
        kept = statistics.fmean(differences) >= 2 * error
        return statistics.fmean(figures) if kept else None


class MediansOfThree(ByHand):
    """What `confirm: 3` was in version 0.1: three fresh runs of both, in turns; kept where the
    medians say better, and the median is the next candidates' bar."""

    def decide(self, truth: tuple[float, ...], best: tuple[float, ...]) -> float | None:
        if self.run(truth) >= self.best:
            return None
        pairs = [(self.run(best), self.run(truth)) for _ in range(3)]
        old, new = (statistics.median(side) for side in zip(*pairs, strict=True))
        return new if new < old else None
