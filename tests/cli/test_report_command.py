"""`autoexp report`: where the page goes, and what it is made from."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from support.gitrepos import git

from autoexp_tui.cli import run_command
from autoexp_tui.samples import recording

TABLE = "commit\tthing\tstatus\tdescription\na1b2c3d\t3.0\tkeep\tbaseline\nb1b2c3d\t5.0\tkeep\tx\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    git(tmp_path, "init", "--quiet")
    shutil.copytree(recording().path, tmp_path / ".git" / "autoexp" / "demo")
    (tmp_path / "t.tsv").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_pipe_gets_the_page(here: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run_command(["report"]) == 0
    assert capsysbinary.readouterr().out.startswith(b"<!doctype html>")
    assert run_command(["report", "demo", "--md"]) == 0
    assert capsysbinary.readouterr().out.startswith(b"# digits")
    assert sorted(path.name for path in here.iterdir()) == [".git", "t.tsv"]


def test_the_name_tells_the_form_unless_an_option_does(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["report", "-o", "a.md"]) == 0
    assert run_command(["report", "-o", "a.html"]) == 0
    assert run_command(["report", "--md", "-o", "a.txt"]) == 0
    assert (here / "a.md").read_text() == (here / "a.txt").read_text()
    assert (here / "a.html").read_text().startswith("<!doctype html>")
    assert "a.html: 25 rows, 7 kept" in capsys.readouterr().out


def test_at_a_terminal_the_page_is_a_file_that_replaces_only_its_like(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    page = here / "autoexp-demo.html"
    assert run_command(["report"]) == 0
    assert run_command(["report"]) == 0
    assert page.read_text().startswith("<!doctype html>")
    page.write_text("a person's own")
    assert run_command(["report"]) == 2
    assert "name a file with -o" in capsys.readouterr().err
    assert page.read_text() == "a person's own"


def test_a_table_is_told_with_what_is_not_known_of_it(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["report", "t.tsv", "--md", "--direction", "higher"]) == 0
    out = capsys.readouterr().out
    assert "thing went up from 3 to 5" in out
    assert "thing, higher is better: as you said" in out
    assert "Another program wrote this table" in out
    assert run_command(["report", "t.tsv", "--md", "--direction", "lower"]) == 0
    assert "Nothing beat the baseline" in capsys.readouterr().out


def test_what_can_not_be_told_is_one_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "empty.tsv").write_text("")
    assert run_command(["report", "empty.tsv"]) == 2
    assert "no experiment was found" in capsys.readouterr().err
    assert run_command(["report", "nowhere"]) == 2
    assert run_command(["report", "-o", "missing/a.html"]) == 2
    assert "can't be written" in capsys.readouterr().err
