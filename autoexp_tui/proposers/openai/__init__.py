"""Any model behind a chat-completions server as the researcher; the SDK is an extra."""

from __future__ import annotations

from autoexp_tui.proposers.conversing.prices import UnknownPrice
from autoexp_tui.proposers.openai.proposer import OpenAIProposer, prices_of
from autoexp_tui.proposers.openai.settings import Credentials, Settings, lacking

__all__ = [
    "Credentials",
    "OpenAIProposer",
    "Settings",
    "UnknownPrice",
    "lacking",
    "prices_of",
]
