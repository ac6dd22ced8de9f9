"""What an agent costs: reserved before it runs, followed while it does, settled after it.

Owns the estimate of the worst case and the prices of tokens. What a program tells of its own cost
is believed; tokens are priced where it tells only these and the model is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from autoexp_tui.model import budget, events
from autoexp_tui.model.proposal import Exhausted
from autoexp_tui.model.state import RunState
from autoexp_tui.proposers.command.calling import Called
from autoexp_tui.proposers.command.reading import Account, Output, Used
from autoexp_tui.text.numbers import money
from autoexp_tui.text.safe import clean_line

_MARGIN = 1.25
"""The next run of the agent is reserved at so many times the dearest one so far."""
_MILLION = 1_000_000


class Ledger(Protocol):
    """What of `loop.spending.SpendLedger` is needed."""

    def reserve(self, reservation: events.CostReserved) -> int: ...

    def settle(
        self,
        number: int,
        tokens: dict[str, int],
        usd: float,
        outcome: str,
        *,
        exact: bool = True,
        possible_usd: float = 0.0,
    ) -> None: ...


class OverCap(Exception):
    """The agent has used up what the run may still spend."""


class Meter:
    """The books of one run's agent; not metered at all where the program tells nothing."""

    def __init__(
        self,
        called: Called,
        prices: Mapping[str, float] | None,
        ledger: Ledger,
        state: RunState,
        notice: Callable[[str], None],
    ) -> None:
        """`prices` are USD per million tokens by kind, in place of those that are looked up."""
        self._called = called
        self._prices = prices
        self._ledger = ledger
        self._state = state
        self._notice = notice
        self._told = False

    @property
    def left(self) -> float | None:
        """USD that may still be spent; None where nobody knows what is."""
        if not self._called.preset.is_metered:
            return None
        return max(0.0, self._state.budget.max_cost_usd - budget.counted_usd(self._state))

    def begin(self, n: int) -> Tab | None:
        """Reserve what a run of the agent may cost; None where it tells nothing of its cost.

        Raises Exhausted when it could break `max_cost_usd`.
        """
        left = self.left
        if left is None:
            return None
        dearest = max((settled.usd for _, settled in self._state.settled), default=0.0)
        usd = round(dearest * _MARGIN, 6) or min(self._called.preset.usd, left)
        model = clean_line(self._called.model or self._called.name)
        number = self._ledger.reserve(events.CostReserved(0, n, model, 0, 0, usd))
        return Tab(self, number, usd, left)

    def cost(self, account: Account, model: str) -> tuple[float, bool]:
        """USD that it comes to, and whether all of it is known."""
        usd, known = 0.0, True
        for used in account.parts:
            if used.usd is not None and (used.usd > 0 or not used.tokens):
                usd += used.usd
            elif (price := self._price(used, model)) is not None:
                usd += price
            else:
                known = used.usd is not None and known  # a server of one's own, at no cost
        return round(usd, 6), known

    def _price(self, used: Used, model: str) -> float | None:
        if self._prices is not None:
            plain = self._prices["input"]
            return sum(
                count * self._prices.get(kind, plain) / _MILLION
                for kind, count in used.tokens.items()
            )
        return priced(self._called.model or used.model or model, used.tokens)

    def settle(self, tab: Tab, output: Output, outcome: str, *, whole: bool) -> None:
        """Write down what a run of the agent did cost; `whole`: it was not cut."""
        account = output.account
        usd, known = self.cost(account, output.model)
        # Cut before it said anything: nobody knows what was billed.
        possible = 0.0 if account.parts or whole else tab.reserved
        if account.parts and not known and not self._told:
            self._told = True
            told = next((used.model for used in account.parts if used.model), output.model)
            model = clean_line(self._called.model or told) or "its model"
            self._notice(
                f"what {model} costs is not known, so max_cost_usd can't bind it: "
                "`command: {prices: {input: …, output: …}}` says, in USD per million tokens"
            )
        self._ledger.settle(
            tab.number,
            account.tokens,
            usd,
            outcome,
            exact=known and whole,
            possible_usd=possible,
        )


class Tab:
    """One run of the agent, while it goes on."""

    def __init__(self, meter: Meter, number: int, reserved: float, left: float) -> None:
        self._meter = meter
        self.number = number
        self.reserved = reserved
        self.left = left
        """USD that it may spend, before the run has spent what it may."""

    def look(self, output: Output) -> None:
        """Raise OverCap where the agent has spent what was left."""
        usd, _ = self._meter.cost(output.account, output.model)
        if usd >= self.left > 0 and usd > 0:
            raise OverCap

    def settle(self, output: Output, outcome: str, *, whole: bool) -> None:
        """It has ended; see `Meter.settle`."""
        self._meter.settle(self, output, outcome, whole=whole)

    def over(self, output: Output) -> Exhausted:
        """The end of the run, in words."""
        usd, _ = self._meter.cost(output.account, output.model)
        return Exhausted(
            f"the agent has spent {money(usd)} of the {money(self.left)} that were left "
            "(max_cost_usd)"
        )


def priced(model: str, tokens: Mapping[str, int]) -> float | None:
    """What tokens of a model cost in USD by the list prices; None where it isn't known."""
    from genai_prices import Usage, calc_price  # noqa: PLC0415 - a megabyte of prices

    usage = Usage(
        input_tokens=sum(count for kind, count in tokens.items() if kind != "output"),
        cache_write_tokens=tokens.get("cache_write", 0),
        cache_read_tokens=tokens.get("cache_read", 0),
        output_tokens=tokens.get("output", 0),
    )
    provider, _, name = model.rpartition("/")
    tries = (
        [(name, provider.rpartition("/")[2] or None), (name, None)] if provider else [(model, None)]
    )
    for name, known in tries:
        try:
            return float(calc_price(usage, name, provider_id=known).total_price)
        except LookupError:
            continue
    return None
