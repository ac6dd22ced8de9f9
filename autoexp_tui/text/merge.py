"""Two changes of one text put together: the three-way merge of diff3, by whole lines."""

from __future__ import annotations

from collections.abc import Iterator

from autoexp_tui.text.diffs import equal_lines, split


def merged(base: str, ours: str, theirs: str) -> str | None:
    """`base` with the changes of both; None where they touch the same lines, or adjoining ones.

    As `git merge-file` has it: what stands between two lines that all three share is taken from
    the side that changed it (Khanna, Kunal and Pierce, A Formal Investigation of Diff3, 2007).
    """
    lines: list[str] = []
    for _, piece in _pieces(base, ours, theirs):
        if piece is None:
            return None
        lines += piece
    return "".join(lines)


def clashes(base: str, ours: str, theirs: str) -> list[tuple[int, int]]:
    """Where `merged` finds no answer: the first and the last line of each place in `theirs`.

    Lines count from 1. Where `theirs` has only taken lines out, that is the line after them.
    """
    return [place for place, piece in _pieces(base, ours, theirs) if piece is None]


def _pieces(
    base: str, ours: str, theirs: str
) -> Iterator[tuple[tuple[int, int], list[str] | None]]:
    """The merged text in pieces, None for what both have changed, and where `theirs` has each."""
    old, one, other = split(base), split(ours), split(theirs)
    in_one, in_other = dict(equal_lines(old, one)), dict(equal_lines(old, other))
    shared = [(i, in_one[i], in_other[i]) for i in sorted(in_one.keys() & in_other.keys())]
    i, j, k = 0, 0, 0
    for next_i, next_j, next_k in [*shared, (len(old), len(one), len(other))]:
        before, mine, yours = old[i:next_i], one[j:next_j], other[k:next_k]
        place = k + 1, max(k + 1, next_k)
        if mine in (before, yours):
            yield place, yours
        else:
            yield place, mine if yours == before else None
        yield (next_k + 1, next_k + 1), old[next_i : next_i + 1]
        i, j, k = next_i + 1, next_j + 1, next_k + 1
