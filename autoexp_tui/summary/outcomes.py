"""How an experiment's outcome is marked everywhere: a sign and a word, never colour alone."""

from __future__ import annotations

from typing import NamedTuple

from autoexp_tui.model.events import Mark, Status
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
        return f"{self.sign} {self.word}".rstrip()


OUTCOMES: dict[Status, Outcome] = {
    "keep": Outcome("keep", "✓", "kept", "Better, and more than luck", "keep"),
    "discard": Outcome("discard", "·", "discarded", "No better", "discard"),
    "crash": Outcome("crash", "✗", "crashed", "No measurement", "crash"),
}
NEAR = Outcome("near", "≈", "near miss", "Looked better, but it may be luck", "discard")
STOPPED = Outcome("stopped", "✗", "stopped early", "Ended, far behind at the same step", "crash")
SKIPPED = Outcome("skipped", "»", "skipped", "A person ended it", "discard")
NEW_BEST = Outcome("new best", "★", "was a new best", "Better than all before it", "keep")
UNJUDGED = Outcome("", "·", "measured", "Nobody gave a verdict on it", "discard")
SUPERSEDED = Outcome(
    "superseded", "↓", "superseded", "Better, but another is better still", "discard"
)
STALE = Outcome("stale", "≠", "stale", "It doesn't go together with the new best", "discard")
LOST = Outcome("lost", "?", "lost", "Its node or line went away: no verdict", "discard")
OF_LANES = (SUPERSEDED, STALE, LOST)
"""What only comes where several experiments run at once, or far away."""
_MARKED: dict[Mark, Outcome] = {
    "stopped early": STOPPED,
    "superseded": SUPERSEDED,
    "stale": STALE,
    "lost": LOST,
}
LEGEND = (OUTCOMES["keep"], NEAR, OUTCOMES["discard"], OUTCOMES["crash"], SKIPPED)
MARKS = (
    ("★", "The best so far"),
    (">", "Where the cursor is"),
    ("▲ ▼", "Lies beyond the plot's scale"),
    ("╎", "How sure a kept figure is"),
    ("┄", "The baseline; from where a keep was made, if not from the best"),
    ("╌", "The best so far, kept or not"),
)
"""What else stands in tables and plots."""


def outcome_of(row: Row) -> Outcome:
    """Near misses and hopeless runs are told apart from what was no better or broken."""
    if row.is_skipped:
        return SKIPPED
    if row.mark in _MARKED:
        return _MARKED[row.mark]
    if not row.is_judged:
        return NEW_BEST if row.status == "keep" else UNJUDGED
    return NEAR if row.is_near_miss else OUTCOMES[row.status]
