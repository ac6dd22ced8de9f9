"""One request of the Messages API through the SDK: streamed, watched, and never trusted half-way.

The SDK's asynchronous client is used because a task can be cancelled at any moment, while a name
is looked up as well as in mid-stream; a thread that waits for a socket can't be.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anthropic
import httpx2
import msgspec

from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.anthropic.settings import Credentials, Settings
from autoexp_tui.proposers.conversing.tokens import Tokens
from autoexp_tui.text.safe import clean_line

T = TypeVar("T")
Body = dict[str, Any]

_POLL_S = 0.1
"""Seconds between looks at a person's wishes."""
_CLOSE_TIMEOUT_S = 2.0
"""Seconds that a cancelled request may take to close its connection."""
_COUNT_TIMEOUT_S = 20.0
"""Seconds that counting tokens may take; it is a courtesy, not a need."""
_QUOTE = 300

_PASSING_STATUS = frozenset({408, 409, 425, 429, 499})
_PASSING_TYPES = frozenset({"rate_limit_error", "timeout_error", "api_error", "overloaded_error"})
"""Errors that are told inside a stream have no status of their own."""
_SPENT = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached"})
"""Told with the status of a rate limit, but waiting a minute does not help."""


class Fault(Exception):
    """The request failed in a way that passes; the message says how, in one line."""

    def __init__(self, reason: str, *, retry_after: float | None = None, free: bool) -> None:
        """`free`: the provider can't have billed anything for it."""
        super().__init__(reason)
        self.retry_after = retry_after
        """Seconds to wait, by the server's own word."""
        self.free = free


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
    refusal: str
    """Why the model refused, if it did and said so."""
    content: list[dict[str, Any]]
    """The blocks as they are sent back in the next request of the conversation."""
    calls: list[Call]
    text: str
    tokens: Tokens


@dataclass(slots=True)
class Progress:
    """How far a request has come; up to date also when it fails."""

    began: bool = False
    """Whether the model has been at work: from here on the input is billed."""
    usage: dict[str, int] = field(default_factory=dict)
    """The latest figures that the provider reported, by its own names."""
    news: float = 0.0
    """When something came that was not a ping, by the monotonic clock."""

    @property
    def tokens(self) -> Tokens:
        written = self.usage.get("cache_creation_input_tokens", 0)
        for_an_hour = min(self.usage.get("ephemeral_1h_input_tokens", 0), written)
        return Tokens(
            input=self.usage.get("input_tokens", 0),
            cache_write=written - for_an_hour,
            cache_write_1h=for_an_hour,
            cache_read=self.usage.get("cache_read_input_tokens", 0),
            output=self.usage.get("output_tokens", 0),
        )


