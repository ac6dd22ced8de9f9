"""The tables follow the journal, whoever deleted, edited or tore them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.durability import Forced
from support.realistic_run import experiment, folded, opening, recorded, request

from autoexp_tui.loop import results
from autoexp_tui.loop.projections import Projections
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.model.state import RunState

NAMES = ["run/results.tsv", "run/budget.log", "project/results.tsv", "project/budget.log"]


def state_with(rows: int) -> RunState:
    run = opening()
    for n in range(1, rows + 1):
        run += request(n, 0.25) + experiment(n, "keep" if n % 2 else "crash", cost=0.25)
    return folded(recorded(run))


def expected(state: RunState) -> dict[str, str]:
    table = results.table(state.rows, state.contract.metrics)
    log = results.BUDGET_HEADER + results.budget_lines(state.settled)
    return dict(zip(NAMES, [table, log, table, log], strict=True))


class Run:
    """A run directory and a project's folder, with a state that grows."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "run").mkdir()
        (root / "project").mkdir()
        self.state = state_with(2)
        self.projections = self.restarted()

    def restarted(self) -> Projections:
        """As a new runner would have them."""
        self.projections = Projections(
            RunDirectory(self.root / "run"), self.root / "project" / "results.tsv", self.state
        )
        return self.projections

    def grow(self) -> None:
        grown = state_with(len(self.state.rows) + 1)
        self.state.rows[:], self.state.settled[:] = grown.rows, grown.settled

    def files(self) -> dict[str, str]:
        return {name: (self.root / name).read_text() for name in NAMES}

    def aside(self) -> dict[str, str]:
        folder = self.root / "run" / "set-aside"
        found = (path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_text() for path in found}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path)
    assert run.projections.update() == []
    return run


def test_all_tables_are_written_at_first(run: Run) -> None:
    assert run.files() == expected(run.state)
    assert run.aside() == {}


def test_a_new_row_is_appended_to_the_same_file(run: Run) -> None:
    before = [(run.root / name).stat().st_ino for name in NAMES]
    run.grow()
    assert run.projections.update() == []
    assert run.files() == expected(run.state)
    assert [(run.root / name).stat().st_ino for name in NAMES] == before


