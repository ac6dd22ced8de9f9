from __future__ import annotations

import mmap
import os
import shutil
import stat
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.gitrepos import commit_files, git, write_files
from support.systems import linux_only

from autoexp_tui.evaluation import touches
from autoexp_tui.evaluation.products import Products
from autoexp_tui.evaluation.workspace import Workspace, remove_workspace, workspace_home
from autoexp_tui.model.contract import LinkMode
from autoexp_tui.repository.repository import Repository, RepositoryError
from autoexp_tui.system.files import free_mb
from autoexp_tui.system.removal import discard

Make = Callable[..., Workspace]


@pytest.fixture
def make(repository: Repository) -> Make:
    def make(
        folder: str = "",
        link: Mapping[str, LinkMode] | Sequence[str] | None = (),
        keep: Sequence[str] = (),
        target: str = "target.txt",
        declared: Sequence[str] = (),
    ) -> Workspace:
        return Workspace(
            repository,
            repository.head(),
            folder,
            tag="t",
            link=link,
            target=target,
            products=Products(folder, keep=keep, declared=declared),
        )

    return make


def tampered(workspace: Workspace) -> list[str]:
    return [change.path for change in workspace.verify()]


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder but git's own, links as their text."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file() and not name.startswith(".git/"):
            found[name] = path.read_text()
    return found


# Materialised.


def test_it_holds_the_whole_base_and_the_candidates_target(root: Path, make: Make) -> None:
    expected = {**tree(root), "target.txt": "new\n"}
    write_files(root, {"target.txt": "uncommitted\n", "untracked.txt": "x"})
    workspace = make()
    workspace.prepare(b"new\n")
    assert tree(workspace.root) == expected
    assert workspace.verify() == []


def test_it_is_private_and_outside_of_any_repository(root: Path, make: Make) -> None:
    workspace = make()
    assert stat.S_IMODE(workspace.root.parent.stat().st_mode) == 0o700
    assert not workspace.root.is_relative_to(root)
    assert git(workspace.root, "rev-parse", "--show-toplevel", check=False) == ""


def test_modes_links_and_odd_names_are_as_in_the_tree(root: Path, make: Make) -> None:
    (root / "inside").symlink_to("lib/deep/helper.txt")
    (root / "lib/absolute").symlink_to("/etc/hostname")
    (root / "lib/outside").symlink_to("../../elsewhere/file")
    (root / "dangling").symlink_to("nowhere")
    (root / "od\td\n.txt").write_text("x")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "links")
    workspace = make()
    assert os.access(workspace.root / "harness.sh", os.X_OK)
    assert not os.access(workspace.root / "target.txt", os.X_OK)
    assert (workspace.root / "inside").read_text() == "helper\n"
    assert str((workspace.root / "lib/absolute").readlink()) == "/etc/hostname"
    assert (workspace.root / "lib/outside").readlink() == root.parent / "elsewhere/file"
    assert str((workspace.root / "dangling").readlink()) == "nowhere"
    assert (workspace.root / "od\td\n.txt").read_text() == "x"
    assert workspace.prepare(b"x") == []
    assert workspace.verify() == []


def test_a_target_keeps_its_executable_bit(make: Make) -> None:
    workspace = make(target="harness.sh")
    workspace.prepare(b"#!/bin/sh\necho new\n")
    assert os.access(workspace.root / "harness.sh", os.X_OK)


def test_filters_do_not_run_and_bytes_are_as_stored(root: Path, make: Make, tmp_path: Path) -> None:
    git(root, "config", "filter.evil.clean", "cat")
    git(root, "config", "filter.evil.smudge", f"touch {tmp_path}/executed; cat")
    commit_files(root, {".gitattributes": "* text eol=crlf filter=evil\n"})
    workspace = make()
    assert (workspace.root / "lib/deep/helper.txt").read_bytes() == b"helper\n"
    assert not (tmp_path / "executed").exists()


