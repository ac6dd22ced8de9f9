"""The one-line widgets: status, alert, tabs, what is tried now, keys. Each redraws what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from autoexp_tui.text.safe import NOTHING, Safe
from autoexp_tui.ui import ink
from autoexp_tui.ui.keys import Hotkey
from autoexp_tui.ui.panes import PANES, Name
from autoexp_tui.ui.status import StatusPiece, fit

_BETWEEN = Safe("   ")
_GAP = len(_BETWEEN)


class StatusLine(Widget):
    """Pieces side by side, as many as fit; a change repaints from the first cell that differs."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status--quiet",
        "status--plain",
        "status--alive",
        "status--better",
        "status--attention",
    }

    def __init__(self, *, id: str) -> None:  # noqa: A002 - as every Textual widget names it
        super().__init__(id=id)
        self._pieces: Sequence[StatusPiece] = ()
        self._shown: list[StatusPiece] = []

    def show(self, pieces: Sequence[StatusPiece]) -> None:
        """Show these; repaints only the cells that differ."""
        self._pieces = pieces
        shown = fit(pieces, self.size.width - 2, _GAP)
        before, self._shown = self._shown, shown
        start, end = _difference(before, shown)
        if start < end:
            self.refresh(Region(1 + start, 0, end - start, 1))

    def on_resize(self) -> None:
        self._shown = fit(self._pieces, self.size.width - 2, _GAP)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        segments = [ink.segment(Safe(" "), base)]
        for index, piece in enumerate(self._shown if y == 0 else ()):
            if index:
                segments.append(ink.segment(_BETWEEN, base))
            style = self.get_component_rich_style(f"status--{piece.role}")
            segments.append(ink.segment(piece.text, style))
        return Strip(segments).adjust_cell_length(self.size.width, base)


def _difference(before: Sequence[StatusPiece], after: Sequence[StatusPiece]) -> tuple[int, int]:
    """First and last cell of what differs."""
    old, new = _cells(before), _cells(after)
    length = max(len(old), len(new))
    old += [(" ", "")] * (length - len(old))
    new += [(" ", "")] * (length - len(new))
    changed = [index for index in range(length) if old[index] != new[index]]
    return (changed[0], changed[-1] + 1) if changed else (0, 0)


def _cells(pieces: Sequence[StatusPiece]) -> list[tuple[str, str]]:
    cells: list[tuple[str, str]] = []
    for index, piece in enumerate(pieces):
        if index:
            cells += [(" ", "")] * _GAP
        cells += [(character, piece.role) for character in piece.text]
    return cells


class TextLine(Widget):
    """One line of text that is repainted when it changes."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - as every Textual widget names it
        super().__init__(id=id)
        self._text = ink.text()

    def show(self, text: Text) -> None:
        """Show this; nothing happens when it is what is shown."""
        if text != self._text or text.spans != self._text.spans:
            self._text = text
            self.refresh()

    def render(self) -> Text:
        text = self._text.copy()
        text.truncate(self.size.width, overflow="ellipsis")
        return text


class AlertBar(TextLine):
    """What needs a person; not there when nothing does."""

    def warn(self, words: Safe) -> None:
        self.display = bool(words)
        self.show(ink.text(words))


class TabBar(Widget):
    """The five panes by number, where only one has room."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--one", "tabs--active"}

    def __init__(self, *, id: str) -> None:  # noqa: A002 - as every Textual widget names it
        super().__init__(id=id)
        self._active: Name = "results"

    def show(self, active: Name) -> None:
        if active != self._active:
            self._active = active
            self.refresh()

    def render(self) -> Text:
        pieces: list[str | tuple[str, str | Style]] = []
        room = sum(len(name) + 5 for name in PANES) <= self.size.width
        for number, name in enumerate(PANES, start=1):
            part = "active" if name == self._active else "one"
            style = self.get_component_rich_style(f"tabs--{part}")
            words = f"{number} {name.capitalize()}" if room or part == "active" else f"{number}"
            pieces += [(f" {words} ", style), " "]
        return ink.text(*pieces, no_wrap=True)


class KeyBar(Widget):
    """The keys that matter, or for a moment the answer to one."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--label", "keys--answer"}

    def __init__(self, keys: Sequence[Hotkey], *, id: str) -> None:  # noqa: A002 - as in Textual
        super().__init__(id=id)
        self._keys = [key for key in keys if key.label]
        self._answer = NOTHING
        self._labels: dict[str, str] = {}

    def offer(self, keys: Sequence[Hotkey]) -> None:
        """Show these from now on."""
        self._keys = [key for key in keys if key.label]
        self.refresh()

    @property
    def answer(self) -> str:
        """What it says instead of the keys; empty when it shows them."""
        return self._answer

    def say(self, answer: Safe) -> None:
        """Show an answer in place of the keys; empty brings them back."""
        if answer != self._answer:
            self._answer = answer
            self.refresh()

    def relabel(self, action: str, label: str) -> None:
        """What a key does now: `pause` becomes `resume`."""
        if self._labels.get(action) != label:
            self._labels[action] = label
            self.refresh()

    def render(self) -> Text:
        if self._answer:
            style = self.get_component_rich_style("keys--answer")
            text = ink.text((self._answer, style), no_wrap=True)
            text.truncate(self.size.width, overflow="ellipsis")
            return text
        key_style = self.get_component_rich_style("keys--key")
        label_style = self.get_component_rich_style("keys--label")
        pieces: list[str | tuple[str, str | Style]] = []
        for key in self._fitting():
            pieces += ["  "] if pieces else []
            pieces += [(key.shown, key_style), (" " + self._label(key), label_style)]
        return ink.text(*pieces, no_wrap=True)

    def _label(self, key: Hotkey) -> str:
        return self._labels.get(key.action, key.label)

    def _fitting(self) -> list[Hotkey]:
        """As many as fit; help and the way out always do."""
        room = self.size.width
        always = [key for key in self._keys if key.action in {"help", "leave"}]
        chosen = list(always)
        for key in self._keys:
            if key in always:
                continue
            widths = [len(k.shown) + 1 + len(self._label(k)) for k in [*chosen, key]]
            if sum(widths) + 2 * (len(widths) - 1) > room:
                break
            chosen.append(key)
        return [key for key in self._keys if key in chosen]
