"""A model on this machine for real agent programs: it reads the target, edits it, and says so.

Speaks what such programs speak: Anthropic's messages, OpenAI's responses and chat completions,
Gemini's generateContent. It answers every conversation with the same few moves, made of whatever
tools the program offers, and counts what it bills.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from support.messages_server import call, events_of, words

SAID = "HYPOTHESIS: a larger step learns faster\nDESCRIPTION: double the rate"
INPUT_TOKENS, OUTPUT_TOKENS = 1000, 50
"""Billed for every request."""

Json = dict[str, Any]


class Move(NamedTuple):
    """A tool call; without a name, words that end the conversation."""

    tool: str
    arguments: Json | str = ""


@dataclass
class Edit:
    """What the model does to the target."""

    target: str
    before: str
    after: str

    @property
    def block(self) -> str:
        """As aider wants it."""
        return (
            f"{self.target}\n```\n<<<<<<< SEARCH\n{self.before}\n=======\n{self.after}\n"
            f">>>>>>> REPLACE\n```\n\n{SAID}"
        )

    def moves(self, tools: dict[str, Json], folder: str) -> list[Move]:
        """What is done, turn by turn, with these tools; their schemas by name."""
        if not tools:
            return [Move("", self.block)]
        path = f"{folder}/{self.target}" if folder else self.target
        found: list[Move] = []
        for names, maker in ((_READERS, self._read), (_EDITORS, self._edit)):
            name = next((one for one in names if one in tools), None)
            if name is not None:
                found.append(Move(name, maker(name, tools[name], path)))
        if not any(move.tool in _EDITORS for move in found):
            found = [self._shell(tools)]
        return [*found, Move("", SAID)]

    def _read(self, _name: str, schema: Json, path: str) -> Json:
        return {_named(schema, "path", "file"): path}

    def _edit(self, _name: str, schema: Json, path: str) -> Json:
        properties = schema.get("properties", {})
        change = {"oldText": self.before, "newText": self.after}
        if "edits" in properties:
            return {_named(schema, "path", "file"): path, "edits": [change]}
        made = {
            _named(schema, "path", "file"): path,
            _named(schema, "old"): self.before,
            _named(schema, "new"): self.after,
        }
        return made | ({"instruction": "double the rate"} if "instruction" in properties else {})

    def _shell(self, tools: dict[str, Json]) -> Move:
        line = f"sed -i 's/{self.before}/{self.after}/' {self.target}"
        name = next((one for one in _SHELLS if one in tools), None)
        if name is None:
            return Move("", self.block)
        schema = tools[name]
        key = _named(schema, "cmd", "command")
        as_list = schema["properties"][key].get("type") == "array"
        return Move(name, {key: ["sh", "-c", line] if as_list else line})


_READERS = ("Read", "read_file", "read", "view")
_EDITORS = ("Edit", "replace", "edit", "edit_file", "str_replace_editor")
_SHELLS = ("exec_command", "shell_command", "shell", "bash", "run_shell_command", "Bash")


def _named(schema: Json, *parts: str) -> str:
    """The property whose name has one of these in it."""
    names = list(schema.get("properties", {}))
    for part in parts:
        for name in names:
            if part in name.lower():
                return str(name)
    raise AssertionError(f"no {parts} in {names}")


@dataclass
class ModelServer:
    """A context manager; every protocol is at `url`."""

    edit: Edit
    refusal: Callable[[], tuple[int, Json] | None] = lambda: None
    """A status and a body in place of an answer."""
    paths: list[str] = field(default_factory=list)
    bodies: list[Json] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers.get("content-length", 0)))
                try:
                    owner._answer(self, json.loads(data or b"{}"))
                except OSError:
                    self.close_connection = True
                except Exception as error:  # noqa: BLE001 - shown by whoever drives the program
                    owner.errors.append(f"{self.path}: {type(error).__name__}: {error}")
                    _send(self, 500, {"error": {"message": str(error)}})

            def do_GET(self) -> None:
                owner.paths.append(f"GET {self.path}")
                _send(self, 200, {"object": "list", "data": [], "models": []})

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, body: Json) -> None:
        path = handler.path.partition("?")[0]
        self.paths.append(path)
        self.bodies.append(body)
        if refused := self.refusal():
            _send(handler, *refused)
        elif path.endswith("/count_tokens"):
            _send(handler, 200, {"input_tokens": INPUT_TOKENS})
        elif path.endswith("/messages"):
            self._messages(handler, body)
        elif path.endswith("/responses"):
            self._responses(handler, body)
        elif path.endswith("/chat/completions"):
            self._chat(handler, body)
        elif "enerateContent" in path:
            self._gemini(handler, body, path)
        elif path.endswith(":countTokens"):
            _send(handler, 200, {"totalTokens": INPUT_TOKENS})
        else:
            _send(handler, 200, {})

    def _move(self, tools: dict[str, Json], body: Json, done: int) -> Move:
        """The next one, after `done` tool calls were answered."""
        moves = self.edit.moves(tools, _folder(json.dumps(body)))
        return moves[min(done, len(moves) - 1)]

    def _messages(self, handler: BaseHTTPRequestHandler, body: Json) -> None:
        tools = {t["name"]: t.get("input_schema", {}) for t in body.get("tools", [])}
        done = json.dumps(body["messages"]).count('"tool_result"')
        move = self._move(tools, body, done) if tools else Move("", "a title")
        block = (
            call(move.arguments, move.tool, f"toolu_{uuid.uuid4().hex}")
            if move.tool
            else (words(str(move.arguments)))
        )
        reason = "tool_use" if move.tool else "end_turn"
        usage = {"input_tokens": INPUT_TOKENS}
        told = events_of(
            [block], stop_reason=reason, usage=usage, output_tokens=OUTPUT_TOKENS, chunk=20
        )
        made: list[Json] = []
        for event in told:
            if event["type"] == "message_start":
                event["message"] |= {"id": f"msg_{uuid.uuid4().hex}", "model": body["model"]}
            made.append(event)
        if body.get("stream"):
            _stream(handler, ((event["type"], event) for event in made))
            return
        message = {**made[0]["message"], "content": [block], "stop_reason": reason}
        message["usage"] = {**usage, "output_tokens": OUTPUT_TOKENS}
        _send(handler, 200, message)

    def _responses(self, handler: BaseHTTPRequestHandler, body: Json) -> None:
        tools = {
            t["name"]: t.get("parameters", {})
            for t in body.get("tools", [])
            if t.get("type") == "function"
        }
        asked = json.dumps(body.get("input", ""))
        done = asked.count('"function_call_output"') + asked.count('"custom_tool_call_output"')
        move = self._move(tools, body, done)
        if move.tool:
            item: Json = {
                "type": "function_call",
                "id": f"fc_{uuid.uuid4().hex}",
                "call_id": f"call_{uuid.uuid4().hex}",
                "name": move.tool,
                "arguments": json.dumps(move.arguments),
                "status": "completed",
            }
        else:
            item = {
                "type": "message",
                "id": f"msg_{uuid.uuid4().hex}",
                "role": "assistant",
                "status": "completed",
                "content": [
                    {"type": "output_text", "text": str(move.arguments), "annotations": []}
                ],
            }
        usage = {
            "input_tokens": INPUT_TOKENS,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": OUTPUT_TOKENS,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        }
        response = {
            "id": f"resp_{uuid.uuid4().hex}",
            "object": "response",
            "created_at": 1,
            "model": body.get("model"),
            "status": "completed",
            "output": [item],
            "usage": usage,
        }
        begun = {**response, "status": "in_progress", "output": [], "usage": None}
        told: list[Json] = [
            {"type": "response.created", "response": begun},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
        ]
        if not move.tool:
            text = {"item_id": item["id"], "output_index": 0, "content_index": 0}
            told.append(
                {"type": "response.output_text.delta", **text, "delta": str(move.arguments)}
            )
        told += [
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": response},
        ]
        numbered = ({**event, "sequence_number": at} for at, event in enumerate(told))
        if body.get("stream"):
            _stream(handler, ((event["type"], event) for event in numbered))
        else:
            _send(handler, 200, response)

    def _chat(self, handler: BaseHTTPRequestHandler, body: Json) -> None:
        tools = {
            t["function"]["name"]: t["function"].get("parameters", {})
            for t in body.get("tools", [])
        }
        done = sum(message["role"] == "tool" for message in body["messages"])
        move = self._move(tools, body, done)
        message: Json = {"role": "assistant", "content": None if move.tool else move.arguments}
        if move.tool:
            function = {"name": move.tool, "arguments": json.dumps(move.arguments)}
            made = {"index": 0, "id": f"call_{uuid.uuid4().hex}", "type": "function"}
            message["tool_calls"] = [{**made, "function": function}]
        usage = {
            "prompt_tokens": INPUT_TOKENS,
            "completion_tokens": OUTPUT_TOKENS,
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        }
        reason = "tool_calls" if move.tool else "stop"
        shared = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": 1, "model": body.get("model")}
        if not body.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": reason}
            _send(
                handler,
                200,
                {**shared, "object": "chat.completion", "choices": [choice], "usage": usage},
            )
            return
        shared["object"] = "chat.completion.chunk"
        chunks: list[Json] = [
            {**shared, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
            {**shared, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
            {**shared, "choices": [], "usage": usage},
        ]
        _stream(handler, (("", chunk) for chunk in chunks), end="data: [DONE]\n\n")

    def _gemini(self, handler: BaseHTTPRequestHandler, body: Json, path: str) -> None:
        tools = {
            t["name"]: t.get("parametersJsonSchema") or t.get("parameters") or {}
            for group in body.get("tools", [])
            for t in group.get("functionDeclarations", [])
        }
        done = json.dumps(body.get("contents", [])).count('"functionResponse"')
        if tools:
            move = self._move(tools, body, done)
        else:
            move = Move("", '{"reasoning": "", "next_speaker": "user", "model_choice": "pro"}')
        part: Json = (
            {"functionCall": {"name": move.tool, "args": move.arguments}}
            if move.tool
            else {"text": move.arguments}
        )
        answer = {
            "candidates": [
                {"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}
            ],
            "usageMetadata": {
                "promptTokenCount": INPUT_TOKENS,
                "candidatesTokenCount": OUTPUT_TOKENS,
                "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS,
            },
            "modelVersion": path.partition("models/")[2].partition(":")[0],
        }
        if "stream" in path:
            _stream(handler, [("", answer)])
        else:
            _send(handler, 200, answer)


def _folder(asked: str) -> str:
    """The folder that the program works in, where it tells its model."""
    plain = asked.replace("\\n", "\n").replace('\\"', '"')
    found = re.search(
        r"(?i)(?:working directory|working in the directory|current directory|cwd"
        r"|workspace director\w+|root folder)"
        r"[^/\n]{0,40}[\s:`'\"]*\n?[\s\-:`'\"]*(/[^\s<\"'`,)]+)",
        plain,
    )
    return found[1].rstrip("/.") if found else ""


def _send(handler: BaseHTTPRequestHandler, status: int, body: Json) -> None:
    data = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def _stream(
    handler: BaseHTTPRequestHandler,
    events: Iterator[tuple[str, Json]] | list[tuple[str, Json]],
    end: str = "",
) -> None:
    named = [
        (f"event: {name}\n" if name else "") + f"data: {json.dumps(event)}\n\n"
        for name, event in events
    ]
    data = ("".join(named) + end).encode()
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)
