"""Writes events down and folds them: the only way in which the state of a run changes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from autoexp_tui.loop.journal import Journal
from autoexp_tui.model.events import AnyEvent, Noticed, Record
from autoexp_tui.model.state import RunState
from autoexp_tui.text.safe import clean_line

_NOTICE = 2000

Listener = Callable[[Record, RunState], None]


def _nobody(record: Record, state: RunState) -> None:
    """Hears nothing."""


class Recorder:
    """The journal and the state it adds up to; safe to use from several threads."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.listener: Listener = _nobody
        """Is told of every record once it is folded; must return at once."""
        self.state = RunState()
        for record in (*journal.recovered, *journal.take_notices()):
            self.state.apply(record)

    @property
    def elapsed(self) -> float:
        """Seconds on the run's clock."""
        return self._journal.elapsed

    def record(self, event: AnyEvent) -> Record:
        """Write `event` down, then fold it. Raises JournalError when it can't be written."""
        with self._journal.mutex:
            try:
                record = self._journal.append(event)
            finally:
                for notice in self._journal.take_notices():
                    self._fold(notice)
            self._fold(record)
            return record

    def _fold(self, record: Record) -> None:
        self.state.apply(record)
        self.listener(record, self.state)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[RunState]:
        """Look at the state and record what follows from it as one step."""
        with self._journal.mutex:
            yield self.state

    def warn(self, text: str) -> None:
        self.record(Noticed("warning", clean_line(text, _NOTICE)))

    def alarm(self, text: str) -> None:
        self.record(Noticed("alarm", clean_line(text, _NOTICE)))
