"""A request as chat completions word it, and a proposal that is written as text instead of called.

What goes in is what `conversing.prompt` makes: system blocks, messages of blocks, one tool.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from autoexp_tui.proposers.conversing.exchange import Body

_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)```", re.DOTALL)
_AS_TEXT = """\
Tool calls don't reach this server. Instead of calling `{name}`, write its arguments as one JSON \
object in a block that begins with a line ```json and ends with a line ```, and nothing beside it. \
{description} The JSON schema of the object:

{schema}"""


def request(body: Body, without: Collection[str] = ()) -> dict[str, Any]:
    """The same request for a chat-completions server.

    `without` names what the server has refused: `stream_options`, `parallel_tool_calls`,
    `tool_choice`, `reasoning_effort`, `max_tokens` (then `max_completion_tokens` says it), `tools`.
    """
    (tool,) = body["tools"]
    as_text = "tools" in without
    system = "\n\n".join(block["text"] for block in body["system"])
    if as_text:
        schema = json.dumps(tool["input_schema"])
        system += "\n\n" + _AS_TEXT.format(
            name=tool["name"], description=tool["description"], schema=schema
        )
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}]
    for message in body["messages"]:
        messages += _messages(message["role"], message["content"], as_text)
    sent: dict[str, Any] = {
        "model": body["model"],
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    longest = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
    sent[longest] = body["max_tokens"]
    if "reasoning_effort" in body:
        sent["reasoning_effort"] = body["reasoning_effort"]
    if not as_text:
        function = {
            "name": tool["name"],
            "description": tool["description"],
            "parameters": tool["input_schema"],
        }
        sent["tools"] = [{"type": "function", "function": function}]
        sent["tool_choice"] = "auto"
        sent["parallel_tool_calls"] = False
    refused = set(without) - {"max_tokens"}
    return {name: value for name, value in sent.items() if name not in refused}


def _messages(role: str, blocks: list[dict[str, Any]], as_text: bool) -> Iterator[dict[str, Any]]:
    texts = [block["text"] for block in blocks if block["type"] == "text"]
    calls = [block for block in blocks if block["type"] == "tool_use"]
    results = [block for block in blocks if block["type"] == "tool_result"]
    if as_text:
        texts += [f"```json\n{json.dumps(call['input'])}\n```" for call in calls]
        texts += [result["content"] for result in results]
        yield {"role": role, "content": "\n\n".join(texts)}
        return
    for result in results:
        yield {
            "role": "tool",
            "tool_call_id": result["tool_use_id"],
            "content": result["content"],
        }
    if calls:
        yield {
            "role": role,
            "content": "\n\n".join(texts) or None,
            "tool_calls": [
                {
                    "id": call["id"],
                    "type": "function",
                    "function": {"name": call["name"], "arguments": json.dumps(call["input"])},
                }
                for call in calls
            ],
        }
    elif texts:
        yield {"role": role, "content": "\n\n".join(texts)}


def written_arguments(text: str) -> str:
    """The arguments of a call that a model wrote as text; empty where there are none."""
    said = _after_thought(text)
    candidates: list[str] = [found.strip() for found in _FENCE.findall(said)]
    if (start := said.find("{")) >= 0:
        candidates.append(said[start : said.rfind("}") + 1])
    for candidate in candidates:
        try:
            value = msgspec.json.decode(candidate)
        except (msgspec.DecodeError, UnicodeError):
            continue
        if isinstance(value, dict) and "hypothesis" in value:
            return candidate
    return ""


class WrittenCall:
    """Finds the beginning of a call that is written as text, while it is being written."""

    def __init__(self) -> None:
        self._text = ""
        self._begun = False

    def take(self, piece: str) -> str:
        """What of this piece belongs to the arguments."""
        if self._begun:
            return piece
        self._text += piece
        said = _after_thought(self._text)
        start = said.find("{")
        if start < 0 or (said[:start].strip() and "```" not in said[:start]):
            return ""
        self._begun = True
        return said[start:]


def _after_thought(text: str) -> str:
    """The text without the thought that local models put before it."""
    if not text.lstrip().startswith("<think>"):
        return text
    return text.partition("</think>")[2]