def test_a_project_in_a_sub_folder_has_the_rest_of_the_repository_around_it(
    root: Path, make: Make
) -> None:
    workspace = make(folder="lib/deep", target="helper.txt")
    workspace.prepare(b"new\n")
    assert workspace.project_dir == workspace.root / "lib" / "deep"
    assert (workspace.project_dir / "../../harness.sh").is_file()
    assert (workspace.project_dir / "helper.txt").read_text() == "new\n"
    (workspace.project_dir / "helper.txt").write_text("cheat")
    assert tampered(workspace) == ["lib/deep/helper.txt"]


def test_a_copied_folder_is_made_afresh_for_each_evaluation(root: Path, make: Make) -> None:
    (root / "data/deep").mkdir(parents=True)
    (root / "data/deep/file").write_text("x" * 3000)
    (root / "data/empty").touch()
    (root / "data/there").symlink_to("deep/file")
    os.mkfifo(root / "data/pipe")
    (root / "alone").write_text("a")
    workspace = make(link={"data": "copy", "alone": "copy"}, keep=("data",))
    assert workspace.modes == {"alone": "copy", "data": "copy"}
    for _ in range(2):
        workspace.prepare(b"x")
        mine = workspace.root / "data"
        assert not mine.is_symlink()
        assert sorted(path.name for path in mine.rglob("*")) == ["deep", "empty", "file", "there"]
        assert (mine / "there").read_text() == "x" * 3000
        assert (workspace.root / "alone").read_text() == "a"
        (mine / "deep/file").write_text("changed")
        (mine / "new").touch()
        assert workspace.verify() == []
    assert (root / "data/deep/file").read_text() == "x" * 3000


def test_an_environment_is_never_shared_to_be_written(root: Path, make: Make) -> None:
    for name in ("env", "tools", "data"):
        (root / name).mkdir()
    (root / "env/pyvenv.cfg").touch()
    (root / "tools/conda-meta").mkdir()
    workspace = make(link={"env": "write", "tools": "write", "data": "write"})
    assert workspace.modes == {"data": "write", "env": "read-only", "tools": "read-only"}


# Tampering.


def overwrite(root: Path) -> None:
    (root / "harness.sh").write_text("#!/bin/sh\necho score: 9\n")
    (root / "harness.sh").chmod(0o755)


def overwrite_in_disguise(root: Path) -> None:
    before = (root / "harness.sh").stat()
    with (root / "harness.sh").open("r+b") as file:
        file.write(b"#!/bin/sh\necho score: 9")
    os.utime(root / "harness.sh", ns=(before.st_atime_ns, before.st_mtime_ns))


def swap_by_rename(root: Path) -> None:
    (root / "other").write_text("#!/bin/sh\necho score: 9\n")
    (root / "other").chmod(0o755)
    (root / "other").replace(root / "harness.sh")


def replace_by_link(root: Path) -> None:
    (root / "harness.sh").rename(root / "copy")
    (root / "harness.sh").symlink_to("copy")


def replace_by_folder(root: Path) -> None:
    (root / "harness.sh").unlink()
    (root / "harness.sh").mkdir()
    (root / "harness.sh" / "x").touch()


def replace_by_pipe(root: Path) -> None:
    (root / "harness.sh").unlink()
    os.mkfifo(root / "harness.sh")


def remove(root: Path) -> None:
    (root / "harness.sh").unlink()


def disarm(root: Path) -> None:
    (root / "harness.sh").chmod(0o644)


def overwrite_by_another_name(root: Path) -> None:
    other = root.with_name("other name")
    os.link(root / "harness.sh", other)
    other.write_text("#!/bin/sh\necho score: 9\n")
    other.unlink()


def overwrite_in_memory(root: Path) -> None:
    with (root / "harness.sh").open("r+b") as file:
        memory = mmap.mmap(file.fileno(), 0)
    memory[:7] = b"#!/bin/"[::-1]
    memory.close()


def cut_short(root: Path) -> None:
    os.truncate(root / "harness.sh", 3)


