"""Waits that a busy machine can't lose: until something holds, bounded, and saying what it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

LIMITS = (1.0, 4.0, 16.0, 64.0)
"""Time limits in seconds, to try one after the other: see `first_long_enough`."""
_POLL_S = 0.02


def until(condition: Callable[[], T | None], what: str, seconds: float = 60) -> T:
    """The first truthy answer of `condition`, about another process. AssertionError when late."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, f"it did not come about in {seconds:g} s: {what}"
        time.sleep(_POLL_S)
    return answer


def first_long_enough(attempt: Callable[[float], T | None], limits: Iterable[float] = LIMITS) -> T:
    """What `attempt` gives for the first time limit that was not too short for it (None).

    How long a harness takes to get going depends on what else the machine does, so no single
    limit is both long enough on a busy one and short enough for a suite.
    """
    for limit in limits:
        result = attempt(limit)
        if result is not None:
            return result
    raise AssertionError("no time limit was long enough for the harness to get going")
