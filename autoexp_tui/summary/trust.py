"""How far a run's gains can be trusted, in words that check, brief, report and screens share."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from autoexp_tui.model.calibration import Calibration
from autoexp_tui.model.contract import Contract
from autoexp_tui.model.evidence import (
    Evidence,
    Finding,
    Incumbent,
    Noise,
    Residual,
    SequentialTest,
    spendable,
)
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row, RunState
from autoexp_tui.text.numbers import format_change, format_number

_PLAYED = 300
"""Tests that are played to tell what one costs: the mean is known to a tenth of a run."""

EXACT = "repeats itself exactly"


def sigmas_by_name(known: Calibration, objective: Objective) -> dict[str, float]:
    """Standard deviation of one evaluation, of each figure that decides; empty while unknown."""
    if not known.is_known:
        return {}
    pareto = objective.decide.rule == "pareto"
    names = [metric.name for metric in objective.metrics] if pareto else [objective.title]
    return {name: one.sigma for name, one in zip(names, known.noise_here(objective), strict=True)}


def spread(state: RunState) -> str:
    """The spread of one evaluation: `±0.0031`, of a front `±0.0031 loss, ±2 ms`, `±0` for none."""
    sigmas = sigmas_by_name(state.calibration, state.objective)
    if len(sigmas) == 1:
        return "".join(f"±{_short(sigma)}" for sigma in sigmas.values())
    return ", ".join(f"±{_short(sigma)} {name}" for name, sigma in sigmas.items())


def sigma(state: RunState) -> float | None:
    """The spread of the figure that decides; None while unknown, and where several decide."""
    known = tuple(sigmas_by_name(state.calibration, state.objective).values())
    return known[0] if len(known) == 1 else None


def noise_words(state: RunState) -> str:
    """The spread in a sentence: `±0.0031 between runs`; empty while nothing is known."""
    if state.calibration.is_exact:
        return EXACT
    found = spread(state)
    return f"{found} between runs" if found else ""


def check_words(known: Calibration, objective: Objective, contract: Contract) -> str:
    """What a baseline's evaluations tell of the night: what can be told from luck, at what cost."""
    runs = f"{len(known.incumbent)} runs"
    if known.is_exact:
        return f"{EXACT} ({runs}): one look tells"
    sigmas = sigmas_by_name(known, objective)
    if not sigmas:
        return ""
    size = _shares(sigmas, known.incumbent_measurement.metrics, objective)
    words = f"±{' and ±'.join(size)}, {runs}"
    if contract.confirm in {"off", 0}:
        return f"{words}: with `confirm: off`, gains of that size may be luck"
    if isinstance(contract.confirm, int):
        return f"{words}; each would-be keep will cost {2 * contract.confirm} more runs"
    test = SequentialTest(known.noise, spendable(contract.confidence, 1, 0, None))
    least = dict(zip(sigmas, test.smallest_gains(len(known.incumbent)), strict=True))
    smallest = " and ".join(_shares(least, known.incumbent_measurement.metrics, objective))
    cost = further_runs(test, len(known.incumbent))
    return (
        f"{words}: improvements under {smallest} can't be told from luck; "
        f"each would-be keep will cost about {cost:.0f} more runs"
    )


def further_runs(test: SequentialTest, incumbent_runs: int) -> float:
    """Evaluations that a would-be keep costs on average where it was luck, as most are.

    Played, since the looks of a test hang together; always the same for the same test.
    """
    dice = random.Random(0)  # noqa: S311 - no secret
    unit = SequentialTest(
        tuple(Noise((Residual(1.0, 0.0),), n.freedom) for n in test.noise), test.alpha, test.fixed
    )

    def draw() -> tuple[float, ...]:
        return tuple(dice.gauss() for _ in unit.noise)

    spent = 0
    for _ in range(_PLAYED):
        now = incumbent_runs
        incumbent = [Incumbent(draw(), now) for _ in range(incumbent_runs)]
        fresh: list[tuple[float, ...]] = []
        while not isinstance(wanted := unit.look(fresh, incumbent, now), Finding):
            now += 1
            if wanted == "candidate":
                fresh.append(draw())
            else:
                incumbent.append(Incumbent(draw(), now))
        spent += now - incumbent_runs
    return spent / _PLAYED


