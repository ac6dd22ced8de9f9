"""Tokens as they are priced, and what this proposer needs of whoever hosts it to wait."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Tokens(msgspec.Struct, frozen=True):
    """The tokens of one request by kind, as they are priced; no token counts twice."""

    input: int = 0
    """Neither written to the cache nor read from it."""
    cache_write: int = 0
    """Written for five minutes."""
    cache_write_1h: int = 0
    cache_read: int = 0
    output: int = 0
    """Thinking included."""

    def by_kind(self) -> dict[str, int]:
        """Those that there are, as the journal holds them."""
        return {kind: count for kind, count in msgspec.structs.asdict(self).items() if count}

    @property
    def all_input(self) -> int:
        return self.input + self.cache_write + self.cache_write_1h + self.cache_read


class Waiter(Protocol):
    """A person's way into what takes long."""

    def check(self) -> None:
        """Raise `loop.control.Interrupted` when the step is to end; called ten times a second."""
        ...

    def wait(self, seconds: float, reason: str) -> None:
        """Return after that time; raise at once what ends the wait (`check`, or a used up budget).

        `reason` is one line in words, for a person who sees the countdown.
        """
        ...
