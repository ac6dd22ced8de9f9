"""What a worker answers, found among whatever else a launcher prints."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

_LONGEST = 64 << 20
"""Bytes of a line; the longest that a worker writes holds a file of figures."""
_STRANGE = 2048
"""Bytes that are kept of what isn't a worker's, to tell what went wrong."""


class Torn(Exception):
    """What came is not all that was sent."""


class Frames:
    """Takes bytes as they come. A frame is a line of the worker's, see `worker.py`."""

    def __init__(self, mark: str) -> None:
        self._mark = f"{mark} ".encode()
        self._rest = bytearray()
        self._number = 0
        self.strange = b""
        """The last that came and is not the worker's: what a launcher says of itself."""

    def feed(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Each whole frame: its kind, and what it holds. Raises Torn."""
        searched = max(0, len(self._rest) - 1)
        self._rest += data
        while (end := self._rest.find(b"\n", searched)) >= 0:
            line = bytes(self._rest[:end])
            del self._rest[: end + 1]
            searched = 0
            # A launcher may have printed something without an end of line before it.
            before, mark, frame = line.partition(self._mark)
            if not mark or before.strip():
                self._see(before + b"\n")
            if mark:
                yield self._read(frame)
        if len(self._rest) > _STRANGE and self._mark not in self._rest:
            keep = len(self._rest) - len(self._mark)
            self._see(bytes(self._rest[:keep]))
            del self._rest[:keep]
        if len(self._rest) > _LONGEST:
            raise Torn("a line that doesn't end")

    def end(self) -> None:
        """Nothing more will come."""
        self._see(bytes(self._rest.partition(self._mark)[0]))
        self._rest.clear()

    def _see(self, data: bytes) -> None:
        self.strange = (self.strange + data)[-_STRANGE:]

    def _read(self, frame: bytes) -> tuple[str, bytes]:
        try:
            kind, number, *body = frame.rstrip(b"\r").split(b" ")
            if int(number) != self._number:
                raise Torn(f"{int(number) - self._number} lines of what was sent are missing")
            self._number += 1
            return kind.decode(), base64.b64decode(b"".join(body), validate=True)
        except (ValueError, binascii.Error):
            raise Torn("a line is damaged") from None
