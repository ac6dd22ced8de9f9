from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.gitrepos import make_repo

from autoexp_tui.repository.repository import Repository


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOEXP_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small repository with a project at its root and an executable harness."""
    files = {
        "target.txt": "one\ntwo\n",
        "harness.sh": "#!/bin/sh\necho score: 1\n",
        "lib/deep/helper.txt": "helper\n",
        ".gitignore": "data/\n.env*\n.venv/\n__pycache__/\n*.log\n.pytest_cache/\n",
    }
    return make_repo(tmp_path / "project", files)


@pytest.fixture
def repository(root: Path) -> Iterator[Repository]:
    with Repository.open(root) as opened:
        yield opened
