from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import psutil
import pytest
from support.gitrepos import commit_files, git, kept_commits, make_repo

from autoexp_tui.repository.repository import Repository, RepositoryError

TAG = "mar8-target"
BRANCH = f"autoexp/{TAG}"


def record(repository: Repository, n: int, parent: str, text: str = "") -> str:
    content = (text or f"candidate {n}\n").encode()
    return repository.record(TAG, n, parent, {"target.txt": content}, f"try {n}\n")


# Commits.


def test_a_commit_changes_its_files_and_nothing_else(repository: Repository) -> None:
    head = repository.head()
    changed = {"harness.sh": b"#!/bin/sh\nexit\n", "lib/deep/helper.txt": b"", "a/b/new": b"\0\xff"}
    commit = repository.commit(head, changed, "subject\n\nbody\n")
    before = {entry.path: entry for entry in repository.files(head)}
    after = {entry.path: entry for entry in repository.files(commit)}
    assert {path for path in after if after[path] != before.get(path)} == changed.keys()
    assert {path: repository.read(commit, path) for path in changed} == changed
    assert after["harness.sh"].mode == "100755"
    assert git(repository.root, "log", "-1", "--format=%P %B", commit) == f"{head} subject\n\nbody"


def test_a_new_file_is_as_executable_as_the_checkouts(root: Path, repository: Repository) -> None:
    (root / "run.sh").write_text("x")
    (root / "run.sh").chmod(0o755)
    commit = repository.commit(repository.head(), {"run.sh": b"x", "note": b"y"}, "m")
    modes = {entry.path: entry.mode for entry in repository.files(commit)}
    assert (modes["run.sh"], modes["note"]) == ("100755", "100644")


