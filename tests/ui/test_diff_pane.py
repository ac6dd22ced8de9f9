import re

from textual import on
from textual.app import App, ComposeResult

from autoexp_tui.ui.widgets.diff import DiffPane

SIZE = (58, 12)
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]")


class Screen(App[None]):
    """One diff pane; remembers the counts that were announced."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield DiffPane()

    @on(DiffPane.Changed)
    def note(self, message: DiffPane.Changed) -> None:
        self.counts.append((message.added, message.removed))


def shown(pane: DiffPane) -> list[str]:
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]


def styled(pane: DiffPane, y: int, text: str) -> bool:
    """Whether exactly `text` is set off in bold in row `y`."""
    bold = [s.text for s in pane.render_line(y) if s.style is not None and s.style.bold]
    return "".join(bold) == text


OLD = "".join(f"line {n}\n" for n in range(1, 61))


async def test_an_empty_pane_says_what_will_be_here() -> None:
    async with Screen().run_test(size=SIZE) as pilot:
        pane = pilot.app.query_one(DiffPane)
        assert "the proposed change appears here while it is written" in "".join(shown(pane))


async def test_a_diff_is_shown_with_numbers_signs_and_gaps() -> None:
    app = Screen()
    async with app.run_test(size=SIZE) as pilot:
        pane = app.query_one(DiffPane)
        pane.show(OLD, OLD.replace("line 20\n", "line 21a\n"), "train.py")
        await pilot.pause()
        assert shown(pane)[:10] == [
            "  ⋯   16 lines",
            " 17   line 17",
            " 18   line 18",
            " 19   line 19",
            " 20 - line 20",
            " 20 + line 21a",
            " 21   line 21",
            " 22   line 22",
            " 23   line 23",
            "  ⋯   37 lines",
        ]
        assert (pane.added, pane.removed, pane.path) == (1, 1, "train.py")
        assert app.counts[-1] == (1, 1)


async def test_changed_words_stand_out() -> None:
    async with Screen().run_test(size=SIZE) as pilot:
        pane = pilot.app.query_one(DiffPane)
        pane.show("hidden = 64\n", "hidden = 96\n", "t")
        await pilot.pause()
        assert styled(pane, 0, "64")
        assert styled(pane, 1, "96")


async def test_the_sides_differ_in_background_up_to_the_edge() -> None:
    async with Screen().run_test(size=SIZE) as pilot:
        pane = pilot.app.query_one(DiffPane)
        pane.show("a = 1\nkept\n", "a = 2\nkept\n", "t")
        await pilot.pause()
        ends = [list(pane.render_line(y))[-1].style for y in range(3)]
        assert len({style.bgcolor for style in ends if style}) == 3


async def test_the_diff_grows_and_its_end_is_followed() -> None:
    app = Screen()
    async with app.run_test(size=SIZE) as pilot:
        pane = app.query_one(DiffPane)
        pane.begin(OLD, "train.py")
        for n in range(1, 31):
            pane.feed(f"line {n}\n" if n != 28 else "something else\n")
        pane.feed("unfinished li")
        await pilot.pause()
        assert shown(pane)[-5:] == [
            " 28 - line 28",
            " 28 + something else",
            " 29   line 29",
            " 30   line 30",
            " 31 + unfinished li",
        ]
        assert app.counts[-1] == (1, 1)


async def test_a_growing_diff_scrolled_back_stays_where_it_is() -> None:
    async with Screen().run_test(size=SIZE) as pilot:
        pane = pilot.app.query_one(DiffPane)
        pane.focus()
        pane.begin(OLD, "t")
        pane.feed("".join(f"line {n}\n" for n in range(1, 31)))
        await pilot.pause()
        await pilot.press("k", "k")
        there = shown(pane)
        pane.feed("line 31\nline 32\n")
        await pilot.pause()
        assert shown(pane) == there
        assert pane.border_subtitle == "scrolled back · G follows"
        await pilot.press("G")
        pane.feed("line 33\n")
        await pilot.pause()
        assert shown(pane)[-1] == " 33   line 33"


async def test_the_finished_diff_is_exact_and_starts_at_its_top() -> None:
    app = Screen()
    async with app.run_test(size=SIZE) as pilot:
        pane = app.query_one(DiffPane)
        new = OLD.replace("line 40\n", "line 40\nnew\n")
        pane.begin(OLD, "t")
        pane.feed(new[:200])
        await pilot.pause()
        pane.finish(new)
        await pilot.pause()
        assert shown(pane)[0] == "  ⋯   37 lines"
        assert " 41 + new" in shown(pane)
        assert (pane.added, pane.removed) == (1, 0)
        assert pane.border_subtitle == ""


async def test_equal_versions_say_so() -> None:
    async with Screen().run_test(size=SIZE) as pilot:
        pane = pilot.app.query_one(DiffPane)
        pane.show(OLD, OLD, "t")
        await pilot.pause()
        assert "no line differs" in "".join(shown(pane))


async def test_clearing_brings_the_hint_back() -> None:
    app = Screen()
    async with app.run_test(size=SIZE) as pilot:
        pane = app.query_one(DiffPane)
        pane.show("a\n", "b\n", "t")
        await pilot.pause()
        pane.clear()
        await pilot.pause()
        assert "appears here" in "".join(shown(pane))
        assert app.counts[-1] == (0, 0)


async def test_line_ends_that_are_the_whole_difference_are_said() -> None:
    async with Screen().run_test(size=SIZE) as pilot:
        pane = pilot.app.query_one(DiffPane)
        pane.show("a\nb\n", "a\r\nb", "t")
        await pilot.pause()
        assert "  1 + a  CR" in shown(pane)
        assert "  2 + b  no newline at the end" in shown(pane)


async def test_hostile_text_comes_through_as_text_only() -> None:
    new = "\x1b]52;c;AA==\x07x\n\x9b2Jy\n\u202ez\n[@click=app.bell]w[/]\na\tb\n\x1b[31mr\x1b["
    async with Screen().run_test(size=SIZE) as pilot:
        pane = pilot.app.query_one(DiffPane)
        pane.begin("", "t")
        for char in new:
            pane.feed(char)
        await pilot.pause()
        growing = shown(pane)
        pane.finish(new)
        await pilot.pause()
        for rows in (growing, shown(pane)):
            assert not UNSAFE.search("".join(rows))
            assert "  4 + [@click=app.bell]w[/]" in rows
            assert "  5 + a   b" in rows


async def test_long_wide_lines_keep_their_numbers_when_moved_sideways() -> None:
    async with Screen().run_test(size=SIZE) as pilot:
        pane = pilot.app.query_one(DiffPane)
        pane.focus()
        pane.show("", "x" + "漢字" * 30 + "end\n", "t")
        await pilot.pause()
        assert pane.render_line(0).cell_length == 58
        await pilot.press(*["right"] * 10)
        row = shown(pane)[0]
        assert row.startswith("  1 + ")
        assert row.endswith("end")


async def test_only_rows_in_view_are_painted() -> None:
    async with Screen().run_test(size=SIZE) as pilot:
        pane = pilot.app.query_one(DiffPane)
        painted: list[int] = []
        row = pane.row

        def spy(y: int) -> object:
            painted.append(y)
            return row(y)

        pane.row = spy  # type: ignore[assignment]
        pane.show("", "".join(f"{n}\n" for n in range(20_000)), "t")
        await pilot.pause()
        assert painted
        assert max(painted) < 12
