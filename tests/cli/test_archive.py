"""A run goes into one file and comes out the same; a file that means harm comes to nothing."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gitrepos import git

from autoexp_tui.cli import run_command
from autoexp_tui.loop.journal import JournalError
from autoexp_tui.model.problem import UsageProblem
from autoexp_tui.model.rundir import RunDirectory
from autoexp_tui.samples import recording
from autoexp_tui.sources import archive
from autoexp_tui.sources.archive import is_archive, pack, unpacked
from autoexp_tui.sources.journals import JournalSource, read_state

JOURNAL = recording().journal.read_bytes()


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """The recorded run, where a repository of one's own would have it."""
    path = tmp_path / "project"
    path.mkdir()
    git(path, "init", "--quiet")
    shutil.copytree(recording().path, path / ".git" / "autoexp" / "demo")
    return RunDirectory(path / ".git" / "autoexp" / "demo")


def files(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries:
            made.writestr(name, data)
    return path


def refused(path: Path) -> str:
    with pytest.raises(UsageProblem) as problem, unpacked(path):
        pass
    return str(problem.value)


def test_what_goes_in_comes_out(run: RunDirectory, tmp_path: Path) -> None:
    pack(run, tmp_path / "run.zip")
    before = files(run.path)
    with unpacked(tmp_path / "run.zip") as again:
        found = files(again.path)
        assert again.tag == "demo"
        assert read_state(again) == read_state(run)
        assert not JournalSource(again).alive()
    table = found.pop("results.tsv").decode().splitlines()
    assert table[0] == "commit\tval_loss\tstatus\tdescription"
    assert len(table) == 26
    assert found == before
    assert not again.path.exists()


def test_the_same_run_makes_the_same_bytes(run: RunDirectory, tmp_path: Path) -> None:
    pack(run, tmp_path / "one.zip")
    pack(run, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_run_that_goes_on_is_packed_as_far_as_it_has_come(
    run: RunDirectory, tmp_path: Path
) -> None:
    run.journal.write_bytes(JOURNAL[: len(JOURNAL) // 2])
    pack(run, tmp_path / "run.zip")
    rows = len(read_state(run).rows)
    assert 0 < rows < 25
    with unpacked(tmp_path / "run.zip") as again:
        assert len(read_state(again).rows) == rows
        assert not again.experiment(rows + 1).exists()


def test_a_link_in_a_run_takes_no_file_along(run: RunDirectory, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("token")
    run.output(2).unlink()
    run.output(2).symlink_to(secret)
    (run.experiment(2) / "copied.txt").write_text("a person's own")
    pack(run, tmp_path / "run.zip")
    names = zipfile.ZipFile(tmp_path / "run.zip").namelist()
    assert "demo/experiments/0002/output.log" not in names
    assert "demo/experiments/0002/copied.txt" not in names
    assert "demo/experiments/0003/output.log" in names


def test_a_damaged_journal_leaves_no_archive(run: RunDirectory, tmp_path: Path) -> None:
    run.journal.write_bytes(JOURNAL.replace(b"HIDDEN", b"HIDDEM", 1))
    with pytest.raises(JournalError):
        pack(run, tmp_path / "run.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["project"]


def test_a_run_at_the_root_of_an_archive_is_found_too(tmp_path: Path) -> None:
    path = zipped(tmp_path / "run.zip", ("journal.jsonl", JOURNAL), ("README", b"by hand"))
    with unpacked(path) as again:
        assert len(read_state(again).rows) == 25
        assert set(files(again.path)) == {"journal.jsonl"}


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "demo/../../outside",
        "demo/experiments/0001/../../../../outside",
        "/outside",
        "demo/..\\..\\outside",
        "C:outside",
        "demo/experiments/0001/target/../../../../outside",
    ],
)
def test_a_path_that_leads_out_is_refused(name: str, tmp_path: Path) -> None:
    path = zipped(tmp_path / "run.zip", ("demo/journal.jsonl", JOURNAL), (name, b"harm"))
    assert "outside" in refused(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.zip"]


def test_a_tag_is_no_path(tmp_path: Path) -> None:
    path = zipped(tmp_path / "run.zip", ("..x/-y/journal.jsonl", JOURNAL))
    with unpacked(path) as again:
        assert again.tag == "run"


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("demo/experiments/0001/target")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = zipped(tmp_path / "run.zip", ("demo/journal.jsonl", JOURNAL), (link, b"/etc/passwd"))
    assert "no plain file" in refused(path)


def test_a_file_twice_is_refused(tmp_path: Path) -> None:
    name = "demo/experiments/0001/target"
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(tmp_path / "r.zip", ("demo/journal.jsonl", JOURNAL), (name, b""), (name, b""))
    assert "doubled" in refused(path)


def test_a_bomb_is_stopped_as_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 4 << 20)
    bomb = ("demo/experiments/0001/output.log", b"\0" * (8 << 20))
    path = zipped(tmp_path / "run.zip", ("demo/journal.jsonl", JOURNAL), bomb)
    assert path.stat().st_size < 100_000
    assert "more than 4 MiB" in refused(path)


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    many = [(f"demo/{n}", b"") for n in range(4)]
    assert "files" in refused(zipped(tmp_path / "run.zip", *many))


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    assert "no run is in it" in refused(zipped(tmp_path / "a.zip", ("a.txt", b"")))
    two = [("a/journal.jsonl", JOURNAL), ("b/journal.jsonl", JOURNAL)]
    assert "2 journals" in refused(zipped(tmp_path / "b.zip", *two))
    (tmp_path / "c.zip").write_bytes(b"PK\5\6")
    assert not is_archive(tmp_path / "c.zip")
    assert "damaged" in refused(tmp_path / "c.zip")
    assert not is_archive(tmp_path / "nowhere.zip")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("packed") / "run.zip"
    lines = b"".join(JOURNAL.splitlines(keepends=True)[:20])
    zipped(path, ("demo/journal.jsonl", lines), ("demo/experiments/0001/target", b"X = 1\n"))
    return path.read_bytes()


@settings(max_examples=80)
@given(data=st.data())
def test_a_damaged_archive_is_refused_or_read(
    data: st.DataObject, packed: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    damaged = bytearray(packed)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(packed) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "run.zip"
    path.write_bytes(bytes(damaged))
    try:
        with unpacked(path) as again:
            assert set(files(again.path)) <= {"journal.jsonl", "experiments/0001/target"}
    except UsageProblem as problem:
        assert "\n" not in str(problem)  # noqa: PT017 - either outcome is fine
    assert [p.name for p in folder.iterdir()] == ["run.zip"]


# ---- the command ---------------------------------------------------------------------------------


def test_export_writes_a_file_that_report_reads(
    run: RunDirectory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(run.path.parents[2])
    assert run_command(["export", "demo", str(tmp_path / "run.zip")]) == 0
    assert "autoexp replay" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    assert run_command(["report", "run.zip", "--md"]) == 0
    assert "# digits · demo" in capsys.readouterr().out


def test_export_overwrites_only_archives(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(run.path.parents[2])
    Path("notes.zip").write_text(json.dumps("mine"))
    assert run_command(["export", "notes.zip"]) == 2
    assert json.loads(Path("notes.zip").read_text()) == "mine"
    assert run_command(["export", "run.zip"]) == 0
    assert run_command(["export", "run.zip"]) == 0
    assert run_command(["export", "run.tar"]) == 2
    assert run_command(["export", "nowhere", "run.zip"]) == 2
    assert run_command(["export", "missing/run.zip"]) == 2
    assert "can't be written" in capsys.readouterr().err
