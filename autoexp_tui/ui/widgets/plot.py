"""The figure that is optimised, over the experiments: a step line of the best, marks for all.

The picture is painted in `report/textplot.py`; here it gets the theme's colours and its caption.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import groupby
from textwrap import wrap
from typing import ClassVar, Literal

from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from autoexp_tui.model.contract import Metric
from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row, place_of
from autoexp_tui.report.textplot import ROLES, PlotCell, paint
from autoexp_tui.summary.outcomes import NEW_BEST, OUTCOMES, outcome_of
from autoexp_tui.summary.picture import Across, Picture, PlotScale, front, over_time
from autoexp_tui.summary.series import Cloud, Series
from autoexp_tui.text.numbers import format_number
from autoexp_tui.text.safe import one_line
from autoexp_tui.ui import ink
from autoexp_tui.ui.scrubber import KeptRows
from autoexp_tui.ui.widgets.continuing import common_start

PlotView = Metric | Literal["figure", "front"]
"""What is drawn: what the run optimises, one metric, or the first two against each other."""

EMPTY = "the plot starts with the baseline"


def views(objective: Objective) -> list[PlotView]:
    """What there is to see of a run, what it optimises first."""
    metrics = objective.metrics[1:] if objective.is_metric else objective.metrics
    across: list[PlotView] = ["front"] if len(objective.metrics) > 1 else []
    return ["figure", *metrics, *across]


class MetricPlot(Widget, can_focus=True):
    """One figure over the experiments, or two metrics against each other."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"metric-plot--{role}" for role in (*ROLES, "cursor")}

    DEFAULT_CSS = """
    MetricPlot {
        border: round $border-blurred;
        border-title-color: $text-muted;
        border-subtitle-color: $text-muted;
        &:focus { border: round $border; border-title-color: $foreground; }
        & .metric-plot--axis { color: $text-muted; text-style: dim; }
        & .metric-plot--label { color: $text-muted; }
        & .metric-plot--band { color: $text-muted; }
        & .metric-plot--holdout { color: $text-muted; text-style: dim; }
        & .metric-plot--origin { color: $text-muted; text-style: dim; }
        & .metric-plot--baseline { color: $text-muted; text-style: dim; }
        & .metric-plot--discard { color: $foreground; }
        & .metric-plot--crash { color: $text-error; }
        & .metric-plot--step { color: $text-success; }
        & .metric-plot--front { color: $text-success; }
        & .metric-plot--keep { color: $text-success; text-style: bold; }
        & .metric-plot--fresh { color: $text-success; text-style: bold reverse; }
        & .metric-plot--best { color: $text-warning; }
        & .metric-plot--beyond { color: $text-warning; }
        & .metric-plot--cursor { color: $text-muted; background: $surface; }
    }
    """

    def __init__(self, *, label: str = "", id: str | None = None) -> None:  # noqa: A002 - as in all
        """`label` stands before the figure's name in the title: the pane's key."""
        super().__init__(id=id)
        self.label = label
        self._rows: Sequence[Row] = ()
        self._seen = 0
        self._series: Series | None = None
        self._cloud: Cloud | None = None
        self._view: PlotView = "figure"
        self._best: int | None = None
        self._cursor: int | None = None
        self._fresh: int | None = None
        self._how: PlotScale = "auto"
        self._across: Across = "experiments"
        self._picture: Picture | None = None
        self._is_stale = True
        self._styles: dict[str, Style] = {}
        self._strips: list[Strip] = []
        self._drawn_for: tuple[int, int] | None = None

    def show(
        self,
        rows: Sequence[Row],
        objective: Objective,
        view: PlotView = "figure",
        *,
        best: int | None = None,
        cursor: int | None = None,
        fresh: int | None = None,
        how: PlotScale = "auto",
        across: Across = "experiments",
    ) -> None:
        """Show `rows`; costs what is new in them when they are the same, longer list.

        `best`, `cursor` and `fresh` are experiment numbers: the best, the one selected elsewhere,
        and a new best that is still worth a moment.
        """
        before = (self._seen, self._best, self._cursor, self._fresh, self._how, self._across)
        started_over = self._take_in(rows, objective, view)
        self._best, self._cursor, self._fresh = best, cursor, fresh
        self._how, self._across = how, across
        if started_over or before != (self._seen, best, cursor, fresh, how, across):
            self._redraw()

    def _take_in(self, rows: Sequence[Row], objective: Objective, view: PlotView) -> bool:
        """Bring what is held to `rows`; True when there is anything but more of the same."""
        series, cloud = self._series, self._cloud
        same = common_start(self._rows, rows, self._seen)
        restart = not same or series is None or series.objective != objective or self._view != view
        back = same < self._seen
        if series is None or restart:
            metric = view if isinstance(view, Metric) else None
            series = self._series = Series(objective, metric)
            cloud = self._cloud = Cloud(objective) if view == "front" else None
            same = 0
        elif back:
            series.cut(rows[:same])
            if cloud is not None:
                cloud.cut(series.last)
        series.extend(rows[same:])
        if cloud is not None:
            cloud.extend(rows[same:])
        self._rows, self._seen, self._view = rows, len(rows), view
        return restart or back

    def _redraw(self) -> None:
        self._drawn_for, self._is_stale = None, True
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
        """A line of the picture; it is drawn again when data, size or theme changed, else kept."""
        size = (self.size.width, self.size.height)
        if self._drawn_for != size:
            self._styles.clear()
            self._strips = self._draw(*size)
            self._drawn_for = size
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(size[0], self.rich_style)

    def _draw(self, width: int, height: int) -> list[Strip]:
        series, size = self._series, (width, height)
        if width < 1 or height < 1:
            return []
        if series is None or not series.points:
            return self._message(EMPTY, size)
        picture = self._pictured()
        if picture is None:
            return self._message("nothing measured yet", size)
        # The console of Linux has no Braille.
        painting = paint(picture, width, height, fine=os.environ.get("TERM") != "linux")
        if painting is None:
            return [self._painted(self._in_a_line(series, picture, width), width)]
        _, canvas = painting.canvas
        return [
            self._painted(line, width, painting.cursor if y < canvas else None)
            for y, line in enumerate(painting.lines)
        ]

    def _pictured(self) -> Picture | None:
        """What is held, as a picture; made once for the caption and for every size."""
        if self._is_stale:
            self._is_stale = False
            if self._cloud is not None and self._cloud.pairs:
                self._picture = front(self._cloud, cursor=self._cursor)
            elif self._series is not None:
                self._picture = over_time(
                    self._series,
                    how=self._how,
                    across=self._across,
                    cursor=self._cursor,
                    fresh=self._fresh,
                )
        return self._picture

    def _in_a_line(self, series: Series, picture: Picture, width: int) -> list[PlotCell]:
        """The best figure, and how it came about as far as there is room."""
        number = format_number(self._value(series, self._best), series.places)[:width]
        cells = [(sign, "keep") for sign in number]
        line = next((line for line in picture.lines if line.kind == "step"), None)
        columns = min(width - len(number) - 1, series.last)
        if line is None or columns < 3:
            return cells
        kept = KeptRows(line.points)
        ends = (2 + column * (series.last - 1) // (columns - 1) for column in range(columns))
        return [*cells, (" ", ""), *((kept.bar(end), "step") for end in ends)]

    # -- in words ------------------------------------------------------------------------------

    def _describe(self) -> None:
        """Title and caption, in the border."""
        series, cloud = self._series, self._cloud
        title, parts = "", list[str]()
        if cloud is not None:
            title = " over ".join(reversed(cloud.titles))
            parts = [f"● front: {len(cloud.front)}", f"tried: {self._seen}"]
        elif series is not None:
            title = series.title
            parts = list(self._caption(series))
        room = self.size.width - 4
        caption = ""
        for part in parts:
            longer = f"{caption}  {part}" if caption else part
            if len(longer) <= room:
                caption = longer
        ink.entitle(self, f"{self.label} {title}".strip())
        ink.subtitle(self, caption)

    def _caption(self, series: Series) -> Iterable[str]:
        """What is most worth saying first; the rest where there is room."""
        row = self._row(self._cursor)
        if row is not None:
            origin = f" from #{row.made_from}" if row.aside else ""
            figure = format_number(series.value(row), series.places)
            yield f"#{row.n} {figure} {outcome_of(row)}{origin}"
        elif self._best is not None:
            figure = format_number(self._value(series, self._best), series.places)
            yield f"best {figure} at #{self._best}"
        elif series.kept is not None and series.kept.is_judged:
            yield f"kept last {format_number(series.kept.value, series.places)} at #{series.kept.n}"
        picture = self._pictured()
        if picture is None:
            return
        if self._across != "experiments":
            yield f"over {self._across}"
        if self._how == "kept":
            yield "from the first gain on"
        yield from _legend(picture)
        if row is None:
            kinds = {mark.kind for mark in picture.marks}
            shown = (NEW_BEST,) if "record" in kinds else OUTCOMES.values()
            yield "  ".join(map(str, shown))

    def _row(self, n: int | None) -> Row | None:
        """Experiment `n`, if it is among those shown."""
        if n is None:
            return None
        at = place_of(self._rows, n, self._seen)
        return None if at is None else self._rows[at]

    def _value(self, series: Series, n: int | None) -> float | None:
        row = self._row(n)
        return None if row is None else series.value(row)

    # -- in colour -----------------------------------------------------------------------------

    def _message(self, text: str, size: tuple[int, int]) -> list[Strip]:
        width, height = size
        wrapped = wrap(text, width)[:height]
        blank = Strip.blank(width, self.rich_style)
        lines = [[(sign, "label") for sign in part.center(width)] for part in wrapped]
        above = [blank] * ((height - len(lines)) // 2)
        return above + [self._painted(line, width) for line in lines]

    def _painted(self, line: Sequence[PlotCell], width: int, cursor: int | None = None) -> Strip:
        cells = [(sign, self._style(role)) for sign, role in line]
        if cursor is not None and cursor < len(cells):
            sign, role = line[cursor]
            highlight = self._style("cursor")
            sign = sign if sign.strip() else "┊"
            cells[cursor] = (sign, highlight + Style(color=self._style(role or "cursor").color))
        segments = [
            ink.segment(one_line("".join(sign for sign, _ in run)), style)
            for style, run in groupby(cells, key=lambda cell: cell[1])
        ]
        return Strip(segments, len(cells)).adjust_cell_length(width, self.rich_style)

    def _style(self, role: str) -> Style:
        """Asked for once per picture: Textual computes `rich_style` each time."""
        style = self._styles.get(role)
        if style is None:
            style = self.rich_style
            if role:
                style = self.get_component_rich_style(f"metric-plot--{role}")
            self._styles[role] = style
        return style


def _legend(picture: Picture) -> Iterable[str]:
    """What stands in it beside the marks of experiments."""
    if picture.has_line("best"):
        yield "╌ best so far, kept or not"
    if picture.has_line("holdout"):
        yield "dim line: held out, never judged"
    if picture.has_line("origin"):
        yield "┄ made from elsewhere than the best"
    if picture.most is not None:
        yield f"▲ up to {format_number(picture.most)}"
    if picture.least is not None:
        yield f"▼ down to {format_number(picture.least)}"
    if picture.y.log:
        yield "log scale"
