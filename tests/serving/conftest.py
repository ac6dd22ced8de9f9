"""A repository with a recorded run that has ended, to serve."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.gitrepos import git

from autoexp_tui.samples import recording


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    git(tmp_path, "init", "--quiet")
    shutil.copytree(recording().path, tmp_path / ".git" / "autoexp" / "demo")
    monkeypatch.chdir(tmp_path)
    return tmp_path
