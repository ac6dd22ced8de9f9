"""The plot of a run as SVG: the running best as a step line, everything tried as marks.

Colours are classes (`k` kept, `d` discarded, `c` crashed, …), left to the page's style sheet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from autoexp_tui.model.contract import Metric
from autoexp_tui.model.state import Row
from autoexp_tui.report.axis import Axis
from autoexp_tui.summary.series import Point, Scale, Series, bucket, nice_ticks
from autoexp_tui.text.numbers import format_number
from autoexp_tui.text.safe import clean_line

WIDTH, HEIGHT = 820, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 16, 44
_STRIP = 20
"""Pixels under the plot where crashes are marked: they have no value."""
_CROWDED = 600
"""More experiments than this are thinned; extremes and kept ones stay."""
_STRETCHES = 200
_MANY = 150
"""More marks than this are drawn small."""


class _Frame:
    """Where experiments and values are on the picture, in its own units."""

    top, bottom = _TOP, HEIGHT - _BOTTOM - _STRIP

    def __init__(self, last: int, axis: Axis) -> None:
        self.last = last
        self.axis = axis

    def x(self, n: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (n - 0.5) / self.last

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * self.axis.share(value)


def plot(rows: Sequence[Row], metric: Metric) -> str:
    """An `<svg>` element; empty while nothing was measured. Its size doesn't grow with the run."""
    series = Series(metric)
    series.extend(rows)
    scale = series.scale()
    if scale is None:
        return ""
    points = series.points
    if len(points) > _CROWDED:
        points = bucket(points, _STRETCHES)
    best = running_best(points, metric)
    axis = Axis(scale.low, scale.high, [p.value for p in best if p.value], margin=0.08)
    frame = _Frame(series.last, axis)
    words = {row.n: row for row in rows}
    name = escape(clean_line(metric.name, 60))
    opening = (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{name} over {series.last} experiments">'
    )
    parts = [
        opening,
        *_axes(frame, metric),
        *_baseline(frame, points),
        *_step(frame, best),
        *_marks(frame, points, scale, words, {p.n for p in best}),
        "</svg>",
    ]
    return "\n".join(parts)


def running_best(points: Iterable[Point], metric: Metric) -> list[Point]:
    """The kept points that were a new best when they came."""
    sign = 1 if metric.direction == "lower" else -1
    corners: list[Point] = []
    for p in points:
        if p.status != "keep" or p.value is None:
            continue
        if not corners or sign * p.value < sign * (corners[-1].value or 0.0):
            corners.append(p)
    return corners


def _axes(frame: _Frame, metric: Metric) -> Iterator[str]:
    for tick, label in frame.axis.ticks(7):
        y = frame.y(tick)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
        yield (
            f'<text class="label" x="{_LEFT - 9}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
        )
    floor = HEIGHT - _BOTTOM
    yield f'<path class="axis" d="M{_LEFT} {floor}H{WIDTH - _RIGHT}"/>'
    whole = [tick for tick in nice_ticks(1, frame.last, 10) if tick == int(tick) and tick >= 1]
    for tick in whole if 1 in whole else [1, *whole]:
        yield (
            f'<text class="label" x="{frame.x(tick):.1f}" y="{floor + 17}" '
            f'text-anchor="middle">{tick:g}</text>'
        )
    spaced = ", logarithmic" if frame.axis.log else ""
    yield (
        f'<text class="label" x="{_LEFT}" y="{HEIGHT - 6}">experiment; '
        f"{escape(clean_line(metric.name, 40))}, {metric.direction} is better{spaced}</text>"
    )


def _baseline(frame: _Frame, points: Sequence[Point]) -> Iterator[str]:
    first = next((p.value for p in points if p.value is not None), None)
    if first is not None:
        y = frame.y(first)
        yield f'<path class="base" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
        yield (
            f'<text class="label" x="{WIDTH - _RIGHT}" y="{y - 6:.1f}" '
            f'text-anchor="end">baseline {format_number(first)}</text>'
        )


def _step(frame: _Frame, best: Sequence[Point]) -> Iterator[str]:
    if not best:
        return
    path = [f"M{frame.x(best[0].n):.1f} {frame.y(best[0].value or 0.0):.1f}"]
    path += [f"H{frame.x(p.n):.1f}V{frame.y(p.value or 0.0):.1f}" for p in best[1:]]
    end = WIDTH - _RIGHT
    line = "".join(path) + f"H{end}"
    yield f'<path class="area" d="{line}V{frame.bottom}H{frame.x(best[0].n):.1f}Z"/>'
    yield f'<path class="step" d="{line}"/>'


def _marks(
    frame: _Frame,
    points: Iterable[Point],
    scale: Scale,
    words: dict[int, Row],
    best: set[int],
) -> Iterator[str]:
    """Kept ones last, so that they lie on top."""
    points = list(points)
    size = 5 if len(points) <= _MANY else 3.5
    for p in sorted(points, key=lambda p: p.status == "keep"):
        title = f"<title>{_words(p, words.get(p.n))}</title>"
        x = frame.x(p.n)
        if p.value is None or p.status == "crash":
            y = HEIGHT - _BOTTOM - _STRIP / 2
            yield f'<path class="c" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0-8l-8 8">{title}</path>'
        elif p.status == "keep":
            kind = "k" if p.n in best else "k hollow"
            y = frame.y(p.value)
            yield f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{size:g}">{title}</circle>'
        elif p.value > scale.high:
            yield f'<path class="d" d="M{x:.1f} {frame.top:.1f}l4.5 8h-9z">{title}</path>'
        elif p.value < scale.low:
            yield f'<path class="d" d="M{x:.1f} {frame.bottom:.1f}l4.5-8h-9z">{title}</path>'
        else:
            y = frame.y(p.value)
            yield f'<circle class="d" cx="{x:.1f}" cy="{y:.1f}" r="{size * 0.6:g}">{title}</circle>'


def _words(p: Point, row: Row | None) -> str:
    word = {"keep": "kept", "discard": "discarded", "crash": "crashed"}[p.status]
    figure = "" if p.value is None or not math.isfinite(p.value) else f" {format_number(p.value)}"
    what = clean_line(row.description, 100) if row else ""
    return escape(f"#{p.n} {word}{figure}" + (f": {what}" if what else ""))
