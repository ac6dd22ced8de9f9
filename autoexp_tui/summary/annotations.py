"""What people have noted of experiments, in words that every viewer shares."""

from __future__ import annotations

from autoexp_tui.model.events import NoteGiven
from autoexp_tui.model.state import Row, RunState
from autoexp_tui.text.safe import Safe, cut, one_line

NEVER = "never again"


def note_words(note: NoteGiven) -> Safe:
    """One note: `never again: it overfits`."""
    word = {True: NEVER, False: "may be tried again", None: ""}[note.never]
    return one_line(": ".join(filter(None, (word, cut(note.text, 300)))))


def noted(state: RunState, n: int) -> Safe:
    """All that was noted of experiment `n`, in a line; empty where nobody did."""
    word = NEVER if state.is_never(n) else ""
    return one_line(": ".join(filter(None, (word, state.note(n)))))


def words_of(row: Row, state: RunState) -> list[Safe]:
    """What else another program's table says of a row, a line for each column that it fills."""
    said = {row.description, row.reason, ""}
    return [
        one_line(f"{name}: {text}")
        for name, text in zip(state.run.texts, row.texts, strict=False)
        if text not in said
    ]
