"""The server of a screen in the browser: textual-serve's page on an aiohttp server behind the gate.

Of textual-serve's own server, what a run's screen can't have is done here: it starts a shell line
with the whole environment, lets anybody in, and takes a font from elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from aiohttp import WSCloseCode, WSMsgType, web

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.serving.gate import HEADERS, Gate
from autoexp_tui.serving.screens import AppProcess
from autoexp_tui.text.safe import Safe

_HERE = Path(__file__).parent
_MOST = 8
"""Screens at a time: each is a process of some 100 MB."""
_MESSAGE_BYTES = 256 << 10
"""Of one message from a page: what somebody pastes, at most."""
_HEARTBEAT_S = 15.0
"""Seconds after which a page that has gone without a word is asked whether it is there."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing comes from elsewhere and nothing goes there; xterm.js sets styles of its own."""
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Shows one command's screen to whoever passes the gate."""

    def __init__(self, gate: Gate, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
        """`arguments` are of `autoexp`; `environ` is what its processes are given."""
        self._gate = gate
        self._arguments = tuple(arguments)
        self._environ = environ
        self._open: dict[web.WebSocketResponse, AppProcess] = {}
        self._starting = 0

    @property
    def pids(self) -> list[int]:
        """The processes of the open tabs."""
        return [app.pid for app in self._open.values()]

    def app(self) -> web.Application:
        """The routes, every one behind the gate."""
        spec = find_spec("textual_serve")
        if spec is None or spec.origin is None:
            raise UsageProblem("textual-serve is not installed: `pip install 'autoexp-tui[serve]'`")
        root = f"/{self._gate.token}"

        @web.middleware
        async def guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
            return await self._answer(request, handler)

        app = web.Application(middlewares=[guard])
        app.router.add_get(f"{root}/", self._file("page.html", "text/html"))
        app.router.add_get(f"{root}/start.js", self._file("start.js", "text/javascript"))
        app.router.add_get(f"{root}/socket", self._socket)
        app.router.add_static(f"{root}/static", Path(spec.origin).parent / "static")
        app.on_shutdown.append(self._close_all)
        return app

    async def _answer(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        socket = "Upgrade" in request.headers
        if why := self._gate.refusal(request.path, host, origin, socket=socket):
            return web.Response(status=403, text=f"autoexp: {why}\n", headers=HEADERS)
        answer: web.StreamResponse
        try:
            answer = await handler(request)
        except web.HTTPException as error:
            answer = web.Response(status=error.status, text=f"autoexp: {error.reason}\n")
        if not answer.prepared:
            answer.headers.update(HEADERS)
            answer.headers["Content-Security-Policy"] = _POLICY
        return answer

    def _file(self, name: str, kind: str) -> _Handler:
        text = (_HERE / name).read_text(encoding="utf-8")

        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(text=text, content_type=kind)

        return answer

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if len(self._open) + self._starting >= _MOST:
            return web.Response(status=503, text=f"autoexp: {_MOST} tabs are open already\n")
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=_MESSAGE_BYTES)
        width, height = (_whole(request.query.get(name)) for name in ("width", "height"))
        self._starting += 1
        try:
            await socket.prepare(request)
            process = await AppProcess.start(self._arguments, self._environ, width, height)
            self._open[socket] = process
        finally:
            self._starting -= 1
        showing = asyncio.create_task(_show(process, socket))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    if answer := _take(process, message.data):
                        await socket.send_str(answer)
                    await process.settle()
        finally:
            try:
                await process.end()
            finally:
                process.kill()
                await asyncio.wait({showing}, timeout=1.0)  # as its end closes the other pipe
                showing.cancel()
                del self._open[socket]
        return socket

    async def _close_all(self, _: web.Application) -> None:
        """Close every page; its handler ends the process."""
        for socket in list(self._open):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    def kill(self) -> None:
        """End what is left."""
        for process in self._open.values():
            process.kill()


async def _show(process: AppProcess, socket: web.WebSocketResponse) -> None:
    """Draw until the app ends, then close the page."""
    why: Safe = await process.show(socket.send_bytes)
    with contextlib.suppress(ConnectionError):
        if why:
            await socket.send_bytes(f"{why}\r\n".encode())
        await socket.close()


def _take(process: AppProcess, message: str) -> str:
    """Do what a page says; what is answered. Whatever isn't of textual-serve's page is dropped."""
    try:
        match json.loads(message):
            case ["stdin", str(text)]:
                process.type(text)
            case ["resize", {"width": int(width), "height": int(height)}]:
                process.resize(width, height)
            case ["focus" | "blur" as which, *_]:
                process.focus(which == "focus")
            case ["ping", str(stamp)]:
                return json.dumps(["pong", stamp[:40]])
    except (ValueError, RecursionError):
        return ""
    return ""


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else 0


async def listen(server: Server, host: str, port: int, opened: Callable[[int], None]) -> None:
    """Serve until a signal asks for the end; `opened` is told the port that is listened on.

    Raises UsageProblem where it can't be listened on.
    """
    silent = logging.getLogger("autoexp.serve")  # what it would log has addresses, so tokens
    silent.addHandler(logging.NullHandler())
    silent.propagate = False
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked.set)
    runner = web.AppRunner(server.app(), access_log=None, logger=silent, shutdown_timeout=6.0)
    try:
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise UsageProblem(
                f"{host} port {port} can't be listened on ({error.strerror or error}): "
                "`--port` takes another one, 0 any that is free"
            ) from None
        opened(int(runner.addresses[0][1]))
        await asked.wait()
    finally:
        await runner.cleanup()
        server.kill()
