"""Ideas put together: by the slots that the tuner moved, else by the words that they begin with."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row
from autoexp_tui.text.safe import clean_line

OTHER = "single ideas"
"""Whatever shares its beginning with no other idea."""

_NAME = 60
_WORD = re.compile(r"[^\W\d_][\w.-]*")
_VERBS = frozenset(
    "add added adding adjust apply back bump bumped change changed cut decay decrease decreased "
    "disable drop dropped double doubled enable fix halve halved increase increased keep larger "
    "less longer lower lowered make more move moved raise raised reduce reduced remove removed "
    "replace replaced restore retry revert scale set shorter shrink smaller swap switch switched "
    "test try trying tune tuned use used using with without".split()
)
_FILLERS = frozenset(
    "a an and again at both by even for from in into it its new now of on only or slightly the "
    "then to very".split()
)


@dataclass(frozen=True, slots=True)
class Group:
    """What came of the ideas that are about one thing."""

    name: str
    rows: tuple[Row, ...]
    """In order; a row that changed several things is in several groups."""
    kept: int
    crashed: int
    alone: int
    """Rows that changed nothing else."""
    gain: float
    """By which the kept rows beat what was kept before them, in the unit of the objective's figure;
    what a row that changed several things gained counts in each of their groups."""
    way: tuple[str, str] | None = None
    """The slot's value at first and after the last kept row; None for ideas in words."""

    @property
    def tried(self) -> int:
        return len(self.rows)

    @property
    def is_dead_end(self) -> bool:
        """Tried more than once, and nothing of it was kept."""
        return self.tried > 1 and not self.kept and self.name != OTHER


def group_ideas(rows: Sequence[Row], objective: Objective) -> list[Group]:
    """Every row but the baseline in its groups; what gained most comes first."""
    gained = dict(gains(rows, objective))
    ideas = [row for row in rows if not row.is_baseline]
    slots = [row for row in ideas if _changes(row)]
    words = [row for row in ideas if not _changes(row)]
    found = [*_by_slot(slots, gained), *_by_words(words, gained)]
    return sorted(found, key=lambda g: (g.name == OTHER, -g.gain, -g.kept, -g.tried, g.name))


def gains(rows: Iterable[Row], objective: Objective) -> Iterator[tuple[int, float]]:
    """By experiment: by how much each kept row beat all that were kept before it.

    They add up to the whole gain. Rows without a figure, or that were no new best, are left out.
    """
    for row, gain in objective.climb(rows):
        if gain is not None and gain.better and math.isfinite(gain.value or 0.0):
            yield row.n, gain.value or 0.0


def _group(
    name: str, rows: Sequence[Row], gained: dict[int, float], way: tuple[str, str] | None = None
) -> Group:
    return Group(
        name=name,
        rows=tuple(rows),
        kept=sum(row.status == "keep" for row in rows),
        crashed=sum(row.status == "crash" and not row.is_skipped for row in rows),
        alone=sum(len(_changes(row)) < 2 for row in rows),
        gain=sum(gained.get(row.n, 0.0) for row in rows if row.status == "keep"),
        way=way,
    )


# ---- by slot -------------------------------------------------------------------------------------


def _changes(row: Row) -> dict[str, tuple[str, str]]:
    """What the tuner noted that it changed; a journal may hold anything there."""
    changed = row.memo.get("changed")
    if not isinstance(changed, dict):
        return {}
    return {
        str(name): (str(pair[0]), str(pair[1]))
        for name, pair in changed.items()
        if isinstance(pair, list | tuple) and len(pair) == 2
    }


def _by_slot(rows: Iterable[Row], gained: dict[int, float]) -> Iterator[Group]:
    slots: dict[str, list[Row]] = defaultdict(list)
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    for row in rows:
        for name, (before, after) in _changes(row).items():
            slots[name].append(row)
            first.setdefault(name, before)
            if row.status == "keep":
                last[name] = after
    for name, moved in slots.items():
        way = (first[name], last.get(name, first[name]))
        yield _group(clean_line(name, _NAME), moved, gained, way)


# ---- by words ------------------------------------------------------------------------------------


def _by_words(rows: Sequence[Row], gained: dict[int, float]) -> Iterator[Group]:
    beginnings = [_beginning(row.description) for row in rows]
    common = Counter(part for words in beginnings for part in {words[:1], words[:2]} if part)
    groups: dict[str, list[Row]] = defaultdict(list)
    for row, words in zip(rows, beginnings, strict=True):
        groups[_key(words, common)].append(row)
    for name, shared in groups.items():
        yield _group(name, shared, gained)


def _key(words: tuple[str, ...], common: Counter[tuple[str, ...]]) -> str:
    if len(words) > 1 and common[words[:2]] > 1:
        return " ".join(words[:2])
    if words and common[words[:1]] > 1:
        return words[0]
    return OTHER


def _beginning(description: str) -> tuple[str, ...]:
    """The first two words that name a thing: `increase the learning rate to 0.04` → learning rate.

    What stands before a colon (`lr: 0.04`) is the name by itself.
    """
    line = clean_line(description, 200).lower()
    head, colon, _ = line.partition(":")
    if colon and 0 < len(head.split()) <= 3:
        line = head
    words = (word.strip(".-") for word in _WORD.findall(line))
    things = [word for word in words if word and word not in _VERBS and word not in _FILLERS]
    return tuple(word[:_NAME] for word in things[:2])
