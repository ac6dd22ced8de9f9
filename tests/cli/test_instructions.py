"""`autoexp instructions`: which file it is, and that an editor gets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.projects import CONFIG, TARGET, make_project
from support.told_run import Told, tell_run

from autoexp_tui.cli import run_command


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_project(tmp_path / "project")
    monkeypatch.chdir(path)
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "$EXTRA" >> "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    monkeypatch.setenv("EXTRA", "Mind the\x1b[31m clock.")
    return path


def test_they_are_begun_edited_and_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["instructions"]) == 2
    assert run_command(["instructions", "--edit"]) == 0
    assert "program.md: the next run reads it" in capsys.readouterr().out
    assert run_command(["instructions"]) == 0
    assert capsys.readouterr().out == "Mind the clock.\n"


def test_those_of_a_run_are_the_ones_that_it_reads(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_run(project, "old", [Told(TARGET, 3.0, "keep")])
    assert run_command(["instructions", "old", "--edit"]) == 2
    assert "began without instructions" in capsys.readouterr().err
    (project / "autoexp.yaml").write_text(f"{CONFIG}instructions: how.md\n")
    tell_run(project, "new", [Told(TARGET, 3.0, "keep")])
    assert run_command(["instructions", "--edit"]) == 0
    assert "how.md: the next experiment reads it" in capsys.readouterr().out
    assert "Mind the" in (project / "how.md").read_text()


@pytest.mark.parametrize("editor", ["/no/such/editor", "false", "sh 'un", "  "])
def test_an_editor_that_fails_is_told(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    editor: str,
) -> None:
    monkeypatch.setenv("VISUAL", editor)
    monkeypatch.setenv("PATH", "/bin:/usr/bin" if editor == "false" else "/nowhere")
    assert run_command(["instructions", "--edit"]) == 1
    assert "program.md" in capsys.readouterr().err
