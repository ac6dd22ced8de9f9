"""Chat completions through the SDK: streamed, watched, and never trusted half-way."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import openai

from autoexp_tui.model.proposal import Unable
from autoexp_tui.proposers.briefing.tool import NAME
from autoexp_tui.proposers.conversing.exchange import (
    Body,
    Call,
    Fault,
    ModelReply,
    Progress,
    Refusal,
)
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
    timeouts,
)
from autoexp_tui.proposers.openai.requests import WrittenCall, request, written_arguments
from autoexp_tui.proposers.openai.settings import Credentials, Settings
from autoexp_tui.text.durations import duration
from autoexp_tui.text.safe import clean_line

_PASSING_STATUS = frozenset({408, 409, 425, 429, 499})
_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_TOO_LONG = re.compile(
    r"context (?:length|window|size)|maximum context|n_ctx|prompt is too long", re.IGNORECASE
)
_UNKNOWN = r"unsupported|not support|unknown|unrecogni|not permitted|not allowed|instead|extra"
_OPTIONAL: tuple[tuple[str, str, str], ...] = (
    ("stream_options", r"stream_options|include_usage", "no usage is asked for"),
    ("parallel_tool_calls", r"parallel_tool_calls", "`parallel_tool_calls` is not sent"),
    ("reasoning_effort", r"reasoning_effort|reasoning", "`effort` is not sent"),
    ("max_tokens", r"max_tokens", "`max_completion_tokens` is sent instead of `max_tokens`"),
    ("tool_choice", r"tool_choice|tool choice", "`tool_choice` is not sent"),
    ("tools", r"tools?|functions?|function calling", "proposals are asked for as text, not tools"),
)
"""What servers may not know: its name here, what they call it, and what is told."""
_SILENT = 2
"""Answers without any call after which a server is taken for one that passes on no tools."""
_STOPS = {
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "refusal",
}


class ChatTransport(Transport):
    """Talks with a server that knows `POST …/chat/completions`."""

    def __init__(self, credentials: Credentials, settings: Settings) -> None:
        super().__init__(settings.stall_seconds, credentials.scrub)
        self._client = openai.AsyncOpenAI(
            api_key=credentials.api_key,
            base_url=credentials.base_url,
            max_retries=0,
            timeout=timeouts(settings.stall_seconds),
        )
        self._wording = Wording(credentials.key_name, "openai")
        self._host = urlsplit(credentials.base_url).hostname or ""
        self._without: set[str] = set()
        if self._host == "api.openai.com":
            self._without.add("max_tokens")  # its newer models know the newer name alone
        self._called = False
        self._silent = 0

    def verify(self, body: Body, check: Callable[[], None]) -> None:
        with contextlib.suppress(Fault):
            self._briefly(self._models(strict=True), check)

    def adapt(self, said: str) -> str:
        for name, words, told in _OPTIONAL:
            if name in self._without or not re.search(rf"\b(?:{words})\b", said, re.IGNORECASE):
                continue
            if name == "max_tokens" and not re.search(_UNKNOWN, said, re.IGNORECASE):
                continue  # it is the number that is refused
            self._without.add(name)
            return told
        return ""

    async def _close(self) -> None:
        await self._client.close()

    async def _count(self, body: Body) -> int | None:
        return None  # the protocol has no such question

    async def _greet(self) -> None:
        await self._models(strict=False)

    async def _models(self, *, strict: bool) -> None:
        """Ask for the list of models, which is free. `strict`: whether a wrong key is an error."""
        try:
            await self._client.models.list(timeout=FREE_TIMEOUT_S)
        except openai.APIStatusError as error:
            if strict and error.status_code == 401:
                raise self._trouble(error) from None
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            raise self._trouble(error) from None
        except Exception:  # noqa: BLE001, S110 - somebody answers, if with no list of models
            pass

    async def _stream(
        self, body: Body, progress: Progress, on_arguments: Callable[[str], None]
    ) -> ModelReply:
        message = _Message(progress, as_text="tools" in self._without)
        events = self._events(request(body, self._without))
        async with contextlib.aclosing(events):
            async for event in events:
                progress.news = time.monotonic()
                if arguments := message.take(event):
                    on_arguments(arguments)
        reply = message.whole()
        self._mind_tools(reply)
        return reply

    def _mind_tools(self, reply: ModelReply) -> None:
        """Ask for text from now on where a server takes tools, and nothing comes of them."""
        self._called |= bool(reply.calls)
        if self._called or reply.stop_reason != "end_turn" or "tools" in self._without:
            return
        self._silent += 1
        if self._silent >= _SILENT:
            self._without.add("tools")
            self.told.append("the model calls no tool: proposals are asked for as text from now on")

    async def _events(self, body: Body) -> Any:
        """The stream's events; everything the network or the SDK raises is sorted out here."""
        opened = False
        extra = {"usage": {"include": True}} if self._host == "openrouter.ai" else None
        try:
            create: Any = self._client.chat.completions.create
            stream = await create(**body, extra_body=extra)
            opened = True
            async with stream:
                kind = stream.response.headers.get("content-type", "")
                if "html" in kind or "json" in kind:
                    yield self._at_once(kind, await page(stream.response))
                    return
                async for event in stream:
                    yield event
        except Exception as error:  # noqa: BLE001 - three families of them, and none says more
            cause = error.__cause__
            if opened and isinstance(cause, httpx2.HTTPError):
                raise broken_stream(cause, self._scrub) from None
            raise self._trouble(error) from None

    def _at_once(self, kind: str, text: str) -> dict[str, Any]:
        """An answer that is no stream, as an event. Raises Fault where it is no message."""
        with contextlib.suppress(msgspec.DecodeError):
            match msgspec.json.decode(text):
                case {"choices": [{"message": dict(message)} as choice]} as whole:
                    return {**whole, "choices": [{**choice, "delta": message}]}
        raise strange(kind, text, self._scrub)

    def _trouble(self, error: Exception) -> Exception:
        """Say what an error of the SDK means, without what it drags along: headers hold the key."""
        match error:
            case Fault() | Unable():
                return error
            case openai.APIConnectionError():
                return connection_trouble(error, self._scrub)
            case openai.APIError():
                return self._told(error)
            case httpx2.HTTPError():
                return broken_stream(error, self._scrub)
            case ValueError():
                return Fault("the stream held something that is no event", free=False)
        return error

    def _told(self, error: openai.APIError) -> Exception:
        """What an error means that the server tells, instead of an answer or in the midst of it."""
        in_stream = not isinstance(error, openai.APIStatusError)
        headers: Mapping[str, str] = {}
        if isinstance(error, openai.APIStatusError):
            status, headers = error.status_code, error.response.headers
        else:
            told_code = error.code or ""
            status = int(told_code) if re.fullmatch(r"[45]\d\d", told_code) else 200
        said = clean_line(self._scrub(_words_of(error)), QUOTE)
        code, kind = error.code or "", str(error.type or "")
        if code == "context_length_exceeded" or (status < 500 and _TOO_LONG.search(said)):
            return Unable(
                f"prompt and answer don't fit into the model's context: {said}; lower "
                "openai.max_tokens, or give the server a longer context"
            )
        if status >= 500 and re.search(r"--jinja|not support|not implemented", said):
            return Refusal(f"the server can't do what is asked for: {said}", said)
        passing = status in _PASSING_STATUS or status >= 500 or (in_stream and status < 400)
        told = Told(
            status=200 if in_stream and passing else status,
            kind=kind if kind.endswith("_error") else "",
            said=said,
            passing=passing,
            spent=bool({code, kind} & _SPENT) or status == 402,
            headers=headers,
        )
        return status_trouble(told, self._wording, after=_after(headers))


