"""The journal: the single commit point of a run, an append-only file of one event per line.

A line is a JSON object whose last key, `sum`, is the CRC-32 of everything before it. A line that
is torn at the end of the file never happened; a damaged line anywhere else is an error, for the
rows behind it can't be trusted to be whole.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

import msgspec

from autoexp_tui.model.events import AnyEvent, Record
from autoexp_tui.model.problem import Problem
from autoexp_tui.system.files import replace_file, sync_directory
from autoexp_tui.text.intake import cleaned

_decoder = msgspec.json.Decoder(Record)
_SUM = len(b',"sum":"00000000"}')

_NEWS_NOT_FSYNCED = frozenset({"EvaluationStarted", "ProposalAnswered", "Noticed"})


class JournalError(Problem):
    """The journal can't be read or written; the message says where and what to do."""


def encode(record: Record) -> bytes:
    """One line of the journal, with its checksum and its newline."""
    body = msgspec.json.encode(record)[:-1]
    return b'%s,"sum":"%08x"}\n' % (body, zlib.crc32(body))


def decode(line: bytes) -> Record:
    """The inverse of `encode`; what its texts held of controls is cleaned away.

    Raises:
        ValueError: the line is torn or damaged.
    """
    body, seal = line[: -_SUM - 1], line[-_SUM - 1 :]
    if seal != b',"sum":"%08x"}\n' % zlib.crc32(body):
        raise ValueError("checksum does not match")
    record = _decoder.decode(line)
    # Most lines need no second look, and a long journal has a hundred thousand of them.
    return record if _is_plain(body) else cleaned(record)


def _is_plain(body: bytes) -> bool:
    """Whether no string in it can want cleaning: JSON escapes controls, all but DEL."""
    return body.isascii() and b"\\" not in body and b"\x7f" not in body


class JournalReader:
    """Reads a journal that may still grow: each `read` returns what came since the last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._line = 0

    @property
    def offset(self) -> int:
        """Bytes of whole lines read so far."""
        return self._offset

    def read(self, limit: int = 1 << 62) -> list[Record]:
        """Up to about `limit` bytes of new records; a line still being written is left for later.

        Raises:
            JournalError: a whole line is damaged.
        """
        with self._path.open("rb") as file:
            file.seek(self._offset)
            lines = file.readlines(limit if limit < 1 << 62 else -1)
            at_end = file.tell() == os.fstat(file.fileno()).st_size
        records = []
        for position, line in enumerate(lines):
            if at_end and position == len(lines) - 1 and _is_torn(line):
                break
            try:
                record = decode(line)
            except (ValueError, msgspec.MsgspecError) as error:
                raise self._damaged(f"this event is damaged ({error})") from None
            if record.seq != self._line + 1:
                raise self._damaged(f"this is event {record.seq}: some before it are missing")
            records.append(record)
            self._offset += len(line)
            self._line += 1
        return records

    def _damaged(self, what: str) -> JournalError:
        remedy = "restore the file from a backup, or `autoexp repair` cuts it before this line"
        return JournalError(f"{self._path}:{self._line + 1}: {what}; {remedy}")


def _is_torn(line: bytes) -> bool:
    """Whether the last line was never written whole: it has no end, or holes where no data came."""
    return not line.endswith(b"\n") or b"\0" in line


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

    @property
    def whole(self) -> bool:
        return not self.problem

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
    try:
        while portion := reader.read(1):
            records += portion
    except JournalError as damage:
        return Salvage(path, records, reader.offset, str(damage))
    return Salvage(path, records, reader.offset, "")


class Journal:
    """Appends events; safe to use from several threads of the one runner that holds the lock."""

    def __init__(self, path: Path, *, clock_runs: bool = True) -> None:
        """Open for appending, dropping a torn tail.

        The run's clock stands still for what is no part of the run and must not use up its time.

        Raises:
            JournalError: a line before the end is damaged.
            OSError: the file can't be opened.
        """
        self._path = path
        self._mutex = threading.RLock()
        self.recovered: list[Record] = []
        keep = 0
        if path.exists():
            reader = JournalReader(path)
            self.recovered = reader.read()
            keep = reader.offset
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        last = self.recovered[-1] if self.recovered else None
        self._seq = last.seq if last else 0
        self._elapsed = last.elapsed if last else 0.0
        self._clock = time.monotonic() if clock_runs else None
        self._size = keep
        self._rest = False
        """Whether there may be something behind the last event."""
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if os.fstat(self._fd).st_size != keep:
            os.ftruncate(self._fd, keep)
        os.fsync(self._fd)
        sync_directory(path.parent)

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

        Raises:
            JournalError: it could not be written (disk full, say); the file is as it was before.
        """
        with self._mutex:
            record = Record(self._seq + 1, time.time(), round(self.elapsed, 3), event)
            try:
                line = encode(record)
            except (TypeError, ValueError) as error:
                raise JournalError(f"{self._path}: not an event: {error}") from error
            try:
                self._drop_rest()
                self._rest = True
                _write_whole(self._fd, line)
                if type(event).__name__ not in _NEWS_NOT_FSYNCED:
                    os.fsync(self._fd)
            except OSError as error:
                with contextlib.suppress(OSError):  # tried again before the next line is written
                    self._drop_rest()
                raise JournalError(f"{self._path}: can't be written: {error}") from error
            self._rest = False
            self._size += len(line)
            self._seq = record.seq
            return record

    def _drop_rest(self) -> None:
        """Cut off what a failed write left behind the last event. Raises OSError."""
        if self._rest:
            os.ftruncate(self._fd, self._size)
            self._rest = False

    def close(self) -> None:
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _write_whole(fd: int, line: bytes) -> None:
    # One write, not a loop of them: a line is whole, or torn at the end of the file, and then it
    # counts as never written.
    written = os.write(fd, line)
    if written != len(line):
        raise OSError(errno.ENOSPC, f"only {written} of {len(line)} bytes fit")
