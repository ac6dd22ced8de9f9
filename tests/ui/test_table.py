"""The results table: what its lines say, where the cursor is, what a long run costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.message import Message

from autoexp_tui.model.contract import Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.evidence import Evidence
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row
from autoexp_tui.ui.widgets.columns import TableRows
from autoexp_tui.ui.widgets.table import ResultsTable

COSTS = st.sampled_from([0.0, 0.001, 12.5])
LOSS = Metric("val_loss", "lower")
OBJECTIVE = Objective((LOSS,))
SCORE = Metric("score", "higher")
MINUS = "\u2212"


def row(n: int, status: Status, value: float | None = None, **other: Any) -> Row:
    fields: dict[str, Any] = {
        "n": n,
        "status": status,
        "commit": f"{n:07x}" + "0" * 33,
        "parent": "",
        "description": f"idea {n}",
        "reason": "",
        "metrics": {} if value is None else {"val_loss": value},
        "extras": {},
        "seconds": 3.1,
        "cost_usd": 0.0,
        "hypothesis": "",
        "added": 0,
        "removed": 0,
        "memo": {},
        "time": 0.0,
        "elapsed": 0.0,
    }
    return Row(**fields | other)


def run_of(count: int) -> list[Row]:
    return [row(n, "keep" if n == 1 else "discard", 0.5 + n / 1e6) for n in range(1, count + 1)]


FEW = [
    row(1, "keep", 0.5536, description="baseline"),
    row(2, "discard", 0.56, description="a wider layer"),
    row(3, "keep", 0.4312, description="a smaller step"),
    row(4, "crash", description="hidden 512", reason="out of memory"),
]


class Tables(App[None]):
    """The table alone, and every message that it posts."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[Message] = []

    def compose(self) -> ComposeResult:
        yield ResultsTable()

    def on_mount(self) -> None:
        self.query_one(ResultsTable).focus()

    def on_results_table_row_highlighted(self, message: ResultsTable.RowHighlighted) -> None:
        self.posted.append(message)

    def on_results_table_row_opened(self, message: ResultsTable.RowOpened) -> None:
        self.posted.append(message)

    @property
    def table(self) -> ResultsTable:
        return self.query_one(ResultsTable)

    @property
    def lines(self) -> list[str]:
        return [self.table.render_line(y).text.rstrip() for y in range(self.table.size.height)]

    @property
    def header(self) -> list[str]:
        return self.lines[0].replace(" ↓", "").replace(" ↑", "").replace("vs best", "vs").split()


async def test_a_near_miss_is_told_apart_and_found_by_its_word() -> None:
    near = Evidence(0.008, -0.02, 0.03, 2, 2, 0.97, 0.01)
    rows = [*FEW, row(5, "discard", 0.4232, evidence=near)]
    app = Tables()
    async with app.run_test(size=(80, 10)) as pilot:
        app.table.show(rows, OBJECTIVE, best=3)
        await pilot.pause()
        assert "≈ near" in app.lines[1]
        assert "· discard" in app.lines[4]
        app.table.filter("near")
        await pilot.pause()
        assert "≈ near" in app.lines[1]
        assert not app.lines[2].strip()


async def test_rows_stand_newest_first_with_figures_and_words() -> None:
    app = Tables()
    async with app.run_test(size=(80, 10)) as pilot:
        app.table.show(FEW, OBJECTIVE, best=3)
        await pilot.pause()
        header, *rows = app.lines[:5]
        assert " ".join(header.split()) == "# commit val_loss ↓ vs best status took description"
        words = [" ".join(line.split()) for line in rows]
        assert words == [
            "> 4 0000004 — ✗ crash 3.1s out of memory: hidden 512",
            f"★ 3 0000003 0.4312 {MINUS}0.1224 ✓ keep 3.1s a smaller step",
            "2 0000002 0.5600 +0.0064 · discard 3.1s a wider layer",
            "1 0000001 0.5536 ✓ keep 3.1s baseline",
        ]


async def test_figures_align_on_the_decimal_point() -> None:
    app = Tables()
    async with app.run_test(size=(80, 10)) as pilot:
        app.table.show([row(1, "keep", 12.5), row(2, "keep", 0.4312)], OBJECTIVE)
        await pilot.pause()
        assert app.lines[1].index("0.4312") == app.lines[2].index("12.5000") + 1


@pytest.mark.parametrize(
    ("metric", "verdict"), [(LOSS, f"{MINUS}0.10 better"), (SCORE, f"{MINUS}0.10 worse")]
)
async def test_better_is_said_in_the_metrics_own_direction(metric: Metric, verdict: str) -> None:
    rows = [
        row(1, "keep", metrics={metric.name: 0.5}),
        row(2, "discard", metrics={metric.name: 0.4}),
    ]
    rows.append(row(3, "discard", metrics={metric.name: 0.51}))
    app = Tables()
    async with app.run_test(size=(110, 10)) as pilot:
        app.table.show(rows, Objective((metric,)))
        await pilot.pause()
        assert verdict in app.lines[2]


