"""A server that speaks chat completions as they stream, and does what a script tells it to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from support.messages_server import (
    TOOL,
    Exchange,
    Hangup,
    MessagesServer,
    Step,
    proposal,
)

Chunk = dict[str, Any]


@dataclass
class ChatServer(MessagesServer):
    """A context manager; `base_url` is what `openai.base_url` wants to be."""

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"


def chunk(delta: Chunk, finish: str | None = None) -> Chunk:
    """One piece of a message."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }


def usage(prompt: int = 100, completion: int = 50, **more: Any) -> Chunk:
    """The last chunk, which holds no choice."""
    told = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    return {**chunk({}), "choices": [], "usage": {**told, **more}}


def said(text: str, finish: str = "stop", size: int = 7) -> Iterator[Chunk]:
    """A message of text."""
    yield chunk({"role": "assistant", "content": ""})
    for at in range(0, len(text), size):
        yield chunk({"content": text[at : at + size]})
    yield chunk({}, finish)


def called(
    arguments: dict[str, Any] | str, *, name: str = TOOL, finish: str = "tool_calls", size: int = 7
) -> Iterator[Chunk]:
    """A message of one tool call; arguments given as text go out as they are."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    first = {"index": 0, "id": "call_1", "type": "function"}
    yield chunk({"role": "assistant", "content": None})
    yield chunk({"tool_calls": [{**first, "function": {"name": name, "arguments": ""}}]})
    for at in range(0, len(text), size):
        piece = {"index": 0, "function": {"arguments": text[at : at + size]}}
        yield chunk({"tool_calls": [piece]})
    yield chunk({}, finish)


def _send(exchange: Exchange, chunks: Iterable[Chunk]) -> None:
    for piece in chunks:
        exchange.write(f"data: {json.dumps(piece)}\n\n")


# Steps.


def streams(*chunks: Chunk) -> Step:
    """The chunks, and a proper end."""

    def step(exchange: Exchange) -> None:
        _send(exchange, chunks)
        exchange.write("data: [DONE]\n\n")
        exchange.finish()

    return step


def proposes(*edits: tuple[str, str], **more: Any) -> Step:
    """A proposal, with its usage."""
    return streams(*called(proposal(*edits, **more)), usage())


def cut(chunks: Iterable[Chunk], after: int) -> Step:
    """Only the first chunks; then the connection breaks, without a byte where there are none."""

    def step(exchange: Exchange) -> None:
        _send(exchange, [piece for _, piece in zip(range(after), chunks, strict=False)])
        raise Hangup

    return step


def page(text: str, kind: str = "text/html") -> Step:
    """A whole answer that is no stream, with status 200."""
    return lambda exchange: exchange.reply(200, text.encode(), kind, {})


def refuses(
    status: int, message: str, *, code: str | None = None, kind: str = "", **headers: str
) -> Step:
    """An error instead of a stream; underscores in header names become hyphens."""
    error = {"message": message, "type": kind or None, "param": None, "code": code}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = json.dumps({"error": error}).encode()
    return lambda exchange: exchange.reply(status, content, "application/json", named)
