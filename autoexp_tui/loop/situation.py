"""Step 1 of the loop: what a proposer may know, gathered from the run's state."""

from __future__ import annotations

from autoexp_tui.loop.laboratory import Laboratory
from autoexp_tui.model.proposal import Situation, Trial
from autoexp_tui.model.state import Row, RunState


def gather(state: RunState, lab: Laboratory, history: list[Trial]) -> Situation:
    """The situation of the next experiment, or of the one in flight.

    `history` is brought up to the state: what it holds already is not made again.
    """
    extend(history, state)
    base = state.run.base
    return Situation(
        n=state.current.n if state.current else len(state.rows) + 1,
        contract=state.contract,
        text=lab.text_of(state.incumbent.commit if state.incumbent else base),
        incumbent=state.incumbent.n if state.incumbent else 0,
        baseline=lab.text_of(base),
        history=history,
        hints=tuple(hint.text for hint in state.hints),
        ideas=tuple(lab.ideas()),
        instructions=lab.instructions(),
        seed=state.run.seed,
    )


def extend(history: list[Trial], state: RunState) -> None:
    """Add the rows that are new to `history`."""
    history += [_trial(row, state) for row in state.rows[len(history) :]]


def _trial(row: Row, state: RunState) -> Trial:
    return Trial(
        n=row.n,
        parent=state.kept_as(row.parent, row.n),
        status=row.status,
        metrics=row.metrics,
        description=row.description,
        reason=row.reason,
        memo=row.memo,
    )
