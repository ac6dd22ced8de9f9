"""Which way is better: from what the rows tell, and from the metric's name."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from autoexp_tui.tables import names, statuses
from autoexp_tui.tables.model import UNKNOWN, Confidence, InferredWay, Outcome, Way


class Judged(NamedTuple):
    """One measurement, and what was made of it."""

    value: float
    status: Outcome
    restart: bool = False
    """A baseline: what came before it is no yardstick any more."""
    judged: bool = True
    """False where the word only says that the experiment ran."""


class Votes(NamedTuple):
    """How many decisions, by weight, speak for each way."""

    lower: float
    higher: float

    @property
    def weight(self) -> float:
        return self.lower + self.higher

    @property
    def way(self) -> Way:
        if self.lower == self.higher:
            return "unknown"
        return "lower" if self.lower > self.higher else "higher"

    @property
    def agreement(self) -> float:
        """Share of the weight that is on the winning side."""
        return max(self.lower, self.higher) / self.weight if self.weight else 0.0


def judged_points(
    rows: Sequence[tuple[float | None, str, Outcome]], *, accepting: bool
) -> list[Judged]:
    """The measurements of rows, given as value, word and outcome; what has no value is left out.

    `accepting`: the verdicts answer whether something was kept, so that a plain OK is one.
    """
    plain = accepting or any(status == "rejected" for _, _, status in rows)
    known: dict[str, tuple[bool, bool]] = {}
    found = []
    for value, word, status in rows:
        if value is not None:
            kind = known.get(word)
            if kind is None:
                ran = not plain and statuses.only_ran(word)
                kind = known[word] = statuses.is_baseline(word), not ran
            found.append(Judged(value, status, *kind))
    return found


def infer(metric: str, points: Sequence[Judged], *, delta: bool, total: bool) -> InferredWay:
    """Return the direction that the rows and the name make likely; unknown rather than a guess.

    `delta`: the values are differences, so that zero is the yardstick. `total`: they are sums of
    points in the columns before them.
    """
    votes = delta_votes(points) if delta else level_votes(points)
    way, strength = names.name_direction(metric)
    clear = votes.weight >= 4 and votes.agreement >= 0.75
    if clear and votes.agreement == 1.0 and votes.way != way and names.is_only_spent(metric):
        return InferredWay(votes.way, f"what was kept, though {metric} sounds like a cost", "low")
    if strength == 2 or (strength == 1 and way == votes.way and clear):
        return _by_name(metric, votes, clear=clear)
    if clear:
        return InferredWay(votes.way, "what was kept and what was not", "medium")
    if strength == 1:
        return InferredWay(way, f"the name {metric}", "low")
    return _by_few(metric, points, votes, total=total)


def _by_few(metric: str, points: Sequence[Judged], votes: Votes, *, total: bool) -> InferredWay:
    """A guess by little evidence; unknown without any."""
    if votes.weight >= 2 and votes.agreement >= 0.6:
        return InferredWay(votes.way, "what was kept and what was not", "low")
    if tops_out(points):
        return InferredWay("higher", "kept values at exactly 100, the end of a scale", "low")
    return InferredWay("higher", f"{metric} is a sum of points", "low") if total else UNKNOWN


def _by_name(metric: str, votes: Votes, *, clear: bool) -> InferredWay:
    """What the name says, more or less sure by whether what was kept agrees."""
    way, strength = names.name_direction(metric)
    if not clear:
        return InferredWay(way, f"the name {metric}", "medium")
    if votes.way != way:
        return InferredWay(way, f"the name {metric}, though what was kept says otherwise", "low")
    sure: Confidence = "high" if strength == 2 else "medium"
    return InferredWay(way, f"the name {metric} and what was kept", sure)


def level_votes(points: Iterable[Judged]) -> Votes:
    """Each kept value votes with its step from the one kept before, each rejected one against.

    A kept step weighs double: a better value may well be refused for another reason, a worse one
    is seldom kept.
    """
    votes = [0.0, 0.0]
    incumbent: float | None = None
    for value, status, restart, judged in points:
        if not judged:
            continue
        if restart or incumbent is None:
            if status == "kept":
                incumbent = value
            continue
        if value != incumbent:
            if status == "kept":
                votes[value > incumbent] += 2.0
            elif status == "rejected":
                votes[value < incumbent] += 1.0
        if status == "kept":
            incumbent = value
    return Votes(*votes)


def suits(metric: str, points: Sequence[Judged]) -> float:
    """Points, 5 to -4, for decisions that go by a metric: 0 where there are too few of them.

    In the direction of its name; where that tells none, in the one that they suit better.
    """
    way, strength = names.name_direction(metric)
    if strength == 2:
        return _suited(points, higher=way == "higher")
    return 0.8 * max(_suited(points, higher=False), _suited(points, higher=True))


def _suited(points: Sequence[Judged], *, higher: bool) -> float:
    support, against = steps(points, higher=higher)
    weight = support + against
    if weight < 3.0:
        return 0.0
    return max(-4.0, 5.0 * (support / weight - 0.7) / 0.3) * min(1.0, weight / 5.0)


def steps(points: Iterable[Judged], *, higher: bool) -> tuple[float, float]:
    """The weight of the decisions that a direction explains, and of those that go against it.

    A kept step the wrong way weighs four times as much as a better value that was refused.
    """
    support = against = 0.0
    incumbent: float | None = None
    for value, status, restart, judged in points:
        if not judged or (status != "kept" and incumbent is None):
            continue
        if restart or incumbent is None:
            incumbent = value if status == "kept" else incumbent
            continue
        better = value > incumbent if higher else value < incumbent
        if status == "kept":
            support += 2.0 * (better and value != incumbent)
            against += 2.0 * (not better and value != incumbent)
            incumbent = value
        elif status == "rejected" and value != incumbent:
            support += 1.0 * (not better)
            against += 0.5 * better
    return support, against


def delta_votes(points: Sequence[Judged]) -> Votes:
    """The sign of what was kept is the good one; large differences weigh more, up to five times."""
    sizes = [abs(point.value) for point in points if point.value]
    usual = statistics.median(sizes) if sizes else 1.0
    votes = [0.0, 0.0]
    for value, status, _, judged in points:
        weight = min(5.0, abs(value) / usual) if judged else 0.0
        if status == "kept":
            votes[value > 0] += 2.0 * weight
        elif status == "rejected":
            votes[value < 0] += weight
    return Votes(*votes)


def tops_out(points: Sequence[Judged]) -> bool:
    """Whether kept values stand at exactly 100, twice or all, and none above.

    That is the end of a scale, and nobody keeps the worst possible value.
    """
    kept = [point.value for point in points if point.status in {"kept", "none"}]
    return (
        bool(kept)
        and max(point.value for point in points) == 100.0
        and min(point.value for point in points) >= 0.0
        and kept.count(100.0) >= min(2, len(kept))
        and statistics.median(kept) > 50.0
    )
