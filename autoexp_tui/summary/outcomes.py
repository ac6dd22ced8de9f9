"""How an experiment's outcome is marked everywhere: a sign and a word, never colour alone."""

from __future__ import annotations

from typing import NamedTuple

from autoexp_tui.model.events import Status
from autoexp_tui.model.state import Row


class Outcome(NamedTuple):
    """One outcome as it is shown."""

    word: str
    sign: str
    told: str
    """In a sentence: `#4 kept 0.31`."""
    help: str
    tone: Status
    """What its colour is called: a suffix of component classes and style sheets."""

    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


OUTCOMES: dict[Status, Outcome] = {
    "keep": Outcome("keep", "✓", "kept", "Better, and more than luck", "keep"),
    "discard": Outcome("discard", "·", "discarded", "No better", "discard"),
    "crash": Outcome("crash", "✗", "crashed", "No measurement", "crash"),
}
NEAR = Outcome("near", "≈", "near miss", "Looked better, but it may be luck", "discard")
LEGEND = (OUTCOMES["keep"], NEAR, OUTCOMES["discard"], OUTCOMES["crash"])


def outcome_of(row: Row) -> Outcome:
    """A near miss is told apart from what was no better."""
    return NEAR if row.is_near_miss else OUTCOMES[row.status]
