"""Whether the harness reads the target at all: a mutant of it must change what is measured.

As in mutation analysis (DeMillo, Lipton & Sayward 1978): a test that a mutant survives does not see
what was changed. Here the mutants are gross, so an honest harness kills the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from autoexp_tui.model.calibration import Calibration
from autoexp_tui.model.measurement import Measurement, Sample
from autoexp_tui.model.objective import Objective
from autoexp_tui.text.safe import Safe, clean_line

_NONSENSE = ")]} autoexp asks whether this file is read {[(\n"
"""Wrong in every language with brackets, and harmless in a shell."""
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
_SIGMAS = 4.0
"""Standard errors that a figure must move by, where the harness is noisy."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A text that can't measure what the target does."""

    kind: Safe
    """How it was made, as "its target … " goes on."""
    text: str


@dataclass(frozen=True, slots=True)
class MutantRun:
    """What the harness made of a mutant."""

    failure: Safe
    """Why there is no measurement; empty where there is one."""
    sample: Sample | None
    """The measurement; None where there is none."""


@dataclass(frozen=True, slots=True)
class Killed:
    """The harness reads the target: a mutant made a difference."""

    by: Safe
    """What the difference was, in words."""


def mutants(text: str) -> Iterator[Mutant]:
    """Mutants of a target's text, the one that most harnesses notice first; all differ from it."""
    made = (
        Mutant(Safe("is nonsense"), _NONSENSE),
        Mutant(Safe("is empty"), ""),
        Mutant(Safe("has other numbers"), _NUMBER.sub(_other_number, text)),
    )
    yield from (mutant for mutant in made if mutant.text != text)


def kill(
    run: Callable[[Mutant], MutantRun | None],
    text: str,
    baseline: Measurement,
    objective: Objective,
) -> Killed | None:
    """Run mutants until one makes a difference: a failure, or figures beyond the baseline's spread.

    `baseline` are the evaluations of `text`, and `run` evaluates a mutant; None from it ends the
    search, and counts as a difference, since nothing is known then. None is returned when every
    mutant survived: what is changed is not what is measured.
    """
    for mutant in mutants(text):
        found = run(mutant)
        if found is None:
            return Killed(Safe("not asked to the end"))
        if found.failure or found.sample is None:
            return Killed(clean_line(f"when it {mutant.kind}, there is no figure: {found.failure}"))
        if _differs(found.sample, baseline, objective):
            name = objective.metrics[0].name
            figures = f"{baseline.metrics[name]:g} → {found.sample.metrics[name]:g}"
            return Killed(clean_line(f"when it {mutant.kind}, {name} is another: {figures}"))
    return None


def _differs(sample: Sample, baseline: Measurement, objective: Objective) -> bool:
    objective = objective.relative_to(baseline.metrics)
    known = Calibration().began(baseline.samples, objective)
    mutated, usual = objective.merits(sample.metrics), objective.merits(baseline.metrics)
    sigmas = [noise.sigma for noise in known.noise] or [0.0] * len(usual)
    return any(
        abs(one - other) > _SIGMAS * sigma
        for one, other, sigma in zip(mutated, usual, sigmas, strict=True)
    )


def _other_number(found: re.Match[str]) -> str:
    digits = found.group()
    other = 2 * float(digits) + 1
    return f"{other:g}" if "." in digits else str(2 * int(digits) + 1)
