"""Which line of a table of text is its header."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from autoexp_tui.tables import cell_values, dates, names, statuses
from autoexp_tui.tables.sheet import cut

Fields = tuple[int, list[str]]
"""The number of a line, and its cells."""
_BELOW = 200
"""Lines below it that are looked at to tell it by its form."""
_NAME = re.compile(r"[^\W\d][\w .()/%#µ@+\-\[\]]{0,48}|#")


def header_at(fields: Sequence[Fields]) -> int | None:
    """Where the header is: among the first lines, names only and at least one known."""
    for at, (_, cells) in enumerate(fields[:20]):
        if is_header(cells):
            return at
        if len(cells) > 1 and any(cell_values.number(cell) is not None for cell in cells):
            later = [k for k, (_, more) in enumerate(fields[:20]) if k > at and is_header(more)]
            if later and len(fields[later[0]][1]) >= len(cells) > 1:
                return later[0]
            break
    return _by_form(fields)


def _by_form(fields: Sequence[Fields]) -> int | None:
    """The first line that holds words where the lines below it hold numbers, in any language."""
    for at, (_, cells) in enumerate(fields[:10]):
        below = [more for _, more in fields[at + 1 : at + 1 + _BELOW] if len(more) == len(cells)]
        if not below or (len(cells) == 1 and len(below) < 2):
            continue
        held = [[row[place] for row in below if not cell_values.is_blank(row[place])]
                for place in range(len(cells))]  # fmt: skip
        numeric = [
            place
            for place, column in enumerate(held)
            if column and sum(map(_figure, column)) * 5 >= len(column) * 4
        ]
        titled = sum(_is_title(cells[place]) for place in numeric)
        if numeric and titled * 3 >= len(numeric) * 2 and all(
            _is_title(cells[place]) or cells[place].strip().endswith("%") for place in numeric
        ):  # fmt: skip
            return at
        if any(map(_figure, cells)):
            return None
    return None


def is_header(cells: Sequence[str]) -> bool:
    filled = [bare(cell) for cell in cells if cell.strip()]
    if not filled or len(filled) * 2 < len(cells):
        return False
    if any(
        cell_values.number(cell) is not None or dates.moment(cell) is not None or len(cell) > 60
        for cell in filled
    ):
        return False
    known = sum(_is_known(cell) for cell in filled)
    shaped = sum(_NAME.fullmatch(cell) is not None for cell in filled)
    if len(filled) == 1:
        return (
            not cells[0].startswith("#") and len(cells) == 1 and known == 1 and " " not in filled[0]
        )
    return (known >= 2 or known * 2 >= len(filled)) and shaped * 5 >= len(filled) * 4


def _figure(cell: str) -> bool:
    return cell_values.number(cell) is not None or dates.moment(cell) is not None


def _is_title(cell: str) -> bool:
    """Whether a cell over numbers is a name: not the mark of something missing, no verdict."""
    name = bare(cell)
    return (
        any(letter.isalpha() or letter in "%#№" for letter in name)
        and not _figure(name)
        and not cell_values.is_blank(cell)
        and not (statuses.outcome_of(name) == "failed" and names.name_direction(name)[1] == 0)
    )


def bare(cell: str) -> str:
    """A name without what makes its line a comment."""
    return cell.strip().lstrip("# ").rstrip() or cell.strip()


def _is_known(name: str) -> bool:
    word = names.leaf(name)
    return bool(word) and (
        word in names.STATUS
        or word in names.DESCRIPTION
        or word in names.COMMIT
        or (word in names.INDEX and word != "run")
        or word in names.TIME
        or word in names.DIRECTION
        or word in names.EXACT
        or names.is_delta(name)
        or names.name_direction(name)[1] > 0
    )


def distinct(header: Sequence[str]) -> list[str]:
    seen: Counter[str] = Counter()
    found = []
    for at, name in enumerate(header):
        name = cut(name)[:200] or f"#{at}"  # noqa: PLW2901 - the name it goes by from here on
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def repeats(cells: Sequence[str], header: Sequence[str]) -> bool:
    shown = [cell.strip() for cell in cells]
    while len(shown) > len(header) and not shown[-1]:
        shown.pop()
    return shown == list(header)


def is_another_header(cells: Sequence[str], body: Sequence[Fields]) -> bool:
    """Names only, a verdict column among them: free text can look like names."""
    words = {names.leaf(cell) for cell in cells}
    return bool(words & set(names.STATUS)) and len(words) > 2 and is_header(cells) and len(body) > 0
