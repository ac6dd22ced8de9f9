"""Packs of ours: protected, then few, whatever a gc of the user's does meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from support.gitrepos import git

from autoexp_tui.repository import packs
from autoexp_tui.repository.repository import Repository, RepositoryError

TAG = "may5"


@pytest.fixture(autouse=True)
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "FEW", 3)


def count(root: Path) -> int:
    return len(list((root / ".git" / "objects" / "pack").glob("*.pack")))


def record_many(repository: Repository, first: int, last: int, parent: str) -> list[str]:
    made = []
    for n in range(first, last + 1):
        text = b"a line that stays\n" * 50 + f"candidate {n}\n".encode()
        parent = repository.record(TAG, n, parent, {"target.txt": text}, f"experiment {n}")
        made.append(parent)
    return made


def assert_all_there(root: Path, repository: Repository, made: list[str]) -> None:
    assert repository.refs(TAG) == dict(enumerate(made, start=1))
    for n, commit in enumerate(made, start=1):
        assert repository.read(commit, "target.txt").endswith(f"candidate {n}\n".encode())
    git(root, "fsck", "--strict", "--no-dangling")


def test_many_commits_are_in_few_packs(root: Path, repository: Repository) -> None:
    before = count(root)
    made = record_many(repository, 1, 26, repository.head())
    assert count(root) - before <= 2 + 2 + 2
    assert_all_there(root, repository, made)
    assert not list((root / ".git" / "objects" / "pack").glob("*.keep"))


def test_a_gc_meanwhile_is_no_trouble(root: Path, repository: Repository) -> None:
    made = record_many(repository, 1, 8, repository.head())
    git(root, "gc", "-q", "--prune=now")
    made += record_many(repository, 9, 20, made[-1])
    assert_all_there(root, repository, made)


def test_gcs_all_the_while_are_no_trouble(root: Path, repository: Repository) -> None:
    ended = threading.Event()
    done = []

    def tidy() -> None:
        while not ended.is_set():
            done.append(git(root, "gc", "-q", "--prune=now", check=False))

    other = threading.Thread(target=tidy)
    other.start()
    try:
        made = record_many(repository, 1, 40, repository.head())
    finally:
        ended.set()
        other.join()
    assert done
    assert_all_there(root, repository, made)


def test_a_git_that_cannot_leaves_them_as_they_are(
    root: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = repository._git.ask

    def older(*arguments: str, **options: Any) -> tuple[int, bytes, str]:
        if "--stdin-packs" in arguments:
            return 129, b"", "error: unknown option `stdin-packs'"
        return ask(*arguments, **options)

    monkeypatch.setattr(repository._git, "ask", older)
    before = count(root)
    made = record_many(repository, 1, 10, repository.head())
    assert count(root) - before == 10
    assert_all_there(root, repository, made)


def test_a_git_that_does_not_start_for_it_fails_no_commit(
    root: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = repository._git.ask

    def refused(*arguments: str, **options: Any) -> tuple[int, bytes, str]:
        if "--stdin-packs" in arguments:
            raise RepositoryError("git could not be started")
        return ask(*arguments, **options)

    monkeypatch.setattr(repository._git, "ask", refused)
    assert_all_there(root, repository, record_many(repository, 1, 5, repository.head()))


def test_what_the_user_has_indexed_or_marked_is_left_alone(
    root: Path, repository: Repository
) -> None:
    folder = root / ".git" / "objects" / "pack"
    made = record_many(repository, 1, 2, repository.head())
    for pack in folder.glob("*.pack"):
        pack.with_suffix(".keep").write_text("precious\n")
    before = {*folder.glob("*.pack")}
    made += record_many(repository, 3, 5, made[-1])
    assert before <= {*folder.glob("*.pack")}
    git(root, "multi-pack-index", "write")
    before = {*folder.glob("*.pack")}
    made += record_many(repository, 6, 12, made[-1])
    assert before <= {*folder.glob("*.pack")}
    git(root, "multi-pack-index", "verify")
    assert_all_there(root, repository, made)
