"""Textual apps that do nothing: what any screen costs before it shows something of its own.

python benchmarks/bare.py           # one line of text; ? shows a dialogue
python benchmarks/bare.py table     # a table and four widgets
"""

from __future__ import annotations

import sys
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import DataTable, Static

SHOWN = "this is all of it"
DIALOGUE = "a dialogue of one line"
ROWS = 100


class Dialogue(ModalScreen[None]):
    """One line, until the same key."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark", "dismiss(None)", "Back")]

    def compose(self) -> ComposeResult:
        yield Static(DIALOGUE)


class Bare(App[None]):
    """One line."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark", "ask", "Ask")]

    def compose(self) -> ComposeResult:
        yield Static(SHOWN)

    def action_ask(self) -> None:
        self.push_screen(Dialogue())


class Table(App[None]):
    """A table of five columns, and four widgets around it."""

    def compose(self) -> ComposeResult:
        yield Static("above")
        yield Static("beside")
        rows: DataTable[str] = DataTable()
        yield rows
        yield Static("below")
        yield Static(SHOWN)

    def on_mount(self) -> None:
        rows = self.query_one(DataTable)
        rows.styles.height = "1fr"
        rows.add_columns("row", "commit", "loss", "status", "description")
        rows.add_rows(
            (str(n), f"{n:07x}", f"{1 / n:.6f}", "discard", f"idea number {n}")
            for n in range(1, ROWS + 1)
        )


if __name__ == "__main__":
    (Table if sys.argv[1:] == ["table"] else Bare)().run()
