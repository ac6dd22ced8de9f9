"""Several experiments at once, a line each: what every slot is doing, and which one is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from autoexp_tui.summary.lanes import Lane
from autoexp_tui.text.safe import NOTHING, Safe, one_line
from autoexp_tui.ui import ink
from autoexp_tui.ui.status import ticking

_CHOSEN, _OTHER = Safe(">"), Safe(" ")
_GAP = "  "
_SLOT_LIMIT = 12
_WORDS, _FEW_WORDS = 20, 13
"""Cells for what a lane does, with and without much room."""
_ROOMY = 100
_CLOCK = len("59m 59s")
_IDEA = 40
"""Cells that an idea has at least, where what was printed last stands beside it."""
_LAST = 12
"""Fewer cells than that of a printed line say nothing."""

LaneRole = Literal["quiet", "plain", "alive", "attention"]


class LanePiece(NamedTuple):
    """Some cells of a lane's line."""

    text: Safe
    role: LaneRole


class LanesPane(Widget, can_focus=True):
    """A line for each lane; a change repaints the lines that differ, and nothing else."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lanes--quiet",
        "lanes--plain",
        "lanes--alive",
        "lanes--attention",
        "lanes--chosen",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "move(-8)", show=False),
        Binding("pagedown", "move(8)", show=False),
        Binding("enter", "open", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """Another lane was chosen, by its place."""

        place: int

    class Opened(Message):
        """The chosen lane is to be looked into."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - as every Textual widget names it
        super().__init__(id=id, classes="pane")
        self._lanes: Sequence[Lane] = ()
        self._chosen = 0
        self._top = 0
        self._lines: list[list[LanePiece]] = []
        """Of the lanes in view."""
        self._time = 0.0
        self._printed: Mapping[int, Safe] = {}
        self._goes_on = True

    def show(
        self,
        lanes: Sequence[Lane],
        chosen: int,
        time: float,
        printed: Mapping[int, Safe],
        *,
        goes_on: bool = True,
    ) -> None:
        """Show `lanes` as they are at wall clock `time`; `chosen` is a place among them.

        `printed` is what experiments printed last, by number. Where nothing `goes_on`, for the
        runner is gone, all of it is quiet.
        """
        self._lanes, self._time, self._printed = lanes, time, printed
        self._goes_on = goes_on
        before, self._chosen = self._chosen, chosen
        self._paint(before)

    def lines_for(self, terminal_height: int) -> int:
        """How many lanes have room in a terminal of that height; the others are scrolled to."""
        return min(len(self._lanes), max(4, terminal_height // 4))

    def on_resize(self) -> None:
        self._lines = []
        self._paint(self._chosen)

    def _paint(self, chosen_before: int) -> None:
        height, width = self.size.height, self.size.width
        if not height:
            return
        top = min(self._top, max(0, len(self._lanes) - height))
        top = min(max(top, self._chosen - height + 1), self._chosen)
        before, self._lines = self._lines, self._written(top, height, width)
        if top != self._top or len(before) != len(self._lines):
            self._top = top
            self.refresh()
        else:
            moved = {chosen_before, self._chosen} if chosen_before != self._chosen else set()
            for y, (old, new) in enumerate(zip(before, self._lines, strict=True)):
                if old != new or top + y in moved:
                    self.refresh(Region(0, y, width, 1))
        shown = f"{top + 1}–{min(len(self._lanes), top + height)} of {len(self._lanes)}"
        subtitle = shown if len(self._lanes) > height else ""
        if self.border_subtitle != subtitle:
            ink.subtitle(self, subtitle)

    def render_line(self, y: int) -> Strip:
        place = self._top + y
        base = self.rich_style
        if y >= len(self._lines):
            return Strip.blank(self.size.width, base)
        chosen = place == self._chosen
        if chosen:
            base = self.get_component_rich_style("lanes--chosen")
        segments = [ink.segment(_CHOSEN if chosen else _OTHER, base)]
        for text, role in self._lines[y]:
            colour = self.get_component_rich_style(f"lanes--{role}")
            toned = base + Style(color=colour.color, bold=colour.bold or base.bold)
            # The chosen one is in one colour, which is readable on its background.
            segments.append(ink.segment(text, base if chosen else toned))
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _written(self, top: int, height: int, width: int) -> list[list[LanePiece]]:
        """The lines of the lanes in view, their columns under each other."""
        columns = _Columns.fitting(self._lanes, width)
        return [
            _line(lane, columns, self._time, self._printed, goes_on=self._goes_on)
            for lane in self._lanes[top : top + height]
        ]

    # ---- choosing ----------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Choose a lane further down, or up with a negative number."""
        self._choose(self._chosen + by)

    def action_open(self) -> None:
        self.post_message(self.Opened())

    def on_click(self, event: Click) -> None:
        """The mouse may, but never needs to."""
        offset = event.get_content_offset(self)
        if offset is not None and self._top + offset.y < len(self._lanes):
            self._choose(self._top + offset.y)

    def _choose(self, place: int) -> None:
        place = min(max(place, 0), len(self._lanes) - 1)
        if place != self._chosen:
            self.post_message(self.Chosen(place))


class _Columns(NamedTuple):
    """Cells that each part of a line has."""

    slot: int
    number: int
    words: int
    idea: int
    last: int

    @classmethod
    def fitting(cls, lanes: Sequence[Lane], width: int) -> _Columns:
        """For `width` cells, as wide as all `lanes` want: scrolling moves no column."""
        slot = min(_SLOT_LIMIT, max((cell_len(lane.slot) for lane in lanes), default=0))
        most = max((lane.flight.n for lane in lanes if lane.flight), default=0)
        number, words = len(f"#{most}"), _WORDS if width >= _ROOMY else _FEW_WORDS
        rest = width - 1 - slot - number - words - _CLOCK - 4 * len(_GAP)
        if rest < _IDEA + len(_GAP) + _LAST:
            return cls(slot, number, words, max(0, rest), 0)
        idea = max(_IDEA, rest * 6 // 10)
        return cls(slot, number, words, idea, rest - idea - len(_GAP))


def _line(
    lane: Lane, columns: _Columns, time: float, printed: Mapping[int, Safe], *, goes_on: bool
) -> list[LanePiece]:
    flight = lane.flight
    plain: LaneRole = "plain" if flight and goes_on else "quiet"
    pieces = [
        LanePiece(_cell(lane.slot, columns.slot), "quiet"),
        LanePiece(_cell(f"#{flight.n}" if flight else "", columns.number, gap=True), plain),
        LanePiece(_cell(lane.words, columns.words, gap=True), _role(lane) if goes_on else "quiet"),
    ]
    if flight is not None:
        clock = ticking(lane.seconds(time)).rjust(_CLOCK)
        pieces.append(LanePiece(_cell(clock, _CLOCK, gap=True), "quiet"))
        if columns.idea:
            pieces.append(LanePiece(_cell(lane.idea, columns.idea, gap=True), plain))
        last = printed.get(flight.n, NOTHING) if flight.phase == "evaluating" else NOTHING
        if last and columns.last:
            pieces.append(LanePiece(_cell(last, columns.last, gap=True), "quiet"))
    return pieces


def _role(lane: Lane) -> LaneRole:
    if lane.flight is None:
        return "quiet"
    if lane.flight.waiting is not None:
        return "attention"
    return "alive" if lane.flight.phase == "evaluating" else "plain"


def _cell(text: str, width: int, *, gap: bool = False) -> Safe:
    """`text` in exactly `width` cells; what is cut off ends in an ellipsis."""
    line = one_line(text)
    if cell_len(line) > width:
        line = one_line(set_cell_size(line, max(0, width - 1)) + "…")
    return one_line((_GAP if gap else "") + set_cell_size(line, width))
