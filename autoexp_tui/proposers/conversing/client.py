"""Requests that survive the night: each one reserved before it is made and settled after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model import events
from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.anthropic.settings import Credentials, Settings
from autoexp_tui.proposers.conversing.prices import Prices
from autoexp_tui.proposers.conversing.tokens import Tokens
from autoexp_tui.proposers.waiting import Passing, Waiter
from autoexp_tui.text.safe import one_line

if TYPE_CHECKING:
    from autoexp_tui.proposers.anthropic.transport import Body, ModelReply, Progress, Transport

_LONGEST_RETRY_S = 60.0
"""Seconds between attempts, at most, when the server names no time."""
_MARGIN = 1.05
"""The provider calls its own count of tokens an estimate."""
_OVERHEAD_TOKENS = 2_000
"""Tokens that a provider may add to what is sent, when it is not the one who counts."""


class Client:
    """Makes requests until one is answered, within the budget that the ledger keeps."""

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials,
        ledger: SpendLedger,
        waiter: Waiter,
    ) -> None:
        """Nothing is loaded or connected yet. Raises UnknownPrice."""
        self._settings = settings
        self._credentials = credentials
        self._prices = Prices(settings.model, cast("Mapping[str, float] | None", settings.prices))
        self._ledger = ledger
        self._waiter = waiter
        self._opened: Transport | None = None

    def close(self) -> None:
        """Let go of connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def check_credentials(self) -> None:
        """Find out whether the key and the model are accepted, for free.

        That nobody answers is no news here: the run waits for it. Raises Unable.
        """
        body = {**self._settings.parameters(), "messages": [{"role": "user", "content": "Hello"}]}
        self._transport.count(body, self._waiter.check)

    def send(
        self,
        n: int,
        body: Body,
        *,
        long_cache: bool,
        on_start: Callable[[], None],
        on_arguments: Callable[[str], None],
    ) -> ModelReply:
        """The model's reply to a request for experiment `n`; faults that pass are waited out.

        `on_start` is called before each attempt: what was streamed before it is void.

        Raises:
            Unable: the provider will never answer this, and why.
            Exception: whatever the ledger, the waiter and the callbacks raise.
        """
        body = {**self._settings.parameters(), **body}
        size = self._size(body)

        def attempt() -> ModelReply:
            on_start()
            return self._attempt(n, body, size, long_cache, on_arguments)

        return self._waiter.until_it_passes(attempt, _LONGEST_RETRY_S)

    @property
    def _transport(self) -> Transport:
        if self._opened is None:
            # The SDK takes a second to import: only who talks to the model pays for it.
            from autoexp_tui.proposers.anthropic.transport import Transport  # noqa: PLC0415

            self._opened = Transport(self._credentials, self._settings)
        return self._opened

    def _size(self, body: Body) -> int:
        """Input tokens, on the high side: counted by the provider, or no more than its bytes."""
        counted = self._transport.count(body, self._waiter.check)
        if counted is not None:
            return int(counted * _MARGIN) + 1
        return len(repr(body).encode("utf-8", "replace")) + _OVERHEAD_TOKENS

    def _attempt(
        self,
        n: int,
        body: Body,
        size: int,
        long_cache: bool,
        on_arguments: Callable[[str], None],
    ) -> ModelReply:
        from autoexp_tui.proposers.anthropic.transport import (  # noqa: PLC0415 - see `_transport`
            Fault,
            Progress,
        )

        worst = self._prices.worst(size, self._settings.max_tokens, long_cache=long_cache)
        reservation = self._ledger.reserve(
            events.CostReserved(
                0, n, one_line(self._settings.model), size, self._settings.max_tokens, worst
            )
        )
        progress = Progress()
        try:
            reply = self._transport.exchange(body, progress, on_arguments, self._waiter.check)
        except Fault as fault:
            self._settle_failure(reservation, worst, progress, str(fault), free=fault.free)
            raise Passing(str(fault), fault.retry_after) from None
        except BaseException as error:
            refused = isinstance(error, Unable) and not progress.began
            why = str(error) if isinstance(error, Unable) else "interrupted"
            self._settle_failure(reservation, worst, progress, why, free=refused)
            raise
        usd = self._prices.cost(reply.tokens)
        self._ledger.settle(reservation, reply.tokens.by_kind(), usd, "answered")
        return reply

    def _settle_failure(
        self, reservation: int, worst: float, progress: Progress, why: str, *, free: bool
    ) -> None:
        """What nobody will ever report is taken at its worst, so that the cap holds."""
        if free and not progress.began:
            self._ledger.settle(reservation, {}, 0.0, why)
            return
        if not progress.began:
            self._ledger.settle(reservation, {}, worst, why, exact=False)
            return
        known = progress.tokens
        most = max(known.output, self._settings.max_tokens)
        assumed = Tokens(
            known.input, known.cache_write, known.cache_write_1h, known.cache_read, most
        )
        usd = self._prices.cost(assumed)
        self._ledger.settle(reservation, assumed.by_kind(), usd, why, exact=False)
