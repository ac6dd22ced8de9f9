"""What a terminal shows and what it is to show, cell by cell; only what differs is sent.

Textual sends every region that it has painted again, whether or not anything in it looks different,
and each run of a style with all of its attributes. Over a thin line that is most of the traffic.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size, split_graphemes
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate

_RESET = "\x1b[0m"
_BRIDGED = 4
"""Cells that look as they should and are sent all the same: to move over them costs as much."""


class Pen(NamedTuple):
    """What a cell is written with, as parameters of an SGR sequence."""

    attributes: str
    colour: str
    background: str


class Cell(NamedTuple):
    """One place on the screen; what is wider than that has empty cells behind it."""

    text: str
    pen: Pen


_PLAIN = Pen("", "39", "49")
_BLANK = Cell(" ", _PLAIN)
_UNKNOWN = Cell("\0", _PLAIN)
"""What is on a terminal that somebody else has written to: never what is wanted."""
_Line = list[Cell]


class Frame:
    """The cells that are wanted, and those that the terminal was last sent."""

    def __init__(self, width: int, height: int, colours: ColorSystem) -> None:
        """An empty screen of `width` × `height` cells on a terminal that knows `colours`."""
        self.size = (width, height)
        self._colours = colours
        self._wanted: list[_Line] = [[_BLANK] * width for _ in range(height)]
        self._shown: list[_Line] = []
        self.forget()

    def forget(self) -> None:
        """Take nothing for granted: the next difference is the whole screen."""
        width, height = self.size
        self._shown = [[_UNKNOWN] * width for _ in range(height)]
        self._pen_known = False

    def take(self, update: CompositorUpdate) -> bool:
        """Want what Textual would write; False for a kind of update that isn't known here."""
        if isinstance(update, LayoutUpdate):
            for y, strips in enumerate(update.strips, update.region.y):
                x = update.region.x
                for strip in strips:
                    self.put(x, y, strip)
                    x += strip.cell_length
            return True
        if isinstance(update, ChopsUpdate):
            for y, left, right in update.spans:
                chops = zip(update.chop_ends[y], update.chops[y].items(), strict=False)
                for end, (x, chop) in chops:
                    if chop is not None and x <= right and end > left:
                        self.put(x, y, chop.crop(0, min(end, right) - x))
            return True
        return False

    def put(self, x: int, y: int, strip: Iterable[Segment]) -> None:
        """Want `strip` from column `x` of line `y` on; what would stand outside is left away."""
        width, height = self.size
        if not (0 <= y < height and 0 <= x < width):
            return
        cells: _Line = []
        for text, style, control in strip:
            if not control:
                cells += _cells_of(text, style, self._colours)
        del cells[width - x :]
        line, end = self._wanted[y], x + len(cells)
        if cells:
            _halve(line, x)
            _halve(line, end)
        line[x:end] = cells

    def difference(self) -> str:
        """What turns what is shown into what is wanted; from now on that is what is shown."""
        writer = _Writer("" if self._pen_known else _RESET)
        self._pen_known = True
        for y, (wanted, shown) in enumerate(zip(self._wanted, self._shown, strict=True)):
            if wanted != shown:
                for start, end in _runs(wanted, shown):
                    writer.write(start, y, wanted[start:end])
                self._shown[y] = wanted.copy()
        return writer.end()


def _halve(line: _Line, x: int) -> None:
    """Make blanks of something wide that reaches over the left edge of column `x`."""
    if x < len(line) and not line[x].text:
        head = max((at for at in range(x) if line[at].text), default=0)
        for at in range(head, len(line)):
            if at > head and line[at].text:
                break
            line[at] = Cell(" ", line[at].pen)


def _runs(wanted: _Line, shown: _Line) -> list[tuple[int, int]]:
    """Where `wanted` has to be written: half-open ranges of columns, from left to right."""
    runs: list[tuple[int, int]] = []
    for x, (want, there) in enumerate(zip(wanted, shown, strict=True)):
        if want is there or want == there:
            continue
        start = x
        while start and not wanted[start].text:  # the rest of something wide is written with it
            start -= 1
        end = x + 1
        if len(want.text) > 1 or len(there.text) > 1:
            end = min(x + max(_reach(want.text), _reach(there.text), 1), len(wanted))
        while end < len(wanted) and not wanted[end].text:
            end += 1
        if runs and start - runs[-1][1] <= _BRIDGED:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
    return runs


