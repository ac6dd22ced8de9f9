"""A terminal is left in order even by a process that is killed: another one waits for its end.

What a kill -9 ends can put nothing away; a shell that comes back to a terminal in the other screen,
that tells every move of the mouse, is of no use to anybody.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import termios
from collections.abc import Iterator
from typing import Any

_GOOD_END = b"q"


@contextlib.contextmanager
def guarded(terminal: int, undo: str) -> Iterator[None]:
    """While it is open, a kill too leaves the terminal as it is now; `undo` is written to it then.

    `terminal` is a descriptor; of anything but a terminal nothing is done. Where the guard can't be
    started there is none.
    """
    try:
        found = termios.tcgetattr(terminal)
        guard = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=terminal,
            stderr=subprocess.DEVNULL,
            env={},  # it needs nothing, so it holds no secret
            start_new_session=True,
        )
    except (termios.error, OSError):
        yield
        return
    pipe = guard.stdin
    if pipe is None:
        raise RuntimeError("a pipe was asked for")
    try:
        _tell(pipe, json.dumps([_as_numbers(found), undo]).encode() + b"\n")
        yield
        _tell(pipe, _GOOD_END)
    finally:
        with contextlib.suppress(OSError):
            pipe.close()
        guard.wait()


def _tell(pipe: Any, data: bytes) -> None:
    with contextlib.suppress(OSError):  # somebody has killed the guard
        pipe.write(data)
        pipe.flush()


def _as_numbers(attributes: list[Any]) -> list[Any]:
    """As JSON can hold them: control characters are bytes here, or numbers."""
    codes = [code if isinstance(code, int) else code[0] for code in attributes[6]]
    return [*attributes[:6], codes]


def _from_numbers(attributes: list[Any]) -> list[Any]:
    return [*attributes[:6], [bytes([code]) for code in attributes[6]]]


def _wait() -> None:
    """Be the guard: standard input is the pipe, standard output the terminal."""
    told, _, end = sys.stdin.buffer.read().partition(b"\n")
    if end == _GOOD_END or not told:
        return
    attributes, undo = json.loads(told)
    with contextlib.suppress(OSError, termios.error):
        termios.tcsetattr(1, termios.TCSANOW, _from_numbers(attributes))
        os.write(1, undo.encode())


if __name__ == "__main__":
    _wait()
