"""The terminal's own title: what a list of windows shows of a run."""

from __future__ import annotations

from typing import Any

from textual.app import App

from autoexp_tui.text.safe import Safe, cut

_SAVE, _RESTORE = "\x1b[22;0t", "\x1b[23;0t"


class TerminalTitle:
    """Writes the title when it changes, and puts the old one back at the end."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._shown = ""

    def show(self, title: Safe) -> None:
        """Set the title: one line, as the terminal is told it."""
        title = cut(title, 120)
        if title != self._shown:
            self._write(f"{'' if self._shown else _SAVE}\x1b]2;{title}\x07")
            self._shown = title

    def restore(self) -> None:
        """Put back what was there before."""
        if self._shown:
            self._write(_RESTORE)
            self._shown = ""

    def _write(self, sequence: str) -> None:
        driver = self._app._driver  # noqa: SLF001 - Textual has no public way to set a title
        if driver is not None and not self._app.is_headless:
            driver.write(sequence)
