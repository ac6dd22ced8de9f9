"""Claude as a proposer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from autoexp_tui.loop.spending import SpendLedger
from autoexp_tui.proposers.anthropic.settings import Credentials, Settings
from autoexp_tui.proposers.conversing.client import Server
from autoexp_tui.proposers.conversing.prices import Prices
from autoexp_tui.proposers.conversing.proposer import ConversingProposer
from autoexp_tui.proposers.waiting import Waiter

if TYPE_CHECKING:
    from autoexp_tui.proposers.conversing.transport import Transport

_MISLED = (
    "check anthropic.base_url or ANTHROPIC_BASE_URL: it may lead to a proxy's page, or to a server "
    "that speaks another protocol (`proposer: openai` speaks chat completions)"
)


class AnthropicProposer(ConversingProposer):
    """Asks Claude for one experiment at a time."""

    name = "anthropic"

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
            # The SDK takes a second to import: only who talks to the model pays for it.
            from autoexp_tui.proposers.anthropic.transport import (  # noqa: PLC0415
                MessagesTransport,
            )

            return MessagesTransport(credentials, settings)

        server = Server(
            connect,
            settings.model,
            settings.max_tokens,
            settings.parameters(),
            prices_of(settings),
            _MISLED,
        )
        super().__init__(server, credentials.scrub, ledger, waiter, **more)


def prices_of(settings: Settings) -> Prices:
    """What the model costs. Raises UnknownPrice."""
    return Prices(
        settings.model,
        cast("Mapping[str, float] | None", settings.prices),
        section="anthropic",
        provider={"bedrock": "aws", "vertex": "google"}.get(settings.through, "anthropic"),
    )
