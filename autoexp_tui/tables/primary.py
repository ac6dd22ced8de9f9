"""Which column is the one number that a loop improves: by name, place and contents."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise, zip_longest

from autoexp_tui.tables import cell_values, names, statuses
from autoexp_tui.tables.column import Sampled, counts, is_long_text, rises, sampled
from autoexp_tui.tables.direction import judged_points, suits
from autoexp_tui.tables.model import Cell, Outcome
from autoexp_tui.tables.sheet import Sheet


def candidates_of(columns: Sequence[Sampled], rows: bool, sheet: Sheet) -> list[Sampled]:
    """The columns that could be the metric: numbers that nothing speaks against."""
    found = []
    for column in columns:
        if column.role is not None or names.is_fact(column.name):
            continue
        promising = names.merit(column.name) >= 3.0 and not names.is_text(column.name)
        if column.filled:
            named = promising and names.leaf(column.name) in names.EXACT
            fits = (column.numeric >= 0.5 or named) and not _is_of_one_row(column, sheet)
        else:
            fits = promising if rows else not names.is_text(column.name)
        if fits and not _is_boolean(column):
            found.append(column)
    return found


def _is_boolean(column: Sampled) -> bool:
    return column.share(lambda cell: isinstance(cell, bool)) > 0.5


def _is_of_one_row(column: Sampled, sheet: Sheet) -> bool:
    """Whether an object's key is that of one among many: each was measured by something else."""
    return sheet.kind in {"json", "jsonl"} and len(column.cells) >= 4 and column.filled == 1


def primary_of(
    columns: Sequence[Sampled],
    candidates: list[Sampled],
    status: Sampled | None,
    sheet: Sheet,
    hints: set[str],
    aim: str = "",
) -> tuple[Sampled | None, str]:
    """The column that the loop improves, by points for names, contents, verdicts and place.

    With it, why it is one choice among several; empty where it is plain.
    """
    rows = len(columns[0].cells) if columns else 0
    if sheet.flavour.startswith(("pi", "optuna")) or any(c.metric for c in sheet.configs):
        declared = {"metric", "value", *(config.metric for config in sheet.configs)}
        for column in columns:
            if column.name in declared and column.role is None:
                return column, ""
    verdicts = _Verdicts(status)
    points = {column.at: _points(column, columns, verdicts, rows) for column in candidates}
    _compare(candidates, points, judged=verdicts.judged)
    first = _first(columns, candidates, strict=not rows)
    if first is not None:
        points[first.at] += _custom(first, sheet, judged=verdicts.judged or not rows)
    for place, column in enumerate(candidates):
        # Of columns whose names say nothing, what was set stands before what came of it.
        blank = (
            rows and sheet.named and not verdicts.judged
            and names.name_direction(column.name)[1] == 0
        )  # fmt: skip
        points[column.at] += 0.1 * (min(place, 8) if blank else -min(place, 20))
        points[column.at] += 3.0 * (column.name in hints) + 6.0 * (column.name == aim)
    ranked = sorted(candidates, key=lambda c: -points[c.at])
    if not ranked:
        return None, ""
    best = ranked[0]
    if not rows:
        lead = points[best.at] - (points[ranked[1].at] if len(ranked) > 1 else 0.0)
        return (best if points[best.at] >= 2.0 and lead >= 1.2 else None), ""
    if verdicts.all_failed and names.merit(best.name) < 3.0:
        return None, ""
    if points[best.at] <= -3.0 and len(ranked) > 1:
        return best, f"no column stands out as the metric; {_CHOOSE}"
    best = _within_family(best, candidates, columns, points)
    if verdicts.judged and best.name != aim:
        best = _first_of_reciprocals(best, candidates)
    close = [c.name for c in ranked if c is not best and points[c.at] > points[best.at] - 1.0]
    return best, f"{close[0]} could be the metric as well; {_CHOOSE}" if close else ""


def _first_of_reciprocals(best: Sampled, candidates: Sequence[Sampled]) -> Sampled:
    """The column before a speed that holds the same as a time for one piece of work.

    Decisions go by either of them alike; by custom the first number is the metric.
    """
    if not names.is_rate(best.name):
        return best
    for column in candidates:
        if column.at >= best.at:
            break
        if not names.is_resource(column.name) or names.is_duration(column.name):
            continue
        products = [a * b for a, b in zip(column.figures, best.figures, strict=True)
                    if a is not None and b is not None]  # fmt: skip
        if len(products) >= 3 and max(products) <= 1.1 * min(products):
            return column
    return best