def luck(state: RunState) -> float | None:
    """Keeps that are expected to be luck at most, of a run so far; None where nobody can tell."""
    if state.is_table or state.contract.confirm != "auto" or not state.calibration.is_known:
        return None
    tried = sum(not row.is_baseline for row in state.rows)
    return 0.0 if state.calibration.is_exact else tried * (1 - state.contract.confidence)


def confirmed_words(state: RunState) -> str:
    """What stands behind the kept rows, and how many may be luck all the same."""
    confirm, lucky = state.contract.confirm, luck(state)
    if confirm in {"off", 0}:
        return "gains were measured once: a small one may be noise (`confirm: auto` would tell)"
    if state.calibration.is_exact:
        return "the harness repeats itself exactly: each gain is real on what it measures"
    if isinstance(confirm, int):
        return f"each gain was confirmed by {confirm} fresh runs beside the old best"
    if lucky is None:
        return "how much the harness varies is not known, so a small gain may be noise"
    return (
        f"each gain was confirmed by fresh runs; expect at most {_short(lucky)} of them to be luck"
    )


def confirmed_briefly(state: RunState) -> str:
    """The same in a few words: `all confirmed`."""
    confirm = state.contract.confirm
    if state.is_table or confirm in {"off", 0}:
        return "each measured once, so a small gain may be luck"
    if state.calibration.is_exact:
        return f"all real: the harness {EXACT}"
    if confirm == "auto" and luck(state) is None:
        return "the harness' noise is not known"
    suspicious = sum(row.mark == "suspicious" and row.status == "keep" for row in state.rows)
    return f"all confirmed, {suspicious} suspicious" if suspicious else "all confirmed"


def effect_words(evidence: Evidence) -> str:
    """The effect with its interval: `+0.031 (+0.012 to +0.05)`; positive is better.

    A first look has none: its bounds are as wide as to never decide.
    """
    effect = signed(evidence.effect)
    if not evidence.sigma or not evidence.runs:
        return effect
    return f"{effect} ({signed(evidence.low)} to {signed(evidence.high)})"


def runs_words(evidence: Evidence) -> str:
    """What it cost: `3 + 2 runs`, of the candidate and of the best that it was compared with."""
    if not evidence.runs:
        return "first look"
    return f"{evidence.runs} + {evidence.incumbent_runs} runs"


def evidence_words(row: Row) -> str:
    """What speaks for a keep or a near miss: effect, interval, runs, confidence; else empty.

    `better by 0.8 σ, not confirmed: +0.031 (−0.01 to +0.07), 2 + 3 runs` for a near miss.
    """
    evidence = row.evidence
    if evidence is None or not (row.status == "keep" or row.is_near_miss):
        return ""
    if not evidence.sigma:
        return f"{signed(evidence.effect)}: the harness {EXACT}"
    words = f"{effect_words(evidence)}, {runs_words(evidence)}"
    if row.is_near_miss:
        return f"{near_words(row)}: {words}"
    return f"{words}, at {100 * evidence.confidence:.4g} % confidence"


def near_words(row: Row) -> str:
    """How near a miss was: `better by 0.8 σ, not confirmed`; empty for what was none."""
    evidence = row.evidence
    if evidence is None or not row.is_near_miss:
        return ""
    return f"better by {evidence.sigmas:.1f} σ, not confirmed"


def near_misses(rows: Iterable[Row]) -> list[Row]:
    """Those that were furthest from luck first."""
    found = [row for row in rows if row.is_near_miss]
    return sorted(found, key=lambda row: -row.evidence.sigmas if row.evidence else 0.0)


def _shares(
    sizes: Mapping[str, float], values: Mapping[str, float], objective: Objective
) -> list[str]:
    """Each in percent of the figure it is of; as it is where that is 0."""
    told = []
    for name, size in sizes.items():
        value = values.get(name, objective.figure(values))
        told.append(f"{_short(100 * size / abs(value))} %" if value else _short(size))
    return told if len(told) == 1 else [f"{t} {n}" for t, n in zip(told, sizes, strict=True)]


def _short(x: float) -> str:
    """In two digits: more of them would only be noise."""
    return format_number(float(f"{x:.2g}"))


def signed(x: float) -> str:
    return format_change(float(f"{x:.3g}"))