def test_tables_that_began_empty_have_one_header(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.state.rows.clear()
    run.state.settled.clear()
    for _ in range(3):
        assert run.projections.update() == []
        assert run.files() == expected(run.state)
        run.grow()


def _written(path: Path) -> tuple[int, int, int]:
    """Not when it was read: a comparison with what is there reads it."""
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def test_nothing_is_written_when_nothing_is_new(run: Run) -> None:
    before = [_written(run.root / name) for name in NAMES]
    assert run.projections.update() == []
    assert run.restarted().update() == []
    assert [_written(run.root / name) for name in NAMES] == before


def forced_by(run: Run, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[int]:
    """How often each table was forced to the disk."""
    with monkeypatch.context() as patched:
        forced = Forced(patched)
        act()
        return [forced.times(run.root / name) for name in NAMES]


def test_rows_are_forced_to_the_disk_once_a_second(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.grow()
    assert forced_by(run, monkeypatch, run.projections.update) == [1, 1, 1, 1]
    now = time.monotonic()
    for later, times in ((0.5, 0), (0.9, 0), (2.0, 1)):
        monkeypatch.setattr(time, "monotonic", lambda later=later: now + later)
        run.grow()
        assert forced_by(run, monkeypatch, run.projections.update) == [times] * 4


def test_no_row_waits_for_the_disk_at_the_end(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(2):
        run.grow()
        run.projections.update()
    assert forced_by(run, monkeypatch, run.projections.force) == [1, 1, 1, 1]
    assert forced_by(run, monkeypatch, run.projections.force) == [0, 0, 0, 0]


def test_a_table_that_was_put_back_with_its_old_time_is_seen(run: Run) -> None:
    path = run.root / NAMES[2]
    found = path.stat()
    other = path.with_name("copy")
    other.write_text("x" * (found.st_size - 1) + "\n")
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(path)
    run.grow()
    run.projections.update()
    assert run.files() == expected(run.state)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("restart", [False, True])
def test_a_deleted_table_is_rebuilt(run: Run, name: str, restart: bool) -> None:
    (run.root / name).unlink()
    run.grow()
    projections = run.restarted() if restart else run.projections
    assert projections.update() == []
    assert run.files() == expected(run.state)
    assert run.aside() == {}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("restart", [False, True])
def test_an_edited_table_is_rebuilt_and_the_edit_set_aside(
    run: Run, name: str, restart: bool
) -> None:
    path = run.root / name
    edited = path.read_text().replace("\t", " ") + "my note\n"
    path.write_text(edited)
    run.grow()
    projections = run.restarted() if restart else run.projections
    (note,) = projections.update()
    assert note.startswith(f"{path.name} had been edited: yours is in ")
    assert run.files() == expected(run.state)
    folder = "project/" if name.startswith("project") else ""
    assert run.aside() == {f"{folder}1-{path.name}": edited}


def test_every_edit_is_set_aside_not_only_the_last(run: Run) -> None:
    path = run.root / NAMES[0]
    for words in ("first\n", "second\n"):
        path.write_text(words)
        run.projections.update()
    assert sorted(run.aside().values()) == ["first\n", "second\n"]


def test_a_row_that_does_not_fit_is_told_and_written_later(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    run.projections.update()
    run.grow()
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda fd, data: write(fd, data[:3]))
        assert len(run.projections.update()) == len(NAMES)
    run.grow()
    assert run.projections.update() == []
    assert run.files() == expected(run.state)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_torn_by_a_crash_is_rebuilt_at_every_length(run: Run, name: str) -> None:
    path = run.root / name
    whole = path.read_bytes()
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        assert run.restarted().update() == []
        assert path.read_bytes() == whole
    assert run.aside() == {}


def test_a_crash_between_the_journal_and_the_tables_is_made_good(run: Run) -> None:
    run.grow()
    run.grow()
    assert run.restarted().update() == []
    assert run.files() == expected(run.state)


def test_an_unwritable_folder_is_told_of_and_made_good_later(run: Run) -> None:
    moved = run.root / "elsewhere"
    (run.root / "project").rename(moved)
    run.grow()
    notes = run.projections.update()
    assert len(notes) == 2
    assert all("can't be written now: No such file" in note for note in notes)
    moved.rename(run.root / "project")
    run.grow()
    assert run.projections.update() == []
    assert run.files() == expected(run.state)


def test_a_failed_append_is_made_good_by_the_next_one(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def fail_halfway(fd: int, data: bytes) -> int:
        write(fd, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    run.grow()
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fail_halfway)
        assert len(run.projections.update()) == 4
    assert run.projections.update() == []
    assert run.files() == expected(run.state)
    assert run.aside() == {}


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    mine = path.with_name("mine")
    mine.write_text("a person's own\n")
    path.unlink()
    path.symlink_to(mine)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "x").touch()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("harm", [pipe, link, folder, lambda path: path.chmod(0)])
def test_whatever_stands_in_a_tables_place_is_set_aside(
    harm: Callable[[Path], None], name: str, tmp_path: Path
) -> None:
    run = Run(tmp_path)
    run.projections.update()
    harm(run.root / name)
    run.grow()
    run.projections.update()
    assert run.files() == expected(run.state)
    own = (run.root / name).with_name("mine")
    assert not own.exists() or own.read_text() == "a person's own\n"


def test_a_file_in_the_place_of_what_is_set_aside_is_set_aside(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.projections.update()
    (run.root / "run" / "set-aside").write_text("in the way")
    (run.root / NAMES[0]).write_text("mine\n")
    run.projections.update()
    assert run.aside() == {"1-results.tsv": "mine\n"}


def test_the_books_of_an_earlier_version_are_taken_for_what_they_are(tmp_path: Path) -> None:
    run = Run(tmp_path)
    former = results.former_budget(run.state.settled)
    assert former.splitlines()[0].endswith("outcome")
    for name in ("run/budget.log", "project/budget.log"):
        (tmp_path / name).write_text(former)
    assert run.restarted().update() == []
    assert run.files() == expected(run.state)
    assert run.aside() == {}


def test_what_is_settled_is_written_before_there_is_a_row(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.projections.update()
    run.state.settled[:] = state_with(3).settled
    before = run.files()["run/results.tsv"]
    assert run.projections.update_costs() == []
    files = run.files()
    assert files["project/budget.log"] == expected(run.state)["project/budget.log"]
    assert files["run/results.tsv"] == before