_CHOOSE = "--metric COLUMN chooses"


class _Verdicts:
    """What a status column says of the sampled rows."""

    def __init__(self, status: Sampled | None) -> None:
        self.words = [] if status is None else [_word(cell) for cell in status.cells]
        self.accepting = status is not None and statuses.accepts(status.name)
        known = statuses.outcomes_of(self.words, accepting=self.accepting)
        self.outcomes: list[Outcome] = [known[w] if w else "none" for w in self.words]
        self.judged = not {"kept", "rejected"}.isdisjoint(self.outcomes)
        self.all_failed = bool(self.outcomes) and set(self.outcomes) == {"failed"}

    def improved(self, column: Sampled) -> float:
        """Points, 5 to -4, for how well decisions go by a column's numbers.

        In the direction of its name, or in the one that suits them better.
        """
        if not self.judged or names.is_delta(column.name):
            return 0.0
        points = judged_points(
            list(zip(column.figures, self.words, self.outcomes, strict=True)),
            accepting=self.accepting,
        )
        found = suits(column.name, points)
        spent = names.is_resource(column.name) and names.merit(column.name) < 2.0
        return 0.7 * found if spent else found

    def missing(self, column: Sampled) -> float:
        """The share of rows without a number, of those that didn't fail."""
        ran = [
            figure is None
            for figure, outcome in zip_longest(column.figures, self.outcomes)
            if outcome != "failed"
        ]
        return sum(ran) / len(ran) if ran else 1.0

    def falls_to_zero(self, column: Sampled) -> bool:
        """Whether a column is zero where the experiment failed, and hardly ever where it didn't."""
        failed, fine = [0, 0], [0, 0]
        for figure, outcome in zip(column.figures, self.outcomes, strict=False):
            if figure is not None:
                tally = failed if outcome == "failed" else fine
                tally[0] += figure == 0
                tally[1] += 1
        often = failed[0] > 0 and failed[0] * 4 >= failed[1]
        return often and fine[0] * 10 < fine[1]


