"""Ideas put together: by the slots that the tuner moved, else by the words that they begin with.

What a change is worth is known only where it was tried alone: of several that came together, and
of a step that a verification found to be worth nothing, none is credited with the gain.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from autoexp_tui.model.objective import Objective
from autoexp_tui.model.state import Row
from autoexp_tui.text.safe import Safe, clean_line

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
    """By which kept rows that changed nothing else beat what was kept before them, in the unit of
    the objective's figure."""
    shared: float
    """The same of the rows that changed other things too: nobody knows which of them did it."""
    partners: tuple[Safe, ...]
    """What else those changed."""
    refuted: tuple[int, ...]
    """Kept rows whose gain was gone when it was measured again: it counts nowhere."""
    way: tuple[str, str] | None = None
    """The slot's value at first and after the last kept row; None for ideas in words."""

    @property
    def tried(self) -> int:
        return len(self.rows)

    @property
    def is_dead_end(self) -> bool:
        """Tried alone more than once, and nothing of it was kept."""
        return self.alone > 1 and not self.kept and self.name != OTHER


def group_ideas(
    rows: Sequence[Row], objective: Objective, refuted: Collection[int] = ()
) -> list[Group]:
    """Every row but the baseline in its groups; what gained most by itself comes first.

    `refuted`: experiments whose gain a verification didn't find again.
    """
    gained = {n: 0.0 if n in refuted else gain for n, gain in gains(rows, objective)}
    ideas = [row for row in rows if not row.is_baseline]
    slots = [row for row in ideas if _changes(row)]
    words = [row for row in ideas if not _changes(row)]
    found = [*_by_slot(slots, gained, refuted), *_by_words(words, gained, refuted)]
    return sorted(
        found, key=lambda g: (g.name == OTHER, -g.gain, -g.shared, -g.kept, -g.tried, g.name)
    )


def gains(rows: Iterable[Row], objective: Objective) -> Iterator[tuple[int, float]]:
    """By experiment: by how much each kept row beat all that were kept before it.

    They add up to the whole gain. Rows without a figure, or that were no new best, are left out.
    """
    for row, gain in objective.climb(rows):
        if gain is not None and gain.better and math.isfinite(gain.value or 0.0):
            yield row.n, gain.value or 0.0


def _group(
    name: str,
    rows: Sequence[Row],
    gained: Mapping[int, float],
    refuted: Collection[int],
    way: tuple[str, str] | None = None,
) -> Group:
    kept = [row for row in rows if row.status == "keep"]
    together = [row for row in kept if gained.get(row.n) and not _tells(row)]
    others = dict.fromkeys(other for row in together for other in _names(row) if other != name)
    return Group(
        name=name,
        rows=tuple(rows),
        kept=len(kept),
        crashed=sum(row.has_failed for row in rows),
        alone=sum(_is_alone(row) for row in rows),
        gain=sum(gained.get(row.n, 0.0) for row in kept if _tells(row)),
        shared=sum(gained[row.n] for row in together),
        partners=tuple(others),
        refuted=tuple(row.n for row in kept if row.n in refuted),
        way=way,
    )


def tried_words(group: Group) -> str:
    """`tried 3 times`; where that was rarely alone, `tried 2 times alone, 7 in all`."""
    if group.alone < group.tried:
        return f"tried {group.alone} times alone, {group.tried} in all"
    return f"tried {group.tried} times"


def _names(row: Row) -> list[Safe]:
    """The values that it changed, where those are known."""
    return [
        clean_line(name, _NAME) for name in _changes(row) or [change.name for change in row.changes]
    ]


def _is_alone(row: Row) -> bool:
    """Whether it changed one thing, as far as is known."""
    return len(_names(row)) < 2


def _tells(row: Row) -> bool:
    """Whether its gain is that of one change: what it was made from was the best before it."""
    return _is_alone(row) and not (row.aside and row.made_from)


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


def _by_slot(
    rows: Iterable[Row], gained: Mapping[int, float], refuted: Collection[int]
) -> Iterator[Group]:
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
        yield _group(clean_line(name, _NAME), moved, gained, refuted, way)


# ---- by words ------------------------------------------------------------------------------------


def _by_words(
    rows: Sequence[Row], gained: Mapping[int, float], refuted: Collection[int]
) -> Iterator[Group]:
    beginnings = [_beginning(row.description) for row in rows]
    common = Counter(part for words in beginnings for part in {words[:1], words[:2]} if part)
    groups: dict[str, list[Row]] = defaultdict(list)
    for row, words in zip(rows, beginnings, strict=True):
        groups[_key(words, common)].append(row)
    for name, shared in groups.items():
        yield _group(name, shared, gained, refuted)


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
