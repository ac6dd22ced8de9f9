"""Pictures as SVG, coloured by the page's style sheet: `k` kept, `d` discarded, `c` crashed, …"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

from autoexp_tui.summary.picture import Picture, StepLine
from autoexp_tui.text.numbers import format_number
from autoexp_tui.text.safe import clean_line

WIDTH, HEIGHT = 820, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 16, 44
_STRIP = 20
"""Pixels under the plot where crashes are marked: they have no value."""
_INSET = 14
"""Pixels between the frame and the outermost values."""
_FLOOR = HEIGHT - _BOTTOM
_LOWEST = _FLOOR - _STRIP
_END = WIDTH - _RIGHT
_MANY = 150
"""More marks than this are drawn small."""


def svg(picture: Picture, title: str, words: Callable[[int], str]) -> str:
    """An `<svg>` element. `title` says what it shows; `words` tells an experiment by its number."""
    name = escape(clean_line(title, 60))
    parts = [
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">',
        *_axes(picture, name),
        *_baseline(picture),
        *(part for line in picture.lines for part in _line(picture, line)),
        *_marks(picture, words),
        "</svg>",
    ]
    return "\n".join(parts)


def _x(picture: Picture, value: float) -> float:
    return _LEFT + _INSET + (_END - _LEFT - 2 * _INSET) * picture.x.share(value)


def _y(picture: Picture, value: float) -> float:
    return _LOWEST - _INSET - (_LOWEST - _TOP - 2 * _INSET) * picture.y.share(value)


def _label(x: float, y: float, text: str, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}"'
    return f'<text class="label" {place} text-anchor="{anchor}">{text}</text>'


def _axes(picture: Picture, name: str) -> Iterator[str]:
    for tick in picture.y.ticks(7):
        y = _y(picture, tick.value)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_END}"/>'
        yield _label(_LEFT - 9, y + 4, tick.label, "end")
    yield f'<path class="axis" d="M{_LEFT} {_FLOOR}H{_END}"/>'
    for tick in picture.x.ticks(10):
        yield _label(_x(picture, tick.value), _FLOOR + 17, tick.label, "middle")
    spaced = ", logarithmic" if picture.y.log else ""
    yield _label(_LEFT, HEIGHT - 6, f"{name}{spaced}", "start")


def _baseline(picture: Picture) -> Iterator[str]:
    if picture.baseline is not None:
        y = _y(picture, picture.baseline)
        yield f'<path class="base" d="M{_LEFT} {y:.1f}H{_END}"/>'
        yield _label(_END, y - 6, f"baseline {format_number(picture.baseline)}", "end")


def _line(picture: Picture, line: StepLine) -> Iterator[str]:
    (first, top), *others = line.points
    path = f"M{_x(picture, first):.1f} {_y(picture, top):.1f}"
    path += "".join(f"H{_x(picture, x):.1f}V{_y(picture, y):.1f}" for x, y in others)
    path += "" if line.end is None else f"H{_END}"
    if line.kind == "step":
        yield f'<path class="area" d="{path}V{_LOWEST}H{_x(picture, first):.1f}Z"/>'
    yield f'<path class="{line.kind}" d="{path}"/>'


def _marks(picture: Picture, words: Callable[[int], str]) -> Iterator[str]:
    size = 5 if len(picture.marks) <= _MANY else 3.5
    for mark in picture.marks:
        x, title = _x(picture, mark.x), f"<title>{escape(words(mark.n))}</title>"
        if mark.y is None:
            y = _FLOOR - _STRIP / 2
            yield f'<path class="c" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0-8l-8 8">{title}</path>'
            continue
        y = _y(picture, mark.y)
        if mark.low is not None and mark.high is not None:
            low, high = _y(picture, mark.low), _y(picture, mark.high)
            yield f'<path class="band" d="M{x:.1f} {low:.1f}V{high:.1f}"/>'
        if mark.kind in {"discard", "measured"}:
            judged = mark.kind == "discard"
            beyond = picture.y.beyond(mark.y)
            yield _not_kept(x, y, beyond, size, title, judged=judged)
        else:
            kind = {"aside": "k hollow", "record": "k record"}.get(mark.kind, "k")
            yield f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{size:g}">{title}</circle>'


def _not_kept(x: float, y: float, beyond: int, size: float, title: str, *, judged: bool) -> str:
    if beyond > 0:
        return f'<path class="d" d="M{x:.1f} {_TOP}l4.5 8h-9z">{title}</path>'
    if beyond < 0:
        return f'<path class="d" d="M{x:.1f} {_LOWEST}l4.5-8h-9z">{title}</path>'
    kind = "d" if judged else "d unjudged"
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{size * 0.6:g}">{title}</circle>'
