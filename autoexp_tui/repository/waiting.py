"""Tries again while others are in the way with locks or a gc."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from autoexp_tui.repository.plumbing import RepositoryError

_T = TypeVar("_T")
Locks = Mapping[Path, tuple[int, int]]
"""Lock files, and what tells each from a later one of its name."""
_ATTEMPTS = 8
"""With the pauses between them, 1.3 seconds."""


def no_locks() -> Locks:
    """None that we may remove."""
    return {}


def retried(action: Callable[[], _T], locks: Callable[[], Locks] = no_locks) -> _T:
    """What `action` gives, tried several times; the last RepositoryError is raised.

    One of `locks` that stands all the while is what a crash left: it is removed.
    """
    stale: Locks = {}
    for attempt in range(_ATTEMPTS):
        try:
            return action()
        except RepositoryError:
            there = locks()
            stale = there if attempt == 0 else _still_there(stale, there)
            if attempt == _ATTEMPTS - 1 and not stale:
                raise
            if attempt < _ATTEMPTS - 1:
                time.sleep(0.01 * 2**attempt)
    for lock in stale:
        lock.unlink(missing_ok=True)
    return action()


def clear(locks: Callable[[], Locks]) -> None:
    """Remove what a crash left: those of `locks` that stand as long as anybody would wait."""
    stale = locks()
    for attempt in range(_ATTEMPTS - 1):
        if not stale:
            return
        time.sleep(0.01 * 2**attempt)
        stale = _still_there(stale, locks())
    for lock in stale:
        lock.unlink(missing_ok=True)


def _still_there(before: Locks, now: Locks) -> Locks:
    return {path: lock for path, lock in before.items() if now.get(path) == lock}
