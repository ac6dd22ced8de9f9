"""What an evaluator relies on in an `evaluation.sandbox.Sandbox`."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from autoexp_tui.evaluation.sandbox import Sandbox
from autoexp_tui.testing.promise import promise

_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "GIVEN": "a value\nof two lines"}
_TIMEOUT_S = 30.0


def check_sandbox(sandbox: Sandbox, workspace: Path) -> None:
    """Run some commands in the sandbox, from the folder `workspace`.

    Raises AssertionError where a promise is broken.
    """
    promise(bool(sandbox.name) and sandbox.name.isprintable(), "`name` is a word")
    promise(sandbox.probe() == "" or sandbox.probe().isprintable(), "`probe` answers in one line")
    promise(
        Path(sandbox.wrap(["/bin/sh"], workspace)[0]).is_absolute(),
        "the first word is an absolute path",
    )
    words = "a  b\n'\"$HOME"
    done = _run(sandbox, workspace, 'printf %s "$1"; printf %s "$GIVEN" >&2; exit 7', words)
    promise(done.returncode == 7, "the exit status is the command's")
    promise(done.stdout == words, "arguments and standard output are the command's")
    promise(done.stderr == _ENV["GIVEN"], "environment and standard error are the command's")
    killed = _run(sandbox, workspace, "kill -9 $$").returncode
    promise(killed in {-signal.SIGKILL, 128 + signal.SIGKILL}, "a signal that ended it can be told")
    wrote = _run(sandbox, workspace, "echo x > of-the-sandbox && cat of-the-sandbox")
    written = workspace / "of-the-sandbox"
    promise(
        wrote.stdout == "x\n" and written.exists() and written.read_text() == "x\n",
        "the workspace is the current folder, writable, and the same inside and outside",
    )
    written.unlink()


def _run(
    sandbox: Sandbox, workspace: Path, script: str, *words: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        sandbox.wrap(["/bin/sh", "-c", script, "sh", *words], workspace),
        cwd=workspace,
        env=_ENV,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
