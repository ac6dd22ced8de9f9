"""Texts for a model: measured in tokens, cut to a budget, fenced, and fit to be sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from autoexp_tui.text.safe import clean_line

BYTES = 3
"""Of a token, on the low side for code and English."""


def tokens(text: str) -> int:
    """About how many tokens a text has, rather too many than too few."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES)


def sendable(text: str) -> str:
    """The text as it can be sent: what is not UTF-8 becomes U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def listed(title: str, lines: Sequence[str], budget: int, keep: str = "last") -> str:
    """A list within its budget; what does not fit is counted."""
    if not lines:
        return ""
    chosen = []
    room = budget
    for line in lines if keep == "first" else reversed(lines):
        room -= tokens(line) + 1
        if room < 0:
            break
        chosen.append(f"- {line}")
    left_out = len(lines) - len(chosen)
    if left_out:
        chosen.append(f"- … and {left_out} {'more' if keep == 'first' else 'earlier ones'}")
    if keep == "last":
        chosen.reverse()
    return "\n".join([f"# {title}", "", *chosen])


class Entry(NamedTuple):
    """An item of a list, at length and in short: written only when there is room for it."""

    full: Callable[[], str]
    short: Callable[[], str]


_REST = 200
"""Tokens of a list's room that are for the words about what is left out."""
_AT_LENGTH = 0.7
"""Share of a list's room in which its items are told at length."""


def bounded(
    title: str,
    entries: Sequence[Entry],
    budget: int,
    rest: Callable[[int], str],
    *,
    newest_last: bool = False,
) -> str:
    """A list within its budget: first entries at length, further ones in short, others summed up.

    With `newest_last` the last entries come first in that, and the list keeps its order.
    `rest` says what there is to say of so many entries that are left out.
    """
    if not entries:
        return ""
    ordered = list(reversed(entries)) if newest_last else list(entries)
    lines: list[str] = []
    room = budget - _REST
    at_length = int(_AT_LENGTH * room)
    for entry in ordered:
        text = entry.full() if at_length else entry.short()
        if at_length and tokens(text) >= at_length:
            at_length, text = 0, entry.short()
        price = tokens(text) + 1
        if price > room:
            break
        room, at_length = room - price, max(0, at_length - price)
        lines.append(f"- {text}")
    left = len(ordered) - len(lines)
    if left:
        said = rest(left)
        lines.append(f"- … and {clean_line(said, BYTES * _REST // 2)}")
    if newest_last:
        lines.reverse()
    return "\n".join([f"# {title}", "", *lines])


def head(text: str, budget: int) -> str:
    """Its beginning, in whole lines where it has any, and how much there is in all."""
    if tokens(text) <= budget:
        return text
    cut = text.encode("utf-8", "replace")[: budget * BYTES].decode("utf-8", "ignore")
    whole = cut[: cut.rfind("\n") + 1] or cut
    return f"{whole}\n[… the rest is left out: {len(text)} characters in all]"


def tail(text: str, budget: int) -> str:
    """Its end, in whole lines where it has any."""
    if tokens(text) <= budget:
        return text
    cut = text.encode("utf-8", "replace")[-budget * BYTES :].decode("utf-8", "ignore")
    return cut[cut.find("\n") + 1 :] or cut


def fence(text: str) -> str:
    """The text between markers that it can't contain: they are named after its own hash."""
    name = "data-" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:10]
    newline = "" if text.endswith("\n") else "\n"
    return f"<{name}>\n{text}{newline}</{name}>"
