"""What a person may ask of a running loop, and how the loop hears it."""

from __future__ import annotations

import threading
from typing import Literal, TypeAlias

import msgspec

Verb: TypeAlias = Literal["pause", "resume", "skip", "stop", "stop-now", "hint"]


class Command(msgspec.Struct, frozen=True):
    """One request of one person."""

    verb: Verb
    by: str
    """Who asks, for the journal: `user@terminal`."""
    text: str = ""
    """Of a hint."""


class Reply(msgspec.Struct, frozen=True):
    """The answer to a command, given at once even when what was asked for takes longer."""

    ok: bool
    text: str
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
        self.interrupt = threading.Event()
        """End what is being done at once: a skip, or a stop now."""

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

    def clear_interrupt(self) -> None:
        """Another step begins: what was skipped was the last one."""
        with self._changed:
            if not self.stopping_now:
                self.interrupt.clear()

    def skip(self) -> None:
        self.interrupt.set()

    def stop(self, *, now: bool) -> None:
        with self._changed:
            self.stopping = True
            self._pausing = False
            if now:
                self.stopping_now = True
                self.interrupt.set()
            self._changed.notify_all()

    def wait_while_paused(self, timeout: float) -> bool:
        """Block while the pause holds, at most `timeout` seconds; True when it has ended."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pausing, timeout)

    def check(self) -> None:
        """Raise Interrupted when the current step is to end."""
        if self.interrupt.is_set():
            raise Interrupted
