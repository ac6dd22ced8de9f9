"""Columns read whole say what their cells say one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autoexp_tui.tables import dates, parse_table, series
from autoexp_tui.tables.cell_values import number
from autoexp_tui.tables.model import Cell
from autoexp_tui.tables.sheet import SheetRecord

PLAIN = st.floats(allow_nan=True).map(repr) | st.integers(-10, 10**20).map(str)
ODD = st.sampled_from(["", "-", "1,5", "12 ms", "nan", "1e999", "keep", None, True, False, 10**400])
ISO = st.datetimes().map(str) | st.datetimes().map(lambda when: when.isoformat() + "+02:00")
CELLS = st.one_of(
    st.lists(PLAIN), st.lists(PLAIN | ODD), st.lists(st.integers() | st.floats()),
    st.lists(ISO), st.lists(ISO | ODD),
)  # fmt: skip


@given(CELLS)
def test_a_column_is_read_as_its_cells_are(cells: list[Cell]) -> None:
    assert list(series.figures(cells)) == [number(cell) for cell in cells]
    assert list(series.seconds(cells, 60.0)) == [dates.duration(cell, 60.0) for cell in cells]
    read = dates.reader(cells)
    assert list(series.moments(cells)) == [read(cell) for cell in cells]


def test_a_record_that_ends_early_has_no_cell() -> None:
    records = [SheetRecord(1, ["a", "b"]), SheetRecord(2, ["c"])]
    assert series.cells_of(records, 1) == ["b", None]


def test_a_long_table_says_the_same_as_its_head() -> None:
    head = "commit\ttime\tval_loss\tstatus\tdescription\n"
    rows = [
        f"{k:07x}\t2026-03-01T10:{k // 60 % 60:02d}:{k % 60:02d}\t{9 - k / 1000}\tkeep\tstep {k}\n"
        for k in range(3000)
    ]
    long, short = (
        parse_table((head + "".join(rows)).encode()),
        parse_table((head + "".join(rows[:10])).encode()),
    )
    assert long.rows[:10] == short.rows
    assert len(long.rows) == 3000
