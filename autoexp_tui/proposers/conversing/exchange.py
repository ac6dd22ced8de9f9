"""One request to a model and what came of it, in words that every protocol is put into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.conversing.tokens import Tokens

Body: TypeAlias = dict[str, Any]
"""A request, as `conversing.prompt` words it: blocks, tools, and the settings that go with it."""


class Fault(Exception):
    """The request failed in a way that passes; the message says how, in one line."""

    def __init__(
        self,
        reason: str,
        *,
        free: bool,
        retry_after: float | None = None,
        stalled: bool = False,
        strange: bool = False,
    ) -> None:
        """`free`: the provider can't have billed anything for it."""
        super().__init__(reason)
        self.retry_after = retry_after
        """Seconds to wait, by the server's own word."""
        self.free = free
        self.stalled = stalled
        """Whether it was given up because nothing came: the server may not have noticed."""
        self.strange = strange
        """Whether an answer came that is none of this protocol: a proxy's page, say."""


class Refusal(Unable):
    """The server does not take the request as it is worded."""

    def __init__(self, reason: str, said: str) -> None:
        super().__init__(reason)
        self.said = said
        """In the server's own words."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of the model."""

    id: str
    name: str
    arguments: str
    """JSON, as it was written; not validated."""


@dataclass(frozen=True, slots=True)
class ModelReply:
    """A message that came to its proper end."""

    stop_reason: str
    """`tool_use`, `end_turn`, `max_tokens`, `refusal`, or a word of the server's own."""
    refusal: str
    """Why the model refused, if it did and said so."""
    content: list[dict[str, Any]]
    """The blocks as they are sent back in the next request of the conversation."""
    calls: list[Call]
    text: str
    tokens: Tokens | None
    """None: the server reported no usage."""
    usd: float | None = None
    """What it cost, where the server says so itself."""


@dataclass(slots=True)
class Progress:
    """How far a request has come; up to date also when it fails."""

    began: bool = False
    """Whether the model has been at work: from here on the input is billed."""
    tokens: Tokens = field(default_factory=Tokens)
    """As the server last reported them."""
    written: int = 0
    """Bytes that came of the answer, thought and calls included."""
    news: float = 0.0
    """When something came that was not a ping, by the monotonic clock."""


class Size(NamedTuple):
    """How many tokens a request has."""

    most: int
    """That it can't exceed: what a reservation assumes."""
    likely: int
    """Counted by the provider, or estimated, rather too many than too few."""
