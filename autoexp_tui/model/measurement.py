"""What the harness measured of one text: every run of it, not their summary.

The samples travel from the harness to `Objective.judge`, into the journal and out to viewers, so
that whoever weighs evidence has all of it. What one figure stands for them is decided here alone.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

import msgspec

from autoexp_tui.text.intake import KEYS

Figures: TypeAlias = Annotated[dict[str, float], KEYS]
"""Numbers by the names that the harness gives them."""
Centre: TypeAlias = Literal["median", "mean"]
"""What stands for several samples."""


class Sample(msgspec.Struct, frozen=True):
    """One run of the harness that gave a complete measurement."""

    metrics: Figures
    """By the contract's names; finite."""
    seconds: float = 0.0
    """Wall time of the run."""
    extras: Figures = {}
    """Other numbers that it printed; shown, never judged."""
    holdout: float | None = None
    """The contract's hold-out, if it printed that."""


class Measurement(msgspec.Struct, frozen=True):
    """All runs of the harness on one text, in the order in which they were made."""

    samples: tuple[Sample, ...] = ()
    centre: Centre = "median"
    """What stands for several: of the runs of one evaluation the median, which a hiccup of the
    machine doesn't move; of evaluations that were made to tell a gain the mean, as their test does.
    """

    @classmethod
    def of(cls, metrics: Mapping[str, float]) -> Measurement:
        """A measurement of which only the figures are known: a table's row, or an old journal's."""
        return cls((Sample(dict(metrics)),)) if metrics else cls()

    @classmethod
    def recorded(
        cls,
        samples: tuple[Sample, ...],
        metrics: Mapping[str, float],
        seconds: float,
        extras: Mapping[str, float],
        centre: Centre = "median",
    ) -> Measurement:
        """What an event or a row tells: its samples, or the one run that its own figures are of.

        Only several samples are written down as such, so that a table of 100,000 rows holds none
        and a journal written before there were any reads the same.
        """
        if samples or not metrics:
            return cls(samples, centre)
        return cls((Sample(dict(metrics), seconds, dict(extras)),))

    def __bool__(self) -> bool:
        return bool(self.samples)

    @property
    def metrics(self) -> dict[str, float]:
        """The estimate of each metric. Empty where there are no samples."""
        if not self.samples:
            return {}
        return {name: self._estimate(name) for name in self.samples[0].metrics}

    def values(self, name: str) -> list[float]:
        """What each run has measured of a metric or printed of another number."""
        found = ({**sample.extras, **sample.metrics}.get(name) for sample in self.samples)
        return [value for value in found if value is not None]

    @property
    def extras(self) -> dict[str, float]:
        """The median of each other number, over the samples that have it."""
        names = dict.fromkeys(name for sample in self.samples for name in sample.extras)
        return {
            name: statistics.median(s.extras[name] for s in self.samples if name in s.extras)
            for name in names
        }

    @property
    def holdout(self) -> float | None:
        """The mean of the hold-out; None where no run printed it."""
        found = [sample.holdout for sample in self.samples if sample.holdout is not None]
        return statistics.mean(found) if found else None

    @property
    def seconds(self) -> float:
        """Wall time of all runs together."""
        return sum(sample.seconds for sample in self.samples)

    def __add__(self, more: Measurement) -> Measurement:
        return Measurement(self.samples + more.samples, self.centre)

    def as_sample(self) -> Sample:
        """All runs as one: an evaluation, of those that decide over a gain. Raises ValueError."""
        if not self.samples:
            raise ValueError("there is no run to stand for")
        return Sample(self.metrics, round(self.seconds, 3), self.extras, self.holdout)

    def _estimate(self, name: str) -> float:
        values = [sample.metrics[name] for sample in self.samples]
        if len(values) == 1:
            return values[0]
        return statistics.fmean(values) if self.centre == "mean" else statistics.median(values)
