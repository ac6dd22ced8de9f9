"""A server that speaks the Messages API as it streams, and does what a script tells it to."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Event = dict[str, Any]
Step = Callable[["Exchange"], None]
"""What happens to one request."""
Player = Callable[[dict[str, Any]], Step]
"""Chooses the step for a request's body, when the script has come to its end."""

TOOL = "propose_experiment"


class Hangup(Exception):
    """The connection is to be cut, without a proper end."""


@dataclass
class Exchange:
    """One request, and the means to answer it."""

    body: dict[str, Any]
    headers: dict[str, str]
    closing: threading.Event
    _handler: BaseHTTPRequestHandler
    _begun: bool = False

    def refuse(self, status: int, error: dict[str, Any], headers: dict[str, str]) -> None:
        """Answer with an error, as the API words it."""
        content = json.dumps({"type": "error", "error": error}).encode()
        self.reply(status, content, "application/json", headers)

    def reply(self, status: int, content: bytes, kind: str, headers: dict[str, str]) -> None:
        """Answer at once, whatever it is."""
        self._handler.send_response(status)
        for name, value in {"content-type": kind, **headers}.items():
            self._handler.send_header(name, value)
        self._handler.send_header("content-length", str(len(content)))
        self._handler.end_headers()
        self._handler.wfile.write(content)

    def send(self, event: Event) -> None:
        """One event of the stream."""
        self.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n")

    def write(self, text: str) -> None:
        """Raw text of the stream, at once."""
        self._begin()
        data = text.encode()
        self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self._handler.wfile.flush()

    def finish(self) -> None:
        """End the stream properly, whatever it held."""
        self._begin()
        self._handler.wfile.write(b"0\r\n\r\n")
        self._handler.wfile.flush()

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._handler.send_response(200)
            self._handler.send_header("content-type", "text/event-stream")
            self._handler.send_header("transfer-encoding", "chunked")
            self._handler.end_headers()