def _words_of(error: openai.APIError) -> str:
    """What a server says of an error, in whatever form."""
    match error.body:
        case {"message": str(text), "metadata": {"raw": str(raw)}}:  # OpenRouter's upstream
            return f"{text}: {raw}"
        case {"message": str(text)} | {"detail": str(text)} | {"error": str(text)} | str(text):
            return text
        case {"error": {"message": str(text)}}:
            return text
        case None:
            return ""
    with contextlib.suppress(TypeError):
        return msgspec.json.encode(error.body).decode()
    return str(error.message)


def _after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the server's word: `retry-after`, else when what is used up is reset."""
    if (told := retry_after(headers)) is not None:
        return told
    found: list[float] = []
    for kind in ("", "-requests", "-tokens"):
        left = headers.get(f"x-ratelimit-remaining{kind}", "0")
        seconds = _until(headers.get(f"x-ratelimit-reset{kind}", ""))
        if seconds is not None and left.partition(".")[0] == "0":
            found.append(seconds)
    return max(found, default=None)


def _until(reset: str) -> float | None:
    """Seconds in `1s`, `6m0s`, `20ms`, `12.5`, or to a moment in (milli)seconds of the epoch."""
    with contextlib.suppress(ValueError):
        seconds = float(reset)
        if seconds > 1e11:
            seconds /= 1000
        if seconds > 1e9:
            seconds -= time.time()
        return max(0.0, seconds) if seconds < 1e7 else None
    if milliseconds := re.fullmatch(r"(\d+)ms", reset):
        return int(milliseconds[1]) / 1000
    try:
        return duration(reset)
    except ValueError:
        return None


