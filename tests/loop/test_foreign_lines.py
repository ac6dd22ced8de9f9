"""Only what the runner wrote is the truth: whatever else comes into the file is told and undone."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from support.realistic_run import recorded, whole_run

from autoexp_tui.loop.journal import (
    Journal,
    JournalError,
    JournalReader,
    TakenOver,
    read_all,
    salvage,
)
from autoexp_tui.loop.lines import encode, key_path
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.loop.runlock import locked
from autoexp_tui.model import events
from autoexp_tui.model.rundir import RunDirectory

EVENTS = [record.event for record in recorded(whole_run(["keep", "discard"]))]
NOTE = events.Noticed("info", "after")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t" / "journal.jsonl"


def filled(path: Path) -> Journal:
    journal = Journal(path)
    for event in EVENTS:
        journal.append(event)
    return journal


def forged(path: Path) -> bytes:
    """A row that nobody measured, with a right checksum, as the next line."""
    lines = path.read_bytes().splitlines()
    found = next(one for one in map(json.loads, lines) if one["event"]["kind"] == "Decided")
    for name in ("sum", "mac"):
        found.pop(name, None)
    found["seq"] = len(lines) + 1
    found["event"].update(n=3, metrics={"loss": 0.0001}, description="forged")
    body = json.dumps(found, separators=(",", ":")).encode()[:-1]
    return b'%s,"sum":"%08x"}\n' % (body, zlib.crc32(body))


def add(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def add_forged(path: Path) -> None:
    add(path, forged(path))


def overwrite(path: Path) -> None:
    """Of the same length, and with the times that it had."""
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b'"discard"', b'"keep"   '))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "x").touch()


def replace_by_a_link(path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def replace_by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replace_the_folder(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_text("no folder")


HARM: dict[str, Callable[[Path], object]] = {
    "a forged line": add_forged,
    "rubbish without an end": lambda path: add(path, b"rubbish" * 9999),
    "a gap": lambda path: os.truncate(path, path.stat().st_size + (1 << 34)),
    "emptied": lambda path: os.truncate(path, 0),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "changed": overwrite,
    "removed": lambda path: path.unlink(),
    "renamed": lambda path: path.rename(path.with_name("gone")),
    "another file": lambda path: (path.unlink(), path.write_bytes(b"{}\n")),
    "a folder": replace_by_a_folder,
    "a link": replace_by_a_link,
    "a pipe": replace_by_a_pipe,
    "the folder removed": lambda path: shutil.rmtree(path.parent),
    "the folder a file": replace_the_folder,
    "unreadable": lambda path: (path.chmod(0), add(path, b"x\n")),
}


@pytest.mark.parametrize("harm", HARM)
def test_the_runner_undoes_and_tells_what_was_done_to_its_journal(harm: str, path: Path) -> None:
    with filled(path) as journal:
        recorder = Recorder(journal)
        HARM[harm](path)
        recorder.record(NOTE)
        told = list(recorder.state.notices)
    found = [record.event for record in read_all(path)]
    assert found[: len(EVENTS)] == EVENTS
    alarm, note = found[len(EVENTS) :]
    assert isinstance(alarm, events.Noticed)
    assert (alarm.level, note) == ("alarm", NOTE)
    assert [event for _, event in told] == [alarm, NOTE]
    with Journal(path) as again:  # and the next runner goes on from there
        assert again.append(NOTE).seq == len(EVENTS) + 3


@pytest.mark.parametrize("harm", HARM)
def test_what_was_done_last_is_undone_at_the_end(harm: str, path: Path) -> None:
    with filled(path):
        HARM[harm](path)
    assert [record.event for record in read_all(path)][: len(EVENTS)] == EVENTS


def test_what_is_taken_out_is_kept_beside_it(path: Path) -> None:
    with filled(path) as journal:
        line = forged(path)
        add_forged(path)
        journal.append(NOTE)
    assert path.with_name("journal.jsonl.foreign-1").read_bytes() == line


def test_a_touched_file_is_no_alarm(path: Path) -> None:
    with filled(path) as journal:
        path.chmod(0o640)
        os.utime(path)
        assert journal.append(NOTE).seq == len(EVENTS) + 1


def test_readers_pass_over_a_forged_line_and_the_next_runner_takes_it_out(path: Path) -> None:
    filled(path).close()
    add_forged(path)
    assert [record.event for record in read_all(path)] == EVENTS
    with Journal(path) as journal:
        assert [record.event for record in journal.recovered] == EVENTS
        assert "no runner wrote" in Recorder(journal).state.notices[-1][1].text
    assert b"forged" not in path.read_bytes()


def test_a_forged_line_between_the_runs_own_costs_none_of_them(path: Path) -> None:
    filled(path).close()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:5], forged(path), b"rubbish\n", *lines[5:]]))
    reader = JournalReader(path)
    assert [record.event for record in reader.read()] == EVENTS
    found = salvage(path)
    assert (found.whole, found.problem, len(found.records)) == (False, "", len(EVENTS))
    Journal(path).close()
    assert [record.event for record in read_all(path)][:-1] == EVENTS
    assert path.read_bytes().startswith(b"".join(lines))


def test_a_line_of_the_runs_own_that_is_hurt_is_damage_and_not_foreign(path: Path) -> None:
    filled(path).close()
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for number in (0, 3, len(lines) - 2, len(lines) - 1):
        for at in (10, -60, -30, -10):  # in the event, in the mac, in the checksum
            hurt = bytearray(lines[number])
            hurt[at] ^= 1
            path.write_bytes(b"".join([*lines[:number], bytes(hurt), *lines[number + 1 :]]))
            with pytest.raises(JournalError, match=rf":{number + 1}: .*damaged"):
                list(read_all(path))
    for number in (0, 3, len(lines) - 2):
        path.write_bytes(b"".join([*lines[:number], *lines[number + 1 :]]))
        with pytest.raises(JournalError, match=rf":{number + 1}: .*missing"):
            list(read_all(path))


def test_a_journal_of_an_earlier_version_is_gone_on_with(path: Path) -> None:
    path.parent.mkdir()
    old = [encode(record) for record in recorded(whole_run(["keep"]))]
    path.write_bytes(b"".join(old))
    with Journal(path) as journal:
        journal.append(NOTE)
    add_forged(path)
    assert len(list(read_all(path))) == len(old) + 1
    key_path(path).unlink()  # as in an archive: the lines are whole all the same
    assert len(list(read_all(path))) == len(old) + 2


def test_a_lost_key_is_told_and_ends_nothing(path: Path) -> None:
    filled(path).close()
    key_path(path).unlink()
    with Journal(path) as journal:
        assert "journal.key was gone" in Recorder(journal).state.notices[-1][1].text
        journal.append(NOTE)
    add_forged(path)
    assert len(list(read_all(path))) == len(EVENTS) + 2


def test_of_two_runners_one_ends_and_no_line_is_lost(path: Path) -> None:
    """Where locks are not seen: on some network file systems, or the lock was removed."""
    first = filled(path)
    second = Journal(path)
    second.append(NOTE)
    with pytest.raises(TakenOver, match="another runner writes this run too"):
        first.append(NOTE)
    second.append(NOTE)
    first.close()
    second.close()
    assert [record.event for record in read_all(path)] == [*EVENTS, NOTE, NOTE]


def test_a_runner_that_opened_the_journal_just_before_another_wrote_ends(path: Path) -> None:
    with filled(path) as first:
        second = Journal(path)
        first.append(NOTE)
        with pytest.raises(TakenOver):
            second.append(NOTE)
        first.append(NOTE)
        second.close()
    assert [record.event for record in read_all(path)] == [*EVENTS, NOTE, NOTE]


def test_who_has_read_the_key_and_forges_a_line_does_not_end_the_runner(path: Path) -> None:
    with locked(RunDirectory(path.parent)), filled(path) as journal:
        seal = journal._seal
        last = next(reversed(list(read_all(path))))
        line = encode(events.Record(last.seq + 1, 1.0, 1.0, NOTE), seal, journal._mac)
        add(path, line)
        journal.append(NOTE)
    assert [record.event for record in read_all(path)][-1] == NOTE
    assert len(list(read_all(path))) == len(EVENTS) + 2


def test_lines_that_are_written_faster_than_the_runner_looks_are_not_the_truth(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def overtaken(fd: int, data: bytes) -> int:
        monkeypatch.setattr(os, "write", write)
        add_forged(path)
        return write(fd, data)

    with filled(path) as journal:
        monkeypatch.setattr(os, "write", overtaken)
        journal.append(NOTE)
        journal.append(NOTE)
    told = [record.event for record in read_all(path)][len(EVENTS) :]
    assert told[0] == told[2] == NOTE
    assert "is put right" in told[1].text


def test_a_line_is_little_longer_for_its_seal(path: Path) -> None:
    with filled(path):
        size = path.stat().st_size
    assert size - len(b"".join(map(encode, read_all(path)))) <= 30 * len(EVENTS)


def test_a_long_run_is_put_back_whole(path: Path) -> None:
    long = events.Noticed("info", "long " * 20_000)
    with filled(path) as journal:
        for _ in range(30):
            journal.append(long)
        path.unlink()
        journal.append(NOTE)
    assert [record.event for record in read_all(path)][len(EVENTS) : -2] == [long] * 30
