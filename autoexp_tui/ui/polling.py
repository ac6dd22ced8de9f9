"""A thread that looks for news four times a second, and at once when it is nudged."""

from __future__ import annotations

import threading

from autoexp_tui.sources.journals import POLL_S


class Poller:
    """Runs `look` in a thread of its own; what it finds goes to the screen as messages."""

    def __init__(self, name: str) -> None:
        self.held = False
        """A frozen view: no news is looked for."""
        self.ended = threading.Event()
        self._nudged = threading.Event()
        # A daemon: a read that a dead file server never answers doesn't keep the program alive.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the present look, without waiting for it."""
        self.ended.set()
        self._nudged.set()

    def nudge(self) -> None:
        """Look now."""
        self._nudged.set()

    def look(self) -> bool:
        """Look once; whether to look again at once, for there is more."""
        raise NotImplementedError

    def end(self) -> None:
        """Let go of what is open; the last that the thread does."""

    def _run(self) -> None:
        while not self.ended.is_set():
            if not self.look():
                self._nudged.wait(POLL_S)
                self._nudged.clear()
        self.end()
