"""Texts for a model: measured in tokens, cut to a budget, fenced, and fit to be sent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

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
