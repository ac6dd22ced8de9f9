"""The Messages API through the SDK: streamed, watched, and never trusted half-way."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable
from typing import Any

import anthropic
import httpx2
import msgspec

from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.anthropic.platforms import client, signing_trouble
from autoexp_tui.proposers.anthropic.settings import Credentials, Settings
from autoexp_tui.proposers.conversing.exchange import Body, Call, Fault, ModelReply, Progress
from autoexp_tui.proposers.conversing.tokens import Tokens
from autoexp_tui.proposers.conversing.transport import (
    FREE_TIMEOUT_S,
    QUOTE,
    Told,
    Transport,
    Wording,
    broken_stream,
    connection_trouble,
    page,
    retry_after,
    status_trouble,
    strange,
)
from autoexp_tui.text.safe import clean_line

_PASSING_STATUS = frozenset({408, 409, 425, 429, 499})
_PASSING_TYPES = frozenset({"rate_limit_error", "timeout_error", "api_error", "overloaded_error"})
"""Errors that are told inside a stream have no status of their own."""
_SPENT = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached"})
"""Told with the status of a rate limit, but waiting a minute does not help."""
_OPTIONAL: tuple[tuple[str, str, str], ...] = (
    ("effort", r"effort|output_config", "`effort` is not sent"),
    ("thinking", r"thinking", "`thinking` is not sent"),
    ("cache", r"cache_control|ttl|ephemeral", "nothing is marked for the cache"),
    ("tool_choice", r"tool_choice|disable_parallel_tool_use", "`tool_choice` is not sent"),
    ("eager", r"eager_input_streaming", "the tool is sent without `eager_input_streaming`"),
)
"""What compatible servers may not know: its name here, what they call it, and what is told."""


class MessagesTransport(Transport):
    """Talks with Anthropic, with a server that speaks its protocol, or through a cloud's."""

    def __init__(self, credentials: Credentials, settings: Settings) -> None:
        """Raises Unable where a package or a setting of the cloud is missing."""
        super().__init__(settings.stall_seconds, credentials.scrub)
        self._through = settings.through
        self._client = client(credentials, settings)
        self._wording = Wording(credentials.key_name, "anthropic")
        self._without: set[str] = set()

    def adapt(self, said: str) -> str:
        for name, words, told in _OPTIONAL:
            if name not in self._without and re.search(rf"\b(?:{words})\b", said):
                self._without.add(name)
                return told
        return ""

    async def _close(self) -> None:
        await self._client.close()

    async def _count(self, body: Body) -> int | None:
        if self._through == "bedrock":
            return None  # it has no such path
        asked = {name: part for name, part in self._known(body).items() if name != "max_tokens"}
        try:
            counted = await self._client.messages.count_tokens(**asked, timeout=FREE_TIMEOUT_S)
        except anthropic.NotFoundError:
            return None  # a compatible server without this path, or a model that is missed later
        except Exception as error:  # noqa: BLE001 - sorted out there, and let go of here
            raise self._trouble(error) from None
        # The SDK builds it without looking, and of a proxy's page it makes a text.
        found: Any = counted.to_dict() if isinstance(counted, anthropic.BaseModel) else {}
        number = found.get("input_tokens")
        return number if isinstance(number, int) else None

    async def _greet(self) -> None:
        if self._through == "bedrock":
            return
        hello: Any = {"model": "-", "messages": [{"role": "user", "content": "Hello"}]}
        try:
            await self._client.messages.count_tokens(**hello, timeout=FREE_TIMEOUT_S)
        except anthropic.APIStatusError:
            return  # somebody answers
        except Exception as error:  # noqa: BLE001 - see above
            raise self._trouble(error) from None

    async def _stream(
        self, body: Body, progress: Progress, on_arguments: Callable[[str], None]
    ) -> ModelReply:
        message = _Message(progress)
        events = self._events(self._known(body))
        async with contextlib.aclosing(events):
            async for event in events:
                progress.news = time.monotonic()
                if arguments := message.take(event):
                    on_arguments(arguments)
        return message.whole()

    async def _events(self, body: Body) -> Any:
        """The stream's events; everything the network or the SDK raises is sorted out here."""
        try:
            stream = await self._client.messages.create(**body, stream=True)
            async with stream:
                kind = stream.response.headers.get("content-type", "")
                if "html" in kind or "json" in kind:
                    yield self._at_once(kind, await page(stream.response))
                    return
                async for event in stream:
                    yield event
        except Exception as error:  # noqa: BLE001 - three families of them, and none says more
            raise self._trouble(error) from None

    def _at_once(self, kind: str, text: str) -> dict[str, Any]:
        """An answer that is no stream, as an event. Raises Fault where it is no message."""
        with contextlib.suppress(msgspec.DecodeError):
            match msgspec.json.decode(text):
                case {"type": "message", "content": list()} as message:
                    return {"type": "whole", "message": message}
        raise strange(kind, text, self._scrub)

    def _known(self, body: Body) -> Body:
        """The request without what the server has refused."""
        without = self._without
        if not without:
            return body
        names = {"effort": "output_config", "thinking": "thinking", "tool_choice": "tool_choice"}
        dropped = {names[name] for name in without if name in names}
        body = {name: part for name, part in body.items() if name not in dropped}
        fields = {"cache_control"} if "cache" in without else set()
        body["tools"] = _stripped(
            body.get("tools"), fields | ({"eager_input_streaming"} if "eager" in without else set())
        )
        if fields:
            body["system"] = _stripped(body.get("system"), fields)
            body["messages"] = [
                {**message, "content": _stripped(message["content"], fields)}
                for message in body["messages"]
            ]
        return {name: part for name, part in body.items() if part is not None}

    def _trouble(self, error: Exception) -> Exception:
        """Say what an error of the SDK means, without what it drags along: headers hold the key."""
        match error:
            case Fault() | Unable():
                return error
            case anthropic.APIStatusError():
                return self._status_trouble(error)
            case anthropic.APIConnectionError() if self._unsigned(error.__cause__) is None:
                return connection_trouble(error, self._scrub)
            case httpx2.HTTPError():
                return broken_stream(error, self._scrub)
        trouble = self._unsigned(error.__cause__ or error)
        if trouble is None and isinstance(error, ValueError | anthropic.APIError):
            trouble = Fault("the stream held something that is no event", free=False)
        return trouble or error

    def _unsigned(self, cause: BaseException | None) -> Exception | None:
        """What it means where the request was never sent: the cloud's library can't sign it."""
        return None if cause is None else signing_trouble(cause, self._through, self._scrub)

    def _status_trouble(self, error: anthropic.APIStatusError) -> Exception:
        message = error.api_message if isinstance(error.api_message, str) else ""
        status, kind = error.status_code, str(error.type or "")
        if status < 400:  # in mid-stream
            passing = kind in _PASSING_TYPES or not kind
        else:
            passing = status in _PASSING_STATUS or status >= 500
        headers = error.response.headers
        told = Told(
            status=status,
            kind=kind,
            said=clean_line(self._scrub(message or _words_of(error.body)), QUOTE),
            passing=passing,
            spent=error.error_code in _SPENT or status == 402 or kind == "billing_error",
            headers=headers,
        )
        return status_trouble(told, self._wording, after=retry_after(headers))


