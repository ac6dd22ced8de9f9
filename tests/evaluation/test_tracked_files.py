"""What bubblewrap keeps as it is, and what it leaves open, of a workspace and of the devices."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoexp_tui.evaluation.sandbox import bubblewrap, confine
from autoexp_tui.evaluation.sandbox.bubblewrap import Bubblewrap
from autoexp_tui.evaluation.sandbox.confinement import Confinement

_SANDBOX = Bubblewrap(shutil.which("bwrap") or "/usr/bin/bwrap", overlays=False)
_NOBODY = 65534
_AS = """
import ctypes, os, sys
sys.path.insert(0, os.path.dirname(sys.argv[2]))
import confine
if user := int(sys.argv[1]):
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    ctypes.CDLL(None).prctl(4, ctypes.c_ulong(1), 0, 0, 0)  # as after an exec of that user's own
sys.exit(confine.main(sys.argv[3:]))
"""
_ATTEMPTS = """
find . -type f -writable
rm -rf part0 2>/dev/null
for folder in part*; do
    mv $folder moved-$folder 2>/dev/null && echo moved $folder
    echo new >$folder/new
done
mv part1/m0.py part1/other 2>/dev/null && echo moved m0.py
mv part1/new part1/m1.py 2>/dev/null && echo replaced m1.py
exit 0
"""
"""Says what it can write to, move and replace, and leaves a new file in each folder."""


@pytest.fixture(autouse=True)
def _namespaces() -> None:
    """Not the probe, which a sandbox that keeps nothing doesn't pass: it is to fail here."""
    words = [
        "-I",
        "-S",
        confine.__file__,
        "1",
        "namespace",
        _SANDBOX.program,
        "--dev-bind",
        "/",
        "/",
    ]
    done = subprocess.run(
        [sys.executable, *words, "true"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"bubblewrap or namespaces don't work here: {done.stderr}")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where an ordinary user may look into it, as pytest's own can't be."""
    path = Path(tempfile.mkdtemp(prefix="tracked-", dir="/var/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def devices() -> Iterator[Path]:
    """A folder of /dev, where there can be one of ours."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no shared memory here")
    path = Path(tempfile.mkdtemp(prefix="tracked-", dir="/dev/shm"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(params=["as ourselves", "as an ordinary user"])
def user(request: pytest.FixtureRequest) -> int:
    if request.param == "as ourselves":
        return 0
    if os.geteuid():
        pytest.skip("we are one: the other case is this")
    return _NOBODY


def said(
    confinement: Confinement,
    script: str,
    user: int,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """What a shell in the sandbox prints; the start of Python alone is as root."""
    confinement.private.mkdir()
    if user:
        monkeypatch.setattr(os, "geteuid", lambda: user)
    words = _SANDBOX.wrap(["/bin/sh", "-c", script], confinement)
    monkeypatch.undo()
    for path in (confinement.root, confinement.private):
        for each in (path, *path.rglob("*")):
            os.chown(each, user or os.geteuid(), -1)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _AS, str(user), confine.__file__, *words[4:]],
        cwd=confinement.root,
        env={"PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_three_hundred_tracked_files_stay_as_they_are_among_new_ones(
    folder: Path, user: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder / "root"
    names = [f"part{n % 3}/m{n // 3}.py" for n in range(300)]
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("tracked")
    confinement = Confinement(
        root,
        folder / "first",
        protected=(*names,),
        folders=("part0", "part1", "part2"),
        home=folder,
    )
    assert said(confinement, _ATTEMPTS, user, monkeypatch) == ""
    assert {(root / name).read_text() for name in names} == {"tracked"}
    assert (root / "part2/new").read_text() == "new\n"

    (root / "part0/new").replace(root / names[0])  # another inode has the name
    again = Confinement(
        root,
        folder / "second",
        protected=confinement.protected,
        folders=confinement.folders,
        home=folder,
    )
    written = said(again, _ATTEMPTS, user, monkeypatch).split()
    assert [name for name in written if not name.endswith("/new")] == []
    assert (root / names[0]).read_text() == "new\n"


def test_devices_work_where_they_belong_and_nowhere_else(
    folder: Path, devices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder / "root"
    root.mkdir()
    gpu, other = devices / "gpu0", root / "other"
    try:
        for path in (gpu, other):
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 7))
            path.open("rb").close()
    except PermissionError:
        pytest.skip("no devices can be made here")
    monkeypatch.setattr(bubblewrap, "_DEVICES", (f"{devices}/gpu*",))
    script = f"""
    head -c 3 {gpu} | wc -c
    head -c 3 other 2>/dev/null | wc -c
    head -c 3 /dev/zero | wc -c
    echo >/dev/null && test -r /dev/urandom && ls -A /dev /dev/pts
    """
    counts = said(Confinement(root, folder / "private"), script, 0, monkeypatch).split()
    assert counts[:3] == ["3", "0", "3"]
    assert set(counts[3:]) - {"console"} == {
        *("/dev:", "core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr"),
        *("stdin", "stdout", "tty", "urandom", "zero", "/dev/pts:"),
    }