class Transport:
    """The SDK's client and the event loop it lives in. Used by one thread."""

    def __init__(self, credentials: Credentials, settings: Settings) -> None:
        self._credentials = credentials
        self._stall = settings.stall_seconds
        self._runner = asyncio.Runner()
        self._client = anthropic.AsyncAnthropic(
            api_key=credentials.api_key,
            auth_token=credentials.auth_token,
            base_url=credentials.base_url,
            max_retries=0,
            # Pings keep the connection alive; whether there is news is for `_attend` to judge.
            timeout=httpx2.Timeout(60.0, connect=15.0, read=2 * settings.stall_seconds),
            open_telemetry=False,
        )

    def close(self) -> None:
        """Let go of connections; a request that was given up may hold one."""
        with contextlib.suppress(RuntimeError):
            self._runner.run(self._client.close())
        self._runner.close()

    def exchange(
        self,
        body: Body,
        progress: Progress,
        on_arguments: Callable[[str], None],
        check: Callable[[], None],
    ) -> ModelReply:
        """Make the request; `on_arguments` takes the first tool call's JSON as it is written.

        Raises:
            Fault: it may work another time.
            Unable: it never will, and why.
            Exception: whatever `check` and `on_arguments` raise; the request is cancelled.
        """
        progress.news = time.monotonic()
        return self._runner.run(
            self._attend(self._stream(body, progress, on_arguments), progress, check)
        )

    def count(self, body: Body, check: Callable[[], None]) -> int | None:
        """Input tokens of a request, by the provider's own count; None where it can't be had.

        Raises Unable when the provider refuses the credentials or the request as such.
        """
        asked = {name: part for name, part in body.items() if name != "max_tokens"}
        progress = Progress(news=time.monotonic() - max(0.0, self._stall - _COUNT_TIMEOUT_S))
        try:
            return self._runner.run(self._attend(self._count(asked), progress, check))
        except Fault:
            return None

    async def _attend(
        self, request: Coroutine[Any, Any, T], progress: Progress, check: Callable[[], None]
    ) -> T:
        """Wait for the request, but not longer than a person or a stalled stream lets us."""
        task = asyncio.create_task(request)
        try:
            while not (await asyncio.wait({task}, timeout=_POLL_S))[0]:
                check()
                quiet = time.monotonic() - progress.news
                if quiet > self._stall:
                    raise Fault(f"the stream has stalled: no news for {quiet:.0f} s", free=False)
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=_CLOSE_TIMEOUT_S)
            if task.done() and not task.cancelled():
                task.exception()

    async def _count(self, body: Body) -> int | None:
        try:
            counted = await self._client.messages.count_tokens(**body, timeout=_COUNT_TIMEOUT_S)
        except anthropic.NotFoundError:
            return None  # a compatible server without this path, or a model that is missed later
        except Exception as error:  # noqa: BLE001 - sorted out there, and let go of here
            raise self._trouble(error) from None
        found = counted.to_dict().get("input_tokens")  # the SDK builds it without looking
        return found if isinstance(found, int) else None

    async def _stream(
        self, body: Body, progress: Progress, on_arguments: Callable[[str], None]
    ) -> ModelReply:
        message = _Message(progress)
        events = self._events(body)
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
                async for event in stream:
                    yield event
        except Exception as error:  # noqa: BLE001 - three families of them, and none says more
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> Exception:
        """Say what an error of the SDK means, without what it drags along: headers hold the key."""
        scrub = self._credentials.scrub
        match error:
            case anthropic.APIStatusError():
                return _status_trouble(error, scrub)
            case anthropic.APIConnectionError():
                return _connection_trouble(error, scrub)
            case httpx2.HTTPError():
                why = clean_line(scrub(str(error)), _QUOTE) or type(error).__name__
                return Fault(f"the connection broke in mid-stream: {why}", free=False)
            case ValueError() | anthropic.APIError():
                return Fault("the stream held something that is no event", free=False)
        return error


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
                    self._refusal = clean_line(str(said or ""), _QUOTE)
                if isinstance(usage := data.get("usage"), dict):
                    self._count(usage)
            case {"type": "message_stop"}:
                self._stopped = True
            case {"type": "message_start" | "content_block_start" | "content_block_delta"}:
                raise Fault("the stream held an event that is not as it should be", free=False)
        return ""

    def whole(self) -> ModelReply:
        """The message, when the stream has ended. Raises Fault when the message had not."""
        if not self._progress.began:
            raise Fault("the stream ended before it began", free=False)
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
            tokens=self._progress.tokens,
        )

    def _count(self, usage: dict[str, Any]) -> None:
        known = self._progress.usage
        detailed = usage.get("cache_creation")
        for figures in (usage, detailed if isinstance(detailed, dict) else {}):
            known.update((name, value) for name, value in figures.items() if isinstance(value, int))

    def _grow(self, at: int, delta: dict[str, Any]) -> str:
        if at not in self._blocks or at in self._closed:
            raise Fault("the stream held an event out of order", free=False)
        for kind in ("text", "thinking", "signature", "partial_json"):
            if isinstance(piece := delta.get(kind), str):
                self._texts.setdefault((at, kind), []).append(piece)
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


def _status_trouble(error: anthropic.APIStatusError, scrub: Callable[[str], str]) -> Exception:
    said = clean_line(
        scrub(error.api_message if isinstance(error.api_message, str) else ""), _QUOTE
    )
    status = error.status_code
    kind = str(error.type or "")
    told = f": {said}" if said else ""
    if error.error_code in _SPENT or status == 402 or kind == "billing_error":
        return Unable(
            f"the provider's spend limit is reached{told}; when there is money again, "
            "`autoexp run` goes on from here"
        )
    in_stream = status < 400
    if in_stream:
        passing = kind in _PASSING_TYPES or not kind
    else:
        passing = status in _PASSING_STATUS or status >= 500
    if passing:
        name = kind.removesuffix("_error").replace("_", " ") if kind else "error"
        what = f"{name} in mid-stream" if in_stream else f"{name} ({status})"
        return Fault(
            f"the provider answers {what}{told}",
            retry_after=_retry_after(error.response.headers),
            free=True,
        )
    if status == 401 or kind == "authentication_error":
        return Unable(f"the provider does not accept the key{told}; check ANTHROPIC_API_KEY")
    if status == 404 or kind == "not_found_error":
        return Unable(f"the provider does not know what is asked for{told}; check anthropic.model")
    return Unable(
        f"the provider refuses the request ({status}){told}; "
        "check the settings under `anthropic:` (model, thinking, effort, max_tokens)"
    )


def _connection_trouble(
    error: anthropic.APIConnectionError, scrub: Callable[[str], str]
) -> Exception:
    cause = error.__cause__
    if isinstance(cause, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return Unable(f"the base URL can't be used: {clean_line(scrub(str(cause)), _QUOTE)}")
    if isinstance(cause, httpx2.LocalProtocolError):
        return Unable("the request can't be sent: a header holds what no header may hold")
    never_sent = isinstance(
        cause,
        httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout | httpx2.ProxyError,
    )
    why = clean_line(scrub(str(cause or "")), _QUOTE) or type(cause or error).__name__
    what = "can't be reached" if never_sent else "did not answer"
    return Fault(f"the provider {what}: {why}", free=never_sent)


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds from `retry-after-ms` or `retry-after`, which may be a date; None without either."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "")
        try:
            seconds = float(value) / unit
        except ValueError:
            continue
        if 0 <= seconds < 1e7:
            return seconds
    parsed = email.utils.parsedate_tz(headers.get("retry-after", ""))
    if parsed is None:
        return None
    return max(0.0, email.utils.mktime_tz(parsed) - time.time())
