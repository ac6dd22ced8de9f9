"""Which column is the one number that a loop improves: by name, place and contents."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from autoexp_tui.tables import names, statuses
from autoexp_tui.tables.column import Sampled, counts, is_long_text, rises, sampled
from autoexp_tui.tables.sheet import Sheet


def candidates_of(columns: Sequence[Sampled], rows: bool) -> list[Sampled]:
    found = []
    for column in columns:
        if column.role is not None:
            continue
        promising = names.merit(column.name) >= 3.0 and not names.is_text(column.name)
        if column.filled:
            named = promising and names.leaf(column.name) in names.EXACT
            fits = column.numeric >= 0.5 or named
        else:
            fits = promising if rows else not names.is_text(column.name)
        if fits and not _is_boolean(column):
            found.append(column)
    return found


def _is_boolean(column: Sampled) -> bool:
    return column.share(lambda cell: isinstance(cell, bool)) > 0.5


def primary_of(
    columns: Sequence[Sampled],
    candidates: list[Sampled],
    status: Sampled | None,
    sheet: Sheet,
    hints: set[str],
) -> tuple[Sampled | None, str]:
    """The column that the loop improves, by points for names, place and contents."""
    rows = len(columns[0].cells) if columns else 0
    if sheet.flavour.startswith(("pi", "optuna")) or any(c.metric for c in sheet.configs):
        declared = {"metric", "value", *(config.metric for config in sheet.configs)}
        for column in columns:
            if column.name in declared and column.role is None:
                return column, ""
    points = {column.at: _points(column, columns, status, rows) for column in candidates}
    first = _first(columns, candidates, strict=not rows)
    if first is not None:
        points[first.at] += 4.0 if sheet.named else 2.0
    for place, column in enumerate(candidates):
        points[column.at] -= 0.1 * min(place, 20)
        points[column.at] += 3.0 * (column.name in hints)
    ranked = sorted(candidates, key=lambda c: -points[c.at])
    if not ranked or (points[ranked[0].at] <= -3.0 and len(ranked) > 1):
        return (ranked[0], "no column stands out as the metric") if ranked and rows else (None, "")
    best = ranked[0]
    if not rows:
        lead = points[best.at] - (points[ranked[1].at] if len(ranked) > 1 else 0.0)
        return (best if points[best.at] >= 2.0 and lead >= 1.2 else None), ""
    best = _within_family(best, candidates, columns, points)
    close = [c.name for c in ranked if c is not best and points[c.at] > points[best.at] - 1.0]
    return best, f"{close[0]} could be the metric as well" if close else ""


def _first(
    columns: Sequence[Sampled], candidates: Sequence[Sampled], *, strict: bool
) -> Sampled | None:
    """The first candidate, which by custom is the metric; `strict`: right behind the names."""
    if not candidates:
        return None
    first = candidates[0]
    leading = {"index", "commit", "time", "status", "direction", "name"}
    if strict and any(
        c.role not in leading and names.leaf(c.name) not in names.INDEX for c in columns[: first.at]
    ):
        return None
    return first


def _points(
    column: Sampled, columns: Sequence[Sampled], status: Sampled | None, rows: int
) -> float:
    points = names.merit(column.name)
    if _has_p_value(column, columns):
        points += 1.5
    if not rows:
        return points
    points -= 3.0 * (1.0 - sum(f is not None for f in column.figures) / rows)
    if rows >= 4 and column.distinct <= 1:
        points -= 4.0
    if column.numeric >= 0.5 and _is_total(column, columns):
        points += 5.0
    if status is not None and _falls_to_zero(column, status):
        points += 3.0
    if names.name_direction(column.name)[1] == 0 and rises(column) and counts(column):
        points -= 1.0
    return points


def _has_p_value(column: Sampled, columns: Sequence[Sampled]) -> bool:
    """Whether a p-value stands beside a column: then that is what is judged."""
    if column.at + 1 < len(columns) and names.leaf(columns[column.at + 1].name) in {
        "p", "p_value", "pvalue", "p_val",
    }:  # fmt: skip
        return True
    stem = names.tokens(column.name)[:1]
    return any(
        names.tokens(other.name)[:1] == stem
        and names.tokens(other.name)[1:] in {("p",), ("pvalue",)}
        for other in columns
        if other is not column and stem
    )


def _is_total(column: Sampled, columns: Sequence[Sampled]) -> bool:
    """Whether a column is the sum of two to six columns right before it."""
    for count in range(2, 7):
        parts = columns[max(0, column.at - count) : column.at]
        if len(parts) < count or any(part.numeric < 0.9 for part in parts):
            return False
        pairs = [
            (whole, [part.figures[row] for part in parts])
            for row, whole in enumerate(column.figures)
            if whole is not None
        ]
        if len(pairs) >= 2 and any(whole for whole, _ in pairs) and all(
            None not in terms
            and math.isclose(whole, sum(t for t in terms if t is not None), rel_tol=1e-3)
            for whole, terms in pairs
        ):  # fmt: skip
            return True
    return False


def total_of(sheet: Sheet, at: int) -> bool:
    """Whether a column holds the sums of whole numbers, points perhaps, right before it."""
    columns = sampled(sheet)
    return _is_total(columns[at], columns) and all(
        counts(part) and min((f for f in part.figures if f is not None), default=-1.0) >= 0.0
        for part in columns[max(0, at - 2) : at + 1]
    )


def _falls_to_zero(column: Sampled, status: Sampled) -> bool:
    """Zero where the experiment failed, and hardly ever where it didn't."""
    failed = [0, 0]
    fine = [0, 0]
    for figure, word in zip(column.figures, status.cells, strict=True):
        if figure is not None:
            tally = failed if statuses.outcome_of(str(word)) == "failed" else fine
            tally[0] += figure == 0
            tally[1] += 1
    often = failed[0] > 0 and failed[0] * 4 >= failed[1]
    return often and fine[0] * 10 < fine[1]