async def test_tiny_metrics_keep_their_digits() -> None:
    app = Tables()
    async with app.run_test(size=(110, 10)) as pilot:
        app.table.show([row(1, "keep", 2e-6), row(2, "discard", 3e-6)], OBJECTIVE)
        await pilot.pause()
        assert f"3.000e{MINUS}06" in app.lines[1]
        assert f"+1.000e{MINUS}06 worse" in app.lines[1]


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (30, "# val_loss vs"),
        (58, "# val_loss vs status description"),
        (80, "# commit val_loss vs status took description"),
        (110, "# commit val_loss latency vs status took cost description"),
    ],
)
async def test_columns_are_chosen_by_the_room_there_is(width: int, columns: str) -> None:
    latency = Metric("latency", "lower")
    paid = [row(1, "keep", cost_usd=0.42, metrics={"val_loss": 0.5, "latency": 44.0})]
    app = Tables()
    async with app.run_test(size=(width, 10)) as pilot:
        app.table.show(
            paid if width > 100 else FEW, Objective((LOSS, latency)) if width > 100 else OBJECTIVE
        )
        await pilot.pause()
        assert app.header == columns.split()
        assert all(cell_len(app.table.render_line(y).text) == app.table.size.width for y in (0, 1))


async def test_descriptions_are_cleaned_and_never_markup() -> None:
    hostile = "[/foo] \x1b]52;c;YQ==\x07[@click=app.bell]x[/] \x9b31m\u202e漢字"
    app = Tables()
    async with app.run_test(size=(110, 8)) as pilot:
        app.table.show([row(1, "keep", 0.5, description=hostile)], OBJECTIVE)
        await pilot.pause()
        shown = app.lines[1]
        assert "[/foo]" in shown
        assert "漢字" in shown
        assert not set(shown) & set("\x1b\x07\x9b\u202e")


async def test_an_empty_table_says_what_comes_first() -> None:
    app = Tables()
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.show([], OBJECTIVE)
        await pilot.pause()
        assert any("no rows yet: the baseline comes first" in line for line in app.lines)
        await pilot.press("j", "G", "enter")
        assert app.posted == []


async def test_the_cursor_moves_and_says_where_it_is() -> None:
    app = Tables()
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.show(run_of(50), OBJECTIVE)
        await pilot.press("j", "down", "k", "G", "g", "pagedown", "enter")
        await pilot.pause()
        moves = [m.n for m in app.posted if isinstance(m, ResultsTable.RowHighlighted)]
        assert moves == [49, 48, 49, 1, 50, 46]
        assert [m.n for m in app.posted if isinstance(m, ResultsTable.RowOpened)] == [46]
        assert any(line.startswith(">46") for line in app.lines)


async def test_it_follows_the_newest_until_the_cursor_is_moved() -> None:
    rows = run_of(50)
    app = Tables()
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.show(rows, OBJECTIVE)
        rows.append(row(51, "discard", 0.6))
        app.table.show(rows, OBJECTIVE)
        await pilot.pause()
        assert app.lines[1].startswith(">51")

        await pilot.press(*"jjjjjjj")
        await pilot.pause()
        before = app.lines[1:]
        rows.append(row(52, "discard", 0.6))
        app.table.show(rows, OBJECTIVE)
        await pilot.pause()
        assert app.table.cursor_n == 44
        assert app.lines[1:] == before

        await pilot.press("g")
        await pilot.pause()
        assert app.table.following
        assert app.lines[1].startswith(">52")


async def test_select_reveals_a_row_and_refuses_what_is_not_there() -> None:
    app = Tables()
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.show(run_of(500), OBJECTIVE)
        assert app.table.select(250)
        await pilot.pause()
        assert any(line.startswith(">250") for line in app.lines)
        assert not app.table.select(501)
        assert not app.table.select(0)
        assert app.table.cursor_n == 250


async def test_a_filter_matches_status_and_description_and_counts() -> None:
    app = Tables()
    async with app.run_test(size=(80, 8)) as pilot:
        rows = list(FEW)
        app.table.show(rows, OBJECTIVE)
        app.table.filter("KEEP step")
        await pilot.pause()
        assert app.table.row_count == 1
        assert "a smaller step" in app.lines[1]
        assert app.table.border_subtitle == "1 of 4 match, newest first"

        rows.append(row(5, "keep", 0.4, description="another step"))
        app.table.show(rows, OBJECTIVE)
        await pilot.pause()
        assert app.table.border_subtitle == "2 of 5 match, newest first"

        app.table.filter("memory")
        assert app.table.cursor_n == 4
        app.table.filter("nothing like it")
        await pilot.pause()
        assert any("nothing matches" in line for line in app.lines)
        assert app.table.cursor_n is None
        app.table.filter("")
        assert app.table.row_count == 5


