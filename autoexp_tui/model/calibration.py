"""What a run has learnt of its harness so far: how noisy it is, and what the incumbent measures.

Folded from the journal like everything else, so a resumed run trusts its figures as much as before.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from autoexp_tui.model.evidence import Incumbent, Noise
from autoexp_tui.model.measurement import Measurement, Sample
from autoexp_tui.model.objective import Objective


class IncumbentRun(NamedTuple):
    """One evaluation of the incumbent."""

    sample: Sample
    at: int
    """How many evaluations of anything the run had made then."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Immutable: each method returns what is known afterwards."""

    noise: tuple[Noise, ...] = ()
    """Of each figure that decides, see `Objective.merits`; empty before the baseline."""
    evaluations: int = 0
    """Runs of the harness so far."""
    incumbent: tuple[IncumbentRun, ...] = ()
    """Of the best so far; those that made it look promising are not among them."""
    tests: int = 0
    """Candidates that were evaluated again, since they looked promising."""
    tests_since_gain: int | None = None
    """After the last gain that held; None where none did."""

    def merits(self, objective: Objective) -> list[Incumbent]:
        """The incumbent's evaluations, as a test weighs them."""
        return [Incumbent(objective.merits(run.sample.metrics), run.at) for run in self.incumbent]

    @property
    def incumbent_measurement(self) -> Measurement:
        """All evaluations of the incumbent; their mean is what it is worth."""
        return Measurement(tuple(run.sample for run in self.incumbent), "mean")

    @property
    def is_known(self) -> bool:
        """Whether anything was measured twice."""
        return bool(self.noise) and all(one.is_known for one in self.noise)

    @property
    def is_exact(self) -> bool:
        """Whether the harness repeats itself exactly, as far as is known."""
        return self.is_known and all(one.sigma == 0 for one in self.noise)

    def noise_here(self, objective: Objective) -> tuple[Noise, ...]:
        """The spread of figures about as large as the incumbent's."""
        runs = [run.merits for run in self.merits(objective)]
        if not runs:
            return self.noise
        levels = (statistics.fmean(column) for column in zip(*runs, strict=True))
        return tuple(one.at(level) for one, level in zip(self.noise, levels, strict=True))

    def evaluated(self) -> Calibration:
        """The harness was begun once more."""
        return replace(self, evaluations=self.evaluations + 1)

    def remeasured(self, sample: Sample, objective: Objective) -> Calibration:
        """The incumbent was evaluated again."""
        before = [run.sample for run in self.incumbent]
        return replace(
            self.learnt([*before, sample], objective, new=1),
            incumbent=(*self.incumbent, IncumbentRun(sample, self.evaluations)),
        )

    def tested(self, samples: Sequence[Sample], objective: Objective, *, kept: bool) -> Calibration:
        """A candidate was evaluated afresh; where it was kept, that is what the best is worth."""
        since = None if self.tests_since_gain is None else self.tests_since_gain + 1
        learnt = replace(
            self.learnt(samples, objective, new=len(samples) - 1),
            tests=self.tests + 1,
            tests_since_gain=0 if kept else since,
        )
        return learnt.kept(samples) if kept else learnt

    def kept(self, samples: Sequence[Sample]) -> Calibration:
        """There is another incumbent, of which these are the evaluations."""
        runs = tuple(IncumbentRun(sample, self.evaluations) for sample in samples)
        return replace(self, incumbent=runs)

    def began(self, evaluations: Sequence[Sample], objective: Objective) -> Calibration:
        """The baseline was evaluated, once or several times."""
        return self.learnt(evaluations, objective, new=len(evaluations) - 1).kept(evaluations)

    def learnt(self, samples: Sequence[Sample], objective: Objective, *, new: int) -> Calibration:
        """The spread that the last `new` of `samples`, all of the same text, have shown too."""
        figures = [objective.merits(sample.metrics) for sample in samples]
        if not figures or not all(figures):
            return self
        noise = self.noise or tuple(Noise() for _ in figures[0])
        for k in range(len(figures) - new, len(figures)):
            noise = tuple(
                one.learn(figures[k][place], [row[place] for row in figures[:k]])
                for place, one in enumerate(noise)
            )
        return replace(self, noise=noise)
