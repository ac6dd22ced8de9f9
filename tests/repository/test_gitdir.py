from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.gitrepos import commit_files, git, make_repo

from autoexp_tui.repository import gitdir


def test_a_sub_folder_knows_its_repository_and_its_place_in_it(root: Path) -> None:
    place = gitdir.find(root / "lib" / "deep")
    assert place == gitdir.GitPlace(root, root / ".git")
    assert place.folder(root / "lib" / "deep") == "lib/deep"
    assert place.folder(root) == ""


def test_a_linked_work_tree_shares_the_common_directory(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(root, "worktree", "add", "-q", "-b", "side", str(other))
    assert gitdir.find(other / "lib") == gitdir.GitPlace(other, root / ".git")


def test_a_submodule_is_a_repository_of_its_own(root: Path, tmp_path: Path) -> None:
    inner = make_repo(tmp_path / "inner", {"file": "x"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub")
    assert gitdir.find(root / "sub") == gitdir.GitPlace(
        root / "sub", root / ".git" / "modules" / "sub"
    )


def test_git_agrees_on_root_and_common_directory(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(root, "worktree", "add", "-q", "-b", "side", str(other))
    for start in (root / "lib", other / "lib"):
        place = gitdir.find(start)
        assert place is not None
        assert str(place.root) == git(start, "rev-parse", "--show-toplevel")
        common = Path(git(start, "rev-parse", "--git-common-dir"))
        assert place.common_dir == (start / common).resolve()


def test_a_start_through_a_symbolic_link_gives_real_paths(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    place = gitdir.find(tmp_path / "link" / "lib")
    assert place is not None
    assert place.root == root
    assert place.folder(tmp_path / "link" / "lib") == "lib"


def test_no_repository_and_a_bare_one_have_no_place(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    assert gitdir.find(tmp_path) is None
    assert gitdir.find(tmp_path / "bare.git") is None
    assert gitdir.is_git_dir(tmp_path / "bare.git")


def test_an_empty_dot_git_folder_does_not_hide_the_repository_above(root: Path) -> None:
    (root / "lib" / ".git").mkdir()
    place = gitdir.find(root / "lib")
    assert place is not None
    assert place.root == root


def test_a_path_outside_of_the_work_tree_has_no_folder(root: Path, tmp_path: Path) -> None:
    place = gitdir.find(root)
    assert place is not None
    with pytest.raises(ValueError, match="not in the subpath"):
        place.folder(tmp_path)


def test_finding_a_repository_starts_no_process_and_imports_no_git(root: Path) -> None:
    commit_files(root, {"more": "x"})
    code = (
        "import sys; from pathlib import Path; from autoexp_tui.repository import gitdir;"
        "assert gitdir.find(Path('.')) is not None;"
        "print(*sorted({'git', 'subprocess'} & sys.modules.keys()), end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
