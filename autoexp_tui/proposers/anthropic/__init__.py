"""Claude as the researcher: one streamed request per proposal, honest about money and faults."""

from __future__ import annotations

from autoexp_tui.proposers.anthropic.proposer import AnthropicProposer, prices_of
from autoexp_tui.proposers.anthropic.settings import Credentials, Settings
from autoexp_tui.proposers.context import Change, Context
from autoexp_tui.proposers.conversing.prices import Prices, UnknownPrice
from autoexp_tui.proposers.conversing.tokens import Tokens

__all__ = [
    "AnthropicProposer",
    "Change",
    "Context",
    "Credentials",
    "Prices",
    "Settings",
    "Tokens",
    "UnknownPrice",
    "prices_of",
]