async def test_another_list_starts_over() -> None:
    app = Tables()
    async with app.run_test(size=(80, 8)) as pilot:
        app.table.show(run_of(50), OBJECTIVE)
        app.table.show(FEW, OBJECTIVE)
        await pilot.pause()
        assert app.table.row_count == 4
        assert app.lines[1].startswith("> 4")


async def test_a_list_filled_anew_starts_over() -> None:
    rows = run_of(6)
    app = Tables()
    async with app.run_test(size=(80, 8)) as pilot:
        app.table.show(rows, OBJECTIVE)
        rows[:] = [*FEW, *[row(n, "keep", 0.1) for n in range(5, 9)]]
        app.table.show(rows, OBJECTIVE)
        await pilot.pause()
        assert "0.1000" in app.lines[1]
        assert app.table.row_count == 8


async def test_the_best_row_is_marked() -> None:
    app = Tables()
    async with app.run_test(size=(80, 8)) as pilot:
        app.table.show(FEW, OBJECTIVE, best=3)
        await pilot.pause()
        assert [line[:3] for line in app.lines[1:5]] == ["> 4", "★ 3", "  2", "  1"]
        app.table.show(FEW, OBJECTIVE, best=1, fresh=1)
        assert [line[:3] for line in app.lines[1:5]] == ["> 4", "  3", "  2", "★ 1"]


class Counted(Sequence[Row]):
    """A list of rows that counts how often one is looked at."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows, self.looks = rows, 0

    def __getitem__(self, index: Any) -> Any:
        self.looks += 1
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)


async def test_a_long_run_costs_what_is_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    original = ResultsTable.render_line

    def render_line(self: ResultsTable, y: int) -> Any:
        drawn.append(y)
        return original(self, y)

    monkeypatch.setattr(ResultsTable, "render_line", render_line)
    rows = Counted(run_of(100_000))
    app = Tables()
    async with app.run_test(size=(80, 12)) as pilot:
        app.table.show(rows, OBJECTIVE)
        await pilot.pause()
        drawn.clear()
        rows.looks = 0

        rows.rows.append(row(100_001, "discard", 0.6))
        app.table.show(rows, OBJECTIVE)
        await pilot.pause()
        assert 0 < len(drawn) <= 4 * app.table.size.height
        drawn.clear()
        await pilot.press("G", "pageup", "k")
        await pilot.pause()
        assert 0 < len(drawn) <= 12 * app.table.size.height
        assert rows.looks < 2000
        drawn.clear()
        app.table.show(rows, OBJECTIVE)
        await pilot.pause()
        assert drawn == []


VALUES = st.lists(
    st.tuples(
        st.sampled_from(["keep", "discard", "crash"]), st.none() | st.floats(-1e9, 1e9), COSTS
    ),
    min_size=1,
    max_size=12,
)


def test_what_no_row_has_gets_no_column() -> None:
    sheet = TableRows(OBJECTIVE)
    sheet.show([row(1, "keep", 0.5, seconds=0.0)])
    assert not {"took", "cost"} & {column.title for column in sheet.columns(200)}
    sheet.show([row(1, "keep", 0.5, seconds=2.0, cost_usd=0.1)])
    assert {"took", "cost"} <= {column.title for column in sheet.columns(200)}


@given(VALUES)
def test_every_figure_fits_its_column(values: list[tuple[Status, float | None, float]]) -> None:
    sheet = TableRows(OBJECTIVE)
    sheet.show([row(n, *said, cost_usd=cost) for n, (*said, cost) in enumerate(values, start=1)])
    for column in sheet.columns(200)[:-1]:
        for index in range(sheet.count):
            assert len(column.text(index)) <= column.width or column.title == "commit"


@given(VALUES, st.data())
def test_going_back_shows_what_was_there_before(
    values: list[tuple[Status, float | None, float]], data: st.DataObject
) -> None:
    rows = [row(n, *said, cost_usd=cost) for n, (*said, cost) in enumerate(values, start=1)]
    count = data.draw(st.integers(0, len(rows)))
    sheet, fresh = TableRows(OBJECTIVE), TableRows(OBJECTIVE)
    assert sheet.show(rows) == 0
    assert sheet.show(list(rows[:count])) == count
    fresh.show(rows[:count])
    assert list(map(sheet.change, range(count))) == list(map(fresh.change, range(count)))
    assert sheet.show(list(rows)) == count


def test_changes_are_against_the_best_kept_row_not_the_last() -> None:
    sheet = TableRows(OBJECTIVE)
    sheet.show([row(1, "keep", 0.5), row(2, "keep", 0.8), row(3, "discard", 0.7)])
    assert [sheet.change(n) for n in (1, 2)] == pytest.approx([0.3, 0.2])
    assert sheet.verdict(2) == "worse"