@dataclass
class Seen:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class MessagesServer:
    """A context manager; `url` is what ANTHROPIC_BASE_URL wants to be."""

    script: deque[Step] = field(default_factory=deque)
    """Taken one after the other by the requests for messages."""
    player: Player | None = None
    count: Callable[[dict[str, Any]], int] | None = lambda body: len(json.dumps(body)) // 4
    """How tokens are counted; None: the server knows nothing of it."""
    hang_up_counts: bool = False
    """Whether requests that are free are dropped without a byte."""
    count_refusal: tuple[int, dict[str, Any]] | None = None
    seen: list[Seen] = field(default_factory=list)
    """The requests for messages."""
    counted: list[Seen] = field(default_factory=list)
    """The requests to count tokens."""
    errors: list[BaseException] = field(default_factory=list)

    def play(self, *steps: Step) -> Self:
        """Add to the script."""
        self.script.extend(steps)
        return self

    def __enter__(self) -> Self:
        self._closing = threading.Event()
        self._mutex = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        assert not self.errors, self.errors

    def _take(self, seen: Seen) -> Step:
        with self._mutex:
            self.seen.append(seen)
            if self.script:
                return self.script.popleft()
            if self.player is not None:
                return self.player(seen.body)
        self.errors.append(AssertionError("a request after the end of the script"))
        return refusal_of(400, "invalid_request_error", "the script has come to its end")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                body = json.loads(self.rfile.read(length))
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(self.path, headers, body)
                exchange = Exchange(body, headers, owner._closing, self)
                try:
                    if self.path.endswith(("/count_tokens", "/count-tokens:rawPredict")):
                        owner._answer_count(exchange, seen)
                    else:
                        owner._take(seen)(exchange)
                except Hangup:
                    self._cut()
                except OSError:
                    self.close_connection = True  # the client went away: its own affair
                except BaseException as error:  # noqa: BLE001 - the test fails with it at its end
                    owner.errors.append(error)
                    self._cut()

            def do_GET(self) -> None:
                """Any question that is free, such as the list of models."""
                headers = {name.lower(): value for name, value in self.headers.items()}
                owner.counted.append(Seen(self.path, headers, {}))
                if owner.hang_up_counts:
                    self._cut()
                    return
                status, content = 200, {"object": "list", "data": []}
                if owner.count_refusal is not None:
                    status, content = owner.count_refusal[0], {"error": owner.count_refusal[1]}
                exchange = Exchange({}, headers, owner._closing, self)
                exchange.reply(status, json.dumps(content).encode(), "application/json", {})

            def _cut(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        return Handler

    def _answer_count(self, exchange: Exchange, seen: Seen) -> None:
        self.counted.append(seen)
        if self.hang_up_counts:
            raise Hangup
        if self.count_refusal is not None:
            status, error = self.count_refusal
            exchange.refuse(status, error, {})
        elif self.count is None:
            exchange.refuse(404, {"type": "not_found_error", "message": "no such path"}, {})
        else:
            content = json.dumps({"input_tokens": self.count(exchange.body)}).encode()
            handler = exchange._handler
            handler.send_response(200)
            handler.send_header("content-type", "application/json")
            handler.send_header("content-length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error of ours."""


def events_of(
    blocks: Iterable[Event],
    *,
    stop_reason: str = "tool_use",
    stop_details: Event | None = None,
    usage: dict[str, int] | None = None,
    output_tokens: int = 50,
    chunk: int = 7,
) -> Iterator[Event]:
    """The stream of a whole message; texts and arguments come in pieces of `chunk` characters."""
    begun = {"input_tokens": 100, "output_tokens": 1, **(usage or {})}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "test",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": begun,
    }
    yield {"type": "message_start", "message": message}
    yield {"type": "ping"}
    for index, block in enumerate(blocks):
        yield from _block_events(index, block, chunk)
    yield {
        "type": "message_delta",
        "delta": {
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "stop_details": stop_details,
        },
        "usage": {"output_tokens": output_tokens},
    }
    yield {"type": "message_stop"}


def _block_events(index: int, block: Event, chunk: int) -> Iterator[Event]:
    match block["type"]:
        case "tool_use":
            text = block["input"] if isinstance(block["input"], str) else json.dumps(block["input"])
            start, kind, name = {**block, "input": {}}, "input_json_delta", "partial_json"
        case "thinking":
            text, start = block["thinking"], {**block, "thinking": "", "signature": ""}
            kind, name = "thinking_delta", "thinking"
        case _:
            text, start, kind, name = block["text"], {**block, "text": ""}, "text_delta", "text"
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for at in range(0, len(text), chunk):
        delta = {"type": kind, name: text[at : at + chunk]}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    if block["type"] == "thinking":
        delta = {"type": "signature_delta", "signature": "signed"}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def call(arguments: dict[str, Any] | str, name: str = TOOL, id: str = "toolu_1") -> Event:  # noqa: A002
    """A tool call as a block; arguments given as text go out as they are."""
    return {"type": "tool_use", "id": id, "name": name, "input": arguments}


def proposal(
    *edits: tuple[str, str], hypothesis: str = "It helps.", description: str = "an edit"
) -> dict[str, Any]:
    """The arguments of a proposal by search and replace."""
    return {
        "hypothesis": hypothesis,
        "description": description,
        "edits": [{"search": search, "replace": replace} for search, replace in edits],
    }


def thought(text: str = "Let me see.") -> Event:
    """A block of thinking."""
    return {"type": "thinking", "thinking": text}


def words(text: str) -> Event:
    """A block of text."""
    return {"type": "text", "text": text}


# Steps.


def answer(*blocks: Event, **more: Any) -> Step:
    """A whole message of these blocks; see `events_of`."""

    def step(exchange: Exchange) -> None:
        for event in events_of(blocks, **more):
            exchange.send(event)
        exchange.finish()

    return step


def proposes(*edits: tuple[str, str], **more: Any) -> Step:
    """A thought, then a proposal."""
    return answer(thought(), call(proposal(*edits, **more)))


def refusal_of(
    status: int, kind: str, message: str = "no", code: str | None = None, **headers: str
) -> Step:
    """An error instead of a stream; underscores in header names become hyphens."""
    error: dict[str, Any] = {"type": kind, "message": message}
    if code is not None:
        error["details"] = {"error_code": code}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.refuse(status, error, named)


def cut(events: Iterable[Event], after: int, *, clean: bool) -> Step:
    """Only the first events; then the stream ends properly (`clean`) or the connection breaks."""

    def step(exchange: Exchange) -> None:
        for _, event in zip(range(after), events, strict=False):
            exchange.send(event)
        if not clean:
            raise Hangup
        exchange.finish()

    return step


def then(events: Iterable[Event], after: int, raw: str) -> Step:
    """The first events, then this text as it is, then a proper end."""

    def step(exchange: Exchange) -> None:
        for _, event in zip(range(after), events, strict=False):
            exchange.send(event)
        exchange.write(raw)
        exchange.finish()

    return step


def stalls(events: Iterable[Event], after: int, reached: threading.Event | None = None) -> Step:
    """The first events, then nothing but pings until the client has had enough."""

    def step(exchange: Exchange) -> None:
        for _, event in zip(range(after), events, strict=False):
            exchange.send(event)
        if reached is not None:
            reached.set()
        while not exchange.closing.wait(0.02):
            exchange.send({"type": "ping"})

    return step


def silent(reached: threading.Event) -> Step:
    """Not even a status line, until the client has had enough."""

    def step(exchange: Exchange) -> None:
        reached.set()
        exchange.closing.wait()

    return step


def after(moment: threading.Event, step: Step, reached: threading.Event | None = None) -> Step:
    """The step, but not before that moment; `reached` is set when the request has come in."""

    def slow(exchange: Exchange) -> None:
        if reached is not None:
            reached.set()
        assert moment.wait(60), "the moment has not come"
        step(exchange)

    return slow


def closed_port() -> str:
    """The URL of a server that is not there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
