"""What changed between two texts: as a patch, as two counts, and as lines to show.

Lines end at `\\n` only, as git's do; the cost is bounded for any input.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal

LineKind = Literal["same", "removed", "added", "gap"]
Spans = tuple[tuple[int, int], ...]

_WORK = 2_000_000
"""Steps that exact matching of lines may take in one diff, about a second's worth at the worst."""
_DEPTH = 6
"""How often a stretch is split at lines that occur once before it is settled roughly."""
_PAIRINGS = 4_000
"""Pairs of lines compared for likeness in one diff."""
_TOKENS = 200
"""Lines of more tokens get no spans."""
_ALIKE = 0.4
"""Two lines with less in common (0 to 1) are not one line changed."""
_TOKEN = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One row of a diff to show."""

    kind: LineKind
    old_number: int | None
    """From 1; None for an added line. Of a gap: its first line."""
    new_number: int | None
    """From 1; None for a removed line. Of a gap: its first line."""
    text: str
    """Without its `\\n`; for a gap how much it hides, like `12 lines`."""
    spans: Spans = ()
    """What changed within the line: [start, end) in characters of `text`."""
    ended: bool = True
    """False for a last line without a newline."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """old[i1:i2] against new[j1:j2]: equal, or replaced (either side may be empty)."""

    equal: bool
    i1: int
    i2: int
    j1: int
    j2: int


def split(text: str) -> list[str]:
    """The lines of `text` with their `\\n`; only the last may lack it."""
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def count(old: str, new: str) -> tuple[int, int]:
    """How many lines were added and removed."""
    changed = [part for part in _stretches(split(old), split(new)) if not part.equal]
    return sum(part.j2 - part.j1 for part in changed), sum(part.i2 - part.i1 for part in changed)


def replaced(old: str, new: str) -> Iterator[tuple[list[str], list[str]]]:
    """The lines of each stretch that differs, before and after; either may be none."""
    a, b = split(old), split(new)
    for part in _stretches(a, b):
        if not part.equal:
            yield a[part.i1 : part.i2], b[part.j1 : part.j2]


def unified(old: str, new: str, path: str, context: int = 3) -> str:
    """A patch that `git apply` takes, for a file that exists before and after; "" if equal."""
    a, b = split(old), split(new)
    hunks = list(_hunks(_stretches(a, b), context))
    if not hunks:
        return ""
    before, after = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    # Without this tab git would take a name with blanks to end at the first of them.
    tab = "\t" if " " in path and not before.startswith('"') else ""
    out = [f"diff --git {before} {after}\n--- {before}{tab}\n+++ {after}{tab}\n"]
    for hunk in hunks:
        first, last = hunk[0], hunk[-1]
        out.append(f"@@ -{_range(first.i1, last.i2)} +{_range(first.j1, last.j2)} @@\n")
        for part in hunk:
            if part.equal:
                out += (_patch_line(" ", line) for line in a[part.i1 : part.i2])
            else:
                out += (_patch_line("-", line) for line in a[part.i1 : part.i2])
                out += (_patch_line("+", line) for line in b[part.j1 : part.j2])
    return "".join(out)


def lines(old: str, new: str, context: int | None = 3) -> list[DiffLine]:
    """The diff as rows to show, with what changed inside lines; empty if nothing did.

    `context` unchanged lines are kept around each change (None: all of them), the others
    become gaps.
    """
    a, b = split(old), split(new)
    stretches = _stretches(a, b)
    if context is not None and all(part.equal for part in stretches):
        return []
    rows: list[DiffLine] = []
    pairings = _PAIRINGS
    for at, part in enumerate(stretches):
        if part.equal:
            head = context if at or context is None else 0
            tail = context if at + 1 < len(stretches) or context is None else 0
            rows += _same(a, part, head, tail)
            continue
        removed = [_row("removed", a[i], i + 1, None) for i in range(part.i1, part.i2)]
        added = [_row("added", b[j], None, j + 1) for j in range(part.j1, part.j2)]
        pairings -= _mark(removed, added, pairings)
        rows += removed
        rows += added
    return rows


def changed_spans(old: str, new: str) -> tuple[Spans, Spans]:
    """What differs between two versions of a line, by words; nothing if nearly all does."""
    a, b = _TOKEN.findall(old), _TOKEN.findall(new)
    if max(len(a), len(b)) > _TOKENS:
        return (), ()
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    left: list[tuple[int, int]] = []
    right: list[tuple[int, int]] = []
    starts_a, starts_b = _starts(a), _starts(b)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            _extend(left, starts_a[i1], starts_a[i2], old)
            _extend(right, starts_b[j1], starts_b[j2], new)
    if _covered(left, old) > 0.8 and _covered(right, new) > 0.8:
        return (), ()
    return tuple(left), tuple(right)


# ---- matching lines ----------------------------------------------------------------------------


def _stretches(a: Sequence[str], b: Sequence[str]) -> list[_Stretch]:
    """Equal and replaced stretches in turn, covering both sides."""
    out: list[_Stretch] = []
    i = j = 0
    for start_i, start_j, size in _blocks(a, b):
        if i < start_i or j < start_j:
            out.append(_Stretch(False, i, start_i, j, start_j))
        i, j = start_i + size, start_j + size
        if size:
            out.append(_Stretch(True, start_i, i, start_j, j))
    return out


def _blocks(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int, int]]:
    """Maximal runs (i, j, size) with a[i:i+size] == b[j:j+size], in order; then an empty one."""
    blocks: list[tuple[int, int, int]] = []
    i = j = size = 0
    for next_i, next_j in [*sorted(equal_lines(a, b)), (len(a), len(b))]:
        if next_i == i + size and next_j == j + size and next_i < len(a):
            size += 1
            continue
        if size:
            blocks.append((i, j, size))
        i, j, size = next_i, next_j, 1
    return [*blocks, (len(a), len(b), 0)]


def equal_lines(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Line numbers of equal lines, one to one and never crossing.

    difflib where its worst case is affordable; elsewhere the text is cut at lines that occur
    once on each side (Bram Cohen's patience diff), which is what makes the cost bounded.
    """
    work = _WORK
    waiting = [(0, len(a), 0, len(b), _DEPTH)]
    while waiting:
        i1, i2, j1, j2, depth = waiting.pop()
        while i1 < i2 and j1 < j2 and a[i1] == b[j1]:
            yield i1, j1
            i1, j1 = i1 + 1, j1 + 1
        while i1 < i2 and j1 < j2 and a[i2 - 1] == b[j2 - 1]:
            i2, j2 = i2 - 1, j2 - 1
            yield i2, j2
        if i1 == i2 or j1 == j2:
            continue
        old, new = a[i1:i2], b[j1:j2]
        cost = _worst_case(old, new)
        if cost <= work:
            work -= cost
            for i, j, size in SequenceMatcher(None, old, new, False).get_matching_blocks():
                yield from ((i1 + i + k, j1 + j + k) for k in range(size))
        elif depth:
            anchors = _in_order(_singles(old, new)) if depth > 1 else []
            anchors, depth = (anchors, depth - 1) if anchors else (_in_order(_nths(old, new)), 0)
            i, j = i1, j1
            for x, y in anchors:
                yield i1 + x, j1 + y
                waiting.append((i, i1 + x, j, j1 + y, depth))
                i, j = i1 + x + 1, j1 + y + 1
            waiting.append((i, i2, j, j2, depth))


