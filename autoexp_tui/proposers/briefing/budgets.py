"""How much room each part of a briefing has."""

from __future__ import annotations

from collections.abc import Mapping

BUDGETS: Mapping[str, int] = {
    "instructions": 6_000,
    "harness": 8_000,
    "target": 60_000,
    "kept": 4_000,
    "notebook": 2_500,
    "latest": 3_000,
    "tried": 5_000,
    "changes": 4_000,
    "near": 2_000,
    "other": 3_000,
    "crashes": 1_500,
    "crash": 2_000,
    "said": 2_500,
    "ideas": 1_500,
    "hints": 1_500,
    "answers": 1_500,
}
"""Estimated tokens of each part; beyond it a part is cut, but the target, which must be whole."""
