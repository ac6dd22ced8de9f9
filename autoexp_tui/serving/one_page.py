"""One page on a port of this machine, for whoever has its address."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.serving.gate import HEADERS, Gate

_HOST = "127.0.0.1"
_PATIENCE_S = 10.0


class PageServer:
    """Serves one page, the same to everybody, until its context ends."""

    def __init__(self, port: int) -> None:
        """Raises UsageProblem where the port can't be listened on."""
        self._gate = Gate(_HOST)
        self._page = b""
        try:
            self._server = ThreadingHTTPServer((_HOST, port), self._handler())
        except (OSError, OverflowError) as error:
            raise UsageProblem(
                f"port {port} can't be listened on ({error}): 0 takes any that is free"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """What is opened in a browser."""
        return self._gate.address(self._server.server_port)

    def show(self, page: bytes) -> None:
        """Serve this from now on."""
        self._page = page

    def wait(self) -> None:
        """Serve until an interrupt."""
        self._thread.join()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        ours = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _PATIENCE_S
            server_version = "autoexp"
            sys_version = ""

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                page = ours._page
                gate = ours._gate
                name = f'"{hashlib.sha256(page).hexdigest()[:32]}"'
                why = gate.refusal(path, self.headers.get("Host", ""), self.headers.get("Origin"))
                if why:
                    self._answer(403, f"autoexp: {why}\n".encode())
                elif path != f"/{gate.token}/":
                    self._answer(404, b"autoexp: there is one page here\n")
                elif self.headers.get("If-None-Match") == name:
                    self._answer(304, b"", name)
                else:
                    self._answer(200, page, name)

            def _answer(self, status: int, body: bytes, name: str = "") -> None:
                self.send_response(status)
                kind = "text/html" if status == 200 else "text/plain"
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                # The page is kept by the browser, and asked about each time.
                kept = {"Cache-Control": "no-cache", "ETag": name} if name else {}
                for header, value in {**HEADERS, **kept}.items():
                    self.send_header(header, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's
                """Say nothing: an address holds the token."""

        return Handler
