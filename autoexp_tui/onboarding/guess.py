"""A proposal with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guess:
    """Something that may be what a person wants; of several the one with the highest score."""

    text: str
    """A command line, or a path of the project."""
    reason: str
    """Why, in a few words that a person reads beside it; what it quotes isn't cleaned yet."""
    score: float
    script: str = ""
    """Of a command: the file of the project that it runs; empty where it isn't known."""


def best_first(guesses: list[Guess]) -> list[Guess]:
    """One of each text, by score; those of the same score stay in order."""
    found: dict[str, Guess] = {}
    for guess in guesses:
        known = found.get(guess.text)
        if known is None or guess.score > known.score:
            found[guess.text] = guess
    return sorted(found.values(), key=lambda guess: -guess.score)
