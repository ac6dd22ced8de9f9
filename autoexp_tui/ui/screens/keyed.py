"""What the app's screens have in common: keys from the registry, and a bar that answers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from textual.message import Message
from textual.screen import Screen, ScreenResultType

from autoexp_tui.summary.outcomes import LEGEND, Outcome
from autoexp_tui.text.safe import NOTHING, Safe, clean_line
from autoexp_tui.ui.keys import Hotkey
from autoexp_tui.ui.widgets.bars import KeyBar

_ANSWER_S = 6.0


class Retitled(Message):
    """The terminal's title is to say something else."""

    def __init__(self, title: Safe) -> None:
        super().__init__()
        self.title = title


class KeyScreen(Screen[ScreenResultType], Generic[ScreenResultType]):
    """A screen with `keys` that mean something here, and a `KeyBar` of them."""

    keys: Sequence[Hotkey]

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """What of an experiment its marks may say here."""
        return LEGEND

    @property
    def is_up(self) -> bool:
        """Whether its widgets are there: not yet at the start, and no more at the end."""
        return bool(self.query(KeyBar))

    def leave(self) -> bool:
        """Answer who wants to leave the app; False where the screen below has to."""
        return False

    def say(self, words: str) -> None:
        """Answer a key, in place of the key bar, for a moment."""
        if not self.is_up:
            return
        bar = self.query_one(KeyBar)
        bar.say(clean_line(words, 300))

        def be_quiet(said: str = bar.answer) -> None:
            if bar.answer == said:
                bar.say(NOTHING)

        self.set_timer(_ANSWER_S, be_quiet)
