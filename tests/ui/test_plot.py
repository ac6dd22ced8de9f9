"""The plot: what its picture says at every size, and when it is drawn at all."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from autoexp_tui.model.contract import Decide, Metric
from autoexp_tui.model.events import Status
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row
from autoexp_tui.ui.widgets import plot as plot_module
from autoexp_tui.ui.widgets.plot import MetricPlot

SPEED = Metric("speed", "higher")
LOSS = Objective((Metric("loss", "lower"),))
BOTH = Objective((*LOSS.metrics, SPEED))


def row(n: int, status: Status, **metrics: float) -> Row:
    return Row(n, status, "", "", "", "", metrics, {}, 1.0, 0.0, "", 0, 0, {}, 0.0, 0.0)


def climb(count: int) -> list[Row]:
    """Every fifth is kept and better, every seventh crashes."""
    rows, best = [], 1.0
    for n in range(1, count + 1):
        if n % 5 == 1:
            best -= 0.5 / count
            rows.append(row(n, "keep", loss=best, speed=n % 9))
        elif n % 7 == 0:
            rows.append(row(n, "crash"))
        else:
            rows.append(row(n, "discard", loss=best + 0.03, speed=n % 4))
    return rows


class Plots(App[None]):
    def compose(self) -> ComposeResult:
        yield MetricPlot()
        yield Static(id="other")

    CSS = "MetricPlot { height: 1fr; } #other { display: none; }"

    @property
    def plot(self) -> MetricPlot:
        return self.query_one(MetricPlot)

    @property
    def lines(self) -> list[str]:
        return [self.plot.render_line(y).text for y in range(self.plot.size.height)]

    @property
    def picture(self) -> str:
        return "\n".join(self.lines)


async def test_it_marks_every_outcome_and_joins_what_was_kept() -> None:
    app = Plots()
    async with app.run_test(size=(62, 16)) as pilot:
        app.plot.show(climb(30), LOSS, best=26)
        await pilot.pause()
        for sign in "✓✗─╮│┄┤╰┬":
            assert sign in app.picture, sign
        assert any(0x2800 < ord(sign) < 0x2900 for sign in app.picture), "what was discarded"
        assert app.plot.border_title == "loss ↓"
        assert "best 0.9 at #26" in str(app.plot.border_subtitle)
        assert app.lines[-1].split() == ["1", "10", "20", "30"]


async def test_a_console_without_braille_has_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    app = Plots()
    async with app.run_test(size=(62, 16)) as pilot:
        app.plot.show(climb(30), LOSS)
        await pilot.pause()
        assert "·" in "".join(app.lines)
        assert not any(0x2800 < ord(sign) < 0x2900 for sign in app.picture)


async def test_crashes_lie_on_the_bottom_edge_and_nothing_else_does() -> None:
    app = Plots()
    async with app.run_test(size=(62, 16)) as pilot:
        app.plot.show(climb(30), LOSS)
        await pilot.pause()
        canvas = app.lines[:-2]
        assert canvas[-1].count("✗") == 3
        assert set(canvas[-1]) <= set("✗ │┤.0123456789")
        assert not any("✗" in line for line in canvas[:-1])


async def test_the_step_line_goes_down_with_a_lower_metric() -> None:
    rows = [row(1, "keep", loss=1.0), row(10, "keep", loss=0.5)]
    app = Plots()
    async with app.run_test(size=(40, 14)) as pilot:
        app.plot.show(rows, LOSS)
        await pilot.pause()
        canvas = app.lines[:-2]
        first = canvas[0].index("✓")
        last = canvas[-1].index("✓")
        assert first < last
        assert canvas[0][last] == "╮"
        assert all(line[last] == "│" for line in canvas[1:-1])


async def test_a_single_experiment_is_a_picture() -> None:
    app = Plots()
    async with app.run_test(size=(40, 12)) as pilot:
        app.plot.show([row(1, "keep", loss=0.5)], LOSS)
        await pilot.pause()
        assert app.picture.count("✓") == 1
        assert "0.5" in app.picture


async def test_outliers_are_marked_on_the_edge_and_said() -> None:
    rows = [*climb(30), row(31, "discard", loss=4000.0)]
    app = Plots()
    async with app.run_test(size=(62, 16)) as pilot:
        app.plot.show(rows, LOSS)
        await pilot.pause()
        assert "▲" in app.lines[0]
        assert "▲ up to 4000" in str(app.plot.border_subtitle)


async def test_the_selected_experiment_is_a_column_and_a_caption() -> None:
    app = Plots()
    async with app.run_test(size=(62, 16)) as pilot:
        app.plot.show(climb(30), LOSS)
        await pilot.pause()
        assert "┊" not in app.picture
        app.plot.show(climb(30), LOSS, cursor=9)
        await pilot.pause()
        columns = {line.index("┊") for line in app.lines if "┊" in line}
        assert len(columns) == 1
        assert "#9 " in str(app.plot.border_subtitle)
        assert "· discard" in str(app.plot.border_subtitle)


async def test_two_metrics_show_their_front() -> None:
    app = Plots()
    async with app.run_test(size=(62, 16)) as pilot:
        app.plot.show(climb(40), BOTH, "front")
        await pilot.pause()
        assert app.plot.border_title == "speed ↑ over loss ↓"
        assert "●" in app.picture
        assert "front: " in str(app.plot.border_subtitle)


async def test_before_the_baseline_it_says_what_starts_it() -> None:
    app = Plots()
    async with app.run_test(size=(62, 10)) as pilot:
        app.plot.show([], LOSS)
        await pilot.pause()
        assert "the plot starts with the baseline" in app.picture
        app.plot.show([row(1, "crash")], LOSS)
        await pilot.pause()
        assert "nothing measured yet" in app.picture


async def test_the_panes_key_stands_before_the_name() -> None:
    app = Plots()
    async with app.run_test(size=(62, 10)) as pilot:
        app.plot.label = "4"
        app.plot.show(climb(9), LOSS)
        await pilot.pause()
        assert app.plot.border_title == "4 loss ↓"


async def test_a_metric_name_is_no_markup() -> None:
    app = Plots()
    async with app.run_test(size=(62, 10)) as pilot:
        app.plot.show([row(1, "keep")], Objective((Metric("[/x]", "higher"),)))
        await pilot.pause()
        title = app.screen._compositor.render_strips()[0].text
        assert "[/x] ↑" in title


@pytest.mark.parametrize("view", ["figure", "front"])
async def test_every_size_is_filled_exactly(view: Any) -> None:
    app = Plots()
    async with app.run_test(size=(4, 3)) as pilot:
        app.plot.show(climb(57), BOTH, view, cursor=20, fresh=56)
        for width in (4, 20, 45, 120):
            for height in (3, 4, 6, 9, 40):
                await pilot.resize_terminal(width, height)
                lines = [app.plot.render_line(y) for y in range(app.plot.size.height)]
                assert {line.cell_length for line in lines} == {app.plot.size.width}
                assert any(line.text.strip() for line in lines)


async def test_too_small_for_a_plot_it_still_tells_the_best() -> None:
    app = Plots()
    async with app.run_test(size=(20, 3)) as pilot:
        app.plot.show(climb(57), LOSS, best=56)
        await pilot.pause()
        number, bars = app.picture.split()
        assert number == "0.89474"
        assert bars[0] == "█"
        assert bars[-1] == "▁"


async def test_it_is_drawn_only_when_something_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    original = plot_module.paint

    def paint(*args: Any, **more: Any) -> Any:
        drawn.append(args)
        return original(*args, **more)

    monkeypatch.setattr(plot_module, "paint", paint)
    rows = climb(30)
    app = Plots()
    async with app.run_test(size=(62, 16)) as pilot:

        async def draws() -> int:
            await pilot.pause()
            count = len(drawn)
            drawn.clear()
            return count

        app.plot.show(rows, LOSS)
        assert await draws() == 1
        app.plot.show(rows, LOSS)
        app.plot.refresh()
        assert await draws() == 0
        rows.append(row(31, "discard", loss=0.95))
        app.plot.show(rows, LOSS)
        assert await draws() == 1
        app.theme = "textual-light"
        assert await draws() == 1
        await pilot.resize_terminal(50, 12)
        assert await draws() == 1

        app.plot.display = False
        rows.append(row(32, "discard", loss=0.95))
        app.plot.show(rows, LOSS)
        assert await draws() == 0
        app.plot.display = True
        assert await draws() == 1


async def test_a_long_run_is_a_picture_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures: list[Any] = []
    original = plot_module.paint

    def paint(picture: Any, *size: int, **more: Any) -> Any:
        pictures.append(picture)
        return original(picture, *size, **more)

    monkeypatch.setattr(plot_module, "paint", paint)
    app = Plots()
    async with app.run_test(size=(62, 16)) as pilot:
        app.plot.show(climb(30_000), LOSS)
        await pilot.pause()
        assert 0 < len(pictures[-1].marks) <= 8192
        assert "30k" in app.lines[-1]


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark", "nord"])
async def test_colours_come_from_the_theme(theme: str) -> None:
    app = Plots()
    async with app.run_test(size=(62, 16)) as pilot:
        app.theme = theme
        app.plot.show(climb(30), LOSS)
        await pilot.pause()
        colours = {
            segment.style.color
            for y in range(app.plot.size.height)
            for segment in app.plot.render_line(y)
            if segment.style and "✓" in segment.text
        }
        expected = app.plot.get_component_rich_style("metric-plot--keep").color
        assert colours == {expected}


WEIGHTED = Objective(BOTH.metrics, Decide("weighted", weights=(1.0, -0.5), direction="lower"))


async def test_a_weighted_rule_is_plotted_by_its_score_and_the_key_goes_through_the_metrics() -> (
    None
):
    app = Plots()
    titles = []
    async with app.run_test(size=(62, 16)) as pilot:
        for view in plot_module.views(WEIGHTED):
            app.plot.show([row(1, "keep", loss=1.0, speed=2.0)], WEIGHTED, view)
            await pilot.pause()
            titles.append(app.plot.border_title)
    assert titles == ["score ↓", "loss ↓", "speed ↑", "speed ↑ over loss ↓"]


async def test_a_table_without_a_direction_claims_no_best() -> None:
    app = Plots()
    rows = [row(1, "keep", loss=1.0), row(2, "discard", loss=0.1), row(3, "keep", loss=2.0)]
    async with app.run_test(size=(62, 16)) as pilot:
        app.plot.show(rows, Objective(LOSS.metrics, directed=False))
        await pilot.pause()
        assert app.plot.border_title == "loss"
        assert "best" not in str(app.plot.border_subtitle)
        assert not set("╌╎") & set(app.picture)
        assert app.picture.count("✓") == 2


async def test_a_holdout_is_drawn_as_a_line_of_its_own() -> None:
    app = Plots()
    rows = [
        msgspec.structs.replace(one, holdout=one.metrics["loss"] + 0.2) if one.metrics else one
        for one in climb(30)
    ]
    async with app.run_test(size=(62, 16)) as pilot:
        app.plot.show(climb(30), LOSS)
        await pilot.pause()
        alone = app.picture
        app.plot.show(rows, LOSS)
        await pilot.pause()
        assert app.picture != alone
        styles = {
            str(segment.style)
            for y in range(app.plot.size.height)
            for segment in app.plot.render_line(y)
        }
        assert str(app.plot.get_component_rich_style("metric-plot--holdout")) in styles
