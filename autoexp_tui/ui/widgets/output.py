"""What the harness prints, live from its log and as far back as the file reaches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from textwrap import TextWrapper

from rich.color import Color
from rich.style import Style
from textual import on

from autoexp_tui.text import safe as text
from autoexp_tui.ui.reading import FileReader, LogRead, LogReading, LogWindow, Move, Window
from autoexp_tui.ui.widgets.rows import PaintedRow, RowsPane, strip_of

_TAB = 8


class OutputPane(RowsPane):
    """The end of a log file; scrolled back, it stays where it is while lines arrive."""

    EMPTY = "the harness prints here"

    def __init__(
        self,
        reader: FileReader,
        *,
        id: str | None = None,  # noqa: A002 Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._reader = reader
        self._reading: LogReading | None = None
        self._window = Window()
        self._painted: list[str] = []
        """The lines in view when last looked at."""
        self._visible = False
        self._notes: list[str] = []
        self._told: list[str] = []
        """The notes, wrapped."""

    def follow(self, path: Path | None, share: Callable[[], float] = lambda: 1.0) -> None:
        """Show another log from its end on, or none; `share` as in `LogTail`.

        The same log again keeps the place scrolled back to.
        """
        if path is not None and self._reading is not None and self._reading.path == path:
            self._reading.share(share)
            return
        self._reading = LogReading(path, share) if path else None
        self._window = Window()
        self._painted = []
        self.restart()
        self._look()
        self._reader.follow(self, self._reading)

    def tell(self, notes: Sequence[str]) -> None:
        """Say `notes` where there is no log to show."""
        if list(notes) != self._notes:
            self._notes = list(notes)
            self._wrap()

    def _wrap(self) -> None:
        width = max(20, self.scrollable_content_region.width)
        wrapper = TextWrapper(width, initial_indent="· ", subsequent_indent="  ")
        self._told = [line for note in self._notes for line in wrapper.wrap(note)]
        if self._reading is None:
            self.rows_changed()

    def on_resize(self) -> None:
        self._wrap()
        self._look()

    def on_show(self) -> None:
        self._visible = True
        self._look()
        self._reader.nudge()

    def on_hide(self) -> None:
        self._visible = False
        self._look()

    def on_unmount(self) -> None:
        self._reader.follow(self, None)

    def _look(self) -> None:
        """Tell the reader what is in view, and ask for what isn't there."""
        if self._reading is None:
            return
        top, height = self.scroll_offset.y, self.size.height
        self._reading.place = LogWindow(top, height, self.following, self._visible)
        if not self._window.holds(top - height // 2, top + height + height // 2):
            self._reading.ask()
            self._reader.nudge()

    def _move(self, move: Move) -> None:
        if self._reading is not None:
            self._reading.ask(move)
            self._reader.nudge()

    @on(LogRead)
    def _take(self, message: LogRead) -> None:
        """Repaint the rows that what was read has changed."""
        message.taken = True
        if message.reading is not self._reading:
            return
        before, self._window = self._window, message.window
        move = message.move
        if move is not None and move.to == "back":
            self._gain(message.gained, move.rows)
        elif move is not None or before.epoch != self._window.epoch:
            self._painted = []
            self.restart()
            self.following = move is None or move.to == "end"
        self._repaint()
        if move is not None and move.to == "start":
            super().action_to_start()
            self._detach_unless_all_in_view()
        elif move is not None and move.to == "end":
            super().action_to_end()
        self._look()

    def _repaint(self) -> None:
        top = self.scroll_offset.y
        lines = self._in_view(top)
        same = 0
        for before, now in zip(self._painted, lines, strict=False):
            if before != now:
                break
            same += 1
        self.rows_changed(top + same)
        self._painted = self._in_view(self.scroll_offset.y)

    # ---- rows -------------------------------------------------------------------------------

    @property
    def row_count(self) -> int:
        return self._window.count if self._reading else len(self._told)

    @property
    def growing(self) -> bool:
        return self._reading is not None

    @property
    def empty_text(self) -> str:
        problem = self._window.problem
        return f"the output cannot be read: {problem}" if problem else self.EMPTY

    def row(self, y: int) -> PaintedRow:
        base = self.rich_style
        pieces, _ = text.parse_sgr(self._line(y))
        painted = ((piece, base + _rich(style)) for piece, style in pieces)
        return PaintedRow(strip_of(painted, _TAB), base)

    def _line(self, y: int) -> str:
        return self._told[y] if self._reading is None else self._window.line(y)

    def _in_view(self, top: int) -> list[str]:
        return [self._line(y) for y in range(top, min(self.row_count, top + self.size.height))]

    # ---- further back -----------------------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._reading is None or round(old_value) == round(new_value):
            return
        if self.following and self._window.behind:
            self.following = False
        self._painted = self._in_view(self.scroll_offset.y)
        self._look()

    def action_move(self, rows: int) -> None:
        if self._window.start and self.scroll_offset.y + rows < 0:
            self._move(Move("back", rows))
        else:
            super().action_move(rows)

    def action_to_start(self) -> None:
        if self._window.start:
            self._move(Move("start"))
        else:
            super().action_to_start()
            self._detach_unless_all_in_view()
            self._look()

    def action_to_end(self) -> None:
        if self._reading is not None:
            self._move(Move("end"))
        super().action_to_end()
        self._look()

    def _gain(self, lines: int, rows: int) -> None:
        """`lines` came in front: what is in view stays in view, but for the move by `rows`."""
        here = self.scroll_offset.y
        self.rows_changed()
        self.scroll_to(y=here + lines + rows, animate=False, force=True)

    def _detach_unless_all_in_view(self) -> None:
        self.following = self.max_scroll_y == 0 and not self._window.behind
        self._show_following()


@lru_cache(512)
def _rich(style: text.Style) -> Style:
    """The same look in Rich's terms; palette colours become those of the app's ANSI theme."""
    return Style(
        color=_colour(style.fg),
        bgcolor=_colour(style.bg),
        bold=style.bold or None,
        dim=style.dim or None,
        italic=style.italic or None,
        underline=style.underline or None,
        reverse=style.reverse or None,
        strike=style.strike or None,
    )


def _colour(colour: text.Colour) -> Color | None:
    if colour is None:
        return None
    return Color.from_ansi(colour) if isinstance(colour, int) else Color.from_rgb(*colour)
