"""The proposed change: it grows while it is written, and is exact once it is complete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from autoexp_tui.text import diffs
from autoexp_tui.text.diffs import DiffLine
from autoexp_tui.text.growing_diff import GrowingDiff
from autoexp_tui.text.safe import Safe, clean, one_line, part_of
from autoexp_tui.ui import ink
from autoexp_tui.ui.widgets.rows import PaintedRow, RowsPane, strip_of

_TAB = 4
_SIGNS = {"same": " ", "removed": "-", "added": "+", "gap": " "}


class DiffPane(RowsPane):
    """A diff of one file; paints visible rows only."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "diff-pane--number",
        "diff-pane--same",
        "diff-pane--gap",
        "diff-pane--added",
        "diff-pane--added-sign",
        "diff-pane--added-word",
        "diff-pane--removed",
        "diff-pane--removed-sign",
        "diff-pane--removed-word",
    }

    DEFAULT_CSS = """
    DiffPane {
        & > .diff-pane--number { color: $text-disabled; }
        & > .diff-pane--same { color: $text-muted; }
        & > .diff-pane--gap { color: $text-disabled; }
        & > .diff-pane--added { color: $text; background: $success 14%; }
        & > .diff-pane--added-sign { color: $text-success; background: $success 14%; }
        & > .diff-pane--added-word { color: $text; background: $success 42%; text-style: bold; }
        & > .diff-pane--removed { color: $text; background: $error 14%; }
        & > .diff-pane--removed-sign { color: $text-error; background: $error 14%; }
        & > .diff-pane--removed-word { color: $text; background: $error 42%; text-style: bold; }
        &:ansi {
            & > .diff-pane--number, & > .diff-pane--gap { color: ansi_bright_black; }
            & > .diff-pane--same { color: ansi_default; }
            & > .diff-pane--added, & > .diff-pane--added-sign {
                color: ansi_green; background: ansi_default;
            }
            & > .diff-pane--added-word {
                color: ansi_green; background: ansi_default; text-style: reverse;
            }
            & > .diff-pane--removed, & > .diff-pane--removed-sign {
                color: ansi_red; background: ansi_default;
            }
            & > .diff-pane--removed-word {
                color: ansi_red; background: ansi_default; text-style: reverse;
            }
        }
    }
    """

    EMPTY = "the proposed change appears here while it is written"

    @dataclass
    class Changed(Message):
        """Another diff, or more of it."""

        pane: DiffPane
        added: int
        removed: int

        @property
        def control(self) -> DiffPane:
            return self.pane

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, DiffPane.Changed) and message.pane is self.pane

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id, classes=classes)
        self.path = ""
        self.added = 0
        self.removed = 0
        self._old = ""
        self._growing: GrowingDiff | None = None
        self._rows: list[DiffLine] = []
        self._digits = 3
        self._unchanged = False

    @property
    def old(self) -> str:
        """What the diff is against."""
        return self._old

    def begin(self, old: str, path: str) -> None:
        """Start afresh: a new version of `old` is about to be written."""
        self._old, self.path = old, path
        self._growing = GrowingDiff(old)
        self._show(self._growing.lines, old.count("\n") + 1)

    def feed(self, piece: str) -> None:
        """Take some more of the new version; only after `begin`."""
        if self._growing is None:
            raise RuntimeError("feed without begin")
        self._growing.feed(piece)
        digits = max(self._digits, len(str(len(self._rows) + 1)))
        wider, self._digits = digits > self._digits, digits
        self.rows_changed(0 if wider else self._growing.first_changed)
        self._count(self._growing.added, self._growing.removed)

    def finish(self, new: str) -> None:
        """The new version is complete: show the exact diff to it."""
        self.show(self._old, new, self.path)

    def show(self, old: str, new: str, path: str) -> None:
        """Show the diff of two complete versions."""
        self._old, self.path = old, path
        self._growing = None
        rows = diffs.lines(old, new)
        self._show(rows, max(old.count("\n"), new.count("\n")) + 1)
        self._unchanged = not rows
        self._count(
            sum(row.kind == "added" for row in rows), sum(row.kind == "removed" for row in rows)
        )

    def clear(self) -> None:
        """Show nothing but the hint of what will be here."""
        self._old = self.path = ""
        self._growing = None
        self._show([], 1)

    def _show(self, rows: list[DiffLine], highest: int) -> None:
        self._rows = rows
        self._digits = max(3, len(str(highest)))
        self._unchanged = False
        self.restart()
        self._count(0, 0)

    def _count(self, added: int, removed: int) -> None:
        if (added, removed) != (self.added, self.removed):
            self.added, self.removed = added, removed
            self.post_message(self.Changed(self, added, removed))

    # ---- rows -------------------------------------------------------------------------------

    @property
    def row_count(self) -> int:
        return len(self._rows) + (self._partial is not None)

    @property
    def growing(self) -> bool:
        return self._growing is not None

    @property
    def empty_text(self) -> str:
        return "no line differs" if self._unchanged else self.EMPTY

    @property
    def _partial(self) -> DiffLine | None:
        return self._growing.partial if self._growing else None

    def _line(self, y: int) -> DiffLine:
        if y < len(self._rows):
            return self._rows[y]
        if self._partial is None:
            raise IndexError(y)
        return self._partial

    def row(self, y: int) -> PaintedRow:
        line = self._line(y)
        number = line.old_number if line.kind == "removed" else line.new_number
        label = "⋯" if line.kind == "gap" else str(number)
        fill = self.get_component_rich_style(f"diff-pane--{line.kind}")
        number_style = self.get_component_rich_style("diff-pane--number")
        sign = self.get_component_rich_style(f"diff-pane--{line.kind}-sign", default=fill)
        prefix = [
            ink.segment(one_line(f"{label:>{self._digits}} "), number_style),
            ink.segment(one_line(f"{_SIGNS[line.kind]} "), sign),
        ]
        body = strip_of(self._pieces(line), _TAB)
        return PaintedRow(body, fill, Strip(prefix, self._digits + 3))

    def _pieces(self, line: DiffLine) -> Iterator[tuple[Safe, Style]]:
        style = self.get_component_rich_style(f"diff-pane--{line.kind}")
        text = line.text.removesuffix("\r")
        shown = clean(text)
        # Where something had to be cleaned away the spans no longer fit.
        spans = line.spans if shown == text else ()
        at = 0
        if spans:
            word = self.get_component_rich_style(f"diff-pane--{line.kind}-word")
            for start, end in spans:
                yield part_of(shown, at, start), style
                yield part_of(shown, start, end), word
                at = end
        yield part_of(shown, at), style
        if line.kind in {"added", "removed"}:
            yield from self._ending(line)

    def _ending(self, line: DiffLine) -> Iterator[tuple[Safe, Style]]:
        """Line ends that may be the whole difference, said in words."""
        background = self.get_component_rich_style(f"diff-pane--{line.kind}").bgcolor
        quiet = self.get_component_rich_style("diff-pane--number") + Style(bgcolor=background)
        if line.text.endswith("\r"):
            yield Safe("  CR"), quiet
        if not line.ended and line is not self._partial and not self.growing:
            yield Safe("  no newline at the end"), quiet
