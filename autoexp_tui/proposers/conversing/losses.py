"""What a request that failed has cost, and what may have been billed besides.

A server bills the input once the model has begun, and what the model wrote until the server
noticed that nobody listens. So a request that failed before its first event cost nothing that is
known, though its input may be billed; one that was cut cost its input and what came of the answer,
and a second or two of writing that got lost may be billed with it.
"""

from __future__ import annotations

from typing import NamedTuple

from autoexp_tui.proposers.briefing.wording import BYTES
from autoexp_tui.proposers.conversing.exchange import Progress, Size
from autoexp_tui.proposers.conversing.prices import Prices
from autoexp_tui.proposers.conversing.tokens import Tokens

UNSEEN_TOKENS = 500
"""That a model may have written which never arrived: some seconds of a fast one."""


class Loss(NamedTuple):
    """Of a request that failed."""

    tokens: Tokens
    usd: float
    """Billed, as far as can be told."""
    possible_usd: float
    """That may have been billed besides."""


def estimated_output(progress: Progress) -> int:
    """Tokens of what came of an answer, rounded up."""
    return -(-progress.written // BYTES)


def loss(
    progress: Progress,
    size: Size,
    max_tokens: int,
    prices: Prices,
    *,
    long_cache: bool,
    free: bool,
    stalled: bool,
) -> Loss:
    """What came of a request that failed.

    `free`: nothing can have been billed where the model had not begun. `stalled`: the server may
    not have noticed that it was given up, and have gone on to the end.
    """
    if not progress.began:
        possible = 0.0 if free else prices.worst(size.likely, 0, long_cache=long_cache)
        return Loss(Tokens(), 0.0, possible)
    known = progress.tokens
    if not known.all_input:
        known = Tokens(input=size.likely, output=known.output)
    known = known.with_output(max(known.output, min(estimated_output(progress), max_tokens)))
    left = max(0, max_tokens - known.output)
    unseen = left if stalled else min(UNSEEN_TOKENS, left)
    usd = prices.cost(known)
    most = prices.cost(known.with_output(known.output + unseen))
    return Loss(known, usd, round(most - usd, 6))
