"""A folder that others can write to: what they leave there hurts no runner and no viewer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fakes import Rig

from autoexp_tui.loop.journal import JournalError, JournalReader
from autoexp_tui.loop.runlock import AlreadyRunning, Lock, holder_of, is_running, locked
from autoexp_tui.model.problem import Problem
from autoexp_tui.model.rundir import RunDirectory, runs_in


def as_folder(path: Path) -> None:
    path.mkdir(parents=True)


def as_pipe(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


def as_link(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    elsewhere = path.parent / f"own-{path.name}"
    elsewhere.write_text("a person's own")
    path.symlink_to(elsewhere)


WAYS: list[Callable[[Path], None]] = [as_folder, as_pipe, as_link]


@pytest.mark.parametrize("put", WAYS)
@pytest.mark.parametrize(
    "name",
    ["lock", "journal.key", "results.tsv", "experiments/0002/target", "experiments/0002/diff.patch",
     "experiments/0002/proposal.jsonl", "reserve"],
)  # fmt: skip
def test_a_run_goes_on_whatever_stands_in_the_place_of_its_files(
    name: str, put: Callable[[Path], None], tmp_path: Path
) -> None:
    rig = Rig(tmp_path, ["9"])
    put(rig.directory.path / name)
    with locked(rig.directory):
        rig.run()
    assert [row.status for row in rig.state.rows] == ["keep", "keep"]
    for own in rig.directory.path.rglob("own-*"):
        assert own.read_text() == "a person's own"


@pytest.mark.parametrize("name", ["experiments", "experiments/0002"])
def test_what_stands_in_the_place_of_a_folder_is_set_aside(name: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, ["9"])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = rig.directory.path / name
    path.parent.mkdir(parents=True)
    path.symlink_to(elsewhere)
    rig.run()
    assert len(rig.state.rows) == 2
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("put", WAYS)
def test_what_only_has_the_name_of_a_journal_is_no_run(
    put: Callable[[Path], None], tmp_path: Path
) -> None:
    put(tmp_path / "autoexp" / "t" / "journal.jsonl")
    assert list(runs_in(tmp_path)) == []
    with pytest.raises(JournalError, match="no journal to read"):
        JournalReader(tmp_path / "autoexp" / "t" / "journal.jsonl").read()


def test_a_lock_that_was_removed_or_rewritten_is_put_back(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "t")
    with locked(run) as lock:
        for harm in (
            run.lock.unlink,
            lambda: run.lock.write_text("1 0 -"),
            lambda: (run.lock.unlink(), run.lock.mkdir()),
        ):
            harm()
            lock.beat()
            assert is_running(run)
            assert holder_of(run.path).is_this
            with pytest.raises(AlreadyRunning):
                Lock(run)


def test_without_locks_of_the_system_a_file_stands_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    run = RunDirectory(tmp_path / "t")
    with locked(run), pytest.raises(AlreadyRunning):
        Lock(run)
    (run.path / "lock.held").write_text("4194300 1 an-earlier-boot")  # what a crash left
    with locked(run):
        assert is_running(run)
    assert not (run.path / "lock.held").exists()


def test_a_lock_that_can_not_be_made_is_told_with_its_path_and_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    run = RunDirectory(tmp_path / "t")
    run.path.mkdir()
    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(Problem, match=r"t/lock: the run can't be locked: Input/output error; make"):
        Lock(run)


def test_a_runner_on_another_machine_is_seen_by_its_signs_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoexp_tui.loop.runlock.is_shared", lambda _: True)
    run = RunDirectory(tmp_path / "t")
    run.path.mkdir()
    run.lock.write_text("77 1 another-boot")
    with pytest.raises(AlreadyRunning, match="on another machine"):
        Lock(run)
    os.utime(run.lock, (1, 1))  # long ago
    Lock(run).release()
