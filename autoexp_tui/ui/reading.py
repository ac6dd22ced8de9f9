"""Reads what stands beside the journal, in a thread: a slow disk never holds up a key.

Owns which files are read and when; what was read goes to a widget or a screen as a message. Lines
of a log are `ui.tail`'s, texts of experiments `sources.subject`'s.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import msgspec
from textual.message import Message
from textual.message_pump import MessagePump

from autoexp_tui.loop.proposal_log import ProposalReader, StreamedPiece
from autoexp_tui.model.problem import Problem
from autoexp_tui.sources.subject import Base, Subject, Texts
from autoexp_tui.text.safe import NOTHING, Safe, clean_line
from autoexp_tui.ui.bridge import Broken
from autoexp_tui.ui.polling import Poller
from autoexp_tui.ui.tail import LogTail, last_line


class FileRead(Message, bubble=False):
    """Something was read; its handler sets `taken`, and until then nothing more is read for it.

    A terminal that has stalled stalls the handlers too: without this, messages would pile up.
    """

    taken = False


class Reading(Protocol):
    """One thing to read, again and again, in the reader's thread."""

    def read(self, *, held: bool) -> FileRead | None:
        """What is new, or was asked for; None when nothing. `held`: only what was asked for."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class FileReader(Poller):
    """Follows one reading for each widget or screen that wants one."""

    def __init__(self) -> None:
        super().__init__("reader")
        self._mutex = threading.Lock()
        self._followed: dict[MessagePump, Reading] = {}
        self._dropped: list[Reading] = []
        """To be closed by the thread that reads them: it may be reading just now."""
        self._posted: dict[MessagePump, FileRead] = {}

    def follow(self, pump: MessagePump, reading: Reading | None) -> None:
        """Post to `pump` what `reading` reads from now on, in place of what it followed before."""
        with self._mutex:
            if (before := self._followed.pop(pump, None)) is not None:
                self._dropped.append(before)
            if reading is not None:
                self._followed[pump] = reading
        self.nudge()

    def look(self) -> bool:
        with self._mutex:
            dropped, self._dropped = self._dropped, []
            followed = list(self._followed.items())
        for reading in dropped:
            reading.close()
        for pump, reading in followed:
            self._read(pump, reading)
        self._posted = {pump: read for pump, read in self._posted.items() if not read.taken}
        return False

    def _read(self, pump: MessagePump, reading: Reading) -> None:
        if pump in self._posted or self._followed.get(pump) is not reading or self.ended.is_set():
            return
        try:
            message = reading.read(held=self.held)
        except (Problem, OSError, ValueError, msgspec.MsgspecError) as problem:
            pump.post_message(Broken(str(problem)))
            self.follow(pump, None)
            return
        if message is not None and pump.post_message(message):
            self._posted[pump] = message

    def end(self) -> None:
        with self._mutex:
            readings = [*self._dropped, *self._followed.values()]
        for reading in readings:
            reading.close()


# ---- a log ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogWindow:
    """Which lines of a log are in view."""

    top: int
    height: int
    following: bool
    """The end is in view, whatever `top` says."""
    visible: bool
    """Whether anything is: a hidden pane reads nothing."""


@dataclass(frozen=True, slots=True)
class Move:
    """A wish to see what lies beyond the window onto a log."""

    to: Literal["back", "start", "end"]
    rows: int = 0
    """How far back, below 0."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a log's tail held when it was read last, and the lines around those in view."""

    epoch: int = 0
    count: int = 0
    start: int = 0
    behind: int = 0
    problem: str = ""
    first: int = 0
    """Number of the first of `lines`."""
    lines: tuple[str, ...] = ()

    def line(self, i: int) -> str:
        """Line `i`; empty where it hasn't been read yet."""
        return self.lines[i - self.first] if 0 <= i - self.first < len(self.lines) else ""

    def holds(self, first: int, end: int) -> bool:
        """Whether lines `first` to `end` - 1 are here, as far as there are any."""
        first, end = max(0, first), min(self.count, end)
        return first >= end or (self.first <= first and end <= self.first + len(self.lines))


class LogRead(FileRead, bubble=False):
    """A log has changed, or lines of it were asked for."""

    def __init__(self, reading: LogReading, window: Window, move: Move | None, gained: int) -> None:
        super().__init__()
        self.reading = reading
        self.window = window
        self.move = move
        self.gained = gained
        """Lines that came in front, by a move back."""


