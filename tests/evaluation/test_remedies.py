"""What a newcomer's harness says when it fails, by real processes: the row that fits is right."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from autoexp_tui.evaluation.harness import run_harness
from autoexp_tui.evaluation.remedies import _CONDITIONS, Seen, as_markdown, remedy, table

PYTHON = "python3 -I -c"
DOCUMENT = Path(__file__).parents[2] / "docs" / "remedies.md"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A checkout with what its workspace lacks, and that workspace."""
    outer = tmp_path_factory.mktemp("outer")
    checkout, workspace = outer / "project", outer / "cache" / "project"
    for folder in (checkout, workspace):
        (folder / "src" / "kit").mkdir(parents=True)
        (folder / "run.sh").write_text("echo hello\n")
        (folder / "windows.sh").write_bytes(b"#!/bin/sh\r\necho\r\n")
        (folder / "windows.sh").chmod(0o755)
        (folder / "lost.sh").write_text("#!/opt/nowhere/python\n")
        (folder / "lost.sh").chmod(0o755)
        (folder / "Makefile").write_text("bench: big.bin\n\techo\n")
    (outer / "beside.csv").touch()
    (checkout / "data").mkdir()
    (checkout / "data" / "q.csv").touch()
    (checkout / "tool.sh").touch()
    (checkout / "node_modules").mkdir()
    return checkout, workspace


def told(folders: tuple[Path, Path], command: str, *, confined: bool = False) -> str:
    checkout, workspace = folders
    outcome = run_harness(
        ["/bin/sh", "-c", command],
        cwd=workspace,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        time_limit=0.3 if command.startswith("sleep") else 20.0,
        log=workspace.parent / "output.log",
        metrics=(),
        interrupt=threading.Event(),
    )
    assert outcome.failure, "it did not fail"
    withheld = ("OPENAI_API_KEY", "pgPassword")
    seen = Seen(outcome.failure, outcome.tail, checkout, workspace, withheld, confined=confined)
    return remedy(seen) or ""


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"{PYTHON} 'import os; os.environ[\"OPENAI_API_KEY\"]'", "allow: [OPENAI_API_KEY]"),
        (f"{PYTHON} 'import os; os.environ[\"pgPassword\"]'", "allow: [pgPassword]"),
        ("echo 'set OPENAI_API_KEY or pass api_key'; exit 1", "allow: [OPENAI_API_KEY]"),
        (f"{PYTHON} 'import os; os.environ[\"DATA_DIR\"]'", "define: {DATA_DIR: …}"),
        ('set -u; echo "$DATA_DIR"', "define: {DATA_DIR: …}"),
        ('echo "${DATA_DIR:?}"', "define: {DATA_DIR: …}"),
        ("echo 'wandb: ERROR api_key not configured (no-tty)'; exit 1", "WANDB_MODE: offline"),
        ("echo '401 Client Error: for url: https://huggingface.co/x'; exit 1", "[HF_TOKEN]"),
        ("echo 'ERROR: JAVA_HOME is not set'; exit 1", "JAVA_HOME"),
        (f'{PYTHON} \'b"\\xc3".decode("ascii")\'', "PYTHONUTF8"),
        ("echo 'no display name and no $DISPLAY environment variable'; exit 1", "MPLBACKEND"),
        ("./windows.sh", "line ends of Windows"),
        ("./lost.sh", "the program that lost.sh names in its first line is not there"),
        (
            "echo 'error: rustup could not choose a version of cargo to run'; exit 1",
            "`rustup default stable`",
        ),
        ("source .venv/bin/activate && python eval.py", "`. .venv/bin/activate"),
        ("if [[ 1 ]]; then echo; fi; a=1; echo ${a^^}", "wants bash"),
        ("echo \"Run 'conda init' before 'conda activate'\"; exit 1", "conda run"),
        ("./run.sh", "chmod +x run.sh"),
        (f'{PYTHON} \'import os; os.execv("./run.sh", ["x"])\'; ./run.sh', "chmod +x run.sh"),
        ("echo 'Cannot connect to the Docker daemon at unix:///x'; exit 1", "Docker can't"),
        ("echo 'sudo: a password is required'; exit 1", "without sudo"),
        (f"{PYTHON} 'input()'", "nobody answers"),
        ("./tool.sh", "`git add tool.sh"),
        ("uv-is-not-here", "there is no program uv-is-not-here"),
        ("PATH=/nowhere; uv run bench", "uv is not on the PATH"),
        (f"{PYTHON} 'import kit'", "PYTHONPATH: src"),
        (f"{PYTHON} 'import kitchen.sink'", "doesn't have kitchen"),
        (
            "mkdir -p p; echo 'from . import x' > p/m.py; python3 p/m.py",
            "python -m PACKAGE.MODULE",
        ),
        ("echo 'error: externally-managed-environment'; exit 1", "venv .venv"),
        (
            "echo 'jupyter_client.kernelspec.NoSuchKernel: No such kernel named x'; exit 1",
            "ipykernel",
        ),
        (
            "echo 'LookupError: setuptools-scm was unable to detect version for /x'; exit 1",
            "SETUPTOOLS_SCM_PRETEND_VERSION",
        ),
        (f"{PYTHON} 'import pickle; pickle.loads(b\"version https://git-lfs\")'", "git lfs pull"),
        ("git -C / rev-parse HEAD", "AUTOEXP_COMMIT"),
        (f"{PYTHON} 'open(\"data/q.csv\")'", "link: [data/q.csv]"),
        ("cat data/q.csv", "link: [data/q.csv]"),
        (f"{PYTHON} 'import os; open(os.getcwd() + \"/data/q.csv\")'", "link: [data/q.csv]"),
        (f"{PYTHON} 'open(\"../beside.csv\")'", "symbolic link"),
        ("echo 'a.c:1:10: fatal error: zlib.h: No such file or directory'; exit 1", "zlib.h"),
        ("make bench", "make has no big.bin"),
        ("echo 'error: could not find `Cargo.toml` in `/x`'; exit 101", "cd FOLDER"),
        (
            f'{PYTHON} \'raise OSError(30, "Read-only file system", "data/x")\'',
            "link: {FOLDER: copy}",
        ),
        ("echo \"Error: Cannot find module 'chalk'\"; exit 1", "link: [node_modules]"),
        ("echo 'npm error Missing script: \"bench\"'; exit 1", "no script bench"),
        ("echo 'torch.OutOfMemoryError: CUDA out of memory. Tried'; exit 1", "smaller batch"),
        ("echo 'RuntimeError: No CUDA GPUs are available'; exit 1", "no GPU"),
        (f"{PYTHON} 'raise MemoryError'", "memory was not enough"),
        ("cat /etc/passwd > /dev/full", "disk is full"),
        (f"{PYTHON} 'import os; raise OSError(24, os.strerror(24))'", "ulimit"),
        (f"{PYTHON} 'import socket; socket.gethostbyname(\"x.invalid\")'", "there is no network"),
        (
            f"{PYTHON} 'import socket; socket.create_connection((\"127.0.0.1\", 9))'",
            "isn't running",
        ),
        (
            (
                f'{PYTHON} \'import socket as s; a = s.create_server(("127.0.0.1", 0));'
                " s.create_server(a.getsockname())'"
            ),
            "port 0",
        ),
        ("echo 'no tests ran in 0.01s'; exit 5", "pytest tests"),
        ("echo '1 failed, 7 passed in 0.1s'; exit 1", "source: pytest"),
        ("printf '%s\\n' 'env: bash\\r: No such file'; exit 127", "line ends of Windows"),
        ("sleep 60", "must fit into time_limit"),
        ("kill -SEGV $$", "crashed (SEGV)"),
    ],
)
def test_a_failure_is_answered_by_what_mends_it(
    folders: tuple[Path, Path], command: str, words: str
) -> None:
    assert words in told(folders, command)


