"""Reads a run's progress from what it prints, while it prints it, and remembers it on disk."""

from __future__ import annotations

import contextlib
import math
import re
from pathlib import Path

import msgspec

from autoexp_tui.model.pruning import MOST, Curve, Lag, Point, Race
from autoexp_tui.system.files import replace_file
from autoexp_tui.text.safe import clean, decode

_LINE_BYTES = 16 << 10
"""Of a longer line, only the beginning is searched."""
_END = re.compile(rb"[\r\n]")


class ProgressReader:
    """Finds the points in bytes that are cut anywhere; beside another's, tells when to give up."""

    def __init__(self, pattern: str, race: Race | None = None) -> None:
        """`pattern` has the groups step and value, or value alone: then steps are counted."""
        self._pattern = re.compile(pattern)
        self._race = race
        self._held = b""
        self.curve: list[Point] = []
        self.lag: Lag | None = None
        """How far behind it was when it became hopeless."""

    def take(self, data: bytes) -> bool:
        """Read on; True when the run is hopeless, now or before."""
        *lines, last = _END.split(data)
        for line in lines:
            self._read(self._held + line)
            self._held = b""
        self._held = (self._held + last)[:_LINE_BYTES]
        return self.lag is not None

    def _read(self, line: bytes) -> None:
        text = decode(line[:_LINE_BYTES])
        found = self._pattern.search(clean(text) if "\x1b" in text else text)
        if found is None or len(self.curve) >= MOST:
            return
        with contextlib.suppress(TypeError, ValueError):  # no number, or a group that is not there
            *step, value = map(float, found.groups())
            point = Point(step[0] if step else len(self.curve) + 1.0, value)
            if all(map(math.isfinite, point)):
                self.curve.append(point)
                if self._race is not None and self.lag is None:
                    self.lag = self._race.add(point)


def remember(path: Path, curve: Curve) -> None:
    """Write a run's progress down. Raises OSError."""
    replace_file(path, msgspec.json.encode(curve))


def remembered(path: Path) -> Curve:
    """What `remember` wrote; empty where there is nothing that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Point])
    except (OSError, msgspec.MsgspecError):
        return []