class _Message:
    """Puts the chunks of a stream together, and believes nothing that is not there."""

    def __init__(self, progress: Progress, *, as_text: bool) -> None:
        self._progress = progress
        self._written = WrittenCall() if as_text else None
        self._said: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._finish = ""
        self._usd: float | None = None
        self._counted = False

    def take(self, event: object) -> str:
        """Take one chunk; what it adds to the first call's arguments is returned."""
        data: Any = event.to_dict(warnings=False) if isinstance(event, openai.BaseModel) else event
        if not isinstance(data, dict):
            raise Fault("the stream held something that is no event", free=False)
        groq = data.get("x_groq")
        for usage in (data.get("usage"), groq.get("usage") if isinstance(groq, dict) else None):
            if isinstance(usage, dict):
                self._count(usage)
        added = ""
        for choice in data.get("choices") or ():
            if isinstance(choice, dict) and not choice.get("index"):
                self._progress.began = True
                self._finish = str(choice.get("finish_reason") or self._finish)
                delta = choice.get("delta")
                if isinstance(delta, dict):
                    added += self._grow(delta)
        return added

    def whole(self) -> ModelReply:
        """The message, when the stream has ended. Raises Fault when the message had not."""
        if not self._progress.began:
            raise Fault("the stream ended before it began", free=False, strange=True)
        if not self._finish:
            raise Fault("the stream ended before the message did", free=False)
        text = "".join(self._said)
        calls = [
            Call(call["id"] or f"call_{at}", call["name"], call["arguments"])
            for at, call in sorted(self._calls.items())
        ]
        written = "" if calls else written_arguments(text)
        if written:
            calls, text = [Call("call_0", NAME, written)], ""
        content: list[dict[str, Any]] = [{"type": "text", "text": text}] if text.strip() else []
        content += [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": _input(call.arguments)}
            for call in calls
        ]
        stop = _STOPS.get(self._finish, self._finish)
        if calls and stop == "end_turn":
            stop = "tool_use"
        refusal = clean_line("".join(self._refusal), QUOTE)
        return ModelReply(
            stop_reason="refusal" if refusal and not calls else stop,
            refusal=refusal,
            content=content,
            calls=calls,
            text=text,
            tokens=self._progress.tokens if self._counted else None,
            usd=self._usd,
        )

    def _count(self, usage: dict[str, Any]) -> None:
        def figure(of: Any, name: str) -> int:
            value = of.get(name) if isinstance(of, dict) else None
            return value if isinstance(value, int) and value > 0 else 0

        details = usage.get("prompt_tokens_details")
        asked, wrote = figure(usage, "prompt_tokens"), figure(usage, "completion_tokens")
        if not asked and not wrote:
            return  # some servers send zeros until the end, or all the time
        read = min(asked, figure(details, "cached_tokens"))
        stored = min(asked - read, figure(details, "cache_write_tokens"))
        self._counted = True
        self._progress.tokens = Tokens(
            input=asked - read - stored, cache_write=stored, cache_read=read, output=wrote
        )
        cost = usage.get("cost")
        if isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost < 1e6:
            self._usd = round(float(cost), 6)

    def _grow(self, delta: dict[str, Any]) -> str:
        for name in ("content", "reasoning_content", "reasoning", "refusal"):
            if isinstance(piece := delta.get(name), str):
                self._progress.written += len(piece.encode("utf-8", "replace"))
        if isinstance(piece := delta.get("refusal"), str):
            self._refusal.append(piece)
        added = ""
        if isinstance(piece := delta.get("content"), str):
            self._said.append(piece)
            if self._written is not None:
                added = self._written.take(piece)
        for place, call in enumerate(delta.get("tool_calls") or ()):
            if isinstance(call, dict):
                added += self._grow_call(place, call)
        return added

    def _grow_call(self, place: int, piece: dict[str, Any]) -> str:
        at = piece.get("index")
        at = at if isinstance(at, int) else place
        call = self._calls.setdefault(at, {"id": "", "name": "", "arguments": ""})
        function = piece.get("function")
        if not isinstance(function, dict):
            return ""
        call["id"] = call["id"] or str(piece.get("id") or "")
        call["name"] = call["name"] or str(function.get("name") or "")
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = json.dumps(arguments)  # whole at once, and not as text: some servers do
        if not isinstance(arguments, str):
            return ""
        call["arguments"] += arguments
        self._progress.written += len(arguments.encode("utf-8", "replace"))
        return arguments if at == min(self._calls) else ""


def _input(arguments: str) -> dict[str, Any]:
    """A call's arguments as they are sent back; what is no JSON is sent back as what it is."""
    try:
        value = msgspec.json.decode(arguments or "{}")
    except (msgspec.DecodeError, UnicodeError):
        return {"invalid_json": arguments[:2000].encode("utf-8", "replace").decode()}
    return value if isinstance(value, dict) else {"not_an_object": value}