@pytest.mark.parametrize(
    "tamper",
    [
        *(overwrite, overwrite_in_disguise, swap_by_rename, replace_by_link),
        *(replace_by_folder, replace_by_pipe, remove, disarm),
        *(overwrite_by_another_name, overwrite_in_memory, cut_short),
    ],
)
@pytest.mark.parametrize("how", ["new", "settled", "nothing is told"])
def test_tampering_is_seen_and_repaired(
    make: Make, monkeypatch: pytest.MonkeyPatch, tamper: Callable[[Path], None], how: str
) -> None:
    if how == "nothing is told":
        monkeypatch.setattr(touches, "_works", lambda _: False)
    workspace = make()
    if how == "settled":  # as after a while: the times of the files are trusted
        for path in workspace.root.rglob("*"):
            os.utime(path, (1, 1), follow_symlinks=False)
        workspace._stamps.clear()
    workspace.prepare(b"x")
    expected = tree(workspace.root)
    tamper(workspace.root)
    assert tampered(workspace) == ["harness.sh"]
    assert workspace.prepare(b"x") == ["harness.sh"]
    assert workspace.verify() == []
    assert tree(workspace.root) == expected
    assert os.access(workspace.root / "harness.sh", os.X_OK)


@linux_only
def test_what_nothing_is_told_of_is_not_looked_at_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make()
    workspace.prepare(b"x")

    def refuse() -> NoReturn:
        raise AssertionError("all of it was looked at")

    monkeypatch.setattr(workspace, "_survey_all", refuse)
    for content in (b"y", b"z"):
        assert workspace.prepare(content) == []
        (workspace.root / "lib/left").touch()
        assert workspace.verify() == []
    workspace.prepare(b"x")
    assert not (workspace.root / "lib/left").exists()
    (workspace.root / "lib/deep/helper.txt").write_text("cheat")
    assert tampered(workspace) == ["lib/deep/helper.txt"]
    assert workspace.prepare(b"x") == ["lib/deep/helper.txt"]
    overwrite_by_another_name(workspace.root)
    (workspace.root / "lib/deep/helper.txt").write_text("cheat again")
    assert tampered(workspace) == ["harness.sh", "lib/deep/helper.txt"]