class LogReading:
    """Follows a log for a pane; `place` is where the pane looks."""

    def __init__(self, path: Path, share: Callable[[], float]) -> None:
        """`share` as in `LogTail`; it is called in the reader's thread."""
        self._tail = LogTail(path, share)
        self._moves: deque[Move] = deque()
        self._asked = threading.Event()
        self._opened = False
        self.place = LogWindow(0, 0, following=True, visible=False)

    @property
    def path(self) -> Path:
        return self._tail.path

    def share(self, share: Callable[[], float]) -> None:
        """What part of the file is there from now on."""
        self._tail.share = share

    def ask(self, move: Move | None = None) -> None:
        """Have the lines around `place` read, after a move where there is one."""
        if move is not None:
            self._moves.append(move)
        self._asked.set()

    def read(self, *, held: bool) -> LogRead | None:
        asked, place = self._asked.is_set(), self.place
        self._asked.clear()
        if not place.visible:
            return None
        tail, gained = self._tail, 0
        move = self._moves.popleft() if self._moves else None
        if move is not None and move.to == "back":
            gained = tail.back()
        elif move is not None:
            (tail.rewind if move.to == "start" else tail.leap)()
        changed = not (held and self._opened) and tail.poll(
            follow=place.following if move is None else move.to == "end"
        )
        self._opened = True
        if not (changed or asked):
            return None
        top = place.top + gained + (move.rows if move else 0)
        if move is not None and move.to == "start":
            top = 0
        elif place.following or (move is not None and move.to == "end"):
            top = tail.count - place.height
        first = max(0, top - place.height)
        end = min(tail.count, max(0, top) + 2 * place.height)
        window = Window(
            tail.epoch,
            tail.count,
            tail.start,
            tail.behind,
            tail.problem,
            first,
            tuple(tail.line(i) for i in range(first, end)),
        )
        return LogRead(self, window, move, gained)

    def close(self) -> None:
        self._tail.close()


# ---- the last lines of several logs ----------------------------------------------------------


class LastLinesRead(FileRead, bubble=False):
    """Logs say something else at their end."""

    def __init__(self, lines: dict[int, Safe]) -> None:
        super().__init__()
        self.lines = lines
        """By the experiment's number."""


class LastLinesReading:
    """Looks once a second at what each of several logs says last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.logs: Mapping[int, Path] = {}
        """By the experiment's number; whoever wants others puts another mapping here."""
        self._clock = clock
        self._next = 0.0
        self._seen: dict[int, tuple[int, int]] = {}
        """Size and time of each log when it was read."""
        self._lines: dict[int, Safe] = {}

    def read(self, *, held: bool) -> LastLinesRead | None:
        now, logs = self._clock(), self.logs
        if held or now < self._next:
            return None
        self._next = now + 1.0
        before = self._lines.copy()
        for known in [n for n in self._seen if n not in logs]:
            del self._seen[known]
            self._lines.pop(known, None)
        for n, path in logs.items():
            try:
                status = path.stat()
                mark = status.st_size, status.st_mtime_ns
                if self._seen.get(n) != mark:
                    self._lines[n] = last_line(path)
                    self._seen[n] = mark
            except OSError as error:  # not there yet, or no more; the pane below tells the rest
                missing = isinstance(error, FileNotFoundError)
                self._lines[n] = NOTHING if missing else clean_line(f"can't be read: {error}")
        return LastLinesRead(self._lines.copy()) if self._lines != before else None

    def close(self) -> None:
        """Nothing stays open."""


# ---- a change ------------------------------------------------------------------------------------


class ChangeRead(FileRead, bubble=False):
    """The texts of an experiment were read, or more of the one that is being written."""

    def __init__(self, reading: ChangeReading, pieces: list[StreamedPiece], *, first: bool) -> None:
        super().__init__()
        self.reading = reading
        self.first = first
        """Whether it brings the texts."""
        self.pieces = pieces


class ChangeReading:
    """What an experiment changed: both texts once, and the proposal as it is written."""

    def __init__(self, texts: Texts, subject: Subject, base: Base) -> None:
        self._texts = texts
        self._subject = subject
        self._base: Base = base
        self._proposal: ProposalReader | None = None
        self._begun = False
        self.until: Callable[[], float] = lambda: math.inf
        """How much of a proposal is shown: what was written in so many seconds."""
        self.path: str | None = None
        self.old: str | None = None
        self.new: str | None = None
        """Written before the first message and never again."""

    def read(self, *, held: bool) -> ChangeRead | None:
        first = not self._begun
        if first:
            self._begun = True
            self.path = self._texts.path(self._subject)
            self.old = self._texts.before(self._subject, self._base)
            if self._subject.is_whole:
                self.new = self._texts.after(self._subject)
            elif self.old is not None and (path := self._texts.proposal(self._subject.n)):
                self._proposal = ProposalReader(path)
        elif held:
            return None
        pieces = self._proposal.read(self.until()) if self._proposal else []
        return ChangeRead(self, pieces, first=first) if first or pieces else None

    def close(self) -> None:
        """Nothing stays open."""
