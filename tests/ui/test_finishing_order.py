"""Rows that finish in another order than they began: table, plot, and how one moves among them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from support.lanes import begun, decided, opened
from support.moments import picture_of
from support.realistic_run import commit_of, experiment, folded, recorded
from support.sources import FinishedSource

from autoexp_tui.loop.journal import Journal
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState, place_of
from autoexp_tui.report.comparison import entry_of
from autoexp_tui.sources.archive import pack
from autoexp_tui.summary.picture import over_time
from autoexp_tui.summary.series import Cloud, Series
from autoexp_tui.ui.app import AutoexpApp
from autoexp_tui.ui.screens.experiment import ExperimentScreen
from autoexp_tui.ui.screens.run import RunScreen
from autoexp_tui.ui.widgets.columns import TableRows

ONE = commit_of(1)
RUN = [
    *opened(),
    *experiment(1, "keep"),
    *begun(2, "gpu:0", parent=ONE),
    *begun(3, "gpu:1", parent=ONE),
    *begun(4, "gpu:2", parent=ONE),
    decided(4, "keep", parent=ONE),
    *begun(5, "gpu:2", parent=commit_of(4)),
    decided(3, "discard", parent=ONE, mark="superseded"),
    decided(2, "crash", parent=ONE, mark="lost", reason="node 7 went away"),
    *begun(12, "gpu:0", parent=commit_of(4)),
    decided(12, "keep", parent=commit_of(4)),
]
ORDER = [1, 4, 3, 2, 12]


@pytest.fixture
def state() -> RunState:
    return folded(recorded(RUN))


def series_of(state: RunState) -> Series:
    series = Series(state.objective)
    series.extend(state.rows)
    return series


def test_the_plot_goes_by_finishing_order_and_its_line_never_back(state: RunState) -> None:
    series = series_of(state)
    assert [(p.n, p.at) for p in series.points] == [(1, 1), (4, 2), (3, 3), (12, 5)]
    assert series.last == 5
    picture = over_time(series, end=series.last)
    assert picture is not None
    assert [mark.n for mark in sorted(picture.marks, key=lambda mark: mark.x)] == [1, 4, 3, 12]
    assert max(mark.x for mark in picture.marks) == 5
    for line in picture.lines:
        xs = [x for x, _ in line.points]
        assert xs == sorted(xs)


def test_what_was_lost_has_no_place_among_failures_on_the_plot(state: RunState) -> None:
    picture = over_time(series_of(state))
    assert picture is not None
    assert not picture.has_crashes


@pytest.mark.parametrize("count", range(1, 6))
def test_going_back_is_as_if_the_rest_had_not_finished(state: RunState, count: int) -> None:
    cut, before = series_of(state), Series(state.objective)
    before.extend(state.rows[:count])
    cut.cut(state.rows[:count])
    assert (cut.points, cut.last, cut.kept and cut.kept.n) == (
        before.points, before.last, before.kept and before.kept.n,
    )  # fmt: skip
    cut.extend(state.rows[count:])
    assert cut.points == series_of(state).points
    cloud, part = Cloud(state.objective), Cloud(state.objective)
    cloud.extend(state.rows)
    cloud.cut(count)
    part.extend(state.rows[:count])
    assert (cloud.pairs, cloud.front) == (part.pairs, part.front)


def test_a_row_is_found_by_its_number_wherever_it_stands(state: RunState) -> None:
    for n in ORDER:
        assert place_of(state.rows, n, 5) == ORDER.index(n)
    assert place_of(state.rows, 5, 5) is None
    assert place_of(state.rows, 12, 4) is None


def test_the_table_tells_the_parent_where_it_is_not_what_was_kept_last(state: RunState) -> None:
    sheet = TableRows(state.objective)
    sheet.parents = True
    sheet.show(state.rows)
    columns = {column.title: column for column in sheet.columns(160)}
    said = [columns["description"].text(i) for i in range(5)]
    assert said == [
        "a change", "a change", "on #1: a change",
        "on #1: node 7 went away: a change", "a change",
    ]  # fmt: skip
    assert [columns["#"].text(i) for i in range(5)] == ["1", "4", "3", "2", "12"]
    assert columns["#"].width == 2


def test_a_comparison_counts_what_has_finished(state: RunState) -> None:
    entry = entry_of("t", state, "experiment")
    assert [(change.row.n, change.x) for change in entry.kept] == [(1, 1), (4, 2), (12, 5)]


def test_an_archive_has_what_every_row_left(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "t")
    with Journal(run.journal) as journal:
        for event in RUN:
            journal.append(event)
    for n in ORDER:
        run.experiment(n).mkdir(parents=True, exist_ok=True)
        run.output(n).write_text("x")
    pack(run, tmp_path / "t.zip")
    names = zipfile.ZipFile(tmp_path / "t.zip").namelist()
    assert [n for n in ORDER if f"t/experiments/{n:04}/output.log" in names] == ORDER


async def test_next_and_before_go_by_finishing_order(tmp_path: Path) -> None:
    screen = RunScreen(FinishedSource(recorded(RUN)), RunDirectory(tmp_path))
    app = AutoexpApp(screen)
    async with app.run_test(size=(120, 40)) as pilot:
        while len(screen.state.rows) < 5:
            await pilot.pause(0.02)
        seen = []
        for _ in range(6):
            await pilot.press("P")
            await pilot.pause()
            seen.append(screen.look.selected)
            assert screen.board.results.cursor_n == screen.look.selected
        assert seen == [12, 2, 3, 4, 1, 1]
        await pilot.press("n")
        assert screen.look.selected == 4
        await pilot.press("enter", "n")
        await pilot.pause()
        assert isinstance(app.screen, ExperimentScreen)
        shown = picture_of(app)
        assert "#3 of 5" in shown
        assert "↓ superseded" in shown
        assert "on #1 000000000000" in shown
        await pilot.press("n", "n", "n")
        await pilot.pause()
        assert "#12 ─ 5 of 5" in picture_of(app)
