"""Signs of life of a harness that a person waits for, in a command that shows no screen."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from autoexp_tui.console import say
from autoexp_tui.text.numbers import format_duration
from autoexp_tui.text.safe import cut, decode

EVERY_S = 10.0
"""Seconds between two lines."""
_TAIL_BYTES = 4096


@contextlib.contextmanager
def pulse(output: Path) -> Iterator[None]:
    """While the block runs, say now and then for how long it has, and what was printed last."""
    began, over = time.monotonic(), threading.Event()

    def tell() -> None:
        while not over.wait(EVERY_S):
            seconds = format_duration(time.monotonic() - began)
            say(f"{'':<10} {seconds}  {cut(_last_line(output), 100)}")

    thread = threading.Thread(target=tell, name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _last_line(path: Path) -> str:
    """The last line of a file that holds anything; empty while there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            tail = decode(file.read())
    except OSError:
        return ""
    lines = (line.strip() for line in reversed(tail.replace("\r", "\n").split("\n")))
    return next(filter(None, lines), "")
