"""Numbers as people and programs write them into cells: units, signs, separators, placeholders."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from autoexp_tui.tables.model import Cell, Way

PLACEHOLDERS = frozenset(
    "- -- --- — – . ? n/a na n.a. nan none null nil tbd unknown inf -inf +inf infinity ∞".split()
)
"""Cells, in lower case, that say that there is nothing."""

_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}
_NUMBER = re.compile(
    r"[~≈<>≤≥=]{0,2}\s*(?P<money>[$€£]?)"
    r"(?P<sign>[+\-\u2212]?)[$€£]?"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
    r"(?P<exponent>[eE][+\-]?\d{1,3})?"
    r"\s*(?P<unit>[^\d\s(±,;=+]{0,12}(?:/[a-zA-Zµ]{1,8})?)"
    r"(?P<rest>\s*(?:(?:±|\+\s?/?\s?[-\u2212])\s*[\d.,]+(?:[eE][+\-]?\d+)?\s*[%\w]{0,6})?"
    r"\s*(?:@\s*[\w.=\-]{1,24})?\s*(?:\([^()]{0,80}\))?)"
)
_HASH = re.compile(r"[0-9a-f]{6,64}(?:[-_]\w{1,16})?", re.ASCII)
_LONGEST = 120


SCALES_OF_UNITS: tuple[dict[str, float], ...] = (
    {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "min": 60.0,
     "h": 3600.0, "hr": 3600.0},
    {"B": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 2.0**10,
     "MiB": 2.0**20, "GiB": 2.0**30},
)  # fmt: skip
"""Units of time in seconds, and of memory in bytes."""


def way_of_unit(unit: str) -> Way:
    """Which way is better of what is measured in a unit: less time and memory, more per second."""
    if unit.endswith(("/s", "/sec", "/min")) or unit in {"fps", "qps", "tps", "rps"}:
        return "higher"
    return "lower" if any(unit in scales for scales in SCALES_OF_UNITS) else "unknown"


def number(cell: Cell) -> float | None:
    """The finite number that a cell holds, its unit left off; None where it holds none, or two."""
    if type(cell) is str:
        try:
            value = float(cell)
        except ValueError:
            return _written(cell)[0] if cell and len(cell) <= _LONGEST else None
    elif cell is None or cell is True or cell is False:
        return None
    else:
        try:
            value = float(cell)
        except OverflowError:
            return None
    return value if math.isfinite(value) else None


def unit(cell: Cell) -> str:
    """The unit written behind a cell's number; empty without one."""
    return _written(cell)[1] if type(cell) is str and 0 < len(cell) <= _LONGEST else ""


def is_blank(cell: Cell) -> bool:
    """Whether a cell says that there is nothing."""
    if type(cell) is str:
        return not cell or cell.strip().lower() in PLACEHOLDERS or cell.isspace()
    return cell is None or (type(cell) is float and not math.isfinite(cell))


def is_hash(cell: Cell) -> bool:
    """Whether a cell looks like a commit: hexadecimal digits, perhaps `-dirty` behind them."""
    return type(cell) is str and len(cell) <= 81 and _HASH.fullmatch(cell) is not None


@lru_cache(maxsize=8192)
def _written(cell: str) -> tuple[float | None, str]:
    match = _NUMBER.fullmatch(cell.strip())
    if match is None:
        return None, ""
    digits = match["digits"]
    if "," in digits:
        head, _, tail = digits.partition(",")
        decimal = "," not in tail and "." not in tail and (len(tail) != 3 or head == "0")
        digits = digits.replace(",", "." if decimal else "")
    try:
        value = float(digits + (match["exponent"] or ""))
    except ValueError:
        return None, ""
    behind = match["unit"].strip()
    if behind in _SCALES:
        value, behind = value * _SCALES[behind], ""
    elif behind and not _is_unit(behind):
        return None, ""
    if match["sign"] in {"-", "\u2212"}:
        value = -value
    return (value if math.isfinite(value) else None), behind or match["money"]


def _is_unit(text: str) -> bool:
    """Letters, a per cent sign or the like: what a hash or an identifier is not."""
    return text[0] not in "-_.:|" and not text.endswith((":", "|", "_")) and "_" not in text
