"""Parquet, Arrow and Excel: read where the packages are there, else a line says what to do."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path

import pytest

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.sources.archive import is_archive
from autoexp_tui.tables import read_table, summarise
from autoexp_tui.tables.stores import columnar

COLUMNS = {
    "started": [dt.datetime(2026, 3, 27, 13, at, tzinfo=dt.UTC) for at in range(3)],
    "val_loss": [2.5, None, 2.25],
    "status": ["keep", "crash", "keep"],
    "description": ["first", "too\nlarge", "third"],
}


def _parquet(path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet  # noqa: PLC0415 - skipped without it

    parquet.write_table(pa.table(COLUMNS), path)


def _arrow(path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    table = pa.table(COLUMNS)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write(table)


def _excel(path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    page = book.create_sheet("runs")
    page.append(["my runs of march"])
    page.append([])
    page.append(list(COLUMNS))
    for row in zip(*COLUMNS.values(), strict=True):
        page.append([row[0].replace(tzinfo=None), *row[1:]])
    book.create_sheet("other").append(["x"])
    book.save(path)


@pytest.mark.parametrize("write", [_parquet, _arrow, _excel])
def test_a_table_of_columns_is_read_as_any_other(write: object, tmp_path: Path) -> None:
    assert callable(write)
    path = tmp_path / "whatever.zip"
    write(path)
    assert not is_archive(path)
    table = read_table(path)
    found = summarise(table)
    rows = [row for row in table.rows if not row.text]
    assert (found.metric, found.direction, found.best) == ("val_loss", "lower", 2.25)
    assert [row.status for row in rows] == ["kept", "failed", "kept"]
    assert rows[1].description.split() == ["too", "large"]
    assert rows[2].time == dt.datetime(2026, 3, 27, 13, 2, tzinfo=dt.UTC).timestamp()
    if write is _excel:
        assert any("runs is read, and not other" in note for note in found.notes)


@pytest.mark.parametrize("write", [_parquet, _arrow, _excel])
def test_without_the_package_a_line_says_what_to_install(
    write: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(write)
    write(tmp_path / "runs")
    monkeypatch.setattr(columnar, "find_spec", lambda name: None)
    with pytest.raises(UsageProblem, match=r"pip install 'autoexp-tui\[tables\]'"):
        read_table(tmp_path / "runs")


@pytest.mark.parametrize("write", [_parquet, _arrow, _excel])
def test_a_damaged_one_is_a_problem_in_one_line(write: object, tmp_path: Path) -> None:
    assert callable(write)
    path = tmp_path / "runs"
    write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageProblem) as caught:
        read_table(path)
    assert "\n" not in caught.value.message
    for at in range(40, len(whole), 97):
        path.write_bytes(whole[:at] + b"\xff" * 40 + whole[at + 40 :])
        with contextlib.suppress(UsageProblem):  # and nothing else: not all damage is seen
            read_table(path)


def test_more_cells_than_a_table_has_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _parquet(tmp_path / "runs")
    monkeypatch.setattr(columnar, "_MOST_CELLS", 11)
    with pytest.raises(UsageProblem, match="12 cells are more"):
        read_table(tmp_path / "runs")
