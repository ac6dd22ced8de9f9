from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.gitrepos import git

from autoexp_tui.repository.exclude import with_lines, without_lines
from autoexp_tui.repository.repository import Repository

LINES = ["/results.tsv", "/budget.log"]
contents = st.binary(max_size=60) | st.lists(
    st.sampled_from([b"*.o\n", b"/results.tsv\n", b"\xef\xbb\xbf", b"# no end", b"\r\n"])
).map(b"".join)


@given(contents)
def test_taking_lines_out_restores_every_byte(content: bytes) -> None:
    assert without_lines(with_lines(content, LINES), LINES) == content


@given(contents)
def test_putting_lines_in_twice_is_as_good_as_once(content: bytes) -> None:
    once = with_lines(content, LINES)
    assert with_lines(once, LINES) == once
    assert once.endswith(content[3:] if content.startswith(b"\xef\xbb\xbf") else content)


def test_lines_of_another_run_stay() -> None:
    both = with_lines(with_lines(b"*.o", ["/a"]), ["/b"])
    assert without_lines(both, ["/a"]) == with_lines(b"*.o", ["/b"])


def test_a_line_the_user_wrote_is_never_taken_out() -> None:
    assert without_lines(b"/results.tsv\n", LINES) == b"/results.tsv\n"


def test_git_status_hides_the_tables_and_shows_them_again(
    root: Path, repository: Repository
) -> None:
    exclude = root / ".git" / "info" / "exclude"
    before = exclude.read_bytes()
    (root / "results.tsv").write_text("x")
    repository.exclude(LINES)
    assert git(root, "status", "--porcelain") == ""
    repository.unexclude(LINES)
    assert git(root, "status", "--porcelain") == "?? results.tsv"
    assert exclude.read_bytes() == before


def test_a_missing_info_folder_is_made(root: Path, repository: Repository) -> None:
    (root / ".git" / "info" / "exclude").unlink()
    (root / ".git" / "info").rmdir()
    repository.exclude(LINES)
    (root / "results.tsv").write_text("x")
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_the_file_keeps_its_mode_and_its_link(
    root: Path, repository: Repository, tmp_path: Path, mode: int
) -> None:
    exclude, real = root / ".git" / "info" / "exclude", tmp_path / "shared-exclude"
    real.write_bytes(b"*.o\n")
    real.chmod(mode)
    exclude.unlink()
    exclude.symlink_to(real)
    repository.exclude(LINES)
    assert exclude.is_symlink()
    assert b"/results.tsv\n" in real.read_bytes()
    assert real.stat().st_mode & 0o777 == mode
