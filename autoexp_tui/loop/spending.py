"""The run's money: nothing is spent that was not reserved, nothing reserved past the cap."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import budget, events
from autoexp_tui.model.proposal import Exhausted
from autoexp_tui.text.numbers import money
from autoexp_tui.text.safe import clean_line

_TOLD_SHARE = 0.1
"""Of the cap: a person is told when as much is possibly billed."""


class SpendLedger:
    """Reserves what a request may cost before it is made, and settles what it did cost."""

    def __init__(self, recorder: Recorder, booked: Callable[[], None] = lambda: None) -> None:
        """`booked` is called whenever something is settled: people look at `budget.log`."""
        self._recorder = recorder
        self._booked = booked

    def reserve(self, reservation: events.CostReserved) -> int:
        """Write down that a request is about to be made; its own `id` is replaced.

        Returns the number to settle. Raises Exhausted when it could break `max_cost_usd`.
        """
        with self._recorder.transaction() as state:
            cap = state.budget.max_cost_usd
            if budget.counted_usd(state) + reservation.usd > cap:
                raise Exhausted(
                    f"{budget.spent_words(state)}, and the next request could cost "
                    f"{money(reservation.usd)} (max_cost_usd)"
                )
            number = len(state.settled) + len(state.reserved) + 1
            self._recorder.record(msgspec.structs.replace(reservation, id=number))
        return number

    def settle(
        self,
        number: int,
        tokens: dict[str, int],
        usd: float,
        outcome: str,
        *,
        exact: bool = True,
        possible_usd: float = 0.0,
    ) -> None:
        """Write down what request `number` did cost, and what may have been billed besides."""
        with self._recorder.transaction() as state:
            before = state.possible_usd
            reservation = state.reserved[number]
            self._recorder.record(
                events.CostSettled(
                    id=number,
                    n=reservation.n,
                    model=reservation.model,
                    tokens=tokens,
                    usd=usd,
                    exact=exact,
                    outcome=clean_line(outcome),
                    possible_usd=possible_usd,
                )
            )
            told = _TOLD_SHARE * state.budget.max_cost_usd
            if before < told <= state.possible_usd:
                self._recorder.warn(
                    f"the line to the model is dropped so often that {money(told)} may have been "
                    "billed for answers which never came: look at the provider's own figures"
                )
        self._booked()

    def close_open(self) -> None:
        """What a runner that was cut had reserved counts as spent."""
        for number, left in list(self._recorder.state.reserved.items()):
            outcome = "cut off with the runner: counted as spent"
            self.settle(number, {}, left.usd, outcome, exact=False)
