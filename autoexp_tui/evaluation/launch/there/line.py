"""Both directions of the way between a worker and who sent it there."""

from __future__ import annotations

import base64
import json
import os
import select
import time
from typing import Any

BEAT_S = 5.0
"""Seconds between signs of life."""
_CHUNK = 256 << 10


class Gone(Exception):
    """Who sent the work has gone, or wants no more of it."""


class Unable(Exception):
    """Why nothing can be run here, in words."""


class Line:
    """Both directions of the way to who sent the work."""

    def __init__(self, mark: str) -> None:
        self._mark = mark.encode()
        self._number = 0
        self._in = b""
        self._told = time.monotonic()
        # What prints to descriptor 1 from now on isn't taken for ours, nor does a child have it.
        self.out = os.dup(1)
        os.dup2(2, 1)
        os.set_blocking(self.out, True)
        self.closed = False

    def begin(self, mark: str) -> None:
        """From now on what is told is another job's."""
        self._mark = mark.encode()
        self._number = 0

    def tell(self, kind: str, body: Any = b"") -> None:
        """Raises Gone."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        number = b"%d" % self._number
        words = (self._mark, kind.encode(), number, base64.b64encode(data))
        view = memoryview(b" ".join(words) + b"\n")
        self._number += 1
        try:
            while view:
                view = view[os.write(self.out, view) :]
        except OSError:
            raise Gone from None
        self._told = time.monotonic()

    def beat(self) -> None:
        """Give a sign of life when it is time."""
        if time.monotonic() - self._told >= BEAT_S:
            self.tell("beat")

    def take(self) -> bool:
        """Read what there is; False once the other side has closed it."""
        data = os.read(0, _CHUNK)
        self._in += data
        self.closed = self.closed or not data
        return bool(data)

    def gone(self) -> bool:
        """Whether the other side has closed it; what came meanwhile is kept."""
        while not self.closed and select.select([0], [], [], 0)[0]:
            self.take()
        return self.closed

    def check(self) -> None:
        """Raises Gone where nobody wants the work any more."""
        self.beat()
        if self.gone():
            raise Gone

    def message(self) -> tuple[dict[str, Any], list[bytes]]:
        """The next one, and the bytes behind it. Raises Gone."""
        while b"\n" not in self._in:
            self._wait()
        head, _, self._in = self._in.partition(b"\n")
        found = json.loads(head)
        return found, [self._bytes(size) for size in found.get("bodies", ())]

    def _bytes(self, size: int) -> bytes:
        parts, missing = [], size
        while missing:
            if not self._in:
                self._wait()
            part, self._in = self._in[:missing], self._in[missing:]
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _wait(self) -> None:
        """Until something more has come."""
        while not select.select([0], [], [], BEAT_S)[0]:
            self.beat()
        if not self.take():
            raise Gone
