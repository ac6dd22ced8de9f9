"""The journal: the single commit point of a run, an append-only file of one event per line.

A line that is torn at the end of the file never happened; a damaged line anywhere else is an error,
for the rows behind it can't be trusted to be whole. A line that nobody wrote who has the run's key
(`loop.lines`) is foreign: readers pass over it, and the runner takes it out.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import msgspec

from autoexp_tui.loop.keeping import Kept, Taken
from autoexp_tui.loop.lines import LONGEST, Seal, decode, encode, key_path, mac_of
from autoexp_tui.model.events import AnyEvent, Noticed, Record
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.system.files import (
    is_full,
    keep_aside,
    open_plain,
    replace_file,
    set_aside,
)
from autoexp_tui.text.safe import clean_line

_NOT_FSYNCED = frozenset(
    {
        *("EvaluationStarted", "ProposalAnswered", "Noticed"),
        # Each is on the disk with what comes of it: the commit, or the row. Without that the
        # experiment begins anew, or is measured again; what it has cost has events of its own.
        *("ExperimentStarted", "Proposed", "Evaluated"),
    }
)
_FOREIGN_READ = 64 << 20
"""Bytes of foreign lines behind which a reader looks for more of the run's own."""
_PORTION = 1 << 20


class JournalError(Problem):
    """The journal can't be read or written; the message says where and what to do."""


class DiskFull(JournalError):
    """There is no room for the next line; the file is as it was before."""


class TakenOver(JournalError):
    """Another runner writes this journal too: this one has to end, and leaves it to the other."""


class JournalReader:
    """Reads a journal that may still grow: each `read` returns what came since the last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._seq = 0
        self._number = 0
        """Lines before the offset."""
        self._mac = b""
        self.seal: Seal | None = None
        self.foreign: list[tuple[int, int]] = []
        """Where foreign lines stand between those of the run: start and end, in bytes."""
        self.foreign_end = False
        """Whether there were foreign lines behind the last one of the run, at the last look."""

    @property
    def offset(self) -> int:
        """Bytes of whole lines read so far."""
        return self._offset

    @property
    def mac(self) -> bytes:
        """Of the last line."""
        return self._mac

    def read(self, limit: int = 1 << 62) -> list[Record]:
        """Up to about `limit` bytes of new records; a line still being written is left for later.

        Raises:
            JournalError: a whole line is damaged.
        """
        if self.seal is None:
            self.seal = Seal.load(self._path)
        records: list[Record] = []
        strange: list[tuple[bytes, str]] = []
        """Lines that are not known to be the run's own, and why not."""
        with self._opened() as file:
            file.seek(self._offset)
            end, position = self._offset + limit, self._offset
            for line in _whole_lines(file):
                position += len(line)
                record, problem = self._examined(line, strange)
                if record is None:
                    strange.append((line, problem))
                    if position - self._offset > _FOREIGN_READ:
                        break
                    continue
                if strange:
                    self.foreign.append((self._offset, position - len(line)))
                    self._number += len(strange)
                    strange.clear()
                records.append(record)
                self._offset, self._seq, self._mac = position, record.seq, mac_of(line)
                self._number += 1
                if position >= end:
                    break
        self.foreign_end = bool(strange)
        if damage := self._first_hurt(strange):
            raise damage
        return records

    def _opened(self) -> BinaryIO:
        """Raises JournalError, FileNotFoundError."""
        try:
            return open_plain(self._path)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise JournalError(f"{self._path}: no journal to read: {error.strerror}") from error

    def _examined(self, line: bytes, strange: list[tuple[bytes, str]]) -> tuple[Record | None, str]:
        """The record of a line that is the run's own; else why it is not. Raises JournalError."""
        try:
            record = decode(line)
        except (ValueError, msgspec.MsgspecError) as error:
            return self._doubted(None, f"this event is damaged ({error})")
        seal = self.seal
        sealed = seal is not None and self._offset >= seal.start
        if sealed and seal is not None and seal.made(line, self._mac):
            return record, ""
        problem = ""
        if record.seq != self._seq + 1:
            problem = f"this is event {record.seq}: some before it are missing"
        if not sealed or seal is None:
            return self._doubted(None if problem else record, problem)
        if strange and seal.made(line, mac_of(strange[-1][0])):
            # The key's owner wrote this line after that one, so that one is damaged, not foreign.
            raise self._first_hurt(strange) or self._damaged(strange[-1][1], len(strange) - 1)
        return None, problem or "this event is not the runner's"

    def _doubted(self, record: Record | None, problem: str) -> tuple[Record | None, str]:
        """A line that no key vouches for: damage is an error at once."""
        if problem and (self.seal is None or self._offset < self.seal.start):
            raise self._damaged(problem)
        return record, problem

    def _first_hurt(self, strange: list[tuple[bytes, str]]) -> JournalError | None:
        for number, (line, problem) in enumerate(strange):
            if self._is_damage(line):
                return self._damaged(problem, number)
        return None

    def _is_damage(self, line: bytes) -> bool:
        """Whether a line that is not sealed as the next one may be one of the run's, hurt.

        What nobody could take for the next line of the run is foreign. What is whole, and would be
        the next but for its seal, is forged.
        """
        if self.seal is None or not line.startswith(b'{"seq":'):
            return False
        try:
            record = decode(line)
        except (ValueError, msgspec.MsgspecError):
            return True
        return bool(mac_of(line)) and record.seq > self._seq + 1

    def _damaged(self, what: str, strange: int = 0) -> JournalError:
        """Of the line after so many strange ones."""
        remedy = "restore the file from a backup, or `autoexp repair` cuts it before this line"
        return JournalError(f"{self._path}:{self._number + strange + 1}: {what}; {remedy}")


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines to the end of the file; not a last one that was never written whole."""
    while (line := file.readline(LONGEST)).endswith(b"\n"):
        if b"\0" in line and file.tell() == os.fstat(file.fileno()).st_size:
            return
        yield line


def read_all(path: Path) -> Iterator[Record]:
    """Every whole record of a journal. Raises JournalError."""
    yield from JournalReader(path).read()


class Salvage(NamedTuple):
    """What can be saved of a journal."""

    path: Path
    records: list[Record]
    size: int
    """Bytes of the whole lines before the damage."""
    problem: str
    """Where it is damaged and how; empty when it is whole."""
    foreign: int
    """Places up to there where lines stand that are not the run's."""

    @property
    def whole(self) -> bool:
        return not self.problem and not self.foreign

    def cut(self) -> Path:
        """Cut the journal before the damage; returns where the rest was put."""
        content = self.path.read_bytes()
        number = len(list(self.path.parent.glob(f"{self.path.name}.cut-*"))) + 1
        rest = self.path.with_name(f"{self.path.name}.cut-{number}")
        replace_file(rest, content[self.size :])
        replace_file(self.path, content[: self.size])
        return rest