def _within_family(
    best: Sampled,
    candidates: Sequence[Sampled],
    columns: Sequence[Sampled],
    points: dict[int, float],
) -> Sampled:
    """Among columns of one measure: the one that the texts speak of, or that changes most."""
    families: defaultdict[str, list[Sampled]] = defaultdict(list)
    for column in candidates:
        if points[column.at] >= points[best.at] - 5.0 and not names.is_delta(column.name):
            families[_family(column.name)].append(column)
    family = families[_family(best.name)]
    if len(family) < 2 or not _family(best.name):
        return best
    if "." in best.name:  # keys of an object have no customary order, columns do
        spoken = _mentions(family, columns)
        loudest = max(family, key=lambda c: spoken[c.at])
        others = max(spoken[c.at] for c in family if c is not loudest)
        if spoken[loudest.at] >= max(3, 2 * others):
            return loudest
    liveliest = max(family, key=lambda c: c.distinct)
    return liveliest if liveliest.distinct >= 2 * best.distinct else best


def _family(name: str) -> str:
    """What a name measures: its parent for a dotted one, else the last word that tells."""
    parent = name.rpartition(".")[0]
    if names.name_direction(parent)[1] == 2:
        return parent
    return next((w for w in reversed(names.tokens(name)) if names.name_direction(w)[1] == 2), "")


def _mentions(family: Sequence[Sampled], columns: Sequence[Sampled]) -> dict[int, int]:
    """How often the texts speak of each column, by the words that only it has."""
    words = {c.at: set(names.tokens(c.name)) for c in family}
    shared = set.intersection(*words.values())
    texts = [c for c in columns if c.share(is_long_text) >= 0.5]
    spoken: Counter[str] = Counter()
    for column in texts:
        for cell in column.cells[:300]:
            spoken.update(re.findall(r"[a-z0-9µ]+", str(cell).lower()[:2000]))
    return {at: max((spoken[w] for w in own - shared), default=0) for at, own in words.items()}