def _worst_case(a: Sequence[str], b: Sequence[str]) -> int:
    """Steps that difflib takes at most: it visits every equal pair once for each match found."""
    there = Counter(b)
    return sum(1 + there[line] for line in a) * min(len(a), len(b))


def _singles(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """Positions of lines that occur exactly once on each side."""
    here, there = Counter(a), Counter(b)
    at = {line: j for j, line in enumerate(b) if there[line] == 1}
    return [(i, at[line]) for i, line in enumerate(a) if here[line] == 1 and line in at]


def _nths(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """The first occurrence of a line here with its first there, the second with its second…"""
    at: dict[tuple[str, int], int] = {}
    seen: Counter[str] = Counter()
    for j, line in enumerate(b):
        at[line, seen[line]] = j
        seen[line] += 1
    pairs: list[tuple[int, int]] = []
    seen.clear()
    for i, line in enumerate(a):
        if (j_ := at.get((line, seen[line]))) is not None:
            pairs.append((i, j_))
        seen[line] += 1
    return pairs


def _in_order(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest choice of pairs (sorted on the left) that also ascends on the right."""
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for at, (_, j) in enumerate(pairs):
        pile = bisect_left(tops, j)
        before.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(j)
            piles.append(at)
        else:
            tops[pile], piles[pile] = j, at
    chain: list[tuple[int, int]] = []
    at = piles[-1] if piles else -1
    while at >= 0:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]


# ---- patches -----------------------------------------------------------------------------------


def _hunks(stretches: Sequence[_Stretch], context: int) -> Iterator[list[_Stretch]]:
    """Changes with up to `context` lines around; those closer than twice that together."""
    hunk: list[_Stretch] = []
    for part in stretches:
        if not part.equal:
            hunk.append(part)
            continue
        size = part.i2 - part.i1
        if any(not each.equal for each in hunk):
            if size <= 2 * context:
                hunk.append(part)
                continue
            if context:
                hunk.append(replace(part, i2=part.i1 + context, j2=part.j1 + context))
            yield hunk
        keep = min(size, context)
        hunk = [replace(part, i1=part.i2 - keep, j1=part.j2 - keep)] if keep else []
    if any(not each.equal for each in hunk):
        last = hunk[-1]
        if last.equal and (extra := last.i2 - last.i1 - context) > 0:
            hunk[-1] = replace(last, i2=last.i2 - extra, j2=last.j2 - extra)
        yield hunk


def _range(start: int, end: int) -> str:
    # An empty range names the line before it; a range of one leaves its length out.
    size = end - start
    if size == 1:
        return str(start + 1)
    return f"{start + 1 if size else start},{size}"


def _patch_line(sign: str, line: str) -> str:
    if line.endswith("\n"):
        return sign + line
    return f"{sign}{line}\n\\ No newline at end of file\n"


def _quoted(path: str) -> str:
    """As git writes a name: in C's quotes if it has control characters, quotes or backslashes."""
    if not re.search(r'[\x00-\x1f\x7f"\\]', path):
        return path
    return '"' + re.sub(r'[\x00-\x1f\x7f"\\]', _escaped, path) + '"'


def _escaped(found: re.Match[str]) -> str:
    char = found.group()
    return f"\\{char}" if char in '"\\' else f"\\{ord(char):03o}"


# ---- rows --------------------------------------------------------------------------------------


def _row(kind: LineKind, line: str, old_number: int | None, new_number: int | None) -> DiffLine:
    ended = line.endswith("\n")
    return DiffLine(kind, old_number, new_number, line[:-1] if ended else line, (), ended)


def _same(a: Sequence[str], part: _Stretch, head: int | None, tail: int | None) -> list[DiffLine]:
    """An unchanged stretch, of which only the ends are kept (None: everything)."""
    size = part.i2 - part.i1

    def rows(start: int, end: int) -> list[DiffLine]:
        return [
            _row("same", a[part.i1 + k], part.i1 + k + 1, part.j1 + k + 1)
            for k in range(start, end)
        ]

    # A gap that hides a single line takes as much room as the line.
    if head is None or tail is None or size - head - tail <= 1:
        return rows(0, size)
    hidden = size - head - tail
    gap = DiffLine("gap", part.i1 + head + 1, part.j1 + head + 1, f"{hidden:,} lines")
    return [*rows(0, head), gap, *rows(size - tail, size)]


def _mark(removed: list[DiffLine], added: list[DiffLine], pairings: int) -> int:
    """Set the spans of lines that are versions of one another; returns the comparisons made."""
    wanted = len(removed) * len(added)
    if not wanted or wanted > pairings:
        return 0
    for i, j in _alike([row.text for row in removed], [row.text for row in added]):
        left, right = changed_spans(removed[i].text, added[j].text)
        removed[i] = replace(removed[i], spans=left)
        added[j] = replace(added[j], spans=right)
    return wanted


def _alike(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """The ordered pairing with the greatest likeness in all (Needleman-Wunsch, no penalty)."""
    words_a, words_b = [_words(line) for line in a], [_words(line) for line in b]
    best = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]
    likeness: dict[tuple[int, int], float] = {}
    for i, left in enumerate(words_a):
        for j, right in enumerate(words_b):
            alike = _likeness(left, right)
            both = best[i][j]
            if alike >= _ALIKE:
                likeness[i, j] = alike
                both += alike
            best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j], both)
    pairs: list[tuple[int, int]] = []
    i, j = len(a), len(b)
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]


