"""The run's money: nothing is spent that was not reserved, nothing reserved past the cap."""

from __future__ import annotations

import msgspec

from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events
from autoexp_tui.model.proposal import Exhausted
from autoexp_tui.text.numbers import money
from autoexp_tui.text.safe import clean_line


class SpendLedger:
    """Reserves what a request may cost before it is made, and settles what it did cost."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def reserve(self, reservation: events.CostReserved) -> int:
        """Write down that a request is about to be made; its own `id` is replaced.

        Returns the number to settle. Raises Exhausted when it could break `max_cost_usd`.
        """
        with self._recorder.transaction() as state:
            cap = state.budget.max_cost_usd
            if state.spent_usd + reservation.usd > cap:
                raise Exhausted(
                    f"{money(state.spent_usd)} of {money(cap)} spent, and the next request could "
                    f"cost {money(reservation.usd)} (max_cost_usd)"
                )
            number = len(state.settled) + len(state.reserved) + 1
            self._recorder.record(msgspec.structs.replace(reservation, id=number))
        return number

    def settle(
        self, number: int, tokens: dict[str, int], usd: float, outcome: str, *, exact: bool = True
    ) -> None:
        """Write down what request `number` did cost."""
        with self._recorder.transaction() as state:
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
                )
            )

    def close_open(self) -> None:
        """What a runner that was cut had reserved counts as spent."""
        for number, left in list(self._recorder.state.reserved.items()):
            outcome = "cut off with the runner: counted as spent"
            self.settle(number, {}, left.usd, outcome, exact=False)
