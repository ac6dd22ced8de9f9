"""The user's checkout is sacred: whatever a run does, not a byte of theirs is another."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from support.gitrepos import commit_files, git, kept_commits, make_repo, write_files

from autoexp_tui.evaluation.products import Products
from autoexp_tui.evaluation.workspace import Workspace
from autoexp_tui.repository.repository import Repository

TAG = "night"
HOOKS = (
    *("applypatch-msg", "commit-msg", "fsmonitor-watchman", "post-checkout", "post-commit"),
    *("post-index-change", "post-rewrite", "pre-auto-gc", "pre-commit", "pre-push"),
    *("prepare-commit-msg", "reference-transaction", "update"),
)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """Anything hostile that is executed writes here."""
    return tmp_path / "executed"


@pytest.fixture
def dirty(tmp_path: Path, marker: Path) -> Path:
    """A project in a sub-folder of a dirty repository that runs programs at every turn."""
    root = make_repo(
        tmp_path / "project",
        {
            "README": "read me\n",
            "sub/target.txt": "one\n",
            "sub/harness.sh": "#!/bin/sh\necho score: 1\n",
            "sub/.gitignore": "data/\n",
            "staged.txt": "a\n",
            "edited.txt": "a\n",
            "stashed.txt": "a\n",
        },
    )
    write_files(root, {"stashed.txt": "b\n"})
    git(root, "stash", "-q")
    git(root, "branch", "precious")
    write_files(
        root,
        {
            "staged.txt": "b\n",
            "edited.txt": "b\n",
            "untracked.txt": "x\n",
            "sub/untracked.txt": "x\n",
            "sub/data/big": "data\n",
        },
    )
    git(root, "add", "staged.txt")
    program = tmp_path / "hostile.sh"
    write_files(tmp_path, {"hostile.sh": f'#!/bin/sh\necho "$0 $*" >> {marker}\ncat\n'})
    for name in HOOKS:
        (root / ".git" / "hooks" / name).write_bytes(program.read_bytes())
        (root / ".git" / "hooks" / name).chmod(0o755)
    write_files(root, {".git/info/attributes": "* filter=evil diff=evil merge=evil\n"})
    for key in (
        *("core.fsmonitor", "core.sshCommand", "core.editor", "core.pager", "core.askPass"),
        *("core.gitProxy", "diff.external", "diff.evil.command", "diff.evil.textconv"),
        *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "merge.evil.driver"),
        *("gpg.program", "credential.helper", "core.alternateRefsCommand", "sequence.editor"),
    ):
        git(root, "config", key, str(program))
    for key in ("commit.gpgSign", "filter.evil.required", "tag.gpgSign"):
        git(root, "config", key, "true")
    git(root, "config", "gc.auto", "1")
    marker.unlink(missing_ok=True)
    return root


def fingerprint(root: Path) -> dict[str, tuple[str, int]]:
    """Content and time of every file of the user's: the checkout, and what git keeps of it."""
    ours = ("objects/", "refs/autoexp/", "refs/heads/autoexp/", "logs/refs/heads/autoexp/")
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_dir() or name.removeprefix(".git/").startswith(ours):
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found[name] = digest, path.stat().st_mtime_ns
    return found


def work(repository: Repository, rounds: int) -> list[str]:
    """A little run: everything the loop and the commands ask of git; the kept commits."""
    base = repository.head()
    repository.keep_ref(TAG, "base", base)
    repository.uncommitted(["sub/target.txt", "sub/harness.sh", "edited.txt", "sub"])
    workspace = Workspace(
        repository,
        base,
        "sub",
        tag=TAG,
        link=None,
        target="target.txt",
        products=Products("sub"),
    )
    kept, parent = [], base
    for n in range(1, rounds + 1):
        text = f"candidate {n}\n".encode()
        commit = repository.record(TAG, n, parent, {"sub/target.txt": text}, f"try {n}\n")
        workspace.prepare(repository.read(commit, "sub/target.txt"))
        (workspace.project_dir / "left.over").write_text("x")
        (workspace.project_dir / "harness.sh").write_text("cheat")
        assert [change.path for change in workspace.verify()] == ["sub/harness.sh"]
        if n % 2:
            assert repository.advance(TAG, commit) == ""
            kept.append(commit)
            parent = commit
    repository.refs(TAG)
    workspace.remove()
    return kept


def test_the_trap_is_armed(dirty: Path, marker: Path) -> None:
    git(dirty, "status", check=False)
    assert "hostile.sh" in marker.read_text()


def test_a_run_changes_nothing_of_the_users_and_executes_nothing(dirty: Path, marker: Path) -> None:
    before = fingerprint(dirty)
    with Repository.open(dirty / "sub") as repository:
        kept = work(repository, 4)
        assert repository.uncommitted(["staged.txt", "edited.txt", "README"]) == [
            "staged.txt",
            "edited.txt",
        ]
        assert kept_commits(dirty, TAG) == kept
        assert fingerprint(dirty) == before
    assert fingerprint(dirty) == before
    assert not marker.exists()


def test_hiding_the_tables_and_showing_them_changes_nothing_else(dirty: Path) -> None:
    before = fingerprint(dirty)
    with Repository.open(dirty) as repository:
        repository.exclude(["/sub/results.tsv"])
        changed = {name for name, found in fingerprint(dirty).items() if before[name] != found}
        repository.unexclude(["/sub/results.tsv"])
    assert changed == {".git/info/exclude"}
    assert {name: digest for name, (digest, _) in fingerprint(dirty).items()} == {
        name: digest for name, (digest, _) in before.items()
    }


def test_the_user_may_commit_switch_and_collect_garbage_meanwhile(tmp_path: Path) -> None:
    files = {"sub/target.txt": "one\n", "sub/harness.sh": "#!/bin/sh\n", "mine.txt": "0\n"}
    root = make_repo(
        tmp_path / "project", {**files, "edited.txt": "0\n", "sub/.gitignore": "data/"}
    )
    git(root, "branch", "feature")
    started, done = threading.Event(), threading.Event()
    failures: list[BaseException] = []
    commands = 0

    def user() -> None:
        nonlocal commands
        try:
            while not done.is_set() or commands < 8:
                commit_files(root, {"mine.txt": f"{commands}\n"}, "mine")
                git(root, "gc", "-q", "--prune=now")
                git(root, "switch", "-q", "feature" if commands % 2 else "main")
                git(root, "prune", "--expire=now")
                commands += 4
                started.set()
        except BaseException as error:  # noqa: BLE001 - the test's own thread tells of it
            failures.append(error)
            started.set()

    thread = threading.Thread(target=user)
    thread.start()
    started.wait(60)
    try:
        with Repository.open(root) as repository:
            kept = work(repository, 12)
    finally:
        done.set()
        thread.join()
    assert failures == []
    with Repository.open(root) as repository:
        assert kept_commits(root, TAG) == kept
        recorded = repository.refs(TAG)
        texts = {n: repository.read(commit, "sub/target.txt") for n, commit in recorded.items()}
        assert texts == {n: f"candidate {n}\n".encode() for n in range(1, 13)}
    assert git(root, "fsck", "--no-dangling", "--connectivity-only") == ""
    assert git(root, "status", "--porcelain") == ""
