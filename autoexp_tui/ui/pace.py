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
_PATIENCE_S = 10.0
"""Seconds after which an answer is taken to be lost."""


class Pace:
    """Counts frames and answers; all times are seconds of one monotonic clock."""

    def __init__(self, *, remote: bool) -> None:
        """A pace for a terminal that is here, or at the other end of a network."""
        self._usual = _REMOTE_S if remote else _LOCAL_S
        self._last = -math.inf
        self._key = -math.inf
        self._unanswered: deque[float] = deque()
        self._answers = False
        self._trip = 0.0

    @property
    def awaits(self) -> bool:
        """Whether an answer is to come."""
        return self._answers and bool(self._unanswered)

    def wait(self, now: float) -> float:
        """Seconds until the next frame may be sent; 0 or less: now."""
        if self._answers and len(self._unanswered) >= _UNANSWERED:
            return self._last + _PATIENCE_S - now
        if now < self._key + _HURRY_S:
            return 0.0
        # A slow line is not kept full: a key that is pressed then need not wait for it.
        interval = min(max(self._usual, 2 * self._trip), _SLOWEST_S)
        return self._last + interval - now

    def sent(self, now: float) -> None:
        """A frame was sent, and an answer asked for."""
        if len(self._unanswered) >= _UNANSWERED:
            self._unanswered.clear()
        self._last = now
        self._unanswered.append(now)

    def answered(self, now: float) -> None:
        """The terminal has answered."""
        self._answers = True
        if self._unanswered:
            self._trip = now - self._unanswered.popleft()

    def key(self, now: float) -> None:
        """A key was pressed."""
        self._key = now
