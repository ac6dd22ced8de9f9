"""A full disk: the run stands still, says why, goes on by itself, and loses nothing."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.fakes import Rig
from support.waiting import until

from autoexp_tui.loop.commands import handle_command
from autoexp_tui.loop.control import Command, Controls
from autoexp_tui.loop.journal import DiskFull, Journal, read_all
from autoexp_tui.loop.patience import Reserve
from autoexp_tui.loop.recorder import Recorder
from autoexp_tui.model import events
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.rundir import RunDirectory

NOTE = events.Noticed("info", "after")


class Disk:
    """As full as it is told to be, for every write of this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        self.full = False
        self.refused = threading.Event()
        write, urandom = os.write, os.urandom

        def refuse() -> None:
            if self.full:
                self.refused.set()
                raise OSError(number, os.strerror(number))

        def watched(fd: int, data: bytes) -> int:
            refuse()
            return write(fd, data)

        def filled(size: int) -> bytes:
            if size > 1000:  # what the reserve is filled with
                refuse()
            return urandom(size)

        monkeypatch.setattr(os, "write", watched)
        monkeypatch.setattr(os, "urandom", filled)


@contextmanager
def patient(run: RunDirectory) -> Iterator[tuple[Recorder, Controls]]:
    with Journal(run.journal) as journal:
        yield Recorder(journal), Controls()


def in_a_thread(act: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_an_event_waits_for_room_and_the_pause_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    run, disk = RunDirectory(tmp_path / "t"), Disk(monkeypatch, number)
    with patient(run) as (recorder, controls):

        def work() -> None:
            recorder.be_patient(Reserve(run), controls)
            disk.full = True
            recorder.record(NOTE)

        thread = in_a_thread(work)
        assert disk.refused.wait(60)
        disk.full = False
        thread.join(60)
    told = [record.event for record in read_all(run.journal)]
    assert [type(event).__name__ for event in told] == ["Paused", "Resumed", "Noticed"]
    assert os.strerror(number) in str(told[0])


def test_a_stop_is_heard_while_the_disk_is_full_and_others_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, disk = RunDirectory(tmp_path / "t"), Disk(monkeypatch, errno.ENOSPC)
    ended: list[Exception] = []
    with patient(run) as (recorder, controls):

        def work() -> None:
            recorder.be_patient(Reserve(run), controls)
            disk.full = True
            try:
                with recorder.transaction():
                    recorder.record(NOTE)
            except DiskFull as full:
                ended.append(full)

        thread = in_a_thread(work)
        assert disk.refused.wait(60)
        reply = handle_command(Command("hint", "ann", "less"), recorder, controls)
        assert not reply.ok
        assert "until there is room" in reply.text
        assert handle_command(Command("stop", "ann"), recorder, controls).ok
        thread.join(60)
        disk.full = False
    assert len(ended) == 1
    assert list(read_all(run.journal)) == []


def full_once(rig: Rig, name: str, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next call of that method finds the disk full, the second one does not."""
    method = getattr(rig.lab, name)
    came: list[bool] = []

    def once(*arguments: object, **more: object) -> object:
        if len(rig.state.rows) == 1 and not came:
            came.append(True)
            raise error
        return method(*arguments, **more)

    monkeypatch.setattr(rig.lab, name, once)


FULL = OSError(errno.ENOSPC, "No space left on device")
GIT = Problem("git index-pack in /p: fatal: write error: No space left on device")


@pytest.mark.parametrize("error", [FULL, GIT], ids=["ours", "of git"])
@pytest.mark.parametrize("name", ["commit", "submit", "evaluate", "advance", "text_of"])
def test_a_full_disk_in_any_step_pauses_and_the_experiment_is_gone_on_with(
    name: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, ["9", "8"])
    full_once(rig, name, error, monkeypatch)
    rig.run()
    assert [row.status for row in rig.state.rows] == ["keep"] * 3
    assert [row[1] for row in rig.table()] == ["10.0", "9.0", "8.0"]
    told = [record.event for record in read_all(rig.directory.journal)]
    pauses = [event.reason for event in told if isinstance(event, events.Paused)]
    assert len(pauses) == 1
    assert "goes on by itself when there is room" in pauses[0]
    assert sum(isinstance(event, events.Resumed) for event in told) == 1
    assert rig.lab.branch == rig.state.rows[-1].commit


def test_it_stands_still_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, ["9"])
    tries = iter([False, False, True])
    full_once(rig, "submit", FULL, monkeypatch)
    rig.has_room = lambda: next(tries)
    rig.run()
    assert next(tries, None) is None
    assert [row.status for row in rig.state.rows] == ["keep", "keep"]


def test_a_stop_ends_a_run_that_waits_for_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, ["9"])
    full_once(rig, "submit", FULL, monkeypatch)
    rig.has_room = lambda: False
    with rig.running():
        rig.until(lambda state: state.paused)
        rig.controls.stop(now=False)
    until(lambda: rig.state.finished, "the end of the run")
    assert len(rig.state.rows) == 1
    rig.has_room = lambda: True
    rig.run()
    assert len(rig.state.rows) == 2


def test_what_a_full_disk_has_no_room_for_costs_a_proposal_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autoexp_tui.loop.proposal_log import ProposalLog, ProposalReader  # noqa: PLC0415

    disk = Disk(monkeypatch, errno.ENOSPC)
    path = RunDirectory(tmp_path / "t").proposal(1)
    with ProposalLog(path) as log:
        log.write("hypothesis", "less")
        disk.full = True
        log.write("hypothesis", " is more")
    assert [piece.text for piece in ProposalReader(path).read()] == ["less"]
