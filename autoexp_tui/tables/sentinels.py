"""Numbers that stand for a failure, such as 999 or 1e9 among losses about 2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from autoexp_tui.tables.model import Outcome


def sentinels(figures: Iterable[tuple[float, Outcome]]) -> frozenset[float]:
    """Values of a column that stand for a failure: all nines, or a huge power of ten.

    Only where they are far from everything else and come more than once, or on failed rows.
    `figures` are the column's numbers, with what became of their rows.
    """
    counts: Counter[float] = Counter()
    failed: set[float] = set()
    largest = 0.0
    for figure, outcome in figures:
        if abs(figure) >= 99.0 and _is_mark(figure):
            counts[figure] += 1
            if outcome == "failed":
                failed.add(figure)
        else:
            largest = max(largest, abs(figure))
    if not counts or not largest:
        return frozenset()
    far = 5.0 * largest
    return frozenset(f for f, n in counts.items() if abs(f) > far and (n > 1 or f in failed))


def _is_mark(figure: float) -> bool:
    digits = f"{abs(figure):.6f}".rstrip("0").rstrip(".")
    return set(digits) <= {"9", "."} or (abs(figure) >= 1e5 and digits.strip("0") == "1")
