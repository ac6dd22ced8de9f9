"""How far a table got, and when: the running best, the gain's shares, the longest drought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from autoexp_tui.model.objective import beats
from autoexp_tui.tables import statuses
from autoexp_tui.tables.model import Table, TableRow, Way

_COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


class GainShare(msgspec.Struct, frozen=True):
    """What part of the whole gain was there after so many experiments."""

    experiments: int
    """Rows of the primary metric with a measurement or a verdict, the baseline included."""
    share: float
    """0 to 1."""


def measured(table: Table) -> list[TableRow]:
    """The rows that count for the primary metric: its segments', in its direction."""
    primary = table.primary
    found: list[TableRow] = []
    for part in table.segments:
        if part.measures_as(primary):
            found += [row for row in table.rows[part.start : part.stop] if not row.text]
    return found


def baseline(rows: Sequence[TableRow]) -> float | None:
    """The first usable value; of a row that is there to be compared with only where all are."""
    usable = [row for row in rows if row.value is not None]
    own = (row for row in usable if not statuses.is_reference(row.word))
    first = next(own, usable[0] if usable else None)
    return None if first is None else first.value


def eligible(rows: Sequence[TableRow]) -> list[TableRow]:
    """The rows that the best may be among, all of them with a value.

    The kept ones; without verdicts those that none of its words speaks against, or, where each
    row has some word, all that didn't fail.
    """
    judged = any(row.status in {"kept", "rejected"} for row in rows)
    found = [
        row
        for row in rows
        if row.value is not None and row.status == ("kept" if judged else "none")
    ]
    if judged or found:
        return found
    return [row for row in rows if row.value is not None and row.status != "failed"]


def best(rows: Sequence[TableRow], way: Way) -> TableRow | None:
    """The best eligible row, the earliest of equals; None where the direction is unknown."""
    return best_of(eligible(rows), way)


def best_of(rows: Iterable[TableRow], way: Way) -> TableRow | None:
    """The row with the best value, the earliest of equals; None where the direction is unknown."""
    found: TableRow | None = None
    for row in rows:
        if beats(way, row.value, None if found is None else found.value):
            found = row
    return found


def running_best(rows: Sequence[TableRow], way: Way) -> Iterator[float | None]:
    """The best eligible value after each row."""
    allowed = {id(row) for row in eligible(rows)}
    top: float | None = None
    for row in rows:
        value = row.value
        if id(row) in allowed and beats(way, value, top):
            top = value
        yield top


def gain_shares(rows: Sequence[TableRow], way: Way) -> tuple[GainShare, ...]:
    """The share of the whole gain after 1, 2, 5, 10, 20 … experiments and after all of them."""
    tops = list(running_best(rows, way))
    known = [top for top in tops if top is not None]
    if not known or known[0] == known[-1]:
        return ()
    first, last = known[0], known[-1]
    counts = [count for count in _COUNTS if count < len(tops)] + [len(tops)]
    found = []
    for count in counts:
        top = tops[count - 1]
        share = 0.0 if top is None else (top - first) / (last - first)
        found.append(GainShare(count, round(share, 4) or 0.0))
    return tuple(found)


def longest_drought(rows: Sequence[TableRow], way: Way) -> int | None:
    """The most experiments in a row without a new best; None where no best is known."""
    longest = dry = 0
    before: float | None = None
    seen = False
    for top in running_best(rows, way):
        seen = seen or top is not None
        dry = 0 if top != before else dry + 1
        longest = max(longest, dry)
        before = top
    return longest if seen else None
