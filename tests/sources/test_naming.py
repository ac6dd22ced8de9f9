"""What is named: files, folders, standard input, and names that are nearly right."""

from __future__ import annotations

import gzip
import io
import os
import threading
from pathlib import Path

import pytest

from autoexp_tui.cli import run_command
from autoexp_tui.sources import naming

TABLE = "commit\tval_loss\tstatus\tdescription\naaa\t2.5\tkeep\tfirst\nbbb\t2.125\tkeep\tsecond\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class _Stdin:
    """Standard input with something in it."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)

    def isatty(self) -> bool:
        return False


@pytest.mark.parametrize(
    "data", [TABLE.encode(), gzip.compress(TABLE.encode(), mtime=0)], ids=["plain", "gzip"]
)
@pytest.mark.parametrize("command", [["summary"], ["report", "--md"], ["compare"]])
def test_a_table_comes_from_standard_input(
    data: bytes,
    command: list[str],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", _Stdin(data))
    assert run_command([*command, "-"]) == 0
    shown = capsys.readouterr().out
    assert "2.125" in shown
    assert "scratch" not in shown


@pytest.mark.parametrize(
    ("data", "said"), [(b"", "nothing came"), (b"x" * 3000, "more than 0 MiB")]
)
def test_too_little_and_too_much_from_standard_input_are_said(
    data: bytes,
    said: str,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(naming, "MOST_BYTES", 2000)
    monkeypatch.setattr("sys.stdin", _Stdin(data))
    assert run_command(["summary", "-"]) == 2
    assert said in capsys.readouterr().err


def test_a_pipe_of_the_shells_is_read_as_a_file(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo("pipe")
    writer = threading.Thread(target=lambda: Path("pipe").write_text(TABLE))
    writer.start()
    assert run_command(["summary", "pipe"]) == 0
    writer.join()
    assert "best       2.125" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["summary", "report", "compare", "serve"])
def test_a_folder_offers_the_tables_in_it(
    command: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in {
        "runs/night/results.tsv": TABLE,
        "runs/night/package.json": '{"name": "x", "version": "1.0"}',
        "runs/notes.md": "# Notes\n\nnothing measured\n",
        "runs/.cache/old.tsv": TABLE,
        "runs/picture.csv": "\x89PNG\x00\x00\x00\x00",
    }.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    Path("runs/empty").mkdir()
    assert run_command([command, "runs"]) == 2
    told = capsys.readouterr().err
    assert "this is a folder with tables in it" in told
    assert "runs/night/results.tsv  (commit, metric, status, description, 2 rows, val_loss)" in told
    assert "`autoexp replay runs/night/results.tsv`" in told
    assert len(told.splitlines()) == 3, told
    assert run_command([command, "runs/empty"]) == 2
    assert "no table was found in it" in capsys.readouterr().err


def test_files_are_offered_by_their_size_where_a_look_takes_too_long(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("runs").mkdir()
    for at in range(5):
        Path(f"runs/{at}.tsv").write_text(TABLE)
    monkeypatch.setattr(naming, "_LOOK_S", -1.0)
    monkeypatch.setattr(naming, "_SHOWN", 3)
    assert run_command(["summary", "runs"]) == 2
    told = capsys.readouterr().err
    assert told.count("(1 KiB)") == 3


def test_a_mistyped_name_is_told_with_those_near_it(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("night").mkdir()
    Path("night/results.tsv").write_text(TABLE)
    assert run_command(["summary", "night/reslts.tsv"]) == 2
    told = capsys.readouterr().err
    assert "night/reslts.tsv: there is no such file" in told
    assert "near it: night/results.tsv" in told
    assert run_command(["report", "nigth"]) == 2
    assert "near it: night" in capsys.readouterr().err
    assert run_command(["summary", "elsewhere/x.tsv"]) == 2
    told = capsys.readouterr().err
    assert "no such file" in told
    assert "near" not in told


def test_a_mistyped_run_is_told_with_those_near_it(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(naming, "_tags", lambda: ["nov25", "march"])
    assert run_command(["summary", "nov52"]) == 2
    assert "near it: the run nov25" in capsys.readouterr().err


def test_a_folder_with_the_name_of_a_run_is_the_run(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("nov25").mkdir()
    monkeypatch.setattr(naming, "_tags", lambda: ["nov25"])
    assert naming.named("nov25") == "nov25"
