"""What a person may ask of a running loop, and how the loop hears it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import msgspec

from autoexp_tui.model.budget import Caps
from autoexp_tui.text.safe import NOTHING, Safe

Verb: TypeAlias = Literal[
    "pause", "resume", "skip", "stop", "stop-now", "hint", "note", "notebook", "budget"
]


class Command(msgspec.Struct, frozen=True):
    """One request of one person."""

    verb: Verb
    by: Safe
    """Who asks, for the journal: `user@terminal`."""
    text: Safe = NOTHING
    """Of a hint or a note; of a notebook, which may have several lines."""
    n: int = 0
    """The experiment of a note, or the one to skip; 0 skips the one that is in flight."""
    never: bool | None = None
    """Of a note, as in `events.NoteGiven`."""
    caps: Caps | None = None
    """Of a budget."""


class Reply(msgspec.Struct, frozen=True):
    """The answer to a command, given at once even when what was asked for takes longer."""

    ok: bool
    text: Safe
    """In words for the person who asked: "pausing: after this experiment"."""


class Interrupted(Exception):
    """A person asked for the current step to end at once."""


class Controls:
    """The loop's ears: set from the thread that serves viewers, read by the loop."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pausing = False
        self.stopping = False
        """End after the current experiment."""
        self.stopping_now = False
        """Do not even wait for that."""
        self._skipped: set[int] = set()
        self._hooks: dict[int, Callable[[], None]] = {}

    @property
    def pausing(self) -> bool:
        return self._pausing

    def pause(self) -> None:
        with self._changed:
            self._pausing = True

    def resume(self) -> None:
        with self._changed:
            self._pausing = False
            self._changed.notify_all()

    def interrupted(self, n: int) -> bool:
        """Whether experiment `n` is to end at once: it is skipped, or the run stops now."""
        return self.stopping_now or n in self._skipped

    def clear_interrupt(self, n: int) -> None:
        """Another step of experiment `n` begins: what was skipped was the last one."""
        with self._changed:
            self._skipped.discard(n)

    def skip(self, n: int) -> None:
        with self._changed:
            self._skipped.add(n)
            self._interrupt()

    @contextlib.contextmanager
    def on_interrupt(self, n: int, hook: Callable[[], None]) -> Iterator[None]:
        """Call `hook` once experiment `n` is to end, from any thread; it must return at once."""
        with self._changed:
            self._hooks[n] = hook
            self._interrupt()
        try:
            yield
        finally:
            with self._changed:
                del self._hooks[n]

    def stop(self, *, now: bool) -> None:
        with self._changed:
            self.stopping = True
            self._pausing = False
            if now:
                self.stopping_now = True
            self._interrupt()

    def wait_while_paused(self, timeout: float) -> bool:
        """Block while the pause holds, at most `timeout` seconds; True when it has ended."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pausing, timeout)

    def wait_for_stop(self, timeout: float) -> None:
        """Return after that time, or as soon as the run is to stop."""
        with self._changed:
            self._changed.wait_for(lambda: self.stopping, timeout)

    def wait(self, n: int, timeout: float) -> None:
        """Return after that time, or as soon as experiment `n` is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self.interrupted(n), timeout)

    def check(self, n: int) -> None:
        """Raise Interrupted when the current step of experiment `n` is to end."""
        if self.interrupted(n):
            raise Interrupted

    def _interrupt(self) -> None:
        for n, hook in self._hooks.items():
            if self.interrupted(n):
                hook()
        self._changed.notify_all()


class Desk:
    """Where one lane's proposer works: which experiment for, and what people want of that one."""

    def __init__(self, controls: Controls) -> None:
        self.controls = controls
        self.n = 0
        """The experiment that the proposer works for; 0 while it doesn't."""

    def check(self) -> None:
        """Raise Interrupted when the experiment that it works for is to end."""
        self.controls.check(self.n)

    def wait(self, timeout: float) -> None:
        """Return after that time, or as soon as that experiment is to end."""
        self.controls.wait(self.n, timeout)
