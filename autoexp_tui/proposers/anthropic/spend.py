"""The run's ledger, in the words of this proposer."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model import events
from autoexp_tui.proposers.anthropic.ports import Reservation, Settlement


class RunSpend:
    """Implements `ports.SpendLedger` with the ledger of a run."""

    def __init__(self, ledger: SpendLedger) -> None:
        self._ledger = ledger

    def reserve(self, reservation: Reservation) -> int:
        return self._ledger.reserve(events.CostReserved(0, **msgspec.structs.asdict(reservation)))

    def settle(self, reservation: int, settlement: Settlement) -> None:
        tokens: Mapping[str, int] = msgspec.structs.asdict(settlement.tokens)
        self._ledger.settle(
            reservation,
            {kind: count for kind, count in tokens.items() if count},
            settlement.usd,
            settlement.outcome,
            exact=settlement.exact,
        )
