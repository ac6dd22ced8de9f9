"""The moving picture: the recorded run played again, as one SVG that every browser plays by itself.

Frames are a film strip that one animation moves behind a window. Lines of the screen that are alike
are there once, wherever and however often they are shown: so it stays small.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.samples import recording
from autoexp_tui.sources.journals import JournalSource
from autoexp_tui.sources.player import Player
from autoexp_tui.ui.app import AutoexpApp
from autoexp_tui.ui.screens.run import RunScreen

SIZE = (120, 36)
SHOWN = (10, 13)
"""The experiments that are played: kept ones, whose diff has room."""
_LAST_KEEPS = 5
_WORDS = tuple(n / 8 for n in range(1, 8))
"""Of the time that an idea took: where frames are, while it is written."""
_LINES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
"""Of the time that the harness took."""
_CELL, _LINE = 12.2, 24.4
"""Width and height of a character in a screenshot of Textual's."""
_SETTLED_S = 0.7
"""Seconds after which the screen shows what it was told."""


@dataclass(frozen=True)
class Frame:
    picture: str
    """As Textual exports it."""
    seconds: float


async def frames(theme: str) -> list[Frame]:
    """The run's screen at the moments that tell it: idea, diff, output, verdict; then the keeps."""
    records = list(JournalSource(recording()).read())
    now = 0.0
    player = Player(JournalSource(recording()), clock=lambda: now)
    player.speed = 1
    screen = RunScreen(player, recording())
    app = AutoexpApp(screen)
    taken: list[Frame] = []
    async with app.run_test(size=SIZE) as pilot:
        app.theme = theme

        async def take(seconds: float) -> None:
            await pilot.pause(_SETTLED_S)
            taken.append(Frame(app.export_screenshot(title="autoexp"), seconds))

        await pilot.pause(_SETTLED_S)
        for n in SHOWN:
            player.to_row(n - 1)
            await take(0.5)
            began = now - _time(records, events.Decided, n - 1)
            player.toggle()
            for moment, seconds in _moments(records, n):
                now = began + moment
                await take(seconds)
            player.to_row(n)
            await take(1.4)
        for number, _ in player.kept[-_LAST_KEEPS:]:
            player.to_row(number)
            await take(0.5)
        player.jump(1)
        await take(2.4)
    return taken


def _moments(records: Sequence[Record], n: int) -> list[tuple[float, float]]:
    """Seconds on the run's clock, and how long each is shown."""
    idea, text = _time(records, events.ExperimentStarted, n), _time(records, events.Proposed, n)
    began, ended = _time(records, events.EvaluationStarted, n), _time(records, events.Evaluated, n)
    written = [(idea + (text - idea) * part, 0.12) for part in _WORDS]
    printed = [(began + (ended - began) * part, 0.18) for part in _LINES]
    return [*written, (text + 0.001, 1.0), *printed]


def _time(records: Sequence[Record], kind: type[events.AnyEvent], n: int) -> float:
    return next(
        each.elapsed
        for each in records
        if isinstance(each.event, kind) and getattr(each.event, "n", 0) == n
    )


# ---- one picture of them -------------------------------------------------------------------------

_TEXT = re.compile(
    r'<text[^>]*class="terminal-\d+-(r\d+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"'
    r"[^>]*>(.*?)</text>"
)
_RECT = re.compile(
    r'<rect fill="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="24.65"[^>]*/>'
)
_STYLE = re.compile(r"\.terminal-\d+-(r\d+) \{ (.*?) \}")
_FONT = "ui-monospace, 'SF Mono', Menlo, 'Cascadia Mono', 'DejaVu Sans Mono', monospace"


@dataclass
class _Store:
    """What is there once: styles and lines, by the names that stand for them."""

    styles: dict[str, str] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)

    def style(self, rules: str) -> str:
        return self.styles.setdefault(rules, f"s{len(self.styles)}")

    def line(self, content: str) -> str:
        return self.lines.setdefault(content, f"l{len(self.lines)}")


def animated(taken: Sequence[Frame]) -> str:
    """One SVG that shows the frames one after the other, for ever."""
    store = _Store()
    width, height = SIZE[0] * _CELL, SIZE[1] * _LINE
    strip = "".join(
        f'<g transform="translate(0 {number * height:g})">{_uses(store, frame.picture)}</g>'
        for number, frame in enumerate(taken)
    )
    whole = sum(frame.seconds for frame in taken)
    begins = [0.0, *accumulate(frame.seconds for frame in taken)][:-1]
    steps = "".join(
        f"{100 * at / whole:.3f}%{{transform:translateY({-number * height:g}px)}}"
        for number, at in enumerate(begins)
    )
    last = f"translateY({-(len(taken) - 1) * height:g}px)"
    styles = "".join(f".{name}{{{rules}}}" for rules, name in store.styles.items())
    lines = "".join(f'<g id="{name}">{content}</g>' for content, name in store.lines.items())
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {width + 20:g} {height + 52:g}" role="img" '
        'aria-label="A run, played again: an idea, its diff, what the harness printed, kept">'
        f"<style>text{{font:20px {_FONT};white-space:pre}}{styles}"
        f"#film{{animation:film {whole:g}s step-end infinite}}@keyframes film{{{steps}}}"
        f"@media (prefers-reduced-motion){{#film{{animation:none;transform:{last}}}}}</style>"
        f'<rect width="100%" height="100%" rx="10" fill="#1a1f26"/>'
        '<circle cx="22" cy="20" r="7" fill="#ff5f57"/><circle cx="44" cy="20" r="7" '
        'fill="#febc2e"/><circle cx="66" cy="20" r="7" fill="#28c840"/>'
        f"<defs>{lines}</defs>"
        f'<svg x="10" y="40" width="{width:g}" height="{height:g}">'
        f'<g id="film">{strip}</g></svg></svg>\n'
    )


def _uses(store: _Store, picture: str) -> str:
    """A frame as references to its lines."""
    named = {name: store.style(rules) for name, rules in _STYLE.findall(picture)}
    rows: list[list[str]] = [[] for _ in range(SIZE[1])]
    spans: list[list[tuple[str, float, float]]] = [[] for _ in range(SIZE[1])]
    for fill, x, y, width in _RECT.findall(picture):
        of_row = spans[round((float(y) - 1.5) / _LINE)]
        left, wide = float(x), float(width)
        if of_row and of_row[-1][0] == fill and abs(sum(of_row[-1][1:]) - left) < 0.1:
            wide += of_row[-1][2]
            left = of_row.pop()[1]
        of_row.append((fill, left, wide))
    for row, of_row in zip(rows, spans, strict=True):
        row += [
            f'<rect fill="{fill}" x="{left:g}" width="{wide:g}" height="24.65" '
            'shape-rendering="crispEdges"/>'
            for fill, left, wide in of_row
        ]
    for name, x, y, length, text in _TEXT.findall(picture):
        if text.replace("&#160;", "").strip():
            rows[round((float(y) - 20) / _LINE)].append(
                f'<text class="{named[name]}" x="{x}" y="18.5" textLength="{length}">{text}</text>'
            )
    return "".join(
        f'<use href="#{store.line("".join(row))}" y="{number * _LINE:g}"/>'
        for number, row in enumerate(rows)
    )
