"""How a conformance suite tells what is broken."""

from __future__ import annotations


def promise(kept: bool, words: str) -> None:
    """Raise AssertionError with the promise in words; also under `python -O`."""
    if not kept:
        raise AssertionError(f"broken: {words}")
