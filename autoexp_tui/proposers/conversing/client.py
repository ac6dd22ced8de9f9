"""Requests that survive the night: each one reserved before it is made and settled after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.model import events
from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.briefing.wording import BYTES
from autoexp_tui.proposers.conversing import losses
from autoexp_tui.proposers.conversing.exchange import (
    Body,
    Fault,
    ModelReply,
    Progress,
    Refusal,
    Size,
)
from autoexp_tui.proposers.conversing.prices import Prices
from autoexp_tui.proposers.conversing.tokens import Tokens
from autoexp_tui.proposers.waiting import Passing, Waiter
from autoexp_tui.text.safe import one_line

if TYPE_CHECKING:
    from autoexp_tui.proposers.conversing.transport import Transport

_T = TypeVar("_T")

_LONGEST_RETRY_S = 60.0
"""Seconds between attempts, at most, when the server names no time."""
_MARGIN = 1.05
"""The provider calls its own count of tokens an estimate."""
_OVERHEAD_TOKENS = 2_000
"""Tokens that a provider may add to what is sent, when it is not the one who counts."""
_KNOCKS = 9
"""Free requests in place of one that is paid, until a server that dropped one answers again."""
_STRANGE = 3
"""Answers of another kind in a row after which it is no server of this protocol."""
_STRANGE_LATER = 20
"""The same where it has answered properly before: some 15 minutes."""


@dataclass(frozen=True, slots=True)
class Server:
    """Whom a client talks to."""

    connect: Callable[[], Transport]
    """Called at the first request: it imports an SDK, which takes a second."""
    model: str
    max_tokens: int
    """Of one answer, thought included."""
    parameters: dict[str, Any]
    """What goes into every request, the two above included."""
    prices: Prices
    misled: str
    """What to do where an answer is none of the protocol's."""


class Client:
    """Makes requests until one is answered, within the budget that the ledger keeps."""

    def __init__(
        self,
        server: Server,
        ledger: SpendLedger,
        waiter: Waiter,
        notice: Callable[[str], None],
    ) -> None:
        """Nothing is loaded or connected yet. `notice` tells a person something, in one line."""
        self._server = server
        self._ledger = ledger
        self._waiter = waiter
        self._notice = notice
        self._opened: Transport | None = None
        self._doubtful = False
        """Whether the server dropped the last request: the next one may be paid for nothing."""
        self._knocks = 0
        self._strange = 0
        self._answered = False

    def close(self) -> None:
        """Let go of connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def check_credentials(self) -> None:
        """Find out whether the key and the model are accepted, for free.

        That nobody answers is no news here: the run waits for it. Raises Unable.
        """
        hello = {"messages": [{"role": "user", "content": "Hello"}]}
        body = {**self._server.parameters, **hello}
        self._adapting(lambda: self._transport.verify(body, self._waiter.check))

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
        body = {**self._server.parameters, **body}
        size = self._size(body)

        def attempt() -> ModelReply:
            self._knock()
            on_start()
            return self._adapting(lambda: self._attempt(n, body, size, long_cache, on_arguments))

        return self._waiter.until_it_passes(attempt, _LONGEST_RETRY_S)

    @property
    def _transport(self) -> Transport:
        if self._opened is None:
            self._opened = self._server.connect()
        return self._opened

    def _adapting(self, ask: Callable[[], _T]) -> _T:
        """What `ask` returns, without the parts of a request that the server doesn't know."""
        while True:
            try:
                return ask()
            except Refusal as refusal:
                if not (left_out := self._transport.adapt(refusal.said)):
                    raise
                self._notice(f"{left_out}, for the server refuses it: {refusal.said}")

    def _knock(self) -> None:
        """Ask a server that has dropped a request for something free first. Raises Passing.

        One that is down, or behind a line that is, would else be sent request after request, and
        nobody could say which of them it bills.
        """
        if not self._doubtful or self._knocks >= _KNOCKS:
            self._knocks = 0
            return
        self._knocks += 1
        try:
            self._transport.greet(self._waiter.check)
        except Fault as fault:
            raise Passing(str(fault), fault.retry_after) from None
        self._doubtful, self._knocks = False, 0

    def _size(self, body: Body) -> Size:
        """Input tokens: counted by the provider, or no more than its bytes."""
        counted = self._adapting(lambda: self._transport.count(body, self._waiter.check))
        if counted is not None:
            return Size(int(counted * _MARGIN) + 1, counted)
        long = len(repr(body).encode("utf-8", "replace"))
        return Size(long + _OVERHEAD_TOKENS, -(-long // BYTES))

    def _attempt(
        self,
        n: int,
        body: Body,
        size: Size,
        long_cache: bool,
        on_arguments: Callable[[str], None],
    ) -> ModelReply:
        server = self._server
        worst = server.prices.worst(size.most, server.max_tokens, long_cache=long_cache)
        reservation = self._ledger.reserve(
            events.CostReserved(0, n, one_line(server.model), size.most, server.max_tokens, worst)
        )
        progress = Progress()

        def settle(why: str, *, free: bool, stalled: bool = False) -> None:
            lost = losses.loss(
                progress,
                size,
                server.max_tokens,
                server.prices,
                long_cache=long_cache,
                free=free,
                stalled=stalled,
            )
            certain = free and not progress.began
            self._ledger.settle(
                reservation,
                lost.tokens.by_kind(),
                lost.usd,
                why,
                exact=certain,
                possible_usd=lost.possible_usd,
            )

        try:
            reply = self._transport.exchange(body, progress, on_arguments, self._waiter.check)
        except Fault as fault:
            settle(str(fault), free=fault.free, stalled=fault.stalled)
            self._doubtful = not (fault.free or progress.began)
            self._give_up_a_stranger(fault)
            raise Passing(str(fault), fault.retry_after) from None
        except BaseException as error:
            refused = isinstance(error, Unable) and not progress.began
            settle(str(error) if isinstance(error, Unable) else "interrupted", free=refused)
            raise
        self._answered, self._strange = True, 0
        while self._transport.told:
            self._notice(self._transport.told.pop(0))
        self._settle_reply(reservation, reply, progress, size)
        return reply

    def _settle_reply(
        self, reservation: int, reply: ModelReply, progress: Progress, size: Size
    ) -> None:
        tokens, outcome = reply.tokens, "answered"
        if tokens is None:
            tokens = Tokens(input=size.likely, output=losses.estimated_output(progress))
            outcome = "answered without a word of its usage: estimated"
        usd = self._server.prices.cost(tokens) if reply.usd is None else reply.usd
        exact = reply.tokens is not None or reply.usd is not None
        self._ledger.settle(reservation, tokens.by_kind(), usd, outcome, exact=exact)

    def _give_up_a_stranger(self, fault: Fault) -> None:
        """Raise Unable where answers of another kind come again and again."""
        self._strange = self._strange + 1 if fault.strange else 0
        if self._strange >= (_STRANGE_LATER if self._answered else _STRANGE):
            raise Unable(f"{fault}; {self._server.misled}")
