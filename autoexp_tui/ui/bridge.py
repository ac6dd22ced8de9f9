"""Carries records from a source into the app: a thread that reads, at most 4 messages a second."""

from __future__ import annotations

import threading

from textual.message import Message
from textual.message_pump import MessagePump

from autoexp_tui.model.events import Record
from autoexp_tui.model.problem import Problem
from autoexp_tui.sources.journals import POLL_S, Source

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
    """The source can't be read on; the message says why."""

    def __init__(self, problem: str) -> None:
        super().__init__()
        self.problem = problem


class Bridge:
    """One thread per watched source; nothing is read while it is held."""

    def __init__(self, pump: MessagePump, source: Source) -> None:
        self._pump = pump
        self._source = source
        self._ended = threading.Event()
        self._mutex = threading.Lock()
        self._nudged = threading.Event()
        self.held = False
        """A frozen view: what comes meanwhile stays in the journal."""
        self._thread = threading.Thread(target=self._carry, name="bridge", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._nudged.set()

    def nudge(self) -> None:
        """Look at the source now."""
        self._nudged.set()

    def exchange(self, source: Source) -> None:
        """From here on, read another source from its first record."""
        with self._mutex:
            self._source = source
        self.nudge()

    def _carry(self) -> None:
        was_alive: bool | None = None
        while not self._ended.is_set():
            if not self.held:
                try:
                    with self._mutex:
                        alive = self._source.alive()
                        records = self._source.read()
                except (Problem, OSError) as problem:
                    self._pump.post_message(Broken(str(problem)))
                    return
                if records or alive != was_alive:
                    message = Arrived(records, alive=alive)
                    was_alive = alive
                    if not self._pump.post_message(message):
                        return
                    message.taken.wait(_TIMEOUT_S)
                    if len(records) >= MANY:
                        continue  # there is more to catch up with
            self._nudged.wait(POLL_S)
            self._nudged.clear()
