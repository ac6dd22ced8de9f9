"""Carries records from a source to the screen: at most 4 messages a second.

The one thread that reads the journal; it folds nothing and touches no widget.
"""

from __future__ import annotations

import threading

from textual.message import Message
from textual.message_pump import MessagePump

from autoexp_tui.model.events import Record
from autoexp_tui.model.problem import Problem
from autoexp_tui.sources.journals import Source
from autoexp_tui.ui.polling import Poller

MANY = 5000
"""Records at once that come when somebody has been away, and never live."""
_TIMEOUT_S = 5.0


class Arrived(Message):
    """Records came, or the runner came or went."""

    def __init__(self, records: list[Record], *, alive: bool) -> None:
        super().__init__()
        self.records = records
        self.alive = alive
        self.taken = threading.Event()
        """Set by who has shown them: the next are read then, so none pile up."""


class Broken(Message):
    """Something can't be read on; the message says why."""

    def __init__(self, problem: str) -> None:
        super().__init__()
        self.problem = problem


class Bridge(Poller):
    """Reads the journal, or another source of records. While it is held they stay there."""

    def __init__(self, pump: MessagePump, source: Source) -> None:
        super().__init__("bridge")
        self._pump = pump
        self._source = source
        self._was_alive: bool | None = None
        self._mutex = threading.Lock()

    def exchange(self, source: Source) -> None:
        """From here on, read another source from its first record."""
        with self._mutex:
            self._source = source
        self.nudge()

    def look(self) -> bool:
        if self.held:
            return False
        try:
            with self._mutex:
                alive = self._source.alive()
                records = self._source.read()
        except (Problem, OSError) as problem:
            self._pump.post_message(Broken(str(problem)))
            self.stop()
            return False
        if not records and alive == self._was_alive:
            return False
        message = Arrived(records, alive=alive)
        self._was_alive = alive
        if not self._pump.post_message(message):
            self.stop()
            return False
        message.taken.wait(_TIMEOUT_S)
        return len(records) >= MANY