def _words_of(body: object) -> str:
    """What an error says that is not in the API's own form."""
    match body:
        case str(text):
            return text
        case {"error": {"message": str(text)}} | {"error": str(text)}:
            return text
        case {"message": str(text)} | {"detail": str(text)}:
            return text
        case None:
            return ""
    with contextlib.suppress(TypeError):
        return msgspec.json.encode(body).decode()
    return ""


def _stripped(blocks: Any, fields: set[str]) -> Any:
    """Blocks or tools without these fields."""
    if not isinstance(blocks, list):
        return blocks
    return [
        {name: value for name, value in block.items() if name not in fields} for block in blocks
    ]


class _Message:
    """Puts the events of a stream together, and believes nothing that is not there."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._blocks: dict[int, dict[str, Any]] = {}
        self._texts: dict[tuple[int, str], list[str]] = {}
        self._closed: set[int] = set()
        self._first_call: int | None = None
        self._stop_reason = ""
        self._refusal = ""
        self._stopped = False
        self._usage: dict[str, int] = {}
        """The latest figures that the provider reported, by its own names."""

    def take(self, event: object) -> str:
        """Take one event; what it adds to the first tool call's arguments is returned."""
        data: Any = event.to_dict() if isinstance(event, anthropic.BaseModel) else event
        match data:
            case {"type": "message_start", "message": {"usage": dict(usage)}}:
                self._progress.began = True
                self._count(usage)
            case {"type": "content_block_start", "index": int(at), "content_block": dict(block)}:
                self._blocks[at] = dict(block)
                if block.get("type") == "tool_use" and self._first_call is None:
                    self._first_call = at
            case {"type": "content_block_delta", "index": int(at), "delta": dict(delta)}:
                return self._grow(at, delta)
            case {"type": "content_block_stop", "index": int(at)}:
                self._closed.add(at)
            case {"type": "message_delta", "delta": dict(delta)}:
                self._stop_reason = str(delta.get("stop_reason") or "")
                details = delta.get("stop_details")
                if isinstance(details, dict):
                    said = details.get("explanation") or details.get("category")
                    self._refusal = clean_line(str(said or ""), QUOTE)
                if isinstance(usage := data.get("usage"), dict):
                    self._count(usage)
            case {"type": "message_stop"}:
                self._stopped = True
            case {"type": "whole", "message": dict(message)}:
                self.take_whole(message)
            case {"type": "message_start" | "content_block_start" | "content_block_delta"}:
                raise Fault("the stream held an event that is not as it should be", free=False)
        return ""

    def take_whole(self, message: dict[str, Any]) -> None:
        """Take a message that came at once: some servers don't know how to stream."""
        if not isinstance(message.get("content"), list):
            raise Fault("the server's answer is no message", free=False, strange=True)
        self._progress.began = True
        self._count(message.get("usage") or {})
        for at, block in enumerate(message["content"]):
            self._blocks[at] = dict(block)
            self._closed.add(at)
            self._progress.written += len(json.dumps(block).encode())
        self._stop_reason, self._stopped = str(message.get("stop_reason") or ""), True

    def whole(self) -> ModelReply:
        """The message, when the stream has ended. Raises Fault when the message had not."""
        if not self._progress.began:
            raise Fault("the stream ended before it began", free=False, strange=True)
        if not (self._stopped and self._stop_reason) or self._blocks.keys() - self._closed:
            raise Fault("the stream ended before the message did", free=False)
        content: list[dict[str, Any]] = []
        calls: list[Call] = []
        for at in sorted(self._blocks):
            block = {**self._blocks[at], **self._grown(at)}
            if block.get("type") == "tool_use":
                call = Call(str(block.get("id")), str(block.get("name")), self._arguments(at))
                calls.append(call)
                block["input"] = _input(call.arguments)
            if not (block.get("type") == "text" and not block.get("text")):
                content.append(block)
        texts = [block["text"] for block in content if block.get("type") == "text"]
        return ModelReply(
            stop_reason=self._stop_reason,
            refusal=self._refusal,
            content=content,
            calls=calls,
            text="\n".join(texts),
            tokens=self._progress.tokens if self._usage else None,
        )

    def _count(self, usage: dict[str, Any]) -> None:
        known = self._usage
        detailed = usage.get("cache_creation")
        for figures in (usage, detailed if isinstance(detailed, dict) else {}):
            known.update((name, value) for name, value in figures.items() if isinstance(value, int))
        written = known.get("cache_creation_input_tokens", 0)
        for_an_hour = min(known.get("ephemeral_1h_input_tokens", 0), written)
        self._progress.tokens = Tokens(
            input=known.get("input_tokens", 0),
            cache_write=written - for_an_hour,
            cache_write_1h=for_an_hour,
            cache_read=known.get("cache_read_input_tokens", 0),
            output=known.get("output_tokens", 0),
        )

    def _grow(self, at: int, delta: dict[str, Any]) -> str:
        if at not in self._blocks or at in self._closed:
            raise Fault("the stream held an event out of order", free=False)
        for kind in ("text", "thinking", "signature", "partial_json"):
            if isinstance(piece := delta.get(kind), str):
                self._texts.setdefault((at, kind), []).append(piece)
                if kind != "signature":
                    self._progress.written += len(piece.encode("utf-8", "replace"))
                if kind == "partial_json" and at == self._first_call:
                    return piece
        return ""

    def _grown(self, at: int) -> dict[str, str]:
        """The fields of a block that came in pieces, with what its start held already."""
        return {
            kind: str(self._blocks[at].get(kind) or "") + "".join(pieces)
            for (index, kind), pieces in self._texts.items()
            if index == at and kind != "partial_json"
        }

    def _arguments(self, at: int) -> str:
        pieces = self._texts.get((at, "partial_json"))
        if pieces is not None:
            return "".join(pieces)
        return json.dumps(self._blocks[at].get("input") or {})  # whole at once: some servers do


def _input(arguments: str) -> dict[str, Any]:
    """A call's arguments as they are sent back; what is no JSON is sent back as what it is."""
    try:
        value = msgspec.json.decode(arguments or "{}")
    except (msgspec.DecodeError, UnicodeError):
        return {"invalid_json": arguments[:2000].encode("utf-8", "replace").decode()}
    return value if isinstance(value, dict) else {"not_an_object": value}