def _word(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else str(cell).strip()


def _custom(first: Sampled, sheet: Sheet, *, judged: bool) -> float:
    """Points for the first candidate: where loops keep a table, the metric is the first number."""
    if not judged:
        if not sheet.named:
            return 2.0
        return 1.0 if names.merit(first.name) > 0.0 else 0.0
    plain = names.name_direction(first.name)[1] > 0 or names.is_delta(first.name)
    return 3.0 if plain else 2.0


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


def _points(column: Sampled, columns: Sequence[Sampled], verdicts: _Verdicts, rows: int) -> float:
    points = names.merit(column.name)
    if _has_p_value(column, columns):
        points += 1.5
    if not rows:
        return points
    points -= 3.0 * verdicts.missing(column)
    if column.distinct <= 1 and sum(f is not None for f in column.figures) >= 3:
        points -= 4.0
    if column.numeric >= 0.5 and _is_total(column, columns):
        points += 5.0
    if verdicts.falls_to_zero(column):
        points += 3.0
    points += verdicts.improved(column) if points > -1.0 else min(0.0, verdicts.improved(column))
    if points < 2.0 and names.name_direction(column.name)[1] == 0 and _has_unit(column):
        points += 2.0
    if names.leaf(column.name) in names.INDEX or _numbers_rows(column):
        points -= 4.0
    if names.name_direction(column.name)[1] == 0:
        points -= 1.0 * (rises(column) and counts(column)) + 0.5 * counts(column)
        points -= 1.0 * (rows >= 6 and column.distinct * 3 <= column.filled)
    return points


def _numbers_rows(column: Sampled) -> bool:
    """Whether a column of no known name counts the rows one by one."""
    found = column.figures
    return (
        names.name_direction(column.name)[1] == 0
        and len(found) > 2
        and found[0] in {0.0, 1.0}
        and all(a is not None and b == a + 1.0 for a, b in pairwise(found))
    )


def _has_unit(column: Sampled) -> bool:
    """Whether most cells have a unit that tells which way is better."""
    return column.share(lambda c: cell_values.way_of_unit(cell_values.unit(c)) != "unknown") > 0.5


def _compare(candidates: Sequence[Sampled], points: dict[int, float], *, judged: bool) -> None:
    """Change the points by what other candidates there are.

    What stands in for something, a part of it or its cost yields where the thing itself is there.
    """
    words = {c.at: set(names.tokens(c.name)) for c in candidates}
    live = [c for c in candidates if c.distinct > 1]
    measures = [
        c for c in live if names.merit(c.name) >= 3.5 and not names.is_resource(c.name)
        and not names.is_rate(c.name)
    ]  # fmt: skip
    validated = any(words[c.at] & names.VALIDATION for c in measures)
    qualities = [c for c in measures if not names.is_service(c.name)]
    headline = any(not words[c.at] & _SURROGATES for c in measures)
    for column in candidates:
        own = words[column.at]
        if measures and column not in measures and names.is_duration(column.name):
            points[column.at] -= 2.0
        if not judged and qualities and names.is_rate(column.name):
            points[column.at] -= 2.0
        if not judged and names.is_failures(column.name) and _is_mostly_zero(column) and any(
            c is not column and not _is_mostly_zero(c) and names.merit(c.name) >= 1.0 for c in live
        ):  # fmt: skip
            points[column.at] -= 4.0
        if validated and own & names.TRAINING and not own & names.VALIDATION:
            points[column.at] -= 3.0
        if not judged and any(
            words[c.at] - names.VALIDATION == own for c in live if c is not column
        ):
            points[column.at] -= 1.0
        if (
            not judged
            and "test" in own
            and any(
                words[c.at] & names.VALIDATION and words[c.at] - names.VALIDATION == own - {"test"}
                for c in live
            )
        ):  # what is chosen by is the validation; a test is looked at once
            points[column.at] -= 2.0
        if headline and not judged and own & _SURROGATES:
            points[column.at] -= 2.5
        if "loss" in own and len(measures) > 1 and _is_zero_where_not_trained(column):
            points[column.at] -= 4.0
        if own & _EDGES and any(_is_edge_of(own, words[c.at]) for c in live if c is not column):
            points[column.at] -= 2.5
        if any(_is_running_best(column, other) for other in live if other is not column):
            points[column.at] -= 5.0


_SURROGATES = frozenset("loss losses nll entropy kl".split())
"""What is trained by, where something else says how good it is."""
_EDGES = frozenset(
    "min max minimum maximum std stddev stdev lowest highest count sum error".split()
)


def _is_edge_of(own: set[str], other: set[str]) -> bool:
    """`reward_max` beside `reward` or `reward_mean`."""
    return other - {"mean", "median", "avg"} == own - _EDGES


def _is_mostly_zero(column: Sampled) -> bool:
    """Whether half of the numbers or more are 0: a check that all was well, not a measure."""
    found = [figure for figure in column.figures if figure is not None]
    return sum(figure == 0 for figure in found) * 2 >= len(found)


def _is_zero_where_not_trained(column: Sampled) -> bool:
    """A loss of exactly 0 in some rows and far from it in others: these weren't trained."""
    zeros = sum(figure == 0 for figure in column.figures)
    return zeros > 0 and column.distinct > 2


def _is_running_best(column: Sampled, other: Sampled) -> bool:
    """Whether a column holds the best that another one had had by then."""
    pairs = [(a, b) for a, b in zip(column.figures, other.figures, strict=True)
             if a is not None and b is not None]  # fmt: skip
    if len(pairs) < 4 or column.distinct >= other.distinct:
        return False
    for pick in (min, max):
        top = pairs[0][1]
        for best, value in pairs:
            top = pick(top, value)
            if best != top:
                break
        else:
            return True
    return False


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


def mean_of_scores(sheet: Sheet, at: int) -> bool:
    """Whether a column that is called a mean lies among the scores beside it, row by row.

    Not beside times: `min`, `avg`, `max` and percentiles of one measure are no scores.
    """
    if not names.is_mean(sheet.columns[at]):
        return False
    columns = sampled(sheet)
    scores = [c for c in columns if c.at != at and c.numeric >= 0.9 and not counts(c)]
    if len(scores) < 3 or any(
        names.is_better_lower(c.name) or set(names.tokens(c.name)) & _EDGES for c in scores
    ):
        return False
    between = []
    for row, mean in enumerate(columns[at].figures):
        beside = [figure for c in scores if (figure := c.figures[row]) is not None]
        if mean is not None and beside:
            between.append(min(beside) <= mean <= max(beside))
    return len(between) >= 2 and all(between)


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
