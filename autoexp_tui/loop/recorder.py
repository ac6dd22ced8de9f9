"""Writes events down and folds them: the only way in which the state of a run changes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import msgspec
from msgspec import structs

from autoexp_tui.loop.control import Controls
from autoexp_tui.loop.journal import DiskFull, Journal
from autoexp_tui.loop.patience import Reserve, waits
from autoexp_tui.model.events import AnyEvent, Noticed, Paused, Record, Resumed, RunFinished
from autoexp_tui.model.state import RunState
from autoexp_tui.text.mask import NO_MASK, Mask
from autoexp_tui.text.safe import Safe, clean, clean_line

_NOTICE = 2000
_LOOK_S = 1.0

Listener = Callable[[Record, RunState], None]


def _nobody(record: Record, state: RunState) -> None:
    """Hears nothing."""


def _masked(event: AnyEvent, mask: Mask) -> AnyEvent:
    if not mask:
        return event
    data = msgspec.json.encode(event)
    masked = mask.data(data)
    return event if masked is data else msgspec.json.decode(masked, type=type(event))


class Recorder:
    """The journal and the state it adds up to; safe to use from several threads."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._room = threading.Condition(journal.mutex)
        """Waited for with the mutex let go of; nobody notifies it."""
        self._news = threading.Condition(journal.mutex)
        self._patient: tuple[Reserve, Controls] | None = None
        self._waiters: set[int] = set()
        """The threads that wait for room on a full disk when they record."""
        self._is_standing = False
        """Whether one of them does so now, and has told it."""
        self.listener: Listener = _nobody
        """Is told of every record once it is folded; must return at once."""
        self.mask = NO_MASK
        """Applied to every event: what comes from outside may hold secrets."""
        self.state = RunState()
        for record in (*journal.recovered, *journal.take_notices()):
            self.state.apply(record)

    @property
    def elapsed(self) -> float:
        """Seconds on the run's clock."""
        return self._journal.elapsed

    def be_patient(self, reserve: Reserve, controls: Controls) -> None:
        """From now on, what this very thread records waits for room on a full disk."""
        reserve.fill()
        self._patient = reserve, controls
        self.wait_here()

    def wait_here(self) -> None:
        """Let this thread wait for room as well, where `be_patient` was called."""
        self._waiters.add(threading.get_ident())

    def record(self, event: AnyEvent) -> Record:
        """Write `event` down, then fold it.

        Raises JournalError when it can't be written; DiskFull only where nobody waits for room, or
        the run is to stop meanwhile.
        """
        with self._journal.mutex:
            try:
                return self._put(event)
            except DiskFull as full:
                if self._patient is None or threading.get_ident() not in self._waiters:
                    raise
                if self._is_standing:  # another thread looks after it, and has told it
                    self._wait_for_standing()
                else:
                    self._wait_for_room(full, *self._patient)
                return self._put(event)

    def _wait_for_room(self, full: DiskFull, reserve: Reserve, controls: Controls) -> None:
        """Stand still until the disk has room; others may record meanwhile, if they can."""
        self._is_standing = True
        try:
            self._stand(full, reserve, controls)
        finally:
            self._is_standing = False
            self._news.notify_all()

    def _wait_for_standing(self) -> None:
        """While another thread waits for room: nothing is numbered twice meanwhile."""
        while self._is_standing:
            self._news.wait(_LOOK_S)

    def _stand(self, full: DiskFull, reserve: Reserve, controls: Controls) -> None:
        reserve.release()
        paused = Paused(clean_line(f"{full}: it goes on by itself when there is room", _NOTICE))
        told = False
        with contextlib.suppress(DiskFull):
            self._put(paused)
            told = True
        for seconds in waits(controls):
            self._room.wait(seconds)
            if reserve.fill():
                break
        else:
            raise full
        with contextlib.suppress(DiskFull):
            if not told:
                self._put(paused)
            self._put(Resumed(Safe("room on the disk")))

    def _put(self, event: AnyEvent) -> Record:
        event = _masked(event, self.mask)
        with self._journal.mutex:
            try:
                record = self._journal.append(self._homeless(event))
            finally:
                for notice in self._journal.take_notices():
                    self._fold(notice)
            self._fold(record)
            return record

    def _homeless(self, event: AnyEvent) -> AnyEvent:
        """The event without the path of the person's folder: it goes with an archive."""
        match event:
            case Noticed(text=text):
                return structs.replace(event, text=self._cut_home(text))
            case Paused(reason=reason) | RunFinished(reason=reason):
                return structs.replace(event, reason=self._cut_home(reason))
            case _:
                return event

    def _cut_home(self, text: Safe) -> Safe:
        return clean(text.replace(f"{self._journal.home}/", ""))

    def _fold(self, record: Record) -> None:
        self.state.apply(record)
        self.listener(record, self.state)
        self._news.notify_all()

    def wait_for_news(self, seconds: float) -> None:
        """Within a transaction: let others record until one did, for so long at most."""
        self._news.wait(seconds)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[RunState]:
        """Look at the state and record what follows from it as one step."""
        with self._journal.mutex:
            if threading.get_ident() in self._waiters:
                self._wait_for_standing()
            yield self.state

    def warn(self, text: str) -> None:
        self.record(Noticed("warning", clean_line(text, _NOTICE)))

    def alarm(self, text: str) -> None:
        self.record(Noticed("alarm", clean_line(text, _NOTICE)))