def _words(line: str) -> Counter[str] | None:
    if len(line) > 16 * _TOKENS:
        return None
    tokens = [token for token in _TOKEN.findall(line) if not token.isspace()]
    return Counter(tokens) if len(tokens) <= _TOKENS else None


def _likeness(a: Counter[str] | None, b: Counter[str] | None) -> float:
    """Dice's coefficient of the tokens: 1 for the same words, 0 for none in common."""
    if not a or not b:
        return 0.0
    if a.total() > b.total():
        a, b = b, a
    shared = sum(min(n, b[token]) for token, n in a.items())
    return 2 * shared / (a.total() + b.total())


def _starts(tokens: Sequence[str]) -> list[int]:
    starts = [0]
    for token in tokens:
        starts.append(starts[-1] + len(token))
    return starts


def _extend(spans: list[tuple[int, int]], start: int, end: int, text: str) -> None:
    """Add a span, joined to the last one when only blanks lie between."""
    if start == end:
        return
    if spans and text[spans[-1][1] : start].isspace():
        start = spans.pop()[0]
    spans.append((start, end))


def _covered(spans: Sequence[tuple[int, int]], text: str) -> float:
    """The share of the text's visible characters that lie in spans."""
    visible = sum(not char.isspace() for char in text)
    inside = sum(not char.isspace() for start, end in spans for char in text[start:end])
    return inside / visible if visible else 0.0
