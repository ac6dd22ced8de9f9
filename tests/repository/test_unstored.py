"""Files whose bytes are not among git's objects: filters, submodules, partial clones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.gitrepos import commit_files, git, make_repo

from autoexp_tui.evaluation.products import Products
from autoexp_tui.evaluation.workspace import Workspace
from autoexp_tui.repository.repository import Repository, RepositoryError

CLEAN = "#!/bin/sh\n[ $1 = smudge ] && exec sed s/stored/smudged/\nexec sed s/smudged/stored/\n"


def workspace(root: Path, link: Sequence[str] | None = None) -> Workspace:
    with Repository.open(root) as repository:
        return Workspace(
            repository,
            repository.head(),
            "",
            tag="t",
            link=link,
            target="target.txt",
            products=Products("", keep=()),
        )


def with_filter(root: Path, name: str = "lfs") -> Path:
    """A repository whose `*.bin` pass a filter that turns `stored` to `smudged` and back."""
    program = root.parent / "filter.sh"
    program.write_text(CLEAN)
    program.chmod(0o755)
    make_repo(root, {"target.txt": "one\n", ".gitattributes": f"*.bin filter={name}\n"})
    for way in ("clean", "smudge"):
        git(root, "config", f"filter.{name}.{way}", f"{program} {way}")
    commit_files(root, {"data/a.bin": "smudged\n"})
    assert git(root, "cat-file", "blob", "HEAD:data/a.bin") == "stored"
    program.write_text("#!/bin/sh\ntouch ran\n")  # from here on no filter may be run
    return root


def test_what_a_filter_makes_is_protected_like_any_file(tmp_path: Path) -> None:
    root = with_filter(tmp_path / "project")
    made = workspace(root)
    file = made.root / "data/a.bin"
    assert file.read_text() == "smudged\n"
    assert made.taken == ("as the filter lfs makes them: data/a.bin",)
    assert made.lacking == ()
    file.write_text("forged\n")
    assert [change.path for change in made.verify()] == ["data/a.bin"]
    assert made.prepare(b"two\n") == ["data/a.bin"]
    assert file.read_text() == "smudged\n"
    assert (root / "data/a.bin").read_text() == "smudged\n"
    assert not (root / "ran").exists()


def test_a_filtered_file_that_the_checkout_has_changed_is_not_taken(tmp_path: Path) -> None:
    root = with_filter(tmp_path / "project")
    (root / "data/a.bin").write_text("another\n")
    made = workspace(root)
    assert (made.root / "data/a.bin").read_text() == "stored\n"
    (remark,) = made.lacking
    assert "passes the filter lfs" in remark
    assert "commit it or restore it" in remark


def test_a_filtered_file_that_changes_later_is_told_and_never_taken(tmp_path: Path) -> None:
    root = with_filter(tmp_path / "project")
    made = workspace(root)
    (root / "data/a.bin").write_text("another\n")
    made.prepare(b"two\n")
    assert (made.root / "data/a.bin").read_text() == "smudged\n"
    (made.root / "data/a.bin").unlink()
    with pytest.raises(RepositoryError, match="put it back as the commit has it"):
        made.prepare(b"two\n")


def test_a_filter_that_hides_secrets_gives_none_away(tmp_path: Path) -> None:
    made = workspace(with_filter(tmp_path / "project", "git-crypt"))
    assert (made.root / "data/a.bin").read_text() == "stored\n"
    (remark,) = made.lacking
    assert "name it under link:" in remark


@pytest.mark.parametrize("link", ["data", "data/a.bin"])
def test_filtered_files_may_be_linked_too(tmp_path: Path, link: str) -> None:
    root = with_filter(tmp_path / "project")
    made = workspace(root, link=[link])
    assert made.linked == (link,)
    assert (made.root / link).is_symlink()
    assert (made.root / "data/a.bin").read_text() == "smudged\n"
    assert made.verify() == []


def test_lfs_files_come_from_its_store_whatever_the_checkout_has(tmp_path: Path) -> None:
    content = b"many figures\n"
    oid = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    root = make_repo(
        tmp_path / "project",
        {"target.txt": "one\n", ".gitattributes": "*.bin filter=lfs\n", "a.bin": pointer},
    )
    made = workspace(root)
    assert (made.root / "a.bin").read_text() == pointer
    (remark,) = made.lacking
    assert "`git lfs pull` brings it" in remark
    store = root / ".git" / "lfs" / "objects" / oid[:2] / oid[2:4]
    store.mkdir(parents=True)
    (store / oid).write_bytes(content)
    (root / "a.bin").unlink()
    made = workspace(root)
    assert (made.root / "a.bin").read_bytes() == content


def test_a_submodule_that_is_there_is_linked(tmp_path: Path) -> None:
    make_repo(tmp_path / "other", {"code.txt": "code\n"})
    root = make_repo(tmp_path / "project", {"target.txt": "one\n"})
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    git(root, *add, str(tmp_path / "other"), "libs/other")
    git(root, "commit", "-qm", "with a submodule")
    for link in (None, []):
        made = workspace(root, link=link)
        assert made.modes == {"libs/other": "read-only"}
        assert (made.root / "libs/other/code.txt").read_text() == "code\n"
        assert made.verify() == []
    git(root, "submodule", "--quiet", "deinit", "--all")
    made = workspace(root)
    assert made.linked == ()
    assert list((made.root / "libs/other").iterdir()) == []


def test_a_partial_clone_works_with_what_is_there(tmp_path: Path) -> None:
    origin = make_repo(tmp_path / "origin", {"target.txt": "one\n", "big/file": "big\n"})
    git(origin, "config", "uploadpack.allowFilter", "true")
    root = tmp_path / "project"
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--sparse", f"file://{origin}", str(root))
    made = workspace(root)
    assert not (made.root / "big/file").exists()
    assert made.verify() == []
    (remark,) = made.lacking
    assert "big/file" in remark
    assert "git fetch --refetch --no-filter" in remark
    with (
        Repository.open(root) as repository,
        pytest.raises(RepositoryError, match="partial clone"),
    ):
        list(repository.contents([git(origin, "rev-parse", "HEAD:big/file")]))
    git(root, "fetch", "-q", "--refetch", "--no-filter")
    made = workspace(root)
    assert (made.root / "big/file").read_text() == "big\n"
    assert made.lacking == ()
