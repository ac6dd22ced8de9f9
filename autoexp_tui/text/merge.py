"""Two changes of one text put together: the three-way merge of diff3, by whole lines."""

from __future__ import annotations

from collections.abc import Iterator

from autoexp_tui.text.diffs import equal_lines, split


def merged(base: str, ours: str, theirs: str) -> str | None:
    """`base` with the changes of both; None where they touch the same lines, or adjoining ones.

    As `git merge-file` has it: what stands between two lines that all three share is taken from
    the side that changed it (Khanna, Kunal and Pierce, A Formal Investigation of Diff3, 2007).
    """
    old, one, other = split(base), split(ours), split(theirs)
    in_one, in_other = dict(equal_lines(old, one)), dict(equal_lines(old, other))
    shared = [(i, in_one[i], in_other[i]) for i in sorted(in_one.keys() & in_other.keys())]

    def pieces() -> Iterator[list[str] | None]:
        i, j, k = 0, 0, 0
        for next_i, next_j, next_k in [*shared, (len(old), len(one), len(other))]:
            before, mine, yours = old[i:next_i], one[j:next_j], other[k:next_k]
            if mine in (before, yours):
                yield yours
            else:
                yield mine if yours == before else None
            yield old[next_i : next_i + 1]
            i, j, k = next_i + 1, next_j + 1, next_k + 1

    lines: list[str] = []
    for piece in pieces():
        if piece is None:
            return None
        lines += piece
    return "".join(lines)