def test_everything_written_is_sound_to_fsck(repository: Repository) -> None:
    commit = record(repository, 1, repository.head())
    record(repository, 2, commit)
    assert git(repository.root, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("message", ["--amend", "-F/etc/passwd", "nul\0byte", "\ud800 alone", ""])
def test_a_message_is_only_ever_text(repository: Repository, message: str) -> None:
    commit = repository.commit(repository.head(), {"target.txt": b"--help"}, message)
    expected = message.replace("\0", "").encode("utf-8", "replace").decode()
    assert git(repository.root, "log", "-1", "--format=%B", commit).strip() == expected.strip()


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the repository's own configuration says who the user is."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME", raising=False)
        monkeypatch.delenv(f"GIT_{role}_EMAIL", raising=False)


@pytest.mark.usefixtures("nameless")
def test_the_author_is_who_the_user_configured(root: Path, repository: Repository) -> None:
    git(root, "config", "user.name", "Grace")
    git(root, "config", "user.email", "grace@example.org")
    commit = repository.commit(repository.head(), {"target.txt": b"x"}, "m")
    who = git(root, "log", "-1", "--format=%an <%ae> %cn <%ce>", commit)
    assert who == "Grace <grace@example.org> Grace <grace@example.org>"


@pytest.mark.usefixtures("nameless")
def test_a_user_without_a_name_gets_one_lent(root: Path) -> None:
    git(root, "config", "user.useConfigOnly", "true")
    with Repository.open(root) as repository:
        commit = record(repository, 1, repository.head())
        assert repository.advance(TAG, commit) == ""
    assert git(root, "log", "-1", "--format=%an <%ae>", commit) == "autoexp <autoexp@localhost>"


@pytest.mark.parametrize(
    ("path", "remedy"),
    [("link", "name the file it stands for"), ("lib", "plain file"), ("target.txt/x", "folder")],
)
def test_what_is_no_plain_file_is_not_overwritten(
    root: Path, repository: Repository, path: str, remedy: str
) -> None:
    (root / "link").symlink_to("target.txt")
    git(root, "add", "link")
    git(root, "commit", "-qm", "link")
    with pytest.raises(RepositoryError, match=remedy):
        repository.commit(repository.head(), {path: b"x"}, "m")


# Records.


def test_every_record_survives_the_users_garbage_collection(
    root: Path, repository: Repository
) -> None:
    head = repository.head()
    commits = {n: record(repository, n, head) for n in (1, 2, 10)}
    git(root, "reflog", "expire", "--expire=now", "--all")
    git(root, "gc", "-q", "--prune=now")
    assert repository.refs(TAG) == commits
    assert repository.read(commits[10], "target.txt") == b"candidate 10\n"


def test_a_number_left_by_an_interrupted_attempt_is_used_again(repository: Repository) -> None:
    head = repository.head()
    old = record(repository, 3, head, "old\n")
    new = record(repository, 3, head, "new\n")
    assert repository.refs(TAG) == {3: new}
    kept = git(repository.root, "rev-parse", f"refs/autoexp/{TAG}/replaced-{old[:12]}")
    assert kept == old


def test_a_garbage_collection_before_the_ref_is_there_takes_nothing(
    root: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = repository._refs.hold

    def collect_first(tag: str, n: int, commit: str) -> None:
        git(root, "gc", "-q", "--prune=now")
        git(root, "prune", "--expire=now")
        hold(tag, n, commit)

    monkeypatch.setattr(repository._refs, "hold", collect_first)
    commit = record(repository, 1, repository.head())
    assert repository.read(commit, "target.txt") == b"candidate 1\n"
    assert git(root, "fsck", "--no-dangling") == ""


def test_a_record_after_the_first_starts_no_process(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = repository.head()
    record(repository, 1, head)
    with monkeypatch.context() as without:
        without.setattr(repository._git, "ask", None)
        without.setattr(repository._git, "start", None)
        second = record(repository, 2, head)
        third = record(repository, 3, second)
    assert repository.refs(TAG) == {**repository.refs(TAG), 2: second, 3: third}
    assert git(repository.root, "fsck", "--strict", "--no-dangling") == ""


def test_a_git_that_was_killed_between_two_records_is_started_again(
    repository: Repository,
) -> None:
    head = repository.head()
    before = psutil.Process().children()
    record(repository, 1, head)
    (process,) = {*psutil.Process().children()} - {*before}
    process.kill()
    psutil.wait_procs([process])
    second = record(repository, 2, head)
    assert repository.refs(TAG)[2] == second


def test_nothing_runs_once_it_is_closed(root: Path) -> None:
    before = psutil.Process().children()
    with Repository.open(root) as repository:
        record(repository, 1, repository.head())
        children = {*psutil.Process().children()} - {*before}
    assert children
    assert not any(child.is_running() for child in children)


def test_an_index_of_ours_is_what_git_would_have_made(repository: Repository) -> None:
    record(repository, 1, repository.head())
    (pack,) = (repository.common_dir / "objects" / "pack").glob("*.pack")
    made = pack.with_name("made.idx")
    git(repository.root, "index-pack", "--no-rev-index", "-o", str(made), str(pack))
    assert pack.with_suffix(".idx").read_bytes() == made.read_bytes()


def test_a_commit_without_a_ref_is_protected_until_one_holds_it(
    root: Path, repository: Repository
) -> None:
    base = repository.commit(repository.head(), {"target.txt": b"dirty"}, "m")
    git(root, "gc", "-q", "--prune=now")
    repository.keep_ref(TAG, "base", base)
    git(root, "gc", "-q", "--prune=now")
    assert repository.read(base, "target.txt") == b"dirty"


def packs_kept(root: Path) -> list[Path]:
    return list((root / ".git" / "objects" / "pack").glob("*.keep"))


def test_no_pack_stays_protected(root: Path, repository: Repository) -> None:
    record(repository, 1, repository.head())
    repository.commit(repository.head(), {"target.txt": b"x"}, "m")
    repository.close()
    assert packs_kept(root) == []


def test_a_write_that_a_prune_broke_is_done_again(
    root: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = repository._packs._put
    broken: list[str] = []

    def break_once(name: str, part: str, content: bytes) -> None:
        if part == "idx" and not broken:
            broken.append(part)  # its protection and its contents are there at the second attempt
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        put(name, part, content)

    monkeypatch.setattr(repository._packs, "_put", break_once)
    commit = record(repository, 1, repository.head())
    assert len(broken) == 1
    assert repository.read(commit, "target.txt") == b"candidate 1\n"
    assert packs_kept(root) == []


def test_a_protection_that_a_crash_left_is_taken_away_and_the_users_is_not(
    root: Path, repository: Repository
) -> None:
    repository.commit(repository.head(), {"target.txt": b"x"}, "m")
    (stale,) = packs_kept(root)
    theirs = stale.with_name("pack-theirs.keep")
    theirs.write_text("precious\n")
    for keep in (stale, theirs):
        os.utime(keep, (1, 1))
    with Repository.open(root) as later:
        record(later, 1, later.head())
    assert packs_kept(root) == [theirs]


def test_a_lock_that_a_crash_left_on_our_ref_is_cleared(root: Path, repository: Repository) -> None:
    lock = root / ".git" / "refs" / "autoexp" / TAG / "1.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    os.utime(lock, (time.time() - 3600,) * 2)
    commit = record(repository, 1, repository.head())
    assert repository.refs(TAG) == {1: commit}


def test_a_lock_that_stands_all_the_while_is_what_a_crash_left(
    root: Path, repository: Repository
) -> None:
    lock = root / ".git" / "refs" / "autoexp" / TAG / "1.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    commit = record(repository, 1, repository.head())
    assert repository.refs(TAG) == {1: commit}
    assert not lock.exists()


def test_a_lock_that_is_taken_again_and_again_is_respected_and_named(
    root: Path, repository: Repository
) -> None:
    lock = root / ".git" / "refs" / "autoexp" / TAG / "1.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    done = threading.Event()

    def take_again() -> None:
        while not done.wait(0.002):
            fresh = lock.with_name("fresh")
            fresh.touch()
            fresh.replace(lock)

    other = threading.Thread(target=take_again)
    other.start()
    try:
        with pytest.raises(RepositoryError, match=r"1\.lock") as caught:
            record(repository, 1, repository.head())
    finally:
        done.set()
        other.join()
    assert "\n" not in str(caught.value)
    assert lock.exists()


# The branch.


def test_the_branch_holds_exactly_the_kept_commits_in_order(repository: Repository) -> None:
    base = repository.head()
    repository.keep_ref(TAG, "base", base)
    assert repository.branch(TAG) is None
    assert repository.advance(TAG, base) == ""
    first = record(repository, 1, base)
    record(repository, 2, first)
    third = record(repository, 3, first)
    for commit in (first, third, third):
        assert repository.advance(TAG, commit) == ""
    assert repository.branch(TAG) == third
    assert kept_commits(repository.root, TAG) == [first, third]
    assert repository.exists(third)
    assert not repository.exists("1" * 40)


def test_a_branch_the_user_deleted_or_put_back_is_brought_up_again(
    root: Path, repository: Repository
) -> None:
    base = repository.head()
    first = record(repository, 1, base)
    repository.advance(TAG, first)
    git(root, "branch", "-D", BRANCH)
    assert repository.advance(TAG, first) == ""
    git(root, "branch", "-f", BRANCH, base)
    assert repository.advance(TAG, first) == ""
    assert repository.branch(TAG) == first


def test_a_tip_of_the_users_is_saved_and_told(
    root: Path, repository: Repository, tmp_path: Path
) -> None:
    first = record(repository, 1, repository.head())
    repository.advance(TAG, first)
    git(root, "worktree", "add", "-q", str(tmp_path / "theirs"), BRANCH)
    theirs = commit_files(tmp_path / "theirs", {"target.txt": "by hand\n"})
    git(root, "worktree", "remove", str(tmp_path / "theirs"))
    second = record(repository, 2, first)
    note = repository.advance(TAG, second)
    saved = f"refs/autoexp/{TAG}/saved-{theirs[:12]}"
    assert saved in note
    assert git(root, "rev-parse", saved) == theirs
    assert repository.branch(TAG) == second
    assert repository.advance(TAG, second) == ""


@pytest.mark.parametrize("linked", [False, True])
def test_a_branch_that_is_checked_out_is_left_alone_until_it_is_not(
    root: Path, repository: Repository, tmp_path: Path, *, linked: bool
) -> None:
    first = record(repository, 1, repository.head())
    repository.advance(TAG, first)
    where = tmp_path / "other" if linked else root
    if linked:
        git(root, "worktree", "add", "-q", str(where), BRANCH)
    else:
        git(root, "switch", "-q", BRANCH)
    assert repository.advance(TAG, first) == ""
    second = record(repository, 2, first)
    note = repository.advance(TAG, second)
    assert str(where) in note
    assert repository.branch(TAG) == first
    assert git(where, "status", "--porcelain") == ""
    git(where, *note.split("`git ")[1].split("`")[0].split())
    assert (where / "target.txt").read_text() == "candidate 2\n"
    git(where, "switch", "-q", "--detach")
    third = record(repository, 3, second)
    assert repository.advance(TAG, third) == ""
    assert repository.branch(TAG) == third
    assert git(root, "for-each-ref", f"refs/autoexp/{TAG}/tip") == ""


def test_a_branch_in_the_middle_of_a_rebase_is_left_alone(
    root: Path, repository: Repository
) -> None:
    first = record(repository, 1, repository.head())
    repository.advance(TAG, first)
    commit_files(root, {"target.txt": "conflict\n"})
    git(root, "switch", "-q", BRANCH)
    git(root, "rebase", "-q", "main", check=False)
    second = record(repository, 2, first)
    assert "left alone" in repository.advance(TAG, second)
    assert repository.branch(TAG) == first


def test_a_branch_made_a_symbolic_ref_does_not_lead_to_another(
    root: Path, repository: Repository
) -> None:
    head = repository.head()
    git(root, "branch", "precious")
    git(root, "symbolic-ref", f"refs/heads/{BRANCH}", "refs/heads/precious")
    first = record(repository, 1, head)
    repository.advance(TAG, first)
    assert git(root, "rev-parse", "precious") == head
    assert repository.branch(TAG) == first


def test_a_branch_called_autoexp_stands_in_the_way_and_the_result_is_kept(
    root: Path, repository: Repository
) -> None:
    git(root, "branch", "autoexp")
    first = record(repository, 1, repository.head())
    note = repository.advance(TAG, first)
    assert "could not be moved" in note
    assert "\n" not in note
    assert git(root, "rev-parse", f"refs/autoexp/{TAG}/tip") == first


def test_a_change_between_look_and_move_is_never_overwritten(
    root: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = repository.head()
    first = record(repository, 1, base)
    repository.advance(TAG, base)
    theirs = git(root, "commit-tree", "-p", base, "-m", "by hand", f"{base}^{{tree}}")
    update = repository._refs._update
    raced: list[str] = []

    def move_first(lines: list[str]) -> None:
        if not raced:
            raced.append(git(root, "branch", "-f", BRANCH, theirs))
        update(lines)

    monkeypatch.setattr(repository._refs, "_update", move_first)
    note = repository.advance(TAG, first)
    assert f"saved-{theirs[:12]}" in note
    assert repository.branch(TAG) == first
    assert git(root, "rev-parse", f"refs/autoexp/{TAG}/saved-{theirs[:12]}") == theirs


def test_advancing_to_a_commit_that_is_missing_is_an_error(repository: Repository) -> None:
    with pytest.raises(RepositoryError, match="missing"):
        repository.advance(TAG, "1" * 40)


def test_a_project_in_a_linked_work_tree_writes_to_the_shared_refs(
    root: Path, tmp_path: Path
) -> None:
    git(root, "worktree", "add", "-q", "-b", "side", str(tmp_path / "other"))
    with Repository.open(tmp_path / "other") as repository:
        commit = record(repository, 1, repository.head())
        repository.advance(TAG, commit)
    assert git(root, "rev-parse", BRANCH) == commit


def test_tags_that_begin_alike_are_different_runs(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "p", {"target.txt": "x"})
    with Repository.open(root) as repository:
        head = repository.head()
        repository.record("run", 1, head, {"target.txt": b"1"}, "m")
        repository.record("run2", 2, head, {"target.txt": b"2"}, "m")
        assert list(repository.refs("run")) == [1]
        repository.advance("run2", head)
        assert repository.branch("run") is None


# Locks that a killed git has left.


def test_a_lock_of_any_number_that_a_killed_git_has_left_goes(repository: Repository) -> None:
    lock = repository.common_dir / "refs" / "autoexp" / TAG / "43.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    repository.clear_locks(TAG)
    assert not lock.exists()


def test_a_lock_that_comes_and_goes_is_left_to_who_made_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = repository.common_dir / "refs" / "autoexp" / TAG / "43.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()

    def meanwhile(_: float) -> None:
        new = lock.with_name("new")
        new.touch()
        new.replace(lock)

    monkeypatch.setattr(time, "sleep", meanwhile)
    repository.clear_locks(TAG)
    assert lock.exists()
