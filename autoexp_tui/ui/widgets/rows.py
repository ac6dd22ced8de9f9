"""The common part of panes that show rows: only what is visible is painted, the end is followed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from autoexp_tui.text.safe import NOTHING, Safe, one_line
from autoexp_tui.ui import ink

_LESS = Safe("\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}")
_MORE = Safe("\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}")
Pieces = Iterable[tuple[Safe, Style]]


class PaintedRow(NamedTuple):
    """One row as it is painted."""

    body: Strip
    """Uncut; what a sideways scroll moves."""
    fill: Style
    """Of the room right of the body."""
    prefix: Strip = Strip([])
    """What stands before it and stays."""


class RowsPane(ScrollView, can_focus=True):
    """Rows of any width under each other; stays at the growing end until scrolled back.

    A subclass has `row_count` and `row`, and calls `rows_changed`.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows-pane--empty", "rows-pane--cut"}

    DEFAULT_CSS = """
    RowsPane {
        scrollbar-size: 0 1;
        & > .rows-pane--empty { color: $text-muted; text-style: italic; }
        & > .rows-pane--cut { color: $text-muted; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False, id="pane.down"),
        Binding("k,up", "move(-1)", "Up", show=False, id="pane.up"),
        Binding("pagedown,ctrl+f", "turn(1)", "Page down", show=False, id="pane.page_down"),
        Binding("pageup,ctrl+b", "turn(-1)", "Page up", show=False, id="pane.page_up"),
        Binding("g,home", "to_start", "To the start", show=False, id="pane.start"),
        Binding("G,end", "to_end", "To the end, and follow", show=False, id="pane.end"),
        Binding("left", "sideways(-1)", "Left", show=False, id="pane.left"),
        Binding("right", "sideways(1)", "Right", show=False, id="pane.right"),
    ]

    EMPTY: str = ""
    """What an empty pane says; whoever knows that it will stay empty sets another."""
    SIDEWAYS: ClassVar[int] = 8
    """Cells that one step sideways moves."""

    following = True
    """Whether the pane stays at the end as rows come."""

    # ---- for subclasses ---------------------------------------------------------------------

    @property
    def row_count(self) -> int:
        raise NotImplementedError

    @property
    def growing(self) -> bool:
        """Whether more rows may come, so that there is something to follow."""
        return False

    @property
    def empty_text(self) -> str:
        """What to say while there are no rows."""
        return self.EMPTY

    def row(self, y: int) -> PaintedRow:
        """Row `y`, from 0 to `row_count` - 1."""
        raise NotImplementedError

    def rows_changed(self, first: int = 0) -> None:
        """Rows from `first` on are new or different: repaint those in view, follow the end."""
        if self.row_count != self.virtual_size.height:
            self.virtual_size = Size(self.virtual_size.width, self.row_count)
        top = self.scroll_offset.y
        if self.following and self.growing:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
        if self.scroll_offset.y == top:
            first = max(first, top)
            if first < top + self.size.height:
                self.refresh_lines(first, top + self.size.height - first)

    def restart(self) -> None:
        """Forget the place: the rows are others now."""
        self.virtual_size = Size(0, self.row_count)
        self.scroll_to(0, 0, animate=False, force=True)
        self.following = True
        self._show_following()
        self.refresh()

    # ---- scrolling --------------------------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.following = round(new_value) >= self.max_scroll_y
            self._show_following()

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        # A bar that appears because rows came doesn't know yet where they were scrolled to.
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def on_resize(self) -> None:
        if self.following and self.growing:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def action_move(self, rows: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False, force=True)

    def action_turn(self, pages: int) -> None:
        self.action_move(pages * max(1, self.size.height - 1))

    def action_to_start(self) -> None:
        self.scroll_to(0, 0, animate=False, force=True)

    def action_to_end(self) -> None:
        self.following = True
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
        self._show_following()

    def action_sideways(self, steps: int) -> None:
        # Measured only when asked for: the width of what is in view bounds the way right.
        top = self.scroll_offset.y
        rows = [self.row(y) for y in range(top, min(self.row_count, top + self.size.height))]
        width = max((row.prefix.cell_length + row.body.cell_length for row in rows), default=0)
        here = self.scroll_offset.x
        # One that is scrolled further than these rows reach stays there.
        width = max(width, here + self.scrollable_content_region.width)
        self.virtual_size = Size(width, self.virtual_size.height)
        self.scroll_to(x=here + steps * self.SIDEWAYS, animate=False, force=True)

    def _show_following(self) -> None:
        detached = self.growing and not self.following
        ink.subtitle(self, "scrolled back · G follows" if detached else NOTHING)

    # ---- painting ---------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        x, top = self.scroll_offset
        y += top
        if not self.row_count:
            return self._empty_line(y, width)
        if y >= self.row_count:
            return Strip.blank(width, self.rich_style)
        body, fill, prefix = self.row(y)
        room = max(0, width - prefix.cell_length)
        shown = body.crop_extend(x, x + room, fill)
        mark = self.get_component_rich_style("rows-pane--cut")
        mark = Style(color=mark.color, bgcolor=fill.bgcolor)
        if room > 2 and body.cell_length > x + room:
            shown = Strip([*shown.crop(0, room - 1), ink.segment(_MORE, mark)], room)
        if room > 2 and x and body.cell_length:
            shown = Strip([ink.segment(_LESS, mark), *shown.crop(1)], room)
        return Strip([*prefix, *shown], prefix.cell_length + room).crop(0, width)

    def _empty_line(self, y: int, width: int) -> Strip:
        text = self.empty_text
        if y != max(0, (self.size.height - 1) // 2) or not text:
            return Strip.blank(width, self.rich_style)
        pad = max(0, width - cell_len(text)) // 2
        style = self.get_component_rich_style("rows-pane--empty")
        line = Strip([ink.segment(one_line(" " * pad + text), style)])
        return line.crop_extend(0, width, self.rich_style)


def strip_of(pieces: Pieces, tab: int) -> Strip:
    """Styled, cleaned text as a strip, its tabs made blanks up to the next multiple of `tab`."""
    segments: list[Segment] = []
    column = 0
    for text, style in pieces:
        if "\t" in text:
            text = _expanded(text, column, tab)  # noqa: PLW2901 the same text, as it is painted
        segments.append(ink.segment(text, style))
        column += cell_len(text)
    return Strip(segments, column)


def _expanded(text: Safe, column: int, tab: int) -> Safe:
    first, *others = text.split("\t")
    parts = [first]
    column += cell_len(first)
    for part in others:
        blanks = tab - column % tab
        parts += [" " * blanks, part]
        column += blanks + cell_len(part)
    return one_line("".join(parts))
