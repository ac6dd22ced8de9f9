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
from autoexp_tui.text.safe import NOTHING, Safe, cut, one_line
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
        self._time = 0.0
        self._printed: Mapping[int, Safe] = {}

    def show(
        self, lanes: Sequence[Lane], chosen: int, time: float, printed: Mapping[int, Safe]
    ) -> None:
        """Show `lanes` as they are at wall clock `time`; `chosen` is a place among them.

        `printed` is what experiments printed last, by number.
        """
        self._lanes, self._time, self._printed = lanes, time, printed
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
        before, self._lines = self._lines, _lines(self._lanes, self._time, self._printed, width)
        if top != self._top or len(before) != len(self._lines):
            self._top = top
            self.refresh()
        else:
            moved = {chosen_before, self._chosen} if chosen_before != self._chosen else set()
            for place, (old, new) in enumerate(zip(before, self._lines, strict=True)):
                if (old != new or place in moved) and top <= place < top + height:
                    self.refresh(Region(0, place - top, width, 1))
        shown = f"{top + 1}–{min(len(self._lanes), top + height)} of {len(self._lanes)}"
        subtitle = shown if len(self._lanes) > height else ""
        if self.border_subtitle != subtitle:
            ink.subtitle(self, subtitle)

    def render_line(self, y: int) -> Strip:
        place = self._top + y
        base = self.rich_style
        if place >= len(self._lines):
            return Strip.blank(self.size.width, base)
        chosen = place == self._chosen
        if chosen:
            base = self.get_component_rich_style("lanes--chosen")
        segments = [ink.segment(_CHOSEN if chosen else _OTHER, base)]
        for text, role in self._lines[place]:
            colour = self.get_component_rich_style(f"lanes--{role}")
            toned = base + Style(color=colour.color, bold=colour.bold or base.bold)
            # The chosen one is in one colour, which is readable on its background.
            segments.append(ink.segment(text, base if chosen else toned))
        return Strip(segments).adjust_cell_length(self.size.width, base)

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


def _lines(
    lanes: Sequence[Lane], time: float, printed: Mapping[int, Safe], width: int
) -> list[list[LanePiece]]:
    """Every lane's line, its columns under each other; `width` cells, the first for the cursor."""
    slots = [cut(one_line(lane.slot), _SLOT_LIMIT) for lane in lanes]
    numbers = [f"#{lane.flight.n}" if lane.flight else "" for lane in lanes]
    slot, number = (max(map(cell_len, column), default=0) for column in (slots, numbers))
    words = _WORDS if width >= _ROOMY else _FEW_WORDS
    rest = width - 1 - slot - number - words - _CLOCK - 4 * len(_GAP)
    idea = max(_IDEA, rest * 6 // 10) if rest >= _IDEA + len(_GAP) + _LAST else rest
    lines = []
    for lane, name, n in zip(lanes, slots, numbers, strict=True):
        flight = lane.flight
        pieces = [
            LanePiece(_cell(name, slot), "quiet"),
            LanePiece(_cell(n, number, gap=True), "plain" if flight else "quiet"),
            LanePiece(_cell(lane.words, words, gap=True), _role(lane)),
        ]
        if flight is not None:
            clock = ticking(lane.seconds(time)).rjust(_CLOCK)
            pieces.append(LanePiece(_cell(clock, _CLOCK, gap=True), "quiet"))
            if idea > 0:
                pieces.append(LanePiece(_cell(lane.idea, idea, gap=True), "plain"))
            last = printed.get(flight.n, NOTHING) if flight.phase == "evaluating" else NOTHING
            if last and rest > idea:
                pieces.append(LanePiece(_cell(last, rest - idea - len(_GAP), gap=True), "quiet"))
        lines.append(pieces)
    return lines


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
