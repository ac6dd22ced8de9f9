from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.gitrepos import commit_files, git, make_repo, write_files

from autoexp_tui.repository.repository import Repository, RepositoryError


def test_head_is_the_commit_checked_out_also_when_detached(
    root: Path, repository: Repository
) -> None:
    head = git(root, "rev-parse", "HEAD")
    assert repository.head() == head
    git(root, "checkout", "-q", "--detach")
    assert repository.head() == head


def test_a_repository_without_a_commit_says_how_to_make_one(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "new")
    with pytest.raises(RepositoryError, match=r"no commit yet: `git add -A && git commit"):
        Repository.open(tmp_path / "new").head()


def test_no_repository_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="`git init` makes one"):
        Repository.open(tmp_path)


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(RepositoryError, match="bare repository: clone it"):
        Repository.open(tmp_path / "bare.git" / "refs")


def test_a_sha256_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "new")
    with pytest.raises(RepositoryError, match="knows sha1 only"):
        Repository.open(tmp_path / "new")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_repository_is_refused_in_one_line(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for path in (root, root / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(RepositoryError, match=r"safe\.directory") as caught:
        Repository.open(root)
    assert "\n" not in str(caught.value)


def test_without_a_git_program_the_error_says_so(
    root: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(root))
    with pytest.raises(RepositoryError, match="could not be started") as caught:
        repository.head()
    assert "\n" not in str(caught.value)


def test_a_repository_that_vanished_is_not_mistaken_for_the_one_above(root: Path) -> None:
    inner = make_repo(root / "inner", {"file": "x"})
    repository = Repository.open(inner)
    (inner / ".git").rename(inner / "gone")
    with pytest.raises(RepositoryError):
        repository.head()


def test_variables_of_a_git_that_started_us_lead_nowhere(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repo(tmp_path / "other", {"file": "x"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    repository = Repository.open(root)
    assert repository.is_tracked("target.txt")
    assert repository.read(repository.head(), "target.txt") == b"one\ntwo\n"


def test_reading_gives_the_stored_bytes_not_the_filtered_ones(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "p", {".gitattributes": "*.txt text eol=crlf\n", "a.txt": "x\ny\n"})
    with Repository.open(root) as repository:
        assert repository.read(repository.head(), "a.txt") == b"x\ny\n"


def test_reading_gives_what_was_committed_and_no_replacement(
    root: Path, repository: Repository
) -> None:
    other = git(root, "rev-parse", "HEAD:harness.sh")
    git(root, "replace", git(root, "rev-parse", "HEAD:target.txt"), other)
    assert repository.read(repository.head(), "target.txt") == b"one\ntwo\n"


@pytest.mark.parametrize("path", ["missing.txt", "lib", "lib/../../x", "--help"])
def test_reading_what_is_no_file_is_an_error_with_its_name(
    repository: Repository, path: str
) -> None:
    with pytest.raises(RepositoryError, match=path):
        repository.read(repository.head(), path)


@pytest.mark.parametrize("name", ["--all", "HEAD", "abc", "0" * 39, "a" * 40 + "\n"])
def test_only_whole_commit_names_reach_a_command_line(repository: Repository, name: str) -> None:
    with pytest.raises(RepositoryError, match="40 hex digits"):
        repository.read(name, "target.txt")


def test_files_lists_every_kind_with_its_mode(root: Path, repository: Repository) -> None:
    odd = 'od\td "näme\n.txt'
    (root / "link").symlink_to("target.txt")
    (root / odd).write_text("x")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "more")
    modes = {entry.path: entry.mode for entry in repository.files(repository.head())}
    assert modes["link"] == "120000"
    assert modes["harness.sh"] == "100755"
    assert modes["lib/deep/helper.txt"] == "100644"
    assert modes[odd] == "100644"


def test_contents_come_in_order_and_a_missing_one_is_an_error(repository: Repository) -> None:
    by_path = {entry.path: entry.sha for entry in repository.files(repository.head())}
    names = [by_path["lib/deep/helper.txt"], by_path["target.txt"], by_path["target.txt"]]
    assert list(repository.contents(names)) == [b"helper\n", b"one\ntwo\n", b"one\ntwo\n"]
    with pytest.raises(RepositoryError, match="missing"):
        list(repository.contents([names[0], "1" * 40]))


def test_contents_may_be_left_half_read(repository: Repository) -> None:
    names = [entry.sha for entry in repository.files(repository.head())] * 5000
    some = iter(repository.contents(names))
    next(some)
    del some
    assert repository.head()


# Uncommitted changes.

ALL = ["target.txt", "harness.sh", "lib/deep/helper.txt"]


def test_a_clean_tree_has_nothing_uncommitted(root: Path, repository: Repository) -> None:
    (root / "target.txt").touch()
    assert repository.uncommitted(ALL) == []
    assert repository.uncommitted([]) == []


def test_each_kind_of_change_is_seen(root: Path, repository: Repository) -> None:
    (root / "target.txt").write_text("one\nTWO\n")
    assert repository.uncommitted(ALL) == ["target.txt"]
    git(root, "add", "target.txt")
    assert repository.uncommitted(ALL) == ["target.txt"]
    (root / "target.txt").write_text("one\ntwo\n")
    assert repository.uncommitted(ALL) == ["target.txt"]
    git(root, "reset", "-q", "--hard")
    (root / "harness.sh").chmod(0o644)
    (root / "lib/deep/helper.txt").unlink()
    assert repository.uncommitted(ALL) == ["harness.sh", "lib/deep/helper.txt"]


def test_an_untracked_file_is_uncommitted_and_a_missing_one_is_not(
    root: Path, repository: Repository
) -> None:
    (root / "new.txt").write_text("x")
    assert repository.uncommitted(["new.txt", "nowhere.txt"]) == ["new.txt"]


def test_a_folder_counts_whole(root: Path, repository: Repository) -> None:
    assert repository.uncommitted(["lib"]) == []
    (root / "lib/deep/helper.txt").write_text("other\n")
    assert repository.uncommitted(["lib", "lib/deep"]) == ["lib", "lib/deep"]


def test_a_file_replaced_by_a_link_is_uncommitted(root: Path, repository: Repository) -> None:
    (root / "target.txt").rename(root / "real.txt")
    (root / "target.txt").symlink_to("real.txt")
    assert repository.uncommitted(["target.txt"]) == ["target.txt"]


def test_line_ends_alone_are_no_change(root: Path, repository: Repository) -> None:
    (root / "target.txt").write_bytes(b"one\r\ntwo\r\n")
    assert repository.uncommitted(["target.txt"]) == []


def test_a_conflicted_file_is_uncommitted(root: Path, repository: Repository) -> None:
    git(root, "checkout", "-q", "-b", "other")
    commit_files(root, {"target.txt": "theirs\n"})
    git(root, "checkout", "-q", "main")
    commit_files(root, {"target.txt": "ours\n"})
    git(root, "merge", "-q", "other", check=False)
    assert repository.uncommitted(["target.txt"]) == ["target.txt"]


def test_a_file_that_a_filter_made_is_clean_until_it_is_edited(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "p", {"start": "x"})
    git(root, "config", "filter.shout.clean", "tr A-Z a-z")
    git(root, "config", "filter.shout.smudge", "tr a-z A-Z")
    write_files(root, {".gitattributes": "*.txt filter=shout\n", "a.txt": "HELLO\n"})
    os.utime(root / "a.txt", (1_700_000_000, 1_700_000_000))
    git(root, "add", "-A")
    git(root, "commit", "-qm", "filtered")
    with Repository.open(root) as repository:
        assert repository.read(repository.head(), "a.txt") == b"hello\n"
        assert repository.uncommitted(["a.txt"]) == []
        (root / "a.txt").write_text("OTHER\n")
        assert repository.uncommitted(["a.txt"]) == ["a.txt"]


def test_executable_bits_do_not_count_where_git_is_told_so(
    root: Path, repository: Repository
) -> None:
    git(root, "config", "core.fileMode", "false")
    (root / "harness.sh").chmod(0o644)
    assert repository.uncommitted(["harness.sh"]) == []


def test_names_with_pathspec_magic_are_only_names(root: Path, repository: Repository) -> None:
    (root / ":(glob)*").write_text("x")
    assert repository.uncommitted([":(glob)*", "*.txt"]) == [":(glob)*"]
    assert not repository.is_tracked("*.txt")


# Ignored.


def test_ignored_entries_are_those_at_the_top_that_exist(
    root: Path, repository: Repository
) -> None:
    write_files(root, {"data/x": "1", "out.log": "", "lib/out.log": "", ":odd.log": "", "new": ""})
    assert repository.ignored_entries("") == [":odd.log", "data", "out.log"]
    assert repository.ignored_entries("lib") == ["out.log"]
    assert repository.ignored_entries("nowhere") == []
    assert repository.ignored(["target.txt"]) == []


def test_is_tracked_means_the_index(root: Path, repository: Repository) -> None:
    (root / "new.txt").write_text("x")
    assert repository.is_tracked("target.txt")
    assert not repository.is_tracked("new.txt")
    git(root, "add", "new.txt")
    assert repository.is_tracked("new.txt")
