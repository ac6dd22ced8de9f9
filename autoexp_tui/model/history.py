"""A state that records are folded into, and its earlier selves: going back costs as little as on.

Records are numbered from 1. One whose number was there before tells that they begin again from it:
a replay that was moved back, or a table that somebody has changed.
"""

from __future__ import annotations

from collections.abc import Iterable

from autoexp_tui.model.events import Record
from autoexp_tui.model.state import RunState

STRIDE = 4096
"""Records between two states that are kept: what going back has to fold again at most."""


def resumption(seq: int) -> int:
    """The number of the last record whose state is kept, before record `seq`; 0 for none."""
    return (seq - 1) // STRIDE * STRIDE


class History:
    """Folds records, forward or back."""

    def __init__(self, *, rewindable: bool) -> None:
        """`rewindable`: earlier states are kept, so that records may begin again where they are."""
        self.state = RunState()
        self._rewindable = rewindable
        self._kept: list[tuple[int, RunState]] = []
        """How many rows there were, and the rest of the state; the k-th after so many strides."""

    def fold(self, records: Iterable[Record]) -> None:
        """Take in `records`, which go on from the state or begin again at 1 or after a kept one."""
        for record in records:
            if record.seq <= self.state.seq:
                self._go_back(record.seq)
            self.state.apply(record)
            if self._rewindable and record.seq % STRIDE == 0:
                self._keep()

    def _keep(self) -> None:
        rows, self.state.rows = self.state.rows, []
        kept = self.state.copy()  # without the rows: they are the first ones of those to come
        self.state.rows = rows
        self._kept.append((len(rows), kept))

    def _go_back(self, seq: int) -> None:
        strides = resumption(seq) // STRIDE
        if strides * STRIDE != seq - 1 or strides > len(self._kept):
            raise ValueError(f"records can't begin again at {seq}")
        del self._kept[strides:]
        rows, count, earlier = self.state.rows, 0, RunState()
        if self._kept:
            count, earlier = self._kept[-1]
        self.state = earlier.copy()
        self.state.rows = rows[:count]
