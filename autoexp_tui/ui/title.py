"""The terminal's own title: what a list of windows shows of a run."""

from __future__ import annotations

from textual.app import App

from autoexp_tui.text.safe import clean_line

_SAVE, _RESTORE = "\x1b[22;0t", "\x1b[23;0t"


class TerminalTitle:
    """Writes the title when it changes, and puts the old one back at the end."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._shown = ""

    def show(self, title: str) -> None:
        """Set the title; what it says is cleaned here."""
        title = clean_line(title, 120)
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
