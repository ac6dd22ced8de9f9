"""When a terminal is sent its next frame: as soon as it can take one, and no sooner.

What is painted meanwhile is merged into that frame. A line that stands still thus holds two frames,
and not all that happened while it stood.
"""

from __future__ import annotations

import math
from collections import deque

ASK = "\x1b[6n"
"""Ends a frame: where the cursor is. The answer says that the frame has come through."""
_LOCAL_S, _REMOTE_S, _SLOWEST_S = 1 / 30, 0.5, 1.0
"""Seconds from one frame to the next: here, over a network, and on the slowest line."""
_HURRY_S = 0.5
"""Seconds after a key in which what it changed is shown at once."""
_UNANSWERED = 2
"""Frames on their way to a terminal that is known to answer."""
_REMEMBERED = 256
"""Frames of which it is known when they were sent: more than a slow line's first answer takes."""
_PATIENCE_S = 10.0
"""Seconds after which an answer is taken to be lost."""
_SLOW_S = 0.5
"""Seconds of a trip from which a single answer that is late holds up what no key asks for."""
_TRIPS = 3
"""Trips of a slow line after which an answer is taken to be lost."""
_SILENT = 4
"""Times that answers were lost, and none came: the terminal has never answered, or does no more."""
_BEGINNING_S = 1.0
"""Seconds in which a terminal may still turn out to be one that answers."""


class Pace:
    """Counts frames and answers; all times are seconds of one monotonic clock."""

    def __init__(self, *, remote: bool) -> None:
        """A pace for a terminal that is here, or at the other end of a network."""
        self._usual = _REMOTE_S if remote else _LOCAL_S
        self._last = -math.inf
        self._key = -math.inf
        self._unanswered: deque[float] = deque(maxlen=_REMEMBERED)
        self._answers = False
        self._trip = 0.0
        self._lost = 0
        self._first: float | None = None

    def awaits(self, now: float) -> bool:
        """Whether an answer is to come, as far as one can know."""
        new = self._first is None or now < self._first + _BEGINNING_S
        recent = now < self._last + _PATIENCE_S
        return bool(self._unanswered) and recent and (self._answers or new)

    def patience(self, least: float, most: float) -> float:
        """Seconds in which an answer that is to come has come, between `least` and `most`."""
        return min(max(least, 2 * self._trip), most)

    def wait(self, now: float) -> float:
        """Seconds until the next frame may be sent; 0 or less: now."""
        if self._answers and len(self._unanswered) >= _UNANSWERED:
            return self._last + _PATIENCE_S - now
        if now < self._key + _HURRY_S:
            return 0.0
        if self._is_late:
            return self._last + min(_TRIPS * self._trip, _PATIENCE_S) - now
        # A slow line is not kept full: a key that is pressed then need not wait for it.
        interval = min(max(self._usual, 2 * self._trip), _SLOWEST_S)
        return self._last + interval - now

    def sent(self, now: float) -> None:
        """A frame was sent, and an answer asked for."""
        if self._answers and len(self._unanswered) >= _UNANSWERED:
            self._unanswered.clear()
            self._lost += 1
            self._answers = self._lost < _SILENT
        elif self._is_late and now >= self._last + min(_TRIPS * self._trip, _PATIENCE_S):
            # Lost, or slower than was thought: that the next answer tells.
            self._unanswered.clear()
            self._trip *= 2
        if self._first is None:
            self._first = now
        self._last = now
        self._unanswered.append(now)

    def answered(self, now: float, *, line: int) -> None:
        """The terminal has answered that its cursor is on `line`, from 0."""
        # F3 with shift or control reads like an answer from line 0, where no first frame ends.
        self._answers = self._answers or line > 0
        self._lost = 0
        if self._unanswered:
            self._trip = now - self._unanswered.popleft()

    @property
    def _is_late(self) -> bool:
        """Whether one answer of a slow line is still to come.

        Where one got lost, each would otherwise be taken for that of the frame before: the trip
        would look longer by a whole interval, for good.
        """
        return self._answers and bool(self._unanswered) and self._trip >= _SLOW_S

    def key(self, now: float) -> None:
        """A key was pressed."""
        self._key = now
