"""Where text becomes what Rich and Textual paint: only here.

What is composed (a text, a title) is cleaned here, once. A segment is painted by the thousand, so
it asks for text that was cleaned.
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.content import Content
from textual.widget import Widget

from autoexp_tui.text.safe import Safe, clean, one_line


def text(*pieces: str | tuple[str, str | Style], no_wrap: bool = False) -> Text:
    """Pieces one after another, each with a style where it has one. Nothing in them is markup."""
    made = Text(no_wrap=no_wrap)
    for piece in pieces:
        words, style = (piece, None) if isinstance(piece, str) else piece
        made.append(clean(words), style)
    return made


def segment(words: Safe, style: Style) -> Segment:
    """Part of a painted line; it holds no line break and no tab."""
    return Segment(words, style)


def entitle(pane: Widget, words: str) -> None:
    """Write into the pane's upper border; what is there already costs nothing."""
    title = Content(one_line(words))
    if pane.border_title != title.markup:
        pane.border_title = title


def subtitle(pane: Widget, words: str) -> None:
    """Write into the pane's lower border."""
    pane.border_subtitle = Content(one_line(words))
