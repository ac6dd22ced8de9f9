"""A recorded run played again: hands out its records at any speed, from any point."""

from __future__ import annotations

import bisect
import threading
import time
from collections.abc import Callable, Iterator
from operator import itemgetter

from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.model.history import resumption
from autoexp_tui.sources.journals import Source

SPEEDS = (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_LONGEST_GAP_S = 30.0
"""Seconds that a stretch in which nothing happened takes at most."""
_ROW_S = 1.0
"""Seconds that a row takes in a recording without times: a bare table."""
_NUMBER = itemgetter(0)


class Player:
    """A source whose time a person holds in hand.

    Its timeline is the run's own clock, so what happened while no runner was alive takes no time.
    """

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        """Take every record of `source`; the player stands at the end, still."""
        self._records: list[Record] = []
        while portion := source.read():
            self._records += portion
        self._times = _timeline(self._records)
        self._rows = [
            index + 1
            for index, record in enumerate(self._records)
            if isinstance(record.event, events.Decided)
        ]
        self._start = next(
            (
                index
                for index, record in enumerate(self._records)
                if isinstance(record.event, events.ExperimentStarted | events.Decided)
            ),
            len(self._records),
        )
        """How many records say what the run is, before anything happens in it."""
        self.kept = list(_kept(self._records))
        """Number, counted from 1, and value of every kept row."""
        self._clock = clock
        self._mutex = threading.Lock()
        """One thread reads, another one moves it."""
        self._begun = 0.0
        self._sent = 0
        self._due = len(self._records)
        self._position = self._end
        self.playing = False
        self.speed = max(1, min(SPEEDS, key=lambda speed: abs(self._end / speed - 60)))

    @property
    def _end(self) -> float:
        return self._times[-1] if self._times else 0.0

    def read(self) -> list[Record]:
        """The records that have become due; after a move back, from where a history resumes."""
        with self._mutex:
            if self.playing:
                now = self._clock()
                self._position += (now - self._begun) * self.speed
                self._begun = now
                self._due = max(self._due, bisect.bisect_right(self._times, self._position))
                self.playing = self._due < len(self._records)
            portion = self._records[self._sent : self._due]
            self._sent = self._due
        return portion

    def alive(self) -> bool:
        """Whether it plays."""
        return self.playing

    def toggle(self) -> None:
        """Play, or hold; from the end on it begins again."""
        if not self.playing and self._due >= len(self._records):
            self.go(self._start)
        with self._mutex:
            self.playing = not self.playing
            self._begun = self._clock()

    def step(self, by: int) -> None:
        """Hold, `by` rows further or back."""
        self.playing = False
        at = bisect.bisect_right(self._rows, self._due)
        if by < 0 and at and self._rows[at - 1] < self._due:
            by += 1
        want = at + by
        if want > len(self._rows):
            self.go(len(self._records))
        else:
            self.to_row(want)

    def jump(self, fraction: float) -> None:
        """Hold at a fraction of the rows."""
        self.playing = False
        if fraction >= 1:
            self.go(len(self._records))
        else:
            self.to_row(round(fraction * len(self._rows)))

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return len(self._rows)

    @property
    def at(self) -> int:
        """How many rows it has come past."""
        return bisect.bisect_right(self._rows, self._due)

    @property
    def into_event(self) -> float:
        """Seconds of the run's clock since the last record that was shown; 0 while it holds."""
        with self._mutex:
            return self._since(self._due)

    @property
    def progress(self) -> float:
        """How far it is from the last record shown to the next, 0 to 1."""
        with self._mutex:
            due = self._due
            if not due or due >= len(self._times):
                return 1.0
            gap = self._times[due] - self._times[due - 1]
            return min(1.0, self._since(due) / gap) if gap > 0 else 1.0

    def progress_of(self, n: int) -> float:
        """How far it is through the run of the harness of experiment `n`, 0 to 1.

        1 where none goes on, for then all of its output is there.
        """
        with self._mutex:
            past = range(self._due - 1, -1, -1)
            begun = next((i for i in past if self._is_of(i, n)), None)
            ended = next(
                (i for i in range(self._due, len(self._records)) if self._is_of(i, n)), None
            )
            if begun is None or ended is None:
                return 1.0
            if not isinstance(self._records[begun].event, events.EvaluationStarted):
                return 1.0
            gap = self._times[ended] - self._times[begun]
            here = max(0.0, self._position - self._times[begun])
            return min(1.0, here / gap) if gap > 0 else 1.0

    def _is_of(self, index: int, n: int) -> bool:
        return getattr(self._records[index].event, "n", 0) == n

    def _since(self, due: int) -> float:
        return max(0.0, self._position - self._times[due - 1]) if self.playing and due else 0.0

    def to_keep(self, by: int) -> None:
        """Hold at the next kept row, or the one before."""
        at = self.at
        if by > 0:
            place = bisect.bisect_right(self.kept, at, key=_NUMBER)
            self.to_row(self.kept[place][0]) if place < len(self.kept) else self.jump(1)
        else:
            place = bisect.bisect_left(self.kept, at, key=_NUMBER)
            self.to_row(self.kept[place - 1][0] if place else 0)

    def to_row(self, n: int) -> None:
        """Hold right after row `n`; before the first one where `n` is less than 1."""
        self.playing = False
        self.go(self._rows[min(n, len(self._rows)) - 1] if n > 0 and self._rows else self._start)

    def leap(self, by: int) -> None:
        """Hold a tenth of the rows further or back."""
        self.to_row(self.at + by * max(1, len(self._rows) // 10))

    def change_speed(self, by: int) -> None:
        """To the next speed up or down."""
        index = SPEEDS.index(self.speed) + by
        self.speed = SPEEDS[max(0, min(len(SPEEDS) - 1, index))]

    def words(self) -> str:
        """How it stands: `replay ▶ 20×`."""
        return f"{'▶' if self.playing else '‖'} replay {self.speed:g}×"

    def go(self, due: int) -> None:
        """Stand where `due` records have been handed out."""
        with self._mutex:
            if due < self._sent:
                self._sent = resumption(max(due, 1))
            self._due = due
            self._position = self._times[due - 1] if due else 0.0


def _kept(records: list[Record]) -> Iterator[tuple[int, float]]:
    metric, n = "", 0
    for record in records:
        match record.event:
            case events.Decided(status=status, metrics=metrics):
                n += 1
                if status == "keep" and metric in metrics:
                    yield n, metrics[metric]
            case events.RunStarted(contract=contract):
                metric = contract.primary.name


def _timeline(records: list[Record]) -> list[float]:
    """Seconds at which each record is due."""
    if records and records[-1].elapsed > 0:
        times, at, before = [], 0.0, records[0].elapsed
        for record in records:
            at += min(_LONGEST_GAP_S, max(0.0, record.elapsed - before))
            before = record.elapsed
            times.append(at)
        return times
    times, at = [], 0.0
    for record in records:
        at += _ROW_S * isinstance(record.event, events.Decided)
        times.append(at)
    return times
