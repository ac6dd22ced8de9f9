"""Lines of a log that may be growing, missing, huge or replaced, read where they are looked at."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from autoexp_tui.text.safe import NOTHING, Safe, clean_line, decode, parse_sgr

LINE_LIMIT = 4096
"""Bytes of a line that are shown."""
_PAGE_BYTES = 64 * 1024
"""Bytes from one noted line start to the next, so a 10 GB log needs 160,000 notes at most."""
_STEP_BYTES = 1024 * 1024
"""Bytes read at once at the end, or further back."""
_LAST_LINE = 300
"""Characters of a log's last line that are shown in one line of a screen."""
_LEAP_BYTES = 4 * _STEP_BYTES
"""Bytes read in one poll at most; one that follows leaps over more than that to the end."""


class LogTail:
    """A window [start, end) onto a file's lines, which grows both ways; line 0 is its first.

    Opens at the end of the file, whatever its size. A file that shrinks or is replaced is begun
    again, as `evaluation.output_log` means it; one that cannot be read is empty, and `problem`
    says why.
    """

    def __init__(self, path: Path, share: Callable[[], float] = lambda: 1.0) -> None:
        """`share` tells what part of the file is there already: a replay shows it grow again."""
        self.path = path
        self.share = share
        self.problem = ""
        """Why there is nothing to read, beyond that there is no file yet."""
        self.epoch = 0
        """Rises when line numbers have lost their meaning: another file, or a leap."""
        self._file: BinaryIO | None = None
        self._identity = (0, 0)
        self._size = 0
        self._written = 0
        """When the file was last written to, as of the last poll: nanoseconds."""
        self._mark = b""
        """The last bytes of the window: where they differ, the file was rewritten."""
        self._pages: dict[tuple[int, int], list[bytes]] = {}
        self._complete = self._line_start = self._end = 0
        self._firsts: array[int]
        """Number of the first line of each page…"""
        self._offsets: array[int]
        """…and where in the file it starts."""
        self._reset(0)

    @property
    def count(self) -> int:
        """Lines in the window, an unfinished last one among them."""
        return self._complete + (self._end > self._line_start)

    @property
    def start(self) -> int:
        """Bytes of the file before the window."""
        return self._offsets[0]

    @property
    def behind(self) -> int:
        """Bytes of the file after the window, as of the last poll."""
        return self._size - self._end

    def poll(self, *, follow: bool = True) -> bool:
        """Take in what came; whether anything changed.

        `follow` leaps to the end where too much came; without it the window grows by at most
        4 MiB, and its line numbers stay.
        """
        try:
            status = self.path.stat()
            identity = (status.st_dev, status.st_ino)
            if identity != self._identity:
                self._close()
                self._file = self.path.open("rb")
                self._identity, self._size = identity, self._shown(status.st_size)
                self._written = status.st_mtime_ns
                self._from_end()
                self.problem = ""
                return True
            stamp = (self._shown(status.st_size), status.st_mtime_ns)
            if stamp == (self._size, self._written) and not self.behind:
                return False
            self._size, self._written = stamp
            if self._size < self._end or self._read_mark() != self._mark:
                self._again(follow)
                return True
            if not self.behind:
                return False
            if follow and self.behind > _LEAP_BYTES:
                self._from_end()
            else:
                self._take(min(self.behind, _LEAP_BYTES))
        except OSError as error:
            return self._lost(error)
        return True

    def _shown(self, size: int) -> int:
        return size if (share := self.share()) >= 1 else int(size * max(0.0, share))

    def line(self, i: int) -> str:
        """Line `i` of the window, 0 to `count` - 1, uncleaned and cut at `LINE_LIMIT`.

        Of a line that overwrites itself by carriage returns, the last state.
        """
        if not 0 <= i < self.count:
            raise IndexError(i)
        page = bisect_right(self._firsts, i) - 1
        rows = self._page(page)
        nth = i - self._firsts[page]
        # Fewer than were counted: the file was cut, and the next poll will see it.
        return decode(rows[nth]) if nth < len(rows) else ""

    def back(self) -> int:
        """Let the window begin earlier by up to 1 MiB; the number of lines that gained in front."""
        end = self.start
        begin = max(0, end - _STEP_BYTES)
        data = self._read(begin, end)
        if not data:
            return 0
        if begin and (cut := data.find(b"\n") + 1) < len(data):
            begin, data = begin + cut, data[cut:]
        added = data.count(b"\n") + (not data.endswith(b"\n"))
        earlier = _Notes(begin)
        for at in range(0, len(data), _PAGE_BYTES):
            earlier.take(data[at : at + _PAGE_BYTES], begin + at)
        firsts, offsets = earlier.firsts, earlier.offsets
        if offsets[-1] == end:
            firsts.pop()
            offsets.pop()
        self._firsts = firsts + array("Q", [first + added for first in self._firsts])
        self._offsets = offsets + self._offsets
        self._complete += added
        return added

    def rewind(self) -> None:
        """Move the window to the beginning of the file; polls without `follow` let it grow."""
        if self.start:
            self._reset(0)
            self._take(min(self._size, _STEP_BYTES))

    def leap(self) -> None:
        """Move the window to the end of the file."""
        if self.behind:
            self._from_end()

    def close(self) -> None:
        """Let go of the file; a later poll opens it again."""
        self._close()
        self._identity = (0, 0)

    def _reset(self, offset: int) -> None:
        self.epoch += 1
        self._firsts, self._offsets = array("Q", [0]), array("Q", [offset])
        self._complete = 0
        self._line_start = self._end = offset
        self._pages.clear()

    def _from_end(self) -> None:
        begin = max(0, self._size - _STEP_BYTES)
        if begin:
            # A line that fills the whole step is shown from its middle.
            begin += self._read(begin, self._size).find(b"\n") + 1
        self._reset(begin)
        self._take(self._size - begin)

    def _again(self, follow: bool) -> None:
        """The file is another from some point on; one who is reading it keeps the place."""
        start, end = self.start, min(self._end, self._size)
        if follow or start >= end:
            self._from_end()
        else:
            epoch = self.epoch
            self._reset(start)
            self._take(end - start)
            self.epoch = epoch

    def _read_mark(self) -> bytes:
        return self._read(max(0, self._end - 64), self._end)

    def _take(self, size: int) -> None:
        """Extend the window by `size` bytes."""
        target = self._end + size
        while self._end < target:
            data = self._read(self._end, min(target, self._end + _PAGE_BYTES))
            if not data:
                self._size = self._end
                break
            self._complete += data.count(b"\n")
            if last := data.rfind(b"\n") + 1:
                self._line_start = self._end + last
                if self._line_start - self._offsets[-1] >= _PAGE_BYTES:
                    self._firsts.append(self._complete)
                    self._offsets.append(self._line_start)
            self._end += len(data)
        self._mark = self._read_mark()

    def _page(self, page: int) -> list[bytes]:
        begin = self._offsets[page]
        end = self._offsets[page + 1] if page + 1 < len(self._offsets) else self._end
        if (rows := self._pages.get((begin, end))) is None:
            if len(self._pages) >= 8:
                self._pages.clear()
            rows = self._pages[begin, end] = self._rows(begin, end)
        return rows

    def _rows(self, begin: int, end: int) -> list[bytes]:
        if end - begin > 4 * _PAGE_BYTES:
            # Only one line can be so long, the last: what lies in its middle is not shown.
            data = self._read(begin, begin + 2 * _PAGE_BYTES) + self._read(end - _PAGE_BYTES, end)
        else:
            data = self._read(begin, end)
        return [_last_state(line) for line in data.removesuffix(b"\n").split(b"\n")]

    def _read(self, begin: int, end: int) -> bytes:
        if self._file is None:
            return b""
        return os.pread(self._file.fileno(), end - begin, begin)

    def _lost(self, error: OSError) -> bool:
        """Begin again empty; whether that changes anything."""
        problem = "" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        changed = bool(self.count) or problem != self.problem
        self.problem = problem
        self.close()
        self._size = 0
        if changed:
            self._reset(0)
        return changed

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def last_line(path: Path) -> Safe:
    """What a log says last, cleaned and without colours; empty where it says nothing yet.

    Raises OSError, and of it FileNotFoundError while there is no file.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LINE_LIMIT))
        lines = file.read(LINE_LIMIT).split(b"\n")
    for line in reversed(lines):
        pieces, _ = parse_sgr(decode(_last_state(line)))
        if said := clean_line("".join(text for text, _ in pieces), _LAST_LINE):
            return said
    return NOTHING


class _Notes:
    """Where pages of about 64 KiB begin in a stretch of whole lines."""

    def __init__(self, offset: int) -> None:
        self.firsts = array("Q", [0])
        self.offsets = array("Q", [offset])
        self._lines = 0

    def take(self, data: bytes, offset: int) -> None:
        self._lines += data.count(b"\n")
        start = offset + data.rfind(b"\n") + 1
        if start - self.offsets[-1] >= _PAGE_BYTES and start > offset:
            self.firsts.append(self._lines)
            self.offsets.append(start)


def _last_state(line: bytes) -> bytes:
    line = line.rstrip(b"\r")
    return line[line.rfind(b"\r") + 1 :][:LINE_LIMIT]
