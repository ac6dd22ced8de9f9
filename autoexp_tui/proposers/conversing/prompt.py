"""The briefing as a request to Claude: system blocks and one message, marked for the cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from autoexp_tui.model.proposal import Situation
from autoexp_tui.proposers.briefing import Briefing, tool
from autoexp_tui.proposers.context import Context

_CALL = f"Answer with exactly one call of the tool `{tool.NAME}`, and no text beside it."
_TOOL: dict[str, Any] = {
    "name": tool.NAME,
    "description": tool.DESCRIPTION,
    "input_schema": tool.SCHEMA,
    # Without it the provider holds the arguments back until they are valid JSON.
    "eager_input_streaming": True,
}


class Prompt(msgspec.Struct, frozen=True):
    """What a request says, whoever is asked and with whatever settings."""

    system: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    long_cache: bool
    """Whether the cached parts are to be kept for an hour: the experiments are slow."""

    def body(self) -> dict[str, Any]:
        """Its part of the request."""
        return {
            "system": self.system,
            "messages": self.messages,
            "tools": self.tools,
            # A forced call is an error with the newer models, so the text asks for it.
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        }

    def as_text(self) -> str:
        """All that it says, for a person to read."""
        parts = ["=== tool ===", msgspec.json.format(msgspec.json.encode(self.tools)).decode()]
        parts += ["=== system ===", *(block["text"] for block in self.system)]
        for message in self.messages:
            parts.append(f"=== {message['role']} ===")
            parts += (block["text"] for block in message["content"])
        return "\n\n".join(parts) + "\n"


def build(
    situation: Situation,
    context: Context,
    scrub: Callable[[str], str] = lambda text: text,
    ask: str = "",
) -> Prompt:
    """The request for one proposal. `scrub` takes credentials out of every text.

    `ask` is what it asks for instead; all before that is the same, so that a cache holds it.

    Raises Unable when the target is too large to be shown whole.
    """
    told = Briefing.of(situation, context, scrub)
    ask = ask or f"Propose experiment #{situation.n} now: call `{tool.NAME}`."
    system = {"type": "text", "text": f"{told.rules}\n\n{_CALL}"}
    target = {"type": "text", "text": told.target}
    news = {"type": "text", "text": f"{told.news}\n\n{ask}"}
    return Prompt(
        system=_cached([system], told.long_cache),
        messages=[{"role": "user", "content": [*_cached([target], told.long_cache), news]}],
        tools=[_TOOL],
        long_cache=told.long_cache,
    )


def _cached(blocks: list[dict[str, Any]], long_cache: bool) -> list[dict[str, Any]]:
    """The blocks, with a mark that the prompt up to their end is worth caching."""
    control = {"type": "ephemeral", "ttl": "1h"} if long_cache else {"type": "ephemeral"}
    return [*blocks[:-1], {**blocks[-1], "cache_control": control}]
