"""The morning brief: what has come of a run while nobody watched."""

from __future__ import annotations

from autoexp_tui.model.state import Row, RunState
from autoexp_tui.summary.headline import best_line, figures
from autoexp_tui.summary.holdout import holdout_words
from autoexp_tui.summary.night import needs_words
from autoexp_tui.summary.trust import (
    confirmed_words,
    effect_words,
    near_misses,
    near_words,
    noise_words,
)
from autoexp_tui.summary.verified import verified_line
from autoexp_tui.text.numbers import format_number, money
from autoexp_tui.text.safe import Safe, cut, one_line

_SHOWN = 8
_NEAR = 3


def brief(
    state: RunState, rows_before: int, spent_before: float, possible_before: float = 0.0
) -> list[Safe]:
    """Lines for a person who last saw `rows_before` rows; empty when nothing has come since.

    `spent_before` and `possible_before`: what was spent then, and possibly billed besides, in USD.
    """
    new = state.rows[rows_before:]
    if not new:
        return []
    kept = [row for row in new if row.status == "keep"]
    counts = f"{len(kept)} kept, {sum(row.has_failed for row in new)} crashed"
    if lost := sum(row.is_lost for row in new):
        counts += f", {lost} lost"
    lines = [
        f"{len(new)} experiments while you were away: {counts}",
        best_line(state),
        holdout_words(state),
    ]
    lines += [_kept(row, state) for row in kept[-_SHOWN:]]
    if len(kept) > _SHOWN:
        lines.append(f"… and {len(kept) - _SHOWN} kept before these")
    lines += _near(new)
    lines += [*_real(state, kept), verified_line(state)]
    cost = state.spent_usd - spent_before
    possible = state.possible_usd - possible_before
    besides = f"; {money(possible)} more may be billed, for dropped lines" if possible > 0 else ""
    lines.append((f"it cost {money(cost)}" if cost > 0 else "it cost nothing") + besides)
    lines.append(_needs(state))
    return [one_line(line) for line in lines if line]


def _kept(row: Row, state: RunState) -> str:
    objective = state.objective
    value = format_number(objective.figure(row.metrics))
    if not objective.is_metric:
        value = figures(objective, row.metrics, ", ")
    effect = f"  {effect_words(row.evidence)}" if row.evidence else ""
    return f"  #{row.n} {value}{effect}  {cut(row.description, 80)}"


def _near(new: list[Row]) -> list[str]:
    """The near misses, nearest first."""
    near = near_misses(new)
    if not near:
        return []
    shown = (f"  #{row.n} {near_words(row)}  {cut(row.description, 80)}" for row in near[:_NEAR])
    return [f"near misses, which may be luck: {len(near)}", *shown]


def _real(state: RunState, kept: list[Row]) -> list[str]:
    """How far the gains can be trusted, and how noisy the harness is."""
    words = noise_words(state)
    noise = [f"the harness: {words}"] if words and not state.calibration.is_exact else []
    return [*noise, confirmed_words(state)] if kept else noise


def _needs(state: RunState) -> str:
    if words := needs_words(state):
        return words
    if state.finished:
        return f"it has ended: {state.finished.reason}"
    return "nothing needs you: it goes on"
