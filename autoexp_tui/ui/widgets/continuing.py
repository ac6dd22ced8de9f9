"""Whether rows are those shown before, and perhaps more: only what is new has to be taken in."""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_

from autoexp_tui.model.state import Row


def common_start(before: Sequence[Row], now: Sequence[Row], count: int) -> int:
    """How many of the first `count` rows of `before` are those that `now` begins with."""
    if count <= len(now) and (count == 0 or before[count - 1] is now[count - 1]):
        return count
    pairs = enumerate(map(is_, before, now))
    return min(count, next((k for k, same in pairs if not same), len(now)))
