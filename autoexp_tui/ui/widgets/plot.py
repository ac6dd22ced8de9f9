"""The metric over the experiments: what was kept as a step line, everything tried as marks.

plotext lays out the figure; its colours are roles here, painted with the theme's own colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from textwrap import wrap
from typing import ClassVar, Literal

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from autoexp_tui.model.contract import Metric
from autoexp_tui.model.state import Row
from autoexp_tui.summary.series import Cloud, Scale, Series, point
from autoexp_tui.text.numbers import format_number
from autoexp_tui.ui.marks import MARKS, titled
from autoexp_tui.ui.widgets.continuing import common_start
from autoexp_tui.ui.widgets.figure import (
    ROLES,
    Figure,
    Line,
    Role,
    differs,
    framed,
    front,
    over_time,
    sparkline,
)

Mode = Literal["time", "front"]

EMPTY = "the plot starts with the baseline"


class MetricPlot(Widget, can_focus=True):
    """One metric over the experiments, or two against each other (`mode="front"`)."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"metric-plot--{role}" for role in ROLES}

    DEFAULT_CSS = """
    MetricPlot {
        border: round $border-blurred;
        border-title-color: $text-muted;
        border-subtitle-color: $text-muted;
        &:focus { border: round $border; border-title-color: $foreground; }
        & .metric-plot--axis { color: $text-muted; text-style: dim; }
        & .metric-plot--label { color: $text-muted; }
        & .metric-plot--baseline { color: $text-muted; text-style: dim; }
        & .metric-plot--discard { color: $foreground; }
        & .metric-plot--crash { color: $text-error; }
        & .metric-plot--step { color: $text-success; }
        & .metric-plot--keep { color: $text-success; text-style: bold; }
        & .metric-plot--fresh { color: $text-success; text-style: bold reverse; }
        & .metric-plot--best { color: $text-warning; }
        & .metric-plot--beyond { color: $text-warning; }
        & .metric-plot--cursor { color: $text-muted; background: $surface; }
    }
    """

    def __init__(
        self,
        *,
        label: str = "",
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - every Textual widget calls it so
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.label = label
        """What stands before the metric's name in the title: the pane's key."""
        self._rows: Sequence[Row] = ()
        self._seen = 0
        self._series: Series | None = None
        self._cloud: Cloud | None = None
        self._mode: Mode = "time"
        self._best: int | None = None
        self._cursor: int | None = None
        self._fresh: int | None = None
        self._baseline: float | None = None
        self._styles: dict[Role | None, Style] = {}
        self._strips: list[Strip] = []
        self._drawn_for: tuple[int, int] | None = None

    def show(
        self,
        rows: Sequence[Row],
        metric: Metric,
        second: Metric | None = None,
        *,
        best: int | None = None,
        cursor: int | None = None,
        baseline: float | None = None,
        fresh: int | None = None,
        mode: Mode = "time",
    ) -> None:
        """Show `rows`; costs what is new in them when they are the same, longer list.

        `best`, `cursor` and `fresh` are experiment numbers: the best, the one selected elsewhere,
        and a new best that is still worth a moment. `mode="front"` draws `metric` across against
        `second` up.
        """
        before = (self._seen, self._best, self._cursor, self._fresh, self._baseline, self._mode)
        started_over = self._take_in(rows, metric, second)
        self._best, self._cursor, self._fresh, self._baseline = best, cursor, fresh, baseline
        self._mode = mode if second is not None else "time"
        after = (self._seen, self._best, self._cursor, self._fresh, self._baseline, self._mode)
        if started_over or before != after:
            self._redraw()

    def _take_in(self, rows: Sequence[Row], metric: Metric, second: Metric | None) -> bool:
        """Bring what is held to `rows`; True when there is anything but more of the same."""
        series, cloud = self._series, self._cloud
        same = common_start(self._rows, rows, self._seen)
        anew = (
            not same
            or series is None
            or series.metric != metric
            or (cloud.metrics[1] if cloud else None) != second
        )
        back = same < self._seen
        if series is None or anew:
            series = self._series = Series(metric)
            cloud = self._cloud = Cloud(metric, second) if second is not None else None
            same = 0
        elif back:
            series.cut(rows[:same])
            if cloud is not None:
                cloud.cut(series.last)
        series.extend(rows[same:])
        if cloud is not None:
            cloud.extend(rows[same:])
        self._rows, self._seen = rows, len(rows)
        return anew or back

    def _redraw(self) -> None:
        self._drawn_for = None
        if self.is_attached and self.is_on_screen:
            self._describe()
            self.refresh()

    def on_show(self) -> None:
        """It was hidden, and nothing was drawn for it."""
        self._describe()

    def on_resize(self) -> None:
        """The caption says as much as there is room for."""
        self._describe()

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self._drawn_for = None

    def render_line(self, y: int) -> Strip:
        """A line of the picture; it is drawn anew when data, size or theme changed, else kept."""
        size = (self.size.width, self.size.height)
        if self._drawn_for != size:
            self._styles.clear()
            self._strips = self._draw(*size)
            self._drawn_for = size
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(size[0], self.rich_style)

    def _draw(self, width: int, height: int) -> list[Strip]:
        size = (width, height)
        series, cloud = self._series, self._cloud
        if width < 1 or height < 1:
            return []
        if series is None or not series.points:
            return self._message(EMPTY, size)
        scale = self._scale()
        if scale is None:
            return self._message("nothing measured yet", size)
        if self._mode == "front" and cloud is not None and cloud.pairs:
            figure = front(cloud, size, cursor=self._cursor)
        else:
            figure = over_time(
                series,
                scale,
                size,
                baseline=self._baseline,
                cursor=self._cursor,
                fresh=self._fresh,
            )
        if figure is None:
            best = None if self._best is None else self._value(series, self._best)
            return [self._painted(sparkline(series, width, best), width)]
        return self._pictured(figure, size)

    def _scale(self) -> Scale | None:
        if self._series is None:
            return None
        return self._series.scale(*([] if self._baseline is None else [self._baseline]))

    # -- in words ------------------------------------------------------------------------------

    def _describe(self) -> None:
        """Title and caption, in the border."""
        series, cloud = self._series, self._cloud
        title, parts = "", list[str]()
        if series is not None and self._mode == "front" and cloud is not None:
            title = f"{titled(cloud.metrics[1])} over {titled(cloud.metrics[0])}"
            parts = [f"● front: {len(cloud.front)}", f"tried: {self._seen}"]
        elif series is not None:
            title = titled(series.metric)
            parts = self._caption(series)
        room = self.size.width - 4
        caption = ""
        for part in parts:
            longer = f"{caption}  {part}" if caption else part
            if len(longer) <= room:
                caption = longer
        self.border_title = Content(f"{self.label} {title}".strip())  # a name is no markup
        self.border_subtitle = Content(caption)

    def _caption(self, series: Series) -> list[str]:
        """What is most worth saying first; the rest where there is room."""
        if not series.points:
            return []
        parts = []
        chosen = self._chosen(series)
        scale = self._scale()
        if chosen:
            parts.append(chosen)
        elif self._best is not None:
            parts.append(f"best {format_number(self._value(series, self._best))} at #{self._best}")
        elif series.kept is not None:
            parts.append(f"kept last {format_number(series.kept.value)} at #{series.kept.n}")
        if differs(series):
            parts.append("╌ best so far, kept or not")
        if scale is not None and scale.clips_above:
            parts.append(f"▲ up to {format_number(scale.most)}")
        if scale is not None and scale.clips_below:
            parts.append(f"▼ down to {format_number(scale.least)}")
        if not chosen:
            parts.append("  ".join(map(str, MARKS.values())))
        return parts

    def _chosen(self, series: Series) -> str:
        n = self._cursor
        if n is None or not 0 < n <= self._seen or self._rows[n - 1].n != n:
            return ""
        return f"#{n} {format_number(self._value(series, n))} {MARKS[self._rows[n - 1].status]}"

    def _value(self, series: Series, n: int) -> float | None:
        return point(self._rows[n - 1], series.metric).value

    # -- in colour -----------------------------------------------------------------------------

    def _message(self, text: str, size: tuple[int, int]) -> list[Strip]:
        width, height = size
        wrapped = wrap(text, width)[:height]
        blank = Strip.blank(width, self.rich_style)
        lines: list[Line] = [[(sign, "label") for sign in part.center(width)] for part in wrapped]
        above = [blank] * ((height - len(lines)) // 2)
        return above + [self._painted(line, width) for line in lines]

    def _pictured(self, figure: Figure, size: tuple[int, int]) -> list[Strip]:
        width, height = size
        column = None
        if figure.cursor is not None:
            column = len(figure.y[0].label) + 1 + figure.cursor
        canvas = height - (2 if figure.x else 0)
        return [
            self._painted(line, width, column if y < canvas else None)
            for y, line in enumerate(framed(figure, size))
        ]

    def _painted(self, line: Line, width: int, cursor: int | None = None) -> Strip:
        cells = [(sign, self._style(role)) for sign, role in line]
        if cursor is not None and cursor < len(cells):
            sign, role = line[cursor]
            highlight = self._style("cursor")
            sign = sign if sign.strip() else "┊"
            cells[cursor] = (sign, highlight + Style(color=self._style(role or "cursor").color))
        segments = [
            Segment("".join(sign for sign, _ in run), style)
            for style, run in groupby(cells, key=lambda cell: cell[1])
        ]
        return Strip(segments, len(cells)).adjust_cell_length(width, self.rich_style)

    def _style(self, role: Role | None) -> Style:
        """Asked for once per picture: Textual computes `rich_style` anew each time."""
        style = self._styles.get(role)
        if style is None:
            style = self.rich_style
            if role is not None:
                style = self.get_component_rich_style(f"metric-plot--{role}")
            self._styles[role] = style
        return style
