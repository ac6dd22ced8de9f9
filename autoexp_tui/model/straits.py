"""What a streak of crashes asks for: in the end, whether what was measured once still can be."""

from __future__ import annotations

from autoexp_tui.model.proposal import Strategy
from autoexp_tui.model.state import RunState

_USUAL = 10
"""Crashes in a row that count as many where the contract names no number."""


def strategy(state: RunState) -> Strategy:
    """How the next experiment is to be chosen; empty where it is anybody's choice."""
    most = state.contract.pause_after_failures or _USUAL
    if state.best_fails:
        return "mend the best"
    if state.failure_streak >= most:
        return "afresh"
    return "small steps" if state.failure_streak >= max(3, -(-most // 2)) else ""


def is_in_doubt(state: RunState) -> bool:
    """Whether so many crashed that what was measured once is to be measured again."""
    most = state.contract.pause_after_failures
    return most > 0 and state.unproven >= most
