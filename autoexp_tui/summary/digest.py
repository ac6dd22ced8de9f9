"""A run summed up: plain figures for a person or a program."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from autoexp_tui.model.contract import Metric
from autoexp_tui.model.evidence import Evidence
from autoexp_tui.model.objective import Gain, Word, gain
from autoexp_tui.model.state import Row, RunState
from autoexp_tui.summary.holdout import holdout_words
from autoexp_tui.summary.lanes import use_of
from autoexp_tui.summary.trust import luck, near_misses, sigmas_by_name
from autoexp_tui.summary.verified import verified_words
from autoexp_tui.text.safe import Safe


class MetricDigest(msgspec.Struct, frozen=True):
    """One metric, or the figure that the rule makes of them, from the baseline to the best row."""

    name: Safe
    direction: str
    baseline: float | None
    best: float | None
    """Of the best row: in a run of ours the last kept one."""
    percent: float | None
    """Improvement over the baseline, in percent of it; positive is better."""
    change: Word = "unknown"
    """Whether the best row is better than the baseline in this, which of two it need not be."""

    @property
    def gain(self) -> Gain:
        """From the baseline to the best."""
        return gain(self.direction, self.best, self.baseline)


class Improvement(msgspec.Struct, frozen=True):
    """One improvement: kept, or so near to it that it is told."""

    n: int
    commit: str
    value: float
    """Of what is optimised: the first metric, the score, or the area."""
    description: Safe
    evidence: Evidence | None = None
    """What speaks for it; None where the harness' noise is not known, or nobody asks."""


class Digest(msgspec.Struct, frozen=True):
    """What a run amounts to; field names are stable."""

    tag: Safe
    ended: Safe
    """Why it ended, or `not ended`."""
    rows: int
    kept: int
    """Improvements; the baseline is not one."""
    discarded: int
    crashed: int
    """Without those that a person skipped, or that were lost."""
    seconds: float
    """Seconds that runners of the run were alive."""
    cost_usd: float
    objective: MetricDigest
    """What is optimised: the first metric, the weighted score, or the dominated area of `pareto`
    (1 is the baseline's)."""
    metrics: tuple[MetricDigest, ...]
    improvements: tuple[Improvement, ...]
    verification: tuple[str, ...] = ()
    """What came of measuring the gains again, in words; empty where nobody did."""
    holdout: MetricDigest | None = None
    """The figure that is never judged, where the contract names one."""
    holdout_told: str = ""
    """Whether it agrees, or since when the run overfits."""
    skipped: int = 0
    near_misses: tuple[Improvement, ...] = ()
    """Looked better, but by no more than luck does; the nearest first."""
    noise: dict[str, float] = {}
    """Standard deviation of one evaluation, by figure that decides; empty while not known."""
    expected_false_keeps: float | None = None
    """Of the run so far, at most; None where nobody can tell."""
    possible_usd: float = 0.0
    """That may have been billed besides `cost_usd`, for requests whose line was dropped."""
    decimals: int = 0
    """That tell each best from the one before, where five significant digits don't."""
    lost: int = 0
    """Whose node or line went away: neither crashed nor judged."""
    slots: int = 1
    """What it runs on at once."""
    utilisation: float | None = None
    """Share of the slots' time in which something was evaluated; None with one slot."""
    speed_up: float | None = None
    """Seconds of evaluation in each second that went by; likewise."""


def digest_of(state: RunState) -> Digest:
    """Sum a run up, as far as it has come. Raises NotStarted before its first event."""
    objective = state.objective.presumed()
    best = state.best or objective.best(state.rows)
    first, last = (row.metrics if row else {} for row in (state.baseline, best))

    def digest(metric: Metric, baseline: float | None, best: float | None) -> MetricDigest:
        found = gain(metric.direction, best, baseline)
        percent = None if found.percent is None else round(found.percent, 2)
        return MetricDigest(
            metric.name, metric.direction, baseline, best, percent, change=found.word
        )

    held = state.contract.held_out
    kept = [row.holdout for row in state.rows if row.holdout is not None]

    def steps(rows: Iterable[Row]) -> tuple[Improvement, ...]:
        return tuple(
            Improvement(row.n, row.commit, figure, row.description, row.evidence)
            for row in rows
            if (figure := objective.figure(row.metrics)) is not None
        )

    expected, use = luck(state), use_of(state)
    return Digest(
        tag=state.run.tag,
        decimals=state.places,
        ended=state.finished.reason if state.finished else Safe("not ended"),
        rows=len(state.rows),
        kept=state.kept,
        discarded=state.discarded,
        crashed=state.crashed,
        skipped=state.skipped,
        lost=state.lost,
        slots=max(1, len(state.slots)),
        utilisation=round(use.share, 3) if use else None,
        speed_up=round(use.speed_up, 2) if use else None,
        seconds=round(state.elapsed, 1),
        cost_usd=state.spent_usd,
        possible_usd=round(state.possible_usd, 6),
        objective=digest(objective.as_metric(), objective.figure(first), objective.figure(last)),
        metrics=tuple(
            digest(metric, first.get(metric.name), last.get(metric.name))
            for metric in objective.metrics
        ),
        improvements=steps(
            row for row in state.rows if row.status == "keep" and not row.is_baseline
        ),
        verification=tuple(verified_words(state)),
        holdout=digest(held, kept[0], kept[-1]) if held and kept else None,
        holdout_told=holdout_words(state),
        near_misses=steps(near_misses(state.rows)),
        noise=sigmas_by_name(state.calibration, objective),
        expected_false_keeps=None if expected is None else round(expected, 3),
    )
