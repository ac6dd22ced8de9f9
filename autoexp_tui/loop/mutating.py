"""Is what the loop changes what the harness measures? Asked once, of a measured baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autoexp_tui.loop.ports import Result
from autoexp_tui.model.contract import Contract
from autoexp_tui.model.measurement import Measurement, Sample
from autoexp_tui.model.mutants import Killed, Mutant, MutantRun, kill
from autoexp_tui.model.objective import Objective
from autoexp_tui.text.numbers import format_number
from autoexp_tui.text.safe import clean_line

_TIMES, _MORE_S = 2.0, 30.0
"""Of the baseline's time, and seconds beyond it, that a mutant is given: what then still runs is
not what the baseline was."""


def ask_mutants(
    run: Callable[[str, float], Result | None],
    contract: Contract,
    text: str,
    baseline: Measurement,
) -> Killed | None:
    """What shows that the harness reads the target; None when nothing does.

    `run` evaluates a text within so many seconds; None from it ends the asking.
    """
    usual = max(sample.seconds for sample in baseline.samples)
    limit = min(contract.time_limit, _TIMES * usual + _MORE_S)

    def run_mutant(mutant: Mutant) -> MutantRun | None:
        result = run(mutant.text, limit)
        if result is None:
            return None
        sample = None if result.failure else Sample(result.metrics, round(result.seconds, 3))
        return MutantRun(clean_line(result.failure, 200), sample)

    return kill(run_mutant, text, baseline, Objective.of(contract))


def unread(contract: Contract, baseline: Measurement, causes: Sequence[str]) -> str:
    """What a person is told when no mutant made a difference: that, the likely cause, its cure."""
    name = contract.primary.name
    figure = format_number(baseline.metrics[name])
    told = f"{name} is {figure} whatever {contract.target} holds, so that is not what is measured"
    return f"{told}: {causes[0]}" if causes else f"{told}, as far as could be tried"