def salvage(path: Path) -> Salvage:
    """Read as far as the journal is whole."""
    reader = JournalReader(path)
    records: list[Record] = []
    problem = ""
    try:
        while portion := reader.read(1):
            records += portion
    except JournalError as damage:
        problem = str(damage)
    foreign = len(reader.foreign) + (reader.foreign_end and not problem)
    return Salvage(path, records, reader.offset, problem, foreign)


class Journal:
    """Appends events; safe to use from several threads of the one runner that holds the lock."""

    def __init__(self, path: Path, *, clock_runs: bool = True) -> None:
        """Open for appending: a torn tail is dropped, foreign lines are set aside.

        The run's clock stands still for what is no part of the run and must not use up its time.

        Raises:
            JournalError: a line before the end is damaged.
            OSError: the file can't be opened.
        """
        self._path = path
        self._mutex = threading.RLock()
        self.recovered: list[Record] = []
        self._notices: list[Record] = []
        reader = JournalReader(path)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = ""
        if path.is_symlink() or (path.exists() and not path.is_file()):
            set_aside(path)
            found = f"{path.name} was no file: something else had taken its place"
        if path.exists():
            self.recovered = reader.read()
            found = _purge(path, reader)
        size = reader.offset - sum(end - start for start, end in reader.foreign)
        if size and reader.seal is not None and reader.seal.start <= size:
            self._seal = reader.seal
        else:
            self._seal = self._new_seal(size)
            if reader.mac:
                found = f"{key_path(path).name} was gone: what was written before can't be proven"
        self._mac = reader.mac
        last = self.recovered[-1] if self.recovered else None
        self._seq = last.seq if last else 0
        self._elapsed = last.elapsed if last else 0.0
        self._clock = time.monotonic() if clock_runs else None
        self._rest = False
        """Whether there may be something behind the last event."""
        self._kept = Kept(path, size)
        if found:
            self._alarm(found)

    def _new_seal(self, start: int) -> Seal:
        key = key_path(self._path)
        if key.is_symlink() or key.is_dir():
            set_aside(key)
        seal = Seal.new(start)
        seal.save(self._path)
        return seal

    @property
    def home(self) -> Path:
        """The folder that the run's paths are relative to."""
        return RunDirectory(self._path.parent).home

    @property
    def mutex(self) -> threading.RLock:
        """Held while an event is written; hold it to fold and append as one step."""
        return self._mutex

    @property
    def elapsed(self) -> float:
        """Seconds on the run's clock, now."""
        since = 0.0 if self._clock is None else time.monotonic() - self._clock
        return self._elapsed + since

    def append(self, event: AnyEvent) -> Record:
        """Write one event down; when this returns it has happened.

        What somebody else has done to the file is undone before, and `take_notices` tells it.

        Raises:
            DiskFull: there is no room for it; the file is as it was before.
            TakenOver: another runner writes here too.
            JournalError: it could not be written; the file is as it was before.
        """
        with self._mutex:
            try:
                if found := self._kept.put_right(self._is_sealed):
                    self._restore_key()
                    self._alarm(found)
                return self._write(event)
            except Taken as taken:
                raise TakenOver(f"{self._path}: {taken}") from None
            except OSError as error:
                raise self._unwritable(error) from error

    def take_notices(self) -> list[Record]:
        """What was written beside the events that were asked for, once."""
        with self._mutex:
            taken, self._notices = self._notices, []
            return taken

    def _alarm(self, found: str) -> None:
        try:
            self._notices.append(self._write(Noticed("alarm", clean_line(found, 2000))))
        except OSError as error:
            raise self._unwritable(error) from error

    def _write(self, event: AnyEvent) -> Record:
        """Raises OSError, JournalError, Taken."""
        record = Record(self._seq + 1, time.time(), round(self.elapsed, 3), event)
        try:
            line = encode(record, self._seal, self._mac)
        except (TypeError, ValueError) as error:
            raise JournalError(f"{self._path}: not an event: {error}") from error
        self._kept.add(line, self._is_sealed, force=type(event).__name__ not in _NOT_FSYNCED)
        self._mac, self._seq = mac_of(line), record.seq
        return record

    def _is_sealed(self, tail: bytes) -> bool:
        """Whether whoever has the key wrote this behind the last event."""
        line = tail[: tail.find(b"\n") + 1]
        return self._seal.made(line, self._mac)

    def _restore_key(self) -> None:
        if Seal.load(self._path) != self._seal:
            set_aside(key_path(self._path))
            self._seal.save(self._path)

    def _unwritable(self, error: OSError) -> JournalError:
        kind = DiskFull if is_full(error) else JournalError
        return kind(f"{self._path}: can't be written: {error}")

    def close(self) -> None:
        """Close the file; it holds what was written, whatever was done to it meanwhile."""
        with self._mutex, contextlib.suppress(JournalError, OSError, Taken):
            if found := self._kept.put_right(self._is_sealed, thoroughly=True):
                self._restore_key()
                self._alarm(found)
        self._kept.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _purge(path: Path, reader: JournalReader) -> str:
    """Take what is not the run's out of a journal at rest; what was found, in words.

    A torn tail is none of that. Raises OSError.
    """
    spans = list(reader.foreign)
    if reader.foreign_end:
        spans.append((reader.offset, path.stat().st_size))
    if not spans:
        return ""
    with open_plain(path) as file:

        def part(start: int, end: int, most: int = 1 << 62) -> bytes:
            file.seek(start)
            return file.read(min(end - start, most))

        foreign = b"".join(part(start, end, _PORTION) for start, end in spans)
        starts, ends = zip(*reader.foreign, strict=True) if reader.foreign else ((), ())
        own = zip((0, *ends), (*starts, reader.offset), strict=True)
        content = b"".join(part(start, end) for start, end in own)
    aside = keep_aside(path, foreign)
    replace_file(path, content, mode=0o600)
    kept = "" if aside is None else f"; they are in {aside.name}"
    return f"{path.name} had lines that no runner wrote: they are taken out{kept}"
