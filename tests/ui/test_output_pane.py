import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from autoexp_tui.evaluation.output_log import OutputLog
from autoexp_tui.ui.reading import FileReader
from autoexp_tui.ui.tail import LINE_LIMIT, LogTail
from autoexp_tui.ui.widgets.output import OutputPane


class Screen(App[None]):
    """One output pane, ten rows high."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = FileReader()

    def compose(self) -> ComposeResult:
        yield OutputPane(self.reader)

    def on_mount(self) -> None:
        self.reader.start()

    def on_unmount(self) -> None:
        self.reader.stop()


SIZE = (58, 10)
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "output.log"


def write(path: Path, text: str | bytes, mode: str = "ab") -> None:
    with path.open(mode) as file:
        file.write(text.encode() if isinstance(text, str) else text)


def numbered(first: int, last: int) -> str:
    return "".join(f"line {n}\n" for n in range(first, last))


def shown(pane: OutputPane) -> list[str]:
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]


def open_files() -> set[Path]:
    """What this process has open, as far as the system tells."""
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("this system does not say which files are open")
    return {fd.readlink() for fd in descriptors.iterdir() if fd.is_symlink()}


async def following(pilot: Pilot[None], log: Path) -> OutputPane:
    pane = pilot.app.query_one(OutputPane)
    pane.follow(log)
    pane.focus()
    await until(pilot, lambda: pane.row_count > 0)
    return pane


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Wait for what the reader's thread brings."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        await pilot.pause(0.01)


# ---- the file ----------------------------------------------------------------------------------


def test_a_log_that_is_not_there_yet_is_read_once_it_is(log: Path) -> None:
    tail = LogTail(log)
    assert not tail.poll()
    write(log, "first\nsec")
    assert tail.poll()
    write(log, "ond\n")
    assert tail.poll()
    assert not tail.poll()
    assert [tail.line(i) for i in range(tail.count)] == ["first", "second"]
    tail.close()


def test_a_truncated_log_begins_again(log: Path) -> None:
    tail = LogTail(log)
    write(log, numbered(0, 50))
    tail.poll()
    epoch = tail.epoch
    write(log, "new\n", "wb")
    assert tail.poll()
    assert (tail.count, tail.line(0)) == (1, "new")
    assert tail.epoch > epoch
    tail.close()


def test_a_log_written_anew_and_longer_is_noticed(log: Path) -> None:
    tail = LogTail(log)
    write(log, numbered(0, 50))
    tail.poll()
    write(log, numbered(1000, 1100), "wb")
    assert tail.poll()
    assert (tail.count, tail.line(0)) == (100, "line 1000")
    tail.close()


def test_reading_further_back_is_not_taken_for_a_new_file(log: Path) -> None:
    write(log, "x" * 2_000_000 + "\nend")
    tail = LogTail(log)
    tail.poll()
    epoch = tail.epoch
    assert tail.back()
    write(log, "ing\n")
    assert tail.poll()
    assert tail.epoch == epoch
    assert tail.line(tail.count - 1) == "ending"
    tail.close()


def test_one_who_reads_the_beginning_keeps_the_place_when_the_log_is_compacted(log: Path) -> None:
    output = OutputLog(log, head=4096, tail=4096)
    tail = LogTail(log)
    output.write(numbered(0, 800).encode())
    tail.poll()
    epoch, before = tail.epoch, [tail.line(i) for i in range(400)]
    output.write(numbered(800, 2000).encode())
    tail.poll(follow=False)
    assert tail.epoch == epoch
    assert [tail.line(i) for i in range(400)] == before
    tail.poll(follow=True)
    assert tail.line(tail.count - 1) == "line 1999"
    output.close()
    tail.close()


def test_a_replaced_log_begins_again(log: Path, tmp_path: Path) -> None:
    tail = LogTail(log)
    write(log, "old\n")
    tail.poll()
    write(tmp_path / "other", "another, longer\n")
    (tmp_path / "other").rename(log)
    assert tail.poll()
    assert [tail.line(i) for i in range(tail.count)] == ["another, longer"]
    tail.close()


def test_a_log_that_goes_away_leaves_nothing(log: Path) -> None:
    tail = LogTail(log)
    write(log, "old\n")
    tail.poll()
    log.unlink()
    assert tail.poll()
    assert (tail.count, tail.problem) == (0, "")
    assert not tail.poll()


def test_a_log_that_cannot_be_read_says_why(log: Path) -> None:
    log.mkdir()
    tail = LogTail(log)
    assert tail.poll()
    assert tail.problem
    assert not tail.poll()


@given(st.lists(st.integers(0, 90_000), max_size=12), st.booleans())
def test_every_line_is_found_whatever_the_lengths(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], ended: bool
) -> None:
    log = tmp_path_factory.mktemp("log") / "output.log"
    lines = [f"{n} ".encode() + b"x" * size for n, size in enumerate(sizes)]
    write(log, b"\n".join(lines) + b"\n" * (ended and bool(lines)))
    tail = LogTail(log)
    tail.poll()
    while tail.start:
        tail.back()
    found = [tail.line(i) for i in range(tail.count)]
    assert [line.split()[0] for line in found] == [str(n) for n in range(len(lines))]
    assert all(len(line) <= LINE_LIMIT for line in found)
    tail.close()


def test_a_huge_log_opens_at_its_end_and_is_read_further_back_in_steps(log: Path) -> None:
    with log.open("wb") as file:
        file.write(b"the very first\n")
        file.seek(10 * 1024**3)  # a sparse file: no disk is used
        file.write(b"\n" + numbered(0, 300_000).encode())
    tail = LogTail(log)
    tail.poll()
    assert tail.line(tail.count - 1) == "line 299999"
    first = int(tail.line(0).split()[1])
    gained = tail.back()
    assert tail.line(gained) == f"line {first}"
    assert tail.line(gained - 1) == f"line {first - 1}"
    assert tail.line(tail.count - 1) == "line 299999"
    tail.rewind()
    assert tail.line(0) == "the very first"
    assert tail.behind
    tail.leap()
    assert tail.line(tail.count - 1) == "line 299999"
    tail.close()


def test_a_flood_is_leapt_over_when_following_and_not_otherwise(log: Path) -> None:
    write(log, "begin\n")
    tail, reader = LogTail(log), LogTail(log)
    tail.poll()
    reader.poll()
    write(log, numbered(0, 1_000_000))
    tail.poll()
    reader.poll(follow=False)
    assert tail.line(tail.count - 1) == "line 999999"
    assert tail.start > 0
    assert reader.line(0) == "begin"
    assert reader.behind > 0
    while reader.behind:
        reader.poll(follow=False)
    assert reader.count == 1_000_001
    assert reader.line(500_001) == "line 500000"
    tail.close()
    reader.close()


def test_a_line_that_overwrites_itself_shows_its_last_state(log: Path) -> None:
    write(log, "before\n" + "".join(f"{n} done\r" for n in range(50_000)) + "\nafter")
    tail = LogTail(log)
    tail.poll()
    assert [tail.line(i) for i in range(tail.count)] == ["before", "49999 done", "after"]
    tail.close()


def test_closing_twice_and_polling_again_works(log: Path) -> None:
    write(log, "text\n")
    tail = LogTail(log)
    tail.poll()
    tail.close()
    tail.close()
    tail.poll()
    assert tail.line(0) == "text"
    tail.close()


# ---- the pane ----------------------------------------------------------------------------------


async def test_an_empty_pane_says_what_will_be_here() -> None:
    async with Screen().run_test(size=SIZE) as pilot:
        pane = pilot.app.query_one(OutputPane)
        assert "the harness prints here" in "".join(shown(pane))


async def test_the_end_is_shown_and_followed(log: Path) -> None:
    write(log, numbered(0, 100))
    async with Screen().run_test(size=SIZE) as pilot:
        pane = await following(pilot, log)
        assert shown(pane)[-1] == "line 99"
        write(log, numbered(100, 130))
        await until(pilot, lambda: shown(pane)[-1] == "line 129")
        assert pane.vertical_scrollbar.position == pane.max_scroll_y


async def test_a_pane_scrolled_back_stays_where_it_is(log: Path) -> None:
    write(log, numbered(0, 100))
    async with Screen().run_test(size=SIZE) as pilot:
        pane = await following(pilot, log)
        await pilot.press("k", "pageup")
        there = shown(pane)
        write(log, numbered(100, 300))
        await until(pilot, lambda: pane.row_count == 300)
        assert shown(pane) == there
        assert pane.border_subtitle == "scrolled back · G follows"


@pytest.mark.parametrize("key", ["G", "end"])
async def test_following_is_taken_up_again_at_the_end(log: Path, key: str) -> None:
    write(log, numbered(0, 100))
    async with Screen().run_test(size=SIZE) as pilot:
        pane = await following(pilot, log)
        await pilot.press("g")
        await until(pilot, lambda: shown(pane)[0] == "line 0")
        write(log, numbered(100, 150))
        await pilot.press(key)
        await until(pilot, lambda: shown(pane)[-1] == "line 149")
        assert pane.border_subtitle == ""
        write(log, "the last\n")
        await until(pilot, lambda: shown(pane)[-1] == "the last")


async def test_scrolling_over_the_top_of_a_large_log_reads_further_back(log: Path) -> None:
    write(log, numbered(0, 300_000))
    async with Screen().run_test(size=SIZE) as pilot:
        pane = await following(pilot, log)
        pane.scroll_to(y=0, animate=False)
        await until(pilot, lambda: bool(shown(pane)[0]))
        first = int(shown(pane)[0].split()[1])
        assert first > 0
        await pilot.press("k")
        await until(pilot, lambda: shown(pane)[0] == f"line {first - 1}")
        await pilot.press("g")
        await until(pilot, lambda: shown(pane)[0] == "line 0")


async def test_hostile_output_comes_through_as_text_only(log: Path) -> None:
    hostile = [
        "\x1b]52;c;aGVsbG8=\x07clip",
        "\x1b[2J\x1b[Hhome",
        "\x9b31mC1",
        "\u202erlo\u2066",
        "[/foo] [@click=app.bell]x[/]",
        "bell\x07 null\x00 back\x08 del\x7f vt\x0b",
        "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\",
        "\x1b[999999999999m\x1b[38;5;999mnumbers",
        "tab\tstop",
    ]
    write(log, "\n".join(hostile).encode() + b"\n\xff\xfe broken \xc3")
    async with Screen().run_test(size=(58, 12)) as pilot:
        pane = await following(pilot, log)
        text = shown(pane)
        assert not UNSAFE.search("".join(text))
        assert "[/foo] [@click=app.bell]x[/]" in text
        assert "tab     stop" in text
        metas = [s.style.meta for y in range(12) for s in pane.render_line(y) if s.style]
        assert not any(metas)


async def test_colours_of_the_harness_are_kept(log: Path) -> None:
    write(log, "\x1b[1;31mred\x1b[0m plain")
    async with Screen().run_test(size=SIZE) as pilot:
        pane = await following(pilot, log)
        red, plain = list(pane.render_line(0))[:2]
        assert (red.text, plain.text.rstrip()) == ("red", " plain")
        assert red.style is not None
        assert plain.style is not None
        assert red.style.bold
        assert red.style.color is not None
        assert red.style.color.number == 1
        assert not plain.style.bold


async def test_a_long_line_is_marked_and_reached_sideways(log: Path) -> None:
    write(log, "start" + "漢" * 40 + "end\nshort\n")
    async with Screen().run_test(size=SIZE) as pilot:
        pane = await following(pilot, log)
        assert pane.render_line(0).cell_length == 58
        assert shown(pane)[0].endswith("\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}")
        await pilot.press(*["right"] * 6)
        assert shown(pane)[0].endswith("end")
        assert pane.render_line(0).cell_length == 58
        await pilot.press(*["left"] * 6)
        assert shown(pane)[0].startswith("start")


async def test_a_progress_line_repaints_its_own_row_only(log: Path) -> None:
    write(log, numbered(0, 5) + "10%")
    async with Screen().run_test(size=SIZE) as pilot:
        pane = await following(pilot, log)
        asked: list[tuple[int, int]] = []
        pane.refresh_lines = lambda y_start, line_count=1: asked.append((y_start, line_count))  # type: ignore[method-assign]
        write(log, "\r20%")
        await until(pilot, lambda: bool(asked))
        assert asked == [(5, 5)]
        assert shown(pane)[5] == "20%"


async def test_a_hidden_pane_reads_nothing_and_catches_up_when_shown(log: Path) -> None:
    write(log, numbered(0, 100))
    app = Screen()
    async with app.run_test(size=SIZE) as pilot:
        pane = await following(pilot, log)
        pane.display = False
        await pilot.pause()
        write(log, "meanwhile\n")
        app.reader.look()
        await pilot.pause()
        assert pane.row_count == 100
        pane.display = True
        await until(pilot, lambda: shown(pane)[-1:] == ["meanwhile"])


async def test_another_log_starts_at_its_own_end(log: Path, tmp_path: Path) -> None:
    write(log, numbered(0, 100))
    other = tmp_path / "other.log"
    write(other, numbered(500, 520))
    async with Screen().run_test(size=SIZE) as pilot:
        pane = await following(pilot, log)
        await pilot.press("g")
        pane.follow(other)
        await until(pilot, lambda: shown(pane)[-1] == "line 519")
        pane.follow(None)
        await pilot.pause()
        assert "the harness prints here" in "".join(shown(pane))


async def test_a_larger_pane_still_shows_the_end(log: Path) -> None:
    write(log, numbered(0, 100))
    async with Screen().run_test(size=SIZE) as pilot:
        pane = await following(pilot, log)
        await pilot.resize_terminal(58, 20)
        await until(pilot, lambda: shown(pane)[-1] == "line 99" and len(shown(pane)) == 20)
        await pilot.resize_terminal(58, 5)
        await until(pilot, lambda: shown(pane)[-1] == "line 99" and len(shown(pane)) == 5)
        assert pane.following


async def test_no_file_stays_open_after_the_pane_is_gone(log: Path) -> None:
    write(log, "text\n")
    async with Screen().run_test(size=SIZE) as pilot:
        await following(pilot, log)
        assert log in open_files()
    end = time.monotonic() + 60
    while log in open_files():  # the reader's thread closes it, in its own time
        assert time.monotonic() < end, "it stays open"
        await asyncio.sleep(0.01)