class _Writer:
    """Text with as few control sequences as it takes."""

    def __init__(self, before: str) -> None:
        """A writer that begins with `before`, after which a terminal writes plainly."""
        self._parts = [before] if before else []
        self._pen = _PLAIN
        self._at: tuple[int, int] | None = None
        """Column and line of the cursor; None: only the terminal knows."""

    def write(self, x: int, y: int, cells: Iterable[Cell]) -> None:
        """Write `cells` from column `x` of line `y` on."""
        for column, (text, pen) in enumerate(cells, x):
            if not text:
                # Terminals differ about what takes two cells: what follows is placed anew.
                self._at = None
                continue
            if self._at != (column, y):
                self._parts.append(_way(self._at, column, y))
            if pen != self._pen:
                self._parts.append(_change(self._pen, pen))
                self._pen = pen
            if _is_doubtful(text):
                # A terminal that takes it for narrow would leave what stood in its second cell.
                self._parts.append(f"{' ' * cell_len(text)}\x1b[{y + 1};{column + 1}H")
            self._parts.append(text)
            self._at = (column + 1, y) if len(text) == 1 else None

    def end(self) -> str:
        """All of it, after which a terminal writes plainly."""
        return "".join([*self._parts, _RESET if self._pen != _PLAIN else ""])


def _way(at: tuple[int, int] | None, x: int, y: int) -> str:
    """The shortest that moves the cursor there."""
    if at is not None and at[1] == y and x > at[0]:
        return f"\x1b[{x - at[0]}C"
    if at is not None and at[1] == y - 1 and x == 0:
        return "\r\n"
    return f"\x1b[{y + 1};{x + 1}H"


@lru_cache(4096)
def _change(before: Pen, after: Pen) -> str:
    """The sequence that makes one pen another."""
    parameters: list[str] = []
    if before.attributes != after.attributes:
        before = _PLAIN
        parameters += ["0", after.attributes] if after.attributes else ["0"]
    if before.colour != after.colour:
        parameters.append(after.colour)
    if before.background != after.background:
        parameters.append(after.background)
    return f"\x1b[{';'.join(parameters)}m"


@lru_cache(4096)
def _pen_of(style: Style, colours: ColorSystem) -> Pen:
    names = ("bold", "dim", "italic", "underline", "blink", "blink2", "reverse", "conceal")
    marks = [str(number) for number, name in enumerate(names, 1) if getattr(style, name)]
    marks += [
        number
        for name, number in (("strike", "9"), ("underline2", "21"), ("overline", "53"))
        if getattr(style, name)
    ]
    colour, background = style.color, style.bgcolor
    return Pen(
        ";".join(marks),
        ";".join(colour.downgrade(colours).get_ansi_codes()) if colour else "39",
        ";".join(background.downgrade(colours).get_ansi_codes(False)) if background else "49",
    )


@lru_cache(2048)
def _cells_of(text: str, style: Style | None, colours: ColorSystem) -> tuple[Cell, ...]:
    """One for each column that `text` takes, as Textual counts them."""
    pen = _PLAIN if style is None else _pen_of(style, colours)
    if text.isascii():
        return tuple(_cell(character, pen) for character in text)
    cells: _Line = []
    for start, end, width in split_graphemes(text)[0]:
        if width:
            cells.append(_cell(text[start:end], pen))
            cells += [_cell("", pen)] * (width - 1)
    # Of joiners with nothing to join, the two ways of counting differ.
    count, blank = cell_len(text), _cell(" ", pen)
    while len(cells) > count:
        if not cells.pop().text and cells:
            cells[-1] = blank
    return (*cells, *[blank] * (count - len(cells)))


@lru_cache(16384)
def _cell(text: str, pen: Pen) -> Cell:
    """The same object for the same cell: lines of those are compared faster."""
    return Cell(text, pen)


@lru_cache(4096)
def _reach(text: str) -> int:
    """Columns that `text` takes on a terminal that doesn't join characters."""
    return sum(map(get_character_cell_size, text))


@lru_cache(4096)
def _is_doubtful(text: str) -> bool:
    """Whether some terminals take `text` for narrower than two columns."""
    return (len(text) > 1 or text >= "\U0001f000") and cell_len(text) > 1
