"""What this proposer needs of whoever hosts it: a ledger for the money, and patience for waits."""

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

    @property
    def all_input(self) -> int:
        return self.input + self.cache_write + self.cache_write_1h + self.cache_read


class Reservation(msgspec.Struct, frozen=True):
    """The most that a request about to be made can cost."""

    n: int
    """The experiment it is for."""
    model: str
    input_tokens: int
    output_tokens: int
    usd: float


class Settlement(msgspec.Struct, frozen=True):
    """What a request did cost."""

    tokens: Tokens
    usd: float
    exact: bool
    """False: the request was cut short, so what the provider did not report is assumed at worst."""
    outcome: str
    """In words: "answered", or what went wrong."""


class SpendLedger(Protocol):
    """The run's money. A reservation that is never settled counts as spent."""

    def reserve(self, reservation: Reservation) -> int:
        """Write down that a request is about to be made; returns the reservation's number.

        Raises what ends the run (`model.proposal.Exhausted`, say) when it could break the cap; the
        request is then not made.
        """
        ...

    def settle(self, reservation: int, settlement: Settlement) -> None:
        """Write down what the request did cost."""
        ...


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