def _flood(workspace: Workspace, _: pytest.MonkeyPatch) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for _each in range(most // 2 + 1):
        (workspace.root / "x").touch()
        (workspace.root / "x").unlink()


def _mount(_: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touches, "_mounts", lambda: b"another")


def _outlive(workspace: Workspace, _: pytest.MonkeyPatch) -> None:
    workspace.distrust()


def _twin(workspace: Workspace, _: pytest.MonkeyPatch) -> None:
    workspace.root.rename(workspace.root.with_name("twin"))
    shutil.copytree(workspace.root.with_name("twin"), workspace.root, symlinks=True)


def _close(workspace: Workspace, _: pytest.MonkeyPatch) -> None:
    (workspace.root / "lib").chmod(0)


@linux_only
@pytest.mark.parametrize("deed", [_flood, _mount, _outlive, _twin, _close])
def test_what_can_not_be_told_makes_all_doubtful(
    make: Make, monkeypatch: pytest.MonkeyPatch, deed: Callable[..., None]
) -> None:
    workspace = make()
    workspace.prepare(b"x")
    assert workspace._touches.found() is not None
    deed(workspace, monkeypatch)
    looked: list[str] = []
    listing = workspace._listing
    monkeypatch.setattr(workspace, "_listing", lambda name: (looked.append(name), listing(name))[1])
    workspace.verify()
    assert "lib/deep" in looked


def test_a_folder_that_became_a_link_to_a_copy_is_tampering(make: Make, tmp_path: Path) -> None:
    workspace = make()
    workspace.prepare(b"x")
    (workspace.root / "lib").rename(tmp_path / "copy")
    (workspace.root / "lib").symlink_to(tmp_path / "copy")
    assert tampered(workspace) == ["lib", "lib/deep/helper.txt"]
    workspace.prepare(b"x")
    assert workspace.verify() == []
    assert (tmp_path / "copy/deep/helper.txt").read_text() == "helper\n"


def test_a_hard_link_elsewhere_is_not_written_through(make: Make, tmp_path: Path) -> None:
    workspace = make()
    workspace.prepare(b"x")
    victim = tmp_path / "victim"
    victim.write_text("precious")
    for name in ("harness.sh", "target.txt"):
        (workspace.root / name).unlink()
        os.link(victim, workspace.root / name)
    assert tampered(workspace) == ["harness.sh", "target.txt"]
    workspace.prepare(b"x")
    assert victim.read_text() == "precious"


def test_a_changed_target_is_tampering_too(make: Make) -> None:
    workspace = make()
    workspace.prepare(b"candidate\n")
    (workspace.root / "target.txt").write_text("candidatE\n")
    assert tampered(workspace) == ["target.txt"]
    (workspace.root / "target.txt").unlink()
    assert tampered(workspace) == ["target.txt"]
    workspace.prepare(b"candidate\n")
    assert workspace.verify() == []


def put_back(root: Path) -> None:
    path = root / "harness.sh"
    before, content = path.stat(), path.read_bytes()
    path.write_bytes(b"echo score: 9")
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def move_away_and_back(root: Path) -> None:
    (root / "harness.sh").rename(root / "aside")
    overwrite(root)
    (root / "aside").replace(root / "harness.sh")


def touch(root: Path) -> None:
    os.utime(root / "harness.sh")


@pytest.mark.parametrize("tamper", [put_back, move_away_and_back, touch])
def test_what_was_written_to_and_put_back_is_tampering_unless_keep_names_it(
    make: Make, tamper: Callable[[Path], None]
) -> None:
    workspace = make()
    workspace.prepare(b"x")
    with workspace.watched():
        (workspace.root / "harness.sh").read_bytes()
    assert workspace.verify() == []
    tamper(workspace.root)
    (change,) = workspace.verify()
    assert str(change) == "harness.sh (was written to, and put back)"
    assert change.remedy == "a harness that does so wants `keep: [harness.sh]`"
    workspace.prepare(b"x")
    assert workspace.verify() == []
    kept = make(keep=["harness.sh"])
    kept.prepare(b"x")
    tamper(kept.root)
    assert kept.verify() == []


def test_a_target_that_rewrites_itself_and_puts_it_back_is_tampering(make: Make) -> None:
    workspace = make()
    workspace.prepare(b"x")
    (workspace.root / "target.txt").write_bytes(b"y")
    (workspace.root / "target.txt").write_bytes(b"x")
    assert [str(change) for change in workspace.verify()] == [
        "target.txt (was written to, and put back)"
    ]
    workspace.prepare(b"x")
    assert workspace.verify() == []


@linux_only
@pytest.mark.parametrize("moved", ["lib", "lib/deep", "."])
def test_a_folder_that_gave_way_to_a_twin_for_a_while_is_tampering(make: Make, moved: str) -> None:
    workspace = make()
    workspace.prepare(b"x")
    folder = Path(os.path.normpath(workspace.root / moved))
    with workspace.watched():
        aside = folder.rename(folder.with_name("aside"))
        shutil.copytree(aside, folder)
        shutil.rmtree(folder)
        aside.rename(folder)
    assert [str(change) for change in workspace.verify()] == [
        f"{moved} (was moved away, and put back)"
    ]
    workspace.prepare(b"x")
    with workspace.watched():
        pass
    assert workspace.verify() == []


def test_what_stands_in_place_of_a_file_is_never_read_when_its_size_tells(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make()
    workspace.prepare(b"x")
    with (workspace.root / "harness.sh").open("r+b") as file:
        file.truncate(1 << 40)
    really, opened = os.open, []

    def record(path: str, *rest: int) -> int:
        opened.append(path)
        return really(path, *rest)

    monkeypatch.setattr(os, "open", record)
    assert tampered(workspace) == ["harness.sh"]
    assert str(workspace.root / "target.txt") not in opened
    assert str(workspace.root / "harness.sh") not in opened


def test_hashing_ends_when_nobody_wants_it_any_more(make: Make) -> None:
    class Enough(Exception):
        pass

    def stop() -> None:
        raise Enough

    workspace = make()
    workspace.prepare(b"x")
    put_back(workspace.root)
    with pytest.raises(Enough):
        workspace.verify(stop)


# New files.

SHADOWS = [
    *("json.py", "lib/conftest.py", "json.so", "lib/deep/x.cpython-311-x86_64-linux-gnu.so"),
    *("GNUmakefile", ".npmrc", "Config.jar", ".env", ".env.local", "pytest.ini", ".Rprofile"),
    *("JSON.PY", "node_modules", ".git", "lib/pyvenv.cfg", "go.work", "vitest.config.ts"),
]


@pytest.mark.parametrize("name", SHADOWS)
def test_a_new_file_that_something_reads_unasked_is_named(make: Make, name: str) -> None:
    workspace = make()
    workspace.prepare(b"x")
    write_files(workspace.root, {name: "", "out.json": "", "out/x.py": "", "build/x.so": ""})
    (change,) = workspace.verify()
    assert change.path == name
    assert change.why.startswith("new: ")
    assert change.remedy == f"a harness that does so wants `keep: [{name}]`"
    declared = make(declared=[name])
    declared.prepare(b"x")
    write_files(declared.root, {name: ""})
    assert declared.verify() == []


def test_a_new_package_is_named_and_a_folder_that_is_none_is_not(make: Make) -> None:
    workspace = make()
    workspace.prepare(b"x")
    write_files(workspace.root, {"json/__init__.py": "", "out/a.py": "", "x.egg-info/PKG": ""})
    assert tampered(workspace) == ["json"]


def test_compiled_code_counts_where_it_would_be_believed(root: Path, make: Make) -> None:
    commit_files(root, {"lib/metric.py": "", "model.py": "", "own.py": ""})
    workspace = make(target="model.py")
    workspace.prepare(b"")
    caches = ["__pycache__/own.cpython-311.pyc", "lib/__pycache__/metric.cpython-311.pyc"]
    nobodys = ["__pycache__/model.cpython-311.pyc", "lib/__pycache__/nobody.cpython-311.pyc"]
    write_files(workspace.root, dict.fromkeys([*caches, *nobodys], ""))
    assert tampered(workspace) == caches


@linux_only
@pytest.mark.parametrize("name", ["json.py", "json/__init__.py"])
def test_what_shadows_for_a_while_alone_is_named_too(make: Make, name: str) -> None:
    workspace = make()
    workspace.prepare(b"x")
    with workspace.watched():
        write_files(workspace.root, {name: ""})
        discard(workspace.root / "json.py")
        discard(workspace.root / "json")
        write_files(workspace.root, {"out.txt": ""})
    assert tampered(workspace) == [name.partition("/")[0]]
    workspace.prepare(b"x")
    assert workspace.verify() == []


@linux_only
def test_a_package_that_is_emptied_before_anybody_looks_is_named_too(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir
    looked = threading.Event()

    def late(folder: Path) -> Any:
        (folder / "__init__.py").unlink()
        looked.set()
        return scandir(folder)

    workspace = make()
    workspace.prepare(b"x")
    package, elsewhere = workspace.root / "json", workspace.root.parent / "json"
    write_files(elsewhere, {"__init__.py": ""})
    with workspace.watched():
        monkeypatch.setattr("autoexp_tui.evaluation.watching.os.scandir", late)
        elsewhere.rename(package)
        assert looked.wait(60)
        monkeypatch.undo()
        package.rmdir()
    assert tampered(workspace) == ["json"]


def test_a_target_that_is_the_same_is_not_written_again(make: Make) -> None:
    workspace = make()
    workspace.prepare(b"x")
    before = (workspace.root / "target.txt").stat()
    workspace.prepare(b"x")
    assert (workspace.root / "target.txt").stat().st_mtime_ns == before.st_mtime_ns


def test_a_folder_that_was_closed_is_opened_again(make: Make) -> None:
    workspace = make()
    workspace.prepare(b"x")
    (workspace.root / "lib/deep").chmod(0)
    assert workspace.verify() == []
    (workspace.root / "lib/deep/helper.txt").unlink()
    (workspace.root / "lib").chmod(0o500)
    workspace.prepare(b"x")
    assert workspace.verify() == []


# Leftovers.


def test_leftovers_are_removed_and_are_no_tampering(make: Make, root: Path) -> None:
    workspace = make()
    workspace.prepare(b"x")
    expected = tree(workspace.root)
    write_files(workspace.root, {"out/a/b": "", "lib/__pycache__/x.pyc": "", "new": ""})
    (workspace.root / "out/loop").symlink_to(workspace.root)
    (workspace.root / "out/root").symlink_to(root)
    os.mkfifo(workspace.root / "pipe")
    (workspace.root / "out/a").chmod(0)
    assert workspace.verify() == []
    assert workspace.prepare(b"x") == []
    assert tree(workspace.root) == expected
    assert not (workspace.root / "out").exists()
    assert (root / "harness.sh").exists()


def test_what_no_path_is_long_enough_for_is_removed(make: Make) -> None:
    workspace = make()
    workspace.prepare(b"x")
    expected = tree(workspace.root)
    name = "d" * 200
    folder = os.open(workspace.root, os.O_RDONLY)
    for number in range(100):  # 20 kB, where a path has 4
        os.mkdir(name, dir_fd=folder)
        inner = os.open(name, os.O_RDONLY, dir_fd=folder)
        os.mkdir(b"\xff\n", dir_fd=inner)
        os.close(os.open("file", os.O_CREAT, dir_fd=inner))
        if number % 7 == 0:
            os.fchmod(folder, 0)
        os.close(folder)
        folder = inner
    os.close(folder)
    workspace.prepare(b"x")
    assert tree(workspace.root) == expected
    workspace.root.chmod(0)
    workspace.remove()
    assert not workspace.root.parent.exists()


def test_what_keep_names_stays(make: Make) -> None:
    workspace = make(keep=["build/", "*.db", "cache/*.bin"])
    workspace.prepare(b"x")
    kept = {"build/x/y": "1", "lib/some.db": "1", "cache/sub/a.bin": "1", "deep/build/z": "1"}
    write_files(workspace.root, {**kept, "cache/sub/b.txt": "", "lib/other": "", "tmp/empty": ""})
    (workspace.root / "tmp/empty").unlink()
    workspace.prepare(b"x")
    found = tree(workspace.root)
    assert kept.items() <= found.items()
    assert not {"cache/sub/b.txt", "lib/other"} & found.keys()
    assert not (workspace.root / "tmp").exists()


def test_keep_is_relative_to_the_project(make: Make) -> None:
    workspace = make(folder="lib", keep=["*.db"], target="deep/helper.txt")
    write_files(workspace.root, {"outer.db": "1", "lib/inner.db": "1"})
    workspace.prepare(b"x")
    assert not (workspace.root / "outer.db").exists()
    assert (workspace.root / "lib/inner.db").exists()


def test_a_tracked_file_that_keep_names_may_change_but_comes_back_when_lost(
    root: Path, make: Make
) -> None:
    commit_files(root, {"state.db": "0"})
    workspace = make(keep=["state.db"])
    workspace.prepare(b"x")
    (workspace.root / "state.db").write_text("1")
    assert workspace.verify() == []
    workspace.prepare(b"x")
    assert (workspace.root / "state.db").read_text() == "1"
    (workspace.root / "state.db").unlink()
    assert workspace.verify() == []
    workspace.prepare(b"x")
    assert (workspace.root / "state.db").read_text() == "0"


# Links.


@pytest.fixture
def furnished(root: Path) -> Path:
    """The repository with ignored things in its checkout."""
    files = {"data/big/file": "d", ".venv/bin/python": "p", "run.log": "l", ".env.local": "K=1"}
    write_files(root, {**files, "__pycache__/x.pyc": "", ".pytest_cache/x": "", "untracked": ""})
    with Repository.open(root) as repository:
        repository.exclude(["/results.tsv", "/budget.log"])
    write_files(root, {"results.tsv": "", "budget.log": ""})
    return root


def test_ignored_things_are_linked_and_secrets_are_not(furnished: Path, make: Make) -> None:
    workspace = make(link=None)
    assert workspace.linked == (".venv", "data", "run.log")
    assert [name for name, _ in workspace.not_linked] == [".env.local"]
    assert (workspace.root / "data").readlink() == furnished / "data"
    assert (workspace.root / "data/big/file").read_text() == "d"
    assert workspace.prepare(b"x") == []
    assert workspace.verify() == []


def test_what_is_ignored_above_the_projects_folder_is_linked_too(
    furnished: Path, make: Make
) -> None:
    write_files(furnished, {"lib/run.log": "deeper"})
    workspace = make(folder="lib", link=None, target="helper.txt")
    assert workspace.linked == (".venv", "data", "lib/run.log", "run.log")
    assert [name for name, _ in workspace.not_linked] == ["../.env.local"]
    assert (workspace.project_dir / "../data/big/file").read_text() == "d"
    named = make(folder="lib", link=["../data", "../../x"], target="helper.txt")
    assert named.linked == ("data",)
    assert "no path inside" in dict(named.not_linked)["../../x"]


def test_an_environment_called_dot_env_is_linked(root: Path, make: Make) -> None:
    write_files(root, {".env/pyvenv.cfg": ""})
    assert make(link=None).linked == (".env",)


def test_a_given_list_is_taken_as_it_is(furnished: Path, make: Make) -> None:
    write_files(furnished, {"lib/model.bin": "m"})
    wanted = [".env.local", "lib/model.bin", "data/big", "missing", "harness.sh", "../x", "lib"]
    workspace = make(link=wanted)
    assert workspace.linked == (".env.local", "data/big", "lib/model.bin")
    reasons = dict(workspace.not_linked)
    assert "no such file" in reasons["missing"]
    assert "git tracks it" in reasons["harness.sh"]
    assert "git tracks it" in reasons["lib"]
    assert "no path inside" in reasons["../x"]
    assert (workspace.root / "lib/model.bin").read_text() == "m"
    assert workspace.prepare(b"x") == []
    assert workspace.verify() == []


@pytest.mark.parametrize("wanted", [["data", "data/big"], ["data/big", "data"]])
def test_a_link_inside_of_a_link_is_refused(furnished: Path, make: Make, wanted: list[str]) -> None:
    workspace = make(link=wanted)
    assert workspace.linked == (wanted[0],)
    assert [name for name, _ in workspace.not_linked] == [wanted[1]]


def test_a_link_that_was_replaced_is_tampering_and_repaired(furnished: Path, make: Make) -> None:
    workspace = make(link=None)
    workspace.prepare(b"x")
    (workspace.root / "data").unlink()
    write_files(workspace.root, {"data/big/file": "cheat"})
    (workspace.root / "run.log").unlink()
    assert tampered(workspace) == ["data", "run.log"]
    assert workspace.prepare(b"x") == ["data", "run.log"]
    assert (workspace.root / "data").readlink() == furnished / "data"


def test_what_is_linked_is_never_emptied(
    furnished: Path, make: Make, repository: Repository
) -> None:
    before = tree(furnished)
    linked = make(link=None)
    linked.prepare(b"x")
    (linked.root / "again").symlink_to(furnished)
    (linked.root / "lib/deep/helper.txt").unlink()
    (linked.root / "lib/deep").rmdir()
    (linked.root / "lib/deep").symlink_to(furnished / "data")
    linked.prepare(b"x")
    unlinked = make(link=[])
    unlinked.prepare(b"x")
    assert not (unlinked.root / "data").exists()
    make(link=None).remove()
    remove_workspace(repository.common_dir, "t")
    assert tree(furnished) == before


# Coming back.


def test_a_new_runner_trusts_nothing_it_finds(make: Make) -> None:
    first = make()
    first.prepare(b"x")
    expected = tree(first.root)
    write_files(first.root, {"left": "", "lib/deep/helper.txt": "half wri"})
    (first.root / "harness.sh").unlink()
    second = make()
    assert second.prepare(b"x") == []
    assert tree(second.root) == expected


def test_a_new_base_replaces_what_the_old_one_had(root: Path, make: Make) -> None:
    make().prepare(b"x")
    git(root, "rm", "-rq", "lib")
    commit_files(root, {"lib": "a file now", "new/file": "n"})
    workspace = make()
    assert (workspace.root / "lib").read_text() == "a file now"
    assert workspace.verify() == []


def test_a_workspace_that_became_a_link_is_made_anew(make: Make, tmp_path: Path) -> None:
    first = make()
    first.remove()
    first.root.parent.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/precious").touch()
    first.root.symlink_to(tmp_path / "elsewhere")
    second = make()
    assert not second.root.is_symlink()
    assert (tmp_path / "elsewhere/precious").exists()


def test_a_workspace_that_was_removed_under_way_is_made_again(make: Make) -> None:
    workspace = make()
    workspace.prepare(b"x")
    expected = tree(workspace.root)
    workspace.remove()
    assert "harness.sh" in tampered(workspace)
    workspace.prepare(b"x")
    assert tree(workspace.root) == expected


def test_removing_leaves_nothing_and_may_be_done_twice(make: Make, repository: Repository) -> None:
    workspace = make()
    workspace.prepare(b"x")
    (workspace.root / "lib").chmod(0o500)
    workspace.remove()
    workspace.remove()
    assert not workspace_home(repository.common_dir, "t").exists()


def test_two_repositories_with_the_same_tag_do_not_meet(tmp_path: Path) -> None:
    assert workspace_home(tmp_path / "a", "t") != workspace_home(tmp_path / "b", "t")


def test_a_cache_that_cannot_be_written_is_an_error_with_a_remedy(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUTOEXP_CACHE", str(tmp_path / "file"))
    with pytest.raises(RepositoryError, match="can't be made") as caught:
        make()
    assert "set AUTOEXP_CACHE to a folder" in str(caught.value)
    assert "\n" not in str(caught.value)


# Whatever a harness does.

NAMES = ["target.txt", "harness.sh", "lib", "lib/deep", "lib/deep/helper.txt", "new", "new/x"]
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["write", "remove", "folder", "link", "close"]), st.sampled_from(NAMES)
    ),
    max_size=6,
)


def do(root: Path, deed: str, name: str) -> None:
    path = root / name
    try:
        if deed == "write":
            path.write_text("cheat")
        elif deed == "close":
            path.chmod(0)
        else:
            discard(path)
            if deed == "folder":
                path.mkdir()
            elif deed == "link":
                path.symlink_to(root / "lib")
    except OSError:
        return  # this deed is impossible after the others


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(DEEDS)
def test_after_any_deeds_prepare_makes_it_exact(make: Make, deeds: list[tuple[str, str]]) -> None:
    workspace = make()
    workspace.prepare(b"x")
    expected = tree(workspace.root)
    for deed, name in deeds:
        do(workspace.root, deed, name)
    found = tree(workspace.root)
    changed = {path for path, text in expected.items() if found.get(path) != text}
    assert changed <= set(tampered(workspace))
    workspace.prepare(b"x")
    assert workspace.verify() == []
    assert tree(workspace.root) == expected


def test_a_workspace_that_has_gone_is_made_again_and_its_disk_is_still_known(make: Make) -> None:
    workspace = make()
    workspace.prepare(b"x")
    expected = tree(workspace.root)
    shutil.rmtree(workspace.root.parents[1])
    assert free_mb(workspace.root) > 0
    assert workspace.verify() != []
    workspace.prepare(b"x")
    assert tree(workspace.root) == expected
    assert workspace.verify() == []


# Hidden.


def test_what_is_hidden_comes_and_goes_and_is_protected_while_it_is_there(
    root: Path, make: Make
) -> None:
    commit_files(root, {"truth/a": "1", "truth/b/c": "2", "other": "3"})
    workspace = make()
    workspace.hide(("truth", "other"))
    seen = {"truth/a", "truth/b/c", "other"}
    assert not seen & tree(workspace.root).keys()
    workspace.prepare(b"x", hidden=True)
    assert seen <= tree(workspace.root).keys()
    assert not list(workspace.concealed())
    (workspace.root / "truth/b/c").write_text("another")
    assert tampered(workspace) == ["truth/b/c"]
    workspace.prepare(b"x")
    assert not seen & tree(workspace.root).keys()
    assert tampered(workspace) == []
    assert {root / "truth", root / "other"} < set(workspace.concealed())
