"""A gain in words: better and worse are the objective's, here they are only said.

The sign is in the word: no figure has one beside it, so nothing is ever "−34 % better".
"""

from __future__ import annotations

from autoexp_tui.model.objective import Gain, Objective
from autoexp_tui.text.numbers import format_number


def progress(objective: Objective, gain: Gain) -> str:
    """A gain of the figure: `22.1 % better`; `60.0 % more dominated area` of a front."""
    if objective.decide.rule != "pareto":
        return told(gain)
    more = {"better": "more", "worse": "less", "equal": "no more"}.get(gain.word, "unknown")
    return f"{_size(gain)}{more} dominated area"


def told(gain: Gain) -> str:
    """A gain in words: `22.1 % better`, `0.5 worse` of what was 0, `no better`, `unknown`."""
    return f"{_size(gain)}{'no better' if gain.word == 'equal' else gain.word}"


def _size(gain: Gain) -> str:
    if not gain.value:
        return ""
    if gain.percent is None:
        return f"{format_number(abs(gain.value))} "
    return f"{abs(gain.percent):.1f} % "
