"""A server for one handler: `python server.py MODULE SEED COUNT` prints its port, and serves.

It ends when its standard input does, so that none outlives whoever started it.
"""

from __future__ import annotations

import importlib
import resource
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

sys.dont_write_bytecode = True

from catalogue import items  # noqa: E402  (after the line above, or it would be cached)


class Exchange(BaseHTTPRequestHandler):
    """One connection; it stays open from request to request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    handler: Any

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self._send(lambda: self.handler.get(path, dict(parse_qsl(query))))

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(lambda: self.handler.put(self.path, body))

    def _send(self, answer: Any) -> None:
        try:
            status, body = "200 OK", answer()
        except Exception as error:  # noqa: BLE001 - whatever the handler does wrong is the answer
            status, body = "500 Broken", f"{type(error).__name__}: {error}".encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *_: object) -> None:
        """Nothing: a line for every request would be timed as well."""


class Server(ThreadingHTTPServer):
    daemon_threads = True


def main(module: str, seed: int, count: int) -> None:
    stock = items(seed, count)
    started = time.perf_counter()
    Exchange.handler = importlib.import_module(module).Handler(stock)
    taken = 1000 * (time.perf_counter() - started)
    server = Server(("127.0.0.1", 0), Exchange)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, f"{taken:.0f}", flush=True)
    sys.stdin.read()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB; bytes on a Mac
    print(round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
