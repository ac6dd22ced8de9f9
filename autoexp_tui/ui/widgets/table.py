"""The results, newest first: a table that draws visible lines only, however long the run."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row, place_of
from autoexp_tui.summary.outcomes import outcome_of
from autoexp_tui.text.safe import Safe, clean_line, one_line
from autoexp_tui.ui import ink
from autoexp_tui.ui.widgets.columns import GAP, Column, RowOrder, TableRows

ORDERS: dict[RowOrder, str] = {
    "newest": "newest first",
    "best": "best first",
    "longest": "longest first",
    "dearest": "dearest first",
}
EMPTY = "no rows yet: the baseline comes first"
CURSOR, BEST, _NEITHER = Safe(">"), Safe("★"), Safe(" ")
"""What stands before a row: position and merit are never colour alone."""


class ResultsTable(ScrollView, can_focus=True):
    """Finished experiments, one a line; the cursor follows the newest until it is moved."""

    ALLOW_SELECT = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("g,home", "newest", "Newest", show=False),
        Binding("G,end", "oldest", "Oldest", show=False),
        Binding("enter", "open", "Open", show=False),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "results-table--header",
        "results-table--keep",
        "results-table--discard",
        "results-table--crash",
        "results-table--better",
        "results-table--worse",
        "results-table--quiet",
        "results-table--best",
        "results-table--fresh",
        "results-table--cursor",
    }

    DEFAULT_CSS = """
    ResultsTable {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        border: round $border-blurred;
        border-title-color: $text-muted;
        border-subtitle-color: $text-muted;
        &:focus { border: round $border; border-title-color: $foreground; }
        & .results-table--header { color: $text-muted; text-style: bold; }
        & .results-table--keep { color: $text-success; }
        & .results-table--discard { color: $text-muted; }
        & .results-table--crash { color: $text-error; }
        & .results-table--better { color: $text-success; }
        & .results-table--worse { color: $text-muted; }
        & .results-table--quiet { color: $text-muted; }
        & .results-table--best { text-style: bold; background: $success 12%; }
        & .results-table--fresh {
            text-style: bold;
            color: $text-success;
            background: $success 35%;
        }
        & .results-table--cursor { background: $surface; }
        &:focus .results-table--cursor { background: $primary 35%; }
        &:ansi .results-table--best { background: ansi_default; }
        &:ansi .results-table--fresh { background: ansi_default; text-style: bold reverse; }
        &:ansi:focus .results-table--cursor { background: ansi_blue; color: ansi_bright_white; }
    }
    """

    @dataclass
    class RowHighlighted(Message):
        """The cursor was moved to experiment `n`."""

        table: ResultsTable
        n: int

        @property
        def control(self) -> ResultsTable:
            """The table."""
            return self.table

    @dataclass
    class RowOpened(Message):
        """Enter was pressed on experiment `n`."""

        table: ResultsTable
        n: int

        @property
        def control(self) -> ResultsTable:
            """The table."""
            return self.table

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - every Textual widget calls it so
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._sheet = TableRows(Objective(()))
        self._terms: tuple[str, ...] = ()
        self.why_empty = EMPTY
        """What is said while there are no rows."""
        self._matches: list[int] | None = None
        """Ascending indices of the rows that the filter lets through; None: no filter."""
        self._order: RowOrder = "newest"
        self._sorted: list[int] | None = None
        """The same rows as they stand from the top; None: the newest first."""
        self._hidden: frozenset[str] = frozenset()
        self._also: tuple[str, ...] = ()
        self._cursor = 0
        """Index of a row."""
        self._following = True
        self._best: int | None = None
        self._fresh: int | None = None
        self._layout: tuple[int, list[Column]] | None = None

    # -- what is shown -------------------------------------------------------------------------

    def show(
        self,
        rows: Sequence[Row],
        objective: Objective,
        *,
        best: int | None = None,
        fresh: int | None = None,
        notes: Mapping[int, str] | None = None,
        texts: Sequence[str] = (),
        parents: bool = False,
    ) -> None:
        """Show `rows`, in finishing order; only those that are new cost anything.

        `best` is the best one's number, `fresh` a new best that is still worth a moment, `notes`
        what people have said of experiments, `texts` the names of another program's columns of
        words. `parents`: of what was not made from the best, it is told from what.
        """
        if objective != self._sheet.objective:
            self._sheet = TableRows(objective)
        before = (self._sheet.count, self._best, self._fresh, self._sheet.notes)
        self._sheet.notes = notes or {}
        self._sheet.texts, self._sheet.parents = texts, parents
        shown_before = self.row_count
        same = self._sheet.show(rows)
        if self._matches is not None:
            del self._matches[bisect_left(self._matches, same) :]
            self._matches += [i for i in range(same, len(rows)) if self._is_match(rows[i])]
        if same < len(rows) or before[0] != len(rows):
            self._sort()
        if same <= self._cursor:
            self._following = True
        self._best = best
        self._fresh = fresh
        if same < len(rows) or before != (
            len(rows),
            self._best,
            self._fresh,
            self._sheet.notes,
        ):
            self._layout = None
            self._settle(self.row_count - shown_before)

    def filter(self, text: str) -> None:
        """Show only rows with every word of `text` in their status or description."""
        terms = tuple(text.lower().split())
        if terms == self._terms:
            return
        self._terms = terms
        self._matches = None
        if terms:
            self._matches = [
                i for i in range(self._sheet.count) if self._is_match(self._sheet.rows[i])
            ]
            place = min(bisect_left(self._matches, self._cursor), len(self._matches) - 1)
            if self._matches:
                self._put_cursor(self._matches[place])
        self._sort()
        at_top = self._line_of(self._cursor) == 0
        self._following = at_top and (bool(terms) or self._order == "newest")
        self._settle(0)
        self._reveal()

    def sort(self, order: RowOrder) -> None:
        """Show the rows in another order; the cursor stays on its experiment."""
        self._order = order
        self._following = order == "newest" and self._cursor == self._sheet.count - 1
        self._sort()
        self._settle(0)
        self._reveal()

    def hide(self, columns: Iterable[str]) -> None:
        """Leave these columns out, by their names; the essential ones stay."""
        self._hidden = frozenset(columns)
        self._layout = None
        self.refresh()

    def also(self, columns: Sequence[str]) -> None:
        """Show these columns of another program's table, too, by their names."""
        self._also = tuple(columns)
        self._layout = None
        self.refresh()

    def _sort(self) -> None:
        shown = range(self._sheet.count) if self._matches is None else self._matches
        newest_first = self._order == "newest"
        self._sorted = None if newest_first else self._sheet.in_order(shown, self._order)

    def select(self, n: int) -> bool:
        """Put the cursor on experiment `n`; False when it isn't shown."""
        index = place_of(self._sheet.rows, n, self._sheet.count)
        line = None if index is None else self._line_of(index)
        if line is None:
            return False
        self._move_to(line, following=False)
        return True

    @property
    def order(self) -> RowOrder:
        """In which the rows stand."""
        return self._order

    @property
    def row_count(self) -> int:
        """Rows that the filter lets through."""
        return self._sheet.count if self._matches is None else len(self._matches)

    @property
    def cursor_n(self) -> int | None:
        """The experiment under the cursor."""
        return self._sheet.rows[self._cursor].n if self.row_count else None

    @property
    def following(self) -> bool:
        """Whether the cursor is on the newest row of all, and stays there as rows arrive."""
        return self._following and self._cursor == self._sheet.count - 1

    def _is_match(self, row: Row) -> bool:
        status = row.status if row.is_judged else ""
        text = f"{status} {outcome_of(row).word} {row.description} {row.reason}".lower()
        return all(term in text for term in self._terms)

    # -- where things are ----------------------------------------------------------------------

    def _index_at(self, line: int) -> int:
        """The row index at a line of the table."""
        if self._sorted is not None:
            return self._sorted[line]
        if self._matches is None:
            return self._sheet.count - 1 - line
        return self._matches[-1 - line]

    def _line_of(self, index: int) -> int | None:
        if self._sorted is not None:
            return self._sorted.index(index) if index in self._sorted else None
        if self._matches is None:
            return self._sheet.count - 1 - index
        place = bisect_left(self._matches, index)
        if place == len(self._matches) or self._matches[place] != index:
            return None
        return len(self._matches) - 1 - place

    def _settle(self, added: int) -> None:
        """Rows came or went: size, cursor, place and caption follow."""
        count = self.row_count
        if self._following and count:
            self._put_cursor(self._index_at(0), arrived=True)
        self.virtual_size = Size(self.size.width, count + 1)
        # Forced, since the scrollbar that allows it may only be shown with the next layout.
        if self._following:
            self.scroll_to(y=0, animate=False, force=True)
        elif added > 0 and self.scroll_offset.y > 0:
            # What is being read stays where it is.
            self.scroll_to(y=self.scroll_offset.y + added, animate=False, force=True)
        self._describe()
        self.refresh()

    def _describe(self) -> None:
        if self._matches is not None:
            caption = f"{len(self._matches)} of {self._sheet.count} match, {ORDERS[self._order]}"
        else:
            caption = f"{self._sheet.count}, {ORDERS[self._order]}" if self._sheet.count else ""
        ink.subtitle(self, caption)

    # -- moving --------------------------------------------------------------------------------

    def action_move(self, lines: int) -> None:
        """Down the table, or up with a negative number."""
        line = self._line_of(self._cursor) if self.row_count else None
        if line is not None:
            self._move_to(line + lines)

    def action_page(self, pages: int) -> None:
        """A windowful down or up."""
        self.action_move(pages * max(1, self.size.height - 2))

    def action_newest(self) -> None:
        """To the top, and follow what arrives there."""
        self._move_to(0)

    def action_oldest(self) -> None:
        """To the baseline."""
        self._move_to(self.row_count - 1)

    def action_open(self) -> None:
        """Ask for the details of the row under the cursor; without one the key is the screen's."""
        n = self.cursor_n
        if n is None:
            raise SkipAction
        self.post_message(self.RowOpened(self, n))

    def on_click(self, event: Click) -> None:
        """The mouse may, but never needs to."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y > 0:
            line = self.scroll_offset.y + offset.y - 1
            if line < self.row_count:
                self._move_to(line)

    def _move_to(self, line: int, *, following: bool | None = None) -> None:
        if not self.row_count:
            return
        line = min(max(line, 0), self.row_count - 1)
        index = self._index_at(line)
        self._following = line == 0 if following is None else following
        self._put_cursor(index)
        self._reveal()
        self.refresh()

    def _put_cursor(self, index: int, *, arrived: bool = False) -> None:
        moved, self._cursor = index != self._cursor, index
        if moved and not (arrived and self.following):  # whoever follows the newest looks at now
            self.post_message(self.RowHighlighted(self, self._sheet.rows[index].n))

    def _reveal(self) -> None:
        line = self._line_of(self._cursor) if self.row_count else None
        if line is None:
            return
        window = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        if line < top:
            self.scroll_to(y=line, animate=False, force=True)
        elif line >= top + window:
            self.scroll_to(y=line - window + 1, animate=False, force=True)

    def on_resize(self) -> None:
        """Columns are chosen by the room there is."""
        self._layout = None
        self.virtual_size = Size(self.size.width, self.row_count + 1)
        self._reveal()

    # -- lines ---------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """The header, or the row that the scroll position puts at line `y`."""
        width = self.scrollable_content_region.width
        if not self.row_count:
            return self._notice(y, width)
        if y == 0:
            return self._header(width)
        line = self.scroll_offset.y + y - 1
        if line >= self.row_count:
            return Strip.blank(width, self.rich_style)
        return self._row(self._index_at(line), width)

    def _columns(self, width: int) -> list[Column]:
        """Chosen again only when the rows or the width changed."""
        if self._layout is None or self._layout[0] != width:
            self._layout = (width, self._sheet.columns(width - 1, self._hidden, self._also))
        return self._layout[1]

    def _notice(self, y: int, width: int) -> Strip:
        sought = clean_line(" ".join(self._terms), width)
        text = f"nothing matches {sought!r}" if self._sheet.count else self.why_empty
        lines = [
            part for each in text.split("\n") for part in wrap(each, max(1, width - 2)) or [""]
        ]
        line = y - max(0, (self.size.height - len(lines)) // 2)
        if not 0 <= line < len(lines):
            return Strip.blank(width, self.rich_style)
        shown = set_cell_size(lines[line].center(width), width)
        return Strip([ink.segment(one_line(shown), self._style("quiet"))], width)

    def _header(self, width: int) -> Strip:
        cells = [_cell(column.title, column) for column in self._columns(width)]
        text = set_cell_size(" " + (" " * GAP).join(cells), width)
        return Strip([ink.segment(one_line(text), self._style("header"))], width)

    def _row(self, index: int, width: int) -> Strip:
        n = self._sheet.rows[index].n
        under_cursor = index == self._cursor
        base = self.rich_style
        if n == self._best:
            base = self._style("best")
        if n == self._fresh:
            base = self._style("fresh")
        if under_cursor:
            base = self._style("cursor") + Style(bold=base.bold)
        # A highlighted line says what it has to say in one colour that is readable on it.
        toned = not under_cursor and n != self._fresh
        segments = [
            ink.segment(CURSOR if under_cursor else BEST if n == self._best else _NEITHER, base)
        ]
        for k, column in enumerate(self._columns(width)):
            tone = column.tone(index)
            style = base + Style(color=self._style(tone).color) if tone and toned else base
            gap = " " * GAP if k else ""
            cell = one_line(gap + _cell(column.text(index), column))
            segments.append(ink.segment(cell, style))
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, component: str) -> Style:
        return self.get_component_rich_style(f"results-table--{component}")


def _cell(text: str, column: Column) -> str:
    """`text` in exactly the column's width; what is cut off ends in an ellipsis."""
    size = cell_len(text)
    if size > column.width:
        return set_cell_size(text, column.width - 1) + "…"
    padding = " " * (column.width - size)
    return padding + text if column.right else text + padding
