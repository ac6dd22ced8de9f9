"""Follows the target in an agent's copy while it is edited, for whoever is watching.

Owns what of it was whole: an agent that is ended in the middle of a write has left half a file.
"""

from __future__ import annotations

import ast
import json
import time
import tomllib
import warnings
from collections.abc import Callable
from pathlib import Path

from autoexp_tui.model.proposal import Stream
from autoexp_tui.proposers.command.scratch import Scratch, TargetLost

_EVERY_S = 0.25
_LARGEST = 400_000
"""Characters of a target that is shown while it grows: each change is shown anew."""


class Watch:
    """Shows each new version of the target; `latest` is the last one that was whole."""

    def __init__(
        self,
        scratch: Scratch,
        before: str,
        stream: Stream,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`before` is the target as the agent finds it."""
        self._scratch = scratch
        self._before = before
        self._stream = stream
        self._clock = clock
        self._next = 0.0
        self._mark = scratch.target_mark()
        self._shown = ""
        self.latest = before

    def look(self) -> None:
        """Called ten times a second: one `stat`, unless something has changed."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + _EVERY_S
        mark = self._scratch.target_mark()
        if mark is None or mark == self._mark:
            return
        self._mark = mark
        try:
            text = self._scratch.text()
        except TargetLost:
            return  # for now: an editor puts another file in its place
        if is_whole(self._scratch.target.name, text, self._before):
            self.latest = text
        if len(text) <= _LARGEST and text not in {"", self._before}:
            self.show(text)

    def show(self, text: str) -> None:
        """The target as it is now, in place of what was shown of it."""
        shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if shown == self._shown:
            return
        if self._shown:
            self._stream("afresh", "")
        self._shown = shown
        self._stream("target", shown)


def is_whole(name: str, text: str, before: str) -> bool:
    """Whether a target looks complete, as far as its kind tells; what wasn't before need not be."""
    if not text.strip():
        return not before.strip()
    parse = _PARSERS.get(Path(name).suffix.lower())
    if parse is None:
        cut = before.endswith("\n") and not text.endswith("\n")
        return not (cut and before.startswith(text))
    return _parses(parse, text) or not _parses(parse, before)


def _python(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(text)


_PARSERS: dict[str, Callable[[str], object]] = {
    ".py": _python,
    ".json": json.loads,
    ".toml": tomllib.loads,
}


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False
    return True
