"""The commit point: what was written survives, what was torn never happened, damage is told."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
import threading
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.durability import Forced
from support.realistic_run import folded, recorded, runs, whole_run

from autoexp_tui.loop.journal import (
    Journal,
    JournalError,
    JournalReader,
    read_all,
)
from autoexp_tui.loop.lines import decode, encode
from autoexp_tui.model import events
from autoexp_tui.model.events import Record
from autoexp_tui.model.measurement import Measurement, Sample
from autoexp_tui.system.files import replace_file
from autoexp_tui.text.safe import clean

RECORDS = recorded(whole_run(["keep"]))
LINES = [encode(record) for record in RECORDS]
NOTE = events.Noticed("info", "after")


def notes(path: Path) -> list[str]:
    return [
        record.event.text for record in read_all(path) if isinstance(record.event, events.Noticed)
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"".join(LINES))
    return path


# Lines.


@settings(max_examples=60, deadline=None)
@given(runs())
def test_a_line_decodes_to_what_was_encoded(records: list[Record]) -> None:
    for record in records:
        line = encode(record)
        assert line.count(b"\n") == 1
        assert decode(line) == record


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_stays_on_one_line_and_comes_back_cleaned(text: str) -> None:
    record = Record(1, 2.0, 3.0, events.HintGiven("ann", text))
    line = encode(record)
    assert line.index(b"\n") == len(line) - 1
    assert decode(line) == Record(1, 2.0, 3.0, events.HintGiven("ann", clean(text)))


@pytest.mark.parametrize("line", [b"", b"\n", b"{}\n", LINES[0][:-1], LINES[0] + b"\n"])
def test_what_is_no_line_of_ours_does_not_decode(line: bytes) -> None:
    with pytest.raises(ValueError, match="checksum"):
        decode(line)


# Crashes.


def test_a_torn_tail_is_dropped_on_resume_wherever_it_was_torn(path: Path) -> None:
    content = b"".join(LINES)
    whole = len(content) - len(LINES[-1])
    for cut in range(whole, len(content)):
        path.write_bytes(content[:cut])
        with Journal(path) as journal:
            assert journal.recovered == RECORDS[:-1]
        assert path.stat().st_size == whole


def test_a_torn_file_holds_the_whole_lines_at_every_length(path: Path) -> None:
    content = b"".join(LINES)
    for cut in reversed(range(len(content))):
        os.truncate(path, cut)
        assert list(read_all(path)) == RECORDS[: content[:cut].count(b"\n")]


def test_after_a_torn_tail_the_numbers_go_on_without_a_gap(path: Path) -> None:
    path.write_bytes(b"".join(LINES)[:-7])
    with Journal(path) as journal:
        record = journal.append(NOTE)
        assert record.seq == len(RECORDS)
    assert [record.seq for record in read_all(path)] == list(range(1, len(RECORDS) + 1))


def flip(path: Path, offset: int) -> None:
    with path.open("r+b", buffering=0) as file:
        byte = os.pread(file.fileno(), 1, offset)[0] ^ 0x01
        os.pwrite(file.fileno(), bytes([byte]), offset)


def test_a_flipped_byte_in_the_middle_is_an_error_that_names_the_line(path: Path) -> None:
    offset = 0
    for number, line in enumerate(LINES[:-2], 1):
        for _ in line:
            flip(path, offset)
            with pytest.raises(JournalError, match=rf":{number}: this event is damaged"):
                list(read_all(path))
            flip(path, offset)
            offset += 1
    assert list(read_all(path)) == RECORDS


def test_a_damaged_journal_is_not_opened_and_not_touched(path: Path) -> None:
    damaged = bytearray(b"".join(LINES))
    damaged[10] ^= 0x01
    path.write_bytes(damaged)
    with pytest.raises(JournalError, match="restore the file from a backup"):
        Journal(path)
    assert path.read_bytes() == damaged


def test_a_flipped_byte_in_the_last_whole_line_is_told_and_not_dropped(path: Path) -> None:
    size = path.stat().st_size
    for offset in range(size - len(LINES[-1]), size - 1):
        flip(path, offset)
        with pytest.raises(JournalError, match="damaged"):
            list(read_all(path))
        flip(path, offset)


def test_a_last_line_with_holes_never_happened(path: Path) -> None:
    holes = bytearray(path.read_bytes())
    holes[-40:-10] = bytes(30)
    path.write_bytes(holes)
    assert list(read_all(path)) == RECORDS[:-1]


def test_missing_lines_are_told(path: Path) -> None:
    path.write_bytes(b"".join([*LINES[:3], *LINES[5:]]))
    with pytest.raises(JournalError, match=r":4: .*missing"):
        list(read_all(path))


def test_damage_at_the_end_of_a_portion_is_told(path: Path) -> None:
    flip(path, 5)
    with pytest.raises(JournalError, match=":1: "):
        JournalReader(path).read(1)


def test_a_full_disk_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    write = os.write
    with Journal(path) as journal:
        for fits in (0, 1, 40):
            with monkeypatch.context() as patched:
                patched.setattr(os, "write", lambda fd, data, n=fits: write(fd, data[:n]))
                with pytest.raises(
                    JournalError, match=rf"journal\.jsonl: can't be written.*{fits} of"
                ):
                    journal.append(NOTE)
            assert path.read_bytes() == before
        assert journal.append(NOTE).seq == len(RECORDS) + 1
    assert notes(path) == ["after"]


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_failing_device_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with Journal(path) as journal:
        with monkeypatch.context() as patched:
            patched.setattr(os, call, fail)
            with pytest.raises(JournalError, match="Input/output error"):
                journal.append(events.Resumed("ann"))
        assert path.read_bytes() == before
        assert journal.append(NOTE).seq == len(RECORDS) + 1


@pytest.mark.parametrize(
    "event",
    [
        events.Committed(3, "c"),
        events.Decided(3, "keep", "c", "p", "d", "r", {}, 1.0),
        events.CostReserved(1, 3, "claude", 100, 100, 0.5),
        events.CostSettled(1, 3, "claude", {}, 0.5, True, "answered"),
        events.StopRequested("ann", now=False),
        events.HintGiven("ann", "less"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_rows_commits_money_and_wishes_are_forced_to_disk(
    event: events.AnyEvent, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal(path) as journal:
        forced = Forced(monkeypatch)
        journal.append(event)
        assert forced.times(path) == 1


@pytest.mark.parametrize(
    "event",
    [NOTE, events.ExperimentStarted(3, "p"), events.Evaluated(3, 1.0, {"loss": 1.0}, {}, "")],
    ids=lambda event: type(event).__name__,
)
def test_what_a_later_event_brings_to_the_disk_is_not_waited_for(
    event: events.AnyEvent, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal(path) as journal:
        forced = Forced(monkeypatch)
        journal.append(event)
        assert forced.times(path) == 0
        journal.append(events.Committed(3, "c"))
        assert forced.times(path) == 1


def test_a_new_journal_and_the_cut_of_a_torn_one_are_forced_to_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced = Forced(monkeypatch)
    Journal(path).close()
    assert forced.times(path) == 1
    assert forced.times(path.parent) >= 1


# Opening and reading.


def test_a_row_written_before_samples_were_has_one(path: Path) -> None:
    body = (
        b'{"seq":1,"time":1.0,"elapsed":1.0,"event":{"kind":"Decided","n":1,"status":"keep",'
        b'"commit":"c","parent":"p","description":"d","reason":"r","metrics":{"loss":9.0},'
        b'"seconds":2.0,"cost_usd":0.0}'
    )
    path.write_bytes(b'%s,"sum":"%08x"}\n' % (body, zlib.crc32(body)))
    state = folded(read_all(path))
    assert state.rows[0].measurement == Measurement((Sample({"loss": 9.0}, 2.0),))


def test_a_new_journal_makes_its_folder_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "run" / "journal.jsonl"
    with Journal(path) as journal:
        assert journal.recovered == []
        assert journal.append(NOTE).seq == 1
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_runs_clock_never_goes_back_over_a_resume(path: Path) -> None:
    last = RECORDS[-1].elapsed
    with Journal(path) as journal:
        first = journal.append(NOTE)
    with Journal(path) as journal:
        second = journal.append(NOTE)
    assert last <= first.elapsed <= second.elapsed < last + 100


def test_threads_that_append_at_once_share_one_numbering(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        start = threading.Barrier(4)

        def append() -> None:
            start.wait()
            for _ in range(25):
                journal.append(NOTE)

        threads = [threading.Thread(target=append) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [record.seq for record in read_all(path)] == list(range(1, 101))


def test_a_reader_waits_for_the_rest_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(LINES[0] + LINES[1][:20])
    reader = JournalReader(path)
    assert reader.read() == RECORDS[:1]
    assert reader.read() == []
    with path.open("ab") as file:
        file.write(LINES[1][20:] + LINES[2])
    assert reader.read() == RECORDS[1:3]
    assert reader.offset == path.stat().st_size


def test_reading_in_pieces_gives_every_record_once(path: Path) -> None:
    reader, found = JournalReader(path), []
    while part := reader.read(limit=300):
        assert len(part) < len(RECORDS)
        found += part
    assert found == RECORDS


def test_a_replaced_file_is_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "table"
    replace_file(path, b"one")
    replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_replaced_file_and_its_name_are_forced_to_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced = Forced(monkeypatch)
    replace_file(tmp_path / "table", b"one")
    assert forced.times(tmp_path / "table") == 1
    assert forced.times(tmp_path) == 1


def test_what_crashes_left_of_a_replaced_file_is_removed_and_anothers_is_not(
    tmp_path: Path,
) -> None:
    with subprocess.Popen(["true"]) as dead:
        pass
    beside = tmp_path / "beside"
    beside.mkdir()
    for pid in (dead.pid, os.getpid(), 1):
        (tmp_path / f".table.{pid}.tmp").touch()
    (tmp_path / ".table.mine.tmp").touch()
    replace_file(tmp_path / "table", b"one", by=beside)
    left = {path.name for path in tmp_path.glob(".*")}
    assert left == {".table.1.tmp", ".table.mine.tmp"}
    assert list(beside.iterdir()) == []


def test_a_file_is_replaced_although_its_new_one_would_lie_on_another_disk(tmp_path: Path) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system to write to")
    with tempfile.TemporaryDirectory(dir=shared) as other:
        replace_file(tmp_path / "table", b"one", by=Path(other))
    assert (tmp_path / "table").read_bytes() == b"one"


def test_a_file_that_cannot_be_replaced_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table"
    path.write_bytes(b"one")

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]
