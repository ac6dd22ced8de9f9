"""A model behind a chat-completions server as a proposer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.proposers.conversing.client import Server
from autoexp_tui.proposers.conversing.prices import Prices
from autoexp_tui.proposers.conversing.proposer import ConversingProposer
from autoexp_tui.proposers.openai.settings import OPENAI, Credentials, Settings
from autoexp_tui.proposers.waiting import Waiter

if TYPE_CHECKING:
    from autoexp_tui.proposers.conversing.transport import Transport

_MISLED = (
    "check openai.base_url or OPENAI_BASE_URL: it ends in /v1 for most servers, and may else lead "
    "to a page or to a proxy"
)


class OpenAIProposer(ConversingProposer):
    """Asks a model for one experiment at a time, by chat completions."""

    name = "openai"

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials,
        ledger: SpendLedger,
        waiter: Waiter,
        **more: Any,
    ) -> None:
        """`more` is what `ConversingProposer` takes. Raises UnknownPrice."""

        def connect() -> Transport:
            # The SDK takes a second to import, and is an extra.
            from autoexp_tui.proposers.openai.transport import ChatTransport  # noqa: PLC0415

            return ChatTransport(credentials, settings)

        server = Server(
            connect,
            settings.model,
            settings.max_tokens,
            settings.parameters(),
            prices_of(settings, credentials.base_url),
            _MISLED,
        )
        super().__init__(server, credentials.scrub, ledger, waiter, **more)


def prices_of(settings: Settings, base_url: str = OPENAI) -> Prices:
    """What the model costs at that address. Raises UnknownPrice."""
    given = cast("Mapping[str, float] | None", settings.prices)
    return Prices(settings.model, given, section="openai", url=base_url)
