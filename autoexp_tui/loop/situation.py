"""Step 1 of the loop: what a proposer may know, gathered from the run's state."""

from __future__ import annotations

import msgspec

from autoexp_tui.loop.guidance import Guidance
from autoexp_tui.loop.ports import CandidateStore
from autoexp_tui.model import budget
from autoexp_tui.model.proposal import Inspiration, Left, Pending, Situation, Trial
from autoexp_tui.model.search import Start
from autoexp_tui.model.state import RunState
from autoexp_tui.model.straits import strategy
from autoexp_tui.summary.tried import trial_of
from autoexp_tui.summary.trust import noise_words, sigma


def gather(
    n: int,
    state: RunState,
    start: Start | None,
    candidates: CandidateStore,
    guidance: Guidance,
    history: list[Trial],
) -> Situation:
    """The situation of experiment `n`, which begins at `start`; None: the baseline.

    `history` is brought up to the state: what it holds already is not made again.
    """
    extend(history, state)
    base = state.run.base
    return Situation(
        n=n,
        contract=state.contract,
        text=candidates.text_of(start.row.commit if start else base),
        incumbent=state.incumbent.n if state.incumbent else 0,
        baseline=candidates.text_of(base),
        history=history,
        hints=tuple(hint.text for hint in state.hints),
        ideas=tuple(guidance.ideas()),
        instructions=guidance.instructions(),
        seed=state.run.seed,
        noise=noise_words(state),
        sigma=sigma(state),
        affordable=budget.affordable(state),
        parent=start.row.n if start else 0,
        inspirations=tuple(
            Inspiration(row.n, row.description, candidates.text_of(row.commit))
            for row in (start.inspirations if start else ())
        ),
        left=_left(state),
        crashes=state.failure_streak,
        strategy=strategy(state),
        notebook=state.notebook.text if state.notebook else "",
        notebook_n=state.notebook.n if state.notebook else 0,
        pending=tuple(
            Pending(cut.n, cut.made_from, cut.description, cut.digest, cut.memo, cut.changes)
            for cut in sorted(state.in_flight.values(), key=lambda cut: cut.n)
            if cut.digest and cut.n != n
        ),
    )


def extend(history: list[Trial], state: RunState) -> None:
    """Add the rows that are new to `history`, and what was noted of those that it has."""
    history += [trial_of(row, state.contract.repeats) for row in state.rows[len(history) :]]
    for at, trial in enumerate(history if state.notes else ()):
        note, never = state.note(trial.n), state.is_never(trial.n)
        if (trial.note, trial.never) != (note, never):
            history[at] = msgspec.structs.replace(trial, note=note, never=never)


def _left(state: RunState) -> Left:
    return Left(
        experiments=max(0, state.budget.max_experiments - len(state.rows)),
        hours=max(0.0, budget.seconds_left(state, state.elapsed) / 3600),
        usd=max(0.0, state.budget.max_cost_usd - state.spent_usd),
    )
