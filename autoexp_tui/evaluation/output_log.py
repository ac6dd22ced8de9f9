"""The harness's output on disk: raw bytes as they come, of which beginning and end are kept, and no
known secret.

A viewer follows the file by offset while it grows. When it is full, its later part is replaced by
a line that says how much was left out and by the most recent output: the file *shrinks*, which is
the viewer's sign to read the end again. It is never larger than head + tail and a line; of the end,
at least half of the tail is kept.
"""

from __future__ import annotations

import os
from pathlib import Path

from autoexp_tui.system.files import open_for_writing
from autoexp_tui.text.mask import NO_MASK, Mask, MaskedStream

HEAD = 8 << 20
TAIL = 8 << 20
_COPY_BYTES = 256 << 10
_LINE_BYTES = 16 << 10
"""The kept end begins with a whole line where a line begins within so many bytes."""


class OutputLog:
    """A file of bounded size, written through without a buffer. Sizes in bytes, 256 at least.

    A disk that is full must not end the harness: the first error is remembered in `error`, and
    nothing is written from then on.
    """

    def __init__(
        self, path: Path, head: int = HEAD, tail: int = TAIL, mask: Mask = NO_MASK
    ) -> None:
        self._masked = MaskedStream(mask)
        self._head = head
        self._tail = tail
        self._size = 0
        self._tail_starts = head
        self._omitted = 0
        self._fd = -1
        self.error = ""
        """Why the file is incomplete, in words; empty when it holds what it should."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Truncated, not replaced: a viewer of an earlier attempt follows the same file.
            self._fd = open_for_writing(path, os.O_RDWR | os.O_TRUNC)
        except OSError as error:
            self._give_up(error)

    def write(self, data: bytes) -> None:
        """Append; of any size. What may be the beginning of a secret waits for what follows it."""
        self._write(self._masked.take(data))

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view and not self.error:
            room = self._tail_starts + self._tail - self._size
            if room <= 0:
                self._compact()
                continue
            self._append(view[:room])
            view = view[room:]

    def close(self) -> None:
        if self._fd >= 0:
            self._write(self._masked.rest())
            os.close(self._fd)
            self._fd = -1

    def _append(self, view: memoryview) -> None:
        try:
            while view:
                written = os.pwrite(self._fd, view, self._size)
                self._size += written
                view = view[written:]
        except OSError as error:
            self._give_up(error)

    def _compact(self) -> None:
        """Move the last half of the tail up to the head, behind a line that says what is gone."""
        try:
            keep = self._size - self._tail // 2
            start = os.pread(self._fd, min(_LINE_BYTES, self._tail // 2), keep)
            keep += start.find(b"\n") + 1
            self._omitted += keep - self._tail_starts
            line = f"\n[autoexp: {self._omitted} bytes left out here]\n".encode()
            self._tail_starts = self._head + len(line)
            end, self._size = self._size, self._head
            self._append(memoryview(line))
            # Copied downwards, so no byte is overwritten before it was read.
            while keep < end and not self.error:
                part = os.pread(self._fd, min(_COPY_BYTES, end - keep), keep)
                if not part:
                    break  # someone else has shortened the file
                self._append(memoryview(part))
                keep += len(part)
            os.ftruncate(self._fd, self._size)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.error = f"the output was not written to disk completely: {error.strerror or error}"