def test_a_package_that_nobody_has_installed_is_to_be_installed(tmp_path: Path) -> None:
    """No `node_modules` lies anywhere above this folder."""
    told_of = "echo \"Error: Cannot find module 'chalk'\"; exit 1"
    assert "`npm ci` in the checkout" in told((tmp_path, tmp_path), told_of)


def test_without_a_network_in_the_sandbox_the_setting_is_named(folders: tuple[Path, Path]) -> None:
    command = f"{PYTHON} 'import socket; socket.gethostbyname(\"x.invalid\")'"
    assert "network: true" in told(folders, command, confined=True)


@pytest.mark.parametrize("command", ["exit 3", "echo 'assertion 12 of 40 wrong'; exit 1"])
def test_what_the_table_does_not_know_is_not_guessed(
    folders: tuple[Path, Path], command: str
) -> None:
    assert told(folders, command) == ""


def test_every_condition_is_known_and_every_row_has_words() -> None:
    assert len(table()) >= 30
    for row in table():
        assert not row.when or row.when in _CONDITIONS
        assert row.means
        assert row.cure


def test_the_document_has_the_table() -> None:
    assert "\n".join(as_markdown()) in DOCUMENT.read_text(encoding="utf-8")


def test_a_file_system_that_lets_no_program_run_is_named(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, workspace = folders
    seen = Seen("exit 126", "/bin/sh: 1: ./lost.sh: Permission denied", checkout, workspace)
    assert "chmod +x lost.sh" in (remedy(seen) or "")
    here = os.statvfs(workspace)
    forbidding = os.statvfs_result([*here[:8], here.f_flag | os.ST_NOEXEC, here.f_namemax])
    monkeypatch.setattr(os, "statvfs", lambda _: forbidding)
    assert "set AUTOEXP_CACHE to a folder elsewhere" in (remedy(seen) or "")
    (workspace / "lost.sh").chmod(0o644)
    assert "chmod +x lost.sh" in (remedy(seen) or "")
