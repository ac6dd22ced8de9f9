"""A name with a value beside it, in whatever text: how much of it is one number, and what else the
name stands in.
"""

from __future__ import annotations

import math
import re

from autoexp_tui.evaluation.units import Quantity, quantity_at

BESIDE = r"[\"']?\s{0,3}[:=]\s{0,3}"
"""Between a name and its value."""
NO_NUMBER = Quantity(math.nan)
_WORD = re.compile(r"[\w./-]{0,40}$")
_AT_THE_START = re.compile(r"(\(\?[aims]+\))?(?:\^|\\A|\\b)+")
_MOST = 60
"""Characters of a form."""


def beside(line: str, start: int) -> Quantity | None:
    """The number at a place in a line; NaN where it isn't one number: `1,234`, `0.5±0.1`."""
    start += line[start : start + 1] in {"'", '"'}
    found = quantity_at(line, start)
    if found is None:
        return None
    return found[0] if re.match(r"[;)\]}\"'|]|[,.]?(?:\s|$)", line[found[1] :]) else NO_NUMBER


def word_before(line: str, start: int) -> str:
    """What stands before a place without a break: it makes another name of the one there."""
    found = _WORD.search(line[max(0, start - 40) : start])
    return found[0] if found else ""


def form(text: str) -> str:
    """A text as it stands whatever its numbers are: those of two epochs have one form."""
    return re.sub(r"[0-9]+", "#", text)[-_MOST:]


def loosened(pattern: str) -> re.Pattern[str] | None:
    """A pattern that also finds what something was glued in front of; None: it does so itself."""
    loose = _AT_THE_START.sub(r"\1", pattern, count=1) if _AT_THE_START.match(pattern) else pattern
    return None if loose == pattern else re.compile(loose)


def whole_number(line: str, start: int, found: Quantity) -> Quantity | None:
    """What a pattern found, with the unit that stands behind it; None for a part of a number."""
    at = quantity_at(line, start)
    if at is None or found.unit:
        return found
    whole, end = at
    before = line[max(start - 2, 0) : start]
    cut = re.search(r"[0-9.]$|(?:^|[\s=:])[+-]$", before) or re.match(
        r",[0-9]{3}(?![0-9])", line[end:]
    )
    return None if cut or whole.digits != found.digits else whole


def reading_advice(line: str, start: int, end: int) -> str:
    """What to write so that the value after `line[start:end]` is read; empty when it can't be."""
    end += line[end : end + 1] in {"'", '"'}
    found = quantity_at(line, end)
    if found is None:
        return ""
    if re.match(r"[,_][0-9]", line[found[1] :]):
        return "print it without a separator of thousands"
    pattern = (re.escape(line[start:end]).replace("\\ ", " ") + r"([-+.\deE]+)").replace("'", "''")
    return f"write `pattern: '{pattern}'`"
