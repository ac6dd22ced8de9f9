"""A terminal shows what was wanted, whatever it showed before, and is sent only what differs."""

from __future__ import annotations

import re

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from autoexp_tui.ui.frame import Frame

WIDTH, HEIGHT = 12, 4
STYLES = [
    Style(),
    Style(color="#ff0000"),
    Style(color="#ff0000", bgcolor="#0000ff", bold=True),
    Style(bgcolor="#00ff00", reverse=True),
    Style(italic=True, underline=True),
]
TEXTS = st.text("ab 漢é│⣿", min_size=1, max_size=6)
STRIPS = st.lists(st.tuples(TEXTS, st.sampled_from(STYLES)), max_size=3)
PLACES = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1))


def frame() -> Frame:
    return Frame(WIDTH, HEIGHT, ColorSystem.TRUECOLOR)


def strip(pieces: list[tuple[str, Style]]) -> Strip:
    return Strip([Segment(text, style) for text, style in pieces])


class Emulated:
    """A terminal that is sent what a frame says."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.screen.reset_mode(pyte.modes.DECAWM)
        self._stream = pyte.Stream(self.screen)

    def feed(self, text: str) -> None:
        self._stream.feed(text)

    def cells(self) -> list[list[object]]:
        """What stands in each cell, with its look."""
        return [[self.screen.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]


def sgr_free(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", text)


@given(st.lists(st.tuples(PLACES, STRIPS, st.booleans()), max_size=8))
def test_a_terminal_that_is_sent_differences_shows_what_one_that_is_sent_all_shows(
    steps: list[tuple[tuple[int, int], list[tuple[str, Style]], bool]],
) -> None:
    wanted, terminal = frame(), Emulated()
    for (x, y), pieces, sent in steps:
        # Nothing wide is cut in two, as Textual's own strips have it.
        wanted.put(x, y, strip(pieces).adjust_cell_length(WIDTH - x))
        if sent:
            terminal.feed(wanted.difference())
    terminal.feed(wanted.difference())
    wanted.forget()
    fresh = Emulated()
    fresh.feed(wanted.difference())
    assert terminal.cells() == fresh.cells()


@given(st.lists(st.tuples(PLACES, STRIPS), max_size=8))
def test_what_has_been_sent_is_not_sent_again(
    steps: list[tuple[tuple[int, int], list[tuple[str, Style]]]],
) -> None:
    wanted = frame()
    for (x, y), pieces in steps:
        wanted.put(x, y, strip(pieces).adjust_cell_length(WIDTH - x))
    wanted.difference()
    for (x, y), pieces in steps[-1:]:
        wanted.put(x, y, strip(pieces).adjust_cell_length(WIDTH - x))
    assert wanted.difference() == ""


def test_only_the_cells_that_differ_are_sent() -> None:
    wanted = frame()
    wanted.put(0, 1, strip([("loss 0.1234", Style())]))
    wanted.difference()
    wanted.put(0, 1, strip([("loss 0.1235", Style())]))
    assert wanted.difference() == "\x1b[2;11H5"


def test_a_style_is_sent_once_and_only_what_changes_of_it() -> None:
    wanted = frame()
    wanted.difference()
    red, blue = Style(color="#ff0000", bgcolor="#000001"), Style(color="#0000ff", bgcolor="#000001")
    wanted.put(0, 0, strip([("a", red), ("b", red), ("c", blue)]))
    assert wanted.difference() == (
        "\x1b[1;1H\x1b[38;2;255;0;0;48;2;0;0;1mab\x1b[38;2;0;0;255mc\x1b[0m"
    )


def test_attributes_that_go_are_taken_back() -> None:
    wanted = frame()
    wanted.difference()
    wanted.put(0, 0, strip([("a", Style(bold=True, color="#ff0000")), ("b", Style())]))
    assert wanted.difference() == "\x1b[1;1H\x1b[0;1;38;2;255;0;0ma\x1b[0mb"


def test_something_wide_is_written_whole_and_what_follows_it_is_placed_anew() -> None:
    wanted = frame()
    wanted.difference()
    wanted.put(0, 0, strip([("漢b", Style())]))
    assert wanted.difference() == "\x1b[1;1H漢\x1b[1;3Hb"


def test_a_screen_of_which_nothing_is_known_is_sent_whole() -> None:
    wanted = frame()
    wanted.put(0, 0, strip([("title", Style())]))
    wanted.difference()
    wanted.forget()
    assert sgr_free(wanted.difference()).split("\r\n") == [
        "title".ljust(WIDTH),
        *[" " * WIDTH] * (HEIGHT - 1),
    ]


def test_what_stands_outside_is_left_away() -> None:
    wanted = frame()
    wanted.difference()
    wanted.put(WIDTH - 2, 0, strip([("abcd", Style())]))
    wanted.put(0, HEIGHT, strip([("below", Style())]))
    assert sgr_free(wanted.difference()) == "ab"


def test_the_updates_of_textual_are_taken() -> None:
    wanted = frame()
    line = [strip([("left", Style())]), strip([("right", Style())])]
    wanted.take(LayoutUpdate([line] * HEIGHT, Region(0, 0, WIDTH, HEIGHT)))
    assert "leftright" in sgr_free(wanted.difference())
    chops: list[dict[int, Strip | None]] = [{} for _ in range(HEIGHT)]
    chops[2] = {0: None, 4: strip([("RIGHT", Style())])}
    wanted.take(ChopsUpdate(chops, [(2, 4, 7)], [[4, 9]] * HEIGHT))  # type: ignore[arg-type]
    assert wanted.difference() == "\x1b[3;5HRIG", "up to the end of what was painted"


def test_a_pen_that_another_has_left_is_taken_away() -> None:
    wanted, terminal = frame(), Emulated()
    terminal.feed("\x1b[31;7m")
    terminal.feed(wanted.difference())
    fresh = Emulated()
    fresh.feed(frame().difference())
    assert terminal.cells() == fresh.cells()


@pytest.mark.parametrize("text", ["\u200da", "a\u200d\u6f22", "\u200d\u6f22b", "x\u0301\u200d"])
def test_a_line_is_as_long_as_textual_thinks(text: str) -> None:
    wanted = frame()
    line = strip([(text, Style())])
    wanted.put(0, 0, strip([("|" * WIDTH, Style())]))
    wanted.put(0, 0, line)
    assert sgr_free(wanted.difference()).split("\r\n")[0].count("|") == WIDTH - line.cell_length


def test_what_a_terminal_may_take_for_narrow_leaves_nothing_behind_it() -> None:
    wanted, terminal = frame(), Emulated()
    wanted.put(0, 0, strip([("abcd", Style())]))
    terminal.feed(wanted.difference())
    wanted.put(1, 0, strip([("\u2764\ufe0f", Style())]))  # one cell wide to this terminal
    terminal.feed(wanted.difference())
    assert terminal.screen.display[0][3] == "d"
    assert terminal.screen.display[0][2] == " "


def test_what_a_terminal_may_take_for_wide_goes_with_all_that_it_covers() -> None:
    wanted = frame()
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # six cells wide to some terminals
    wanted.put(0, 0, strip([("abcdefgh", Style())]))
    wanted.difference()
    wanted.put(0, 0, strip([(family, Style())]))
    assert sgr_free(wanted.difference()) == f"  {family}cdef"
    wanted.put(0, 0, strip([("ab", Style())]))
    assert sgr_free(wanted.difference()) == "abcdef", "nor is any of it left"


@pytest.mark.parametrize("colours", [ColorSystem.EIGHT_BIT, ColorSystem.STANDARD])
def test_a_terminal_gets_the_colours_that_it_has(colours: ColorSystem) -> None:
    wanted = Frame(WIDTH, HEIGHT, colours)
    wanted.put(0, 0, strip([("a", Style(color="#ff0000"))]))
    assert "38;2" not in wanted.difference()
