"""What the harness prints, live from its log and as far back as the file reaches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from textwrap import TextWrapper

from rich.color import Color
from rich.style import Style

from autoexp_tui.text import safe as text
from autoexp_tui.ui.tail import LogTail
from autoexp_tui.ui.widgets.rows import Row, RowsPane, strip_of

_TAB = 8


class OutputPane(RowsPane):
    """The end of a log file; scrolled back, it stays where it is while lines arrive."""

    EMPTY = "the harness prints here"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id, classes=classes)
        self._tail: LogTail | None = None
        self._epoch = 0
        self._painted: list[str] = []
        """The lines in view when last looked at."""
        self._notes: list[str] = []
        self._told: list[str] = []
        """The notes, wrapped."""

    def follow(self, path: Path | None, share: Callable[[], float] = lambda: 1.0) -> None:
        """Show another log from its end on, or none; `share` as in `LogTail`."""
        if self._tail is not None:
            self._tail.close()
        self._tail = LogTail(path, share) if path else None
        self._epoch = 0
        self._painted = []
        self.restart()
        self.poll()

    def tell(self, notes: Sequence[str]) -> None:
        """Say `notes` where there is no log to show."""
        if list(notes) != self._notes:
            self._notes = list(notes)
            self._wrap()

    def _wrap(self) -> None:
        width = max(20, self.scrollable_content_region.width)
        wrapper = TextWrapper(width, initial_indent="· ", subsequent_indent="  ")
        self._told = [line for note in self._notes for line in wrapper.wrap(text.clean_line(note))]
        if self._tail is None:
            self.rows_changed()

    def on_resize(self) -> None:
        self._wrap()

    def poll(self) -> None:
        """Read what came and repaint the rows it changed; does nothing while hidden."""
        tail = self._tail
        if tail is None or not self.is_on_screen or not tail.poll(follow=self.following):
            return
        if tail.epoch != self._epoch:
            self._epoch = tail.epoch
            self._painted = []
            self.restart()
        top = self.scroll_offset.y
        lines = self._in_view(top)
        same = 0
        for before, now in zip(self._painted, lines, strict=False):
            if before != now:
                break
            same += 1
        self.rows_changed(top + same)
        self._painted = self._in_view(self.scroll_offset.y)

    def on_show(self) -> None:
        self.poll()

    def on_unmount(self) -> None:
        if self._tail is not None:
            self._tail.close()

    # ---- rows -------------------------------------------------------------------------------

    @property
    def row_count(self) -> int:
        return self._tail.count if self._tail else len(self._told)

    @property
    def growing(self) -> bool:
        return self._tail is not None

    @property
    def empty_text(self) -> str:
        problem = self._tail.problem if self._tail else ""
        return f"the output cannot be read: {problem}" if problem else self.EMPTY

    def row(self, y: int) -> Row:
        base = self.rich_style
        pieces, _ = text.parse_sgr(self._line(y))
        painted = ((piece, base + _rich(style)) for piece, style in pieces)
        return Row(strip_of(painted, _TAB), base)

    def _line(self, y: int) -> str:
        if self._tail is None:
            return self._told[y]
        return self._tail.line(y) if y < self._tail.count else ""

    def _in_view(self, top: int) -> list[str]:
        return [self._line(y) for y in range(top, min(self.row_count, top + self.size.height))]

    # ---- further back -----------------------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        tail = self._tail
        if tail is None or round(old_value) == round(new_value):
            return
        if self.following and tail.behind:
            self.following = False
        self._painted = self._in_view(self.scroll_offset.y)

    def action_move(self, rows: int) -> None:
        tail = self._tail
        if tail is not None and tail.start and self.scroll_offset.y + rows < 0:
            self._gain(tail.back())
        super().action_move(rows)

    def action_to_start(self) -> None:
        if self._tail is not None and self._tail.start:
            self._tail.rewind()
            self._moved(self._tail)
        super().action_to_start()
        self._detach_unless_all_in_view()

    def action_to_end(self) -> None:
        if self._tail is not None and self._tail.behind:
            self._tail.leap()
            self._moved(self._tail)
        super().action_to_end()
        self.poll()

    def _gain(self, lines: int) -> None:
        """`lines` came in front: what is in view stays in view."""
        if lines:
            here = self.scroll_offset.y
            self.rows_changed()
            self.scroll_to(y=here + lines, animate=False, force=True)

    def _moved(self, tail: LogTail) -> None:
        self._epoch = tail.epoch
        self._painted = []
        self.restart()

    def _detach_unless_all_in_view(self) -> None:
        self.following = self.max_scroll_y == 0 and not (self._tail and self._tail.behind)
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
