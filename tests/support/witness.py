"""What outlives a harness is seen here, by the end of a FIFO that it holds open."""

from __future__ import annotations

import contextlib
import os
import select
from pathlib import Path


class Witness:
    """A FIFO that the processes under test hold open as descriptor 9: its end is theirs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def wait_for_word(self, or_end_of: int | None = None) -> bool:
        """Until a process has written something; False when `or_end_of` came to its end before.

        `or_end_of` is a descriptor that is readable then, as `BaseProcess.sentinel`.
        """
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        if or_end_of is not None:
            poll.register(or_end_of, select.POLLIN)
        assert poll.poll(90_000), "nobody has started"
        said = self.heard()
        assert said or or_end_of is not None, "it has gone without a word"
        return said

    def heard(self) -> bool:
        """Whether a process has written something by now."""
        with contextlib.suppress(BlockingIOError):
            return bool(os.read(self._fd, 100))
        return False

    def all_gone(self, seconds: float = 0.0) -> bool:
        """Whether nobody holds the FIFO open, or lets go of it in time."""
        poll = select.poll()
        poll.register(self._fd, 0)
        return bool(poll.poll(seconds * 1000))

    def close(self) -> None:
        os.close(self._fd)
