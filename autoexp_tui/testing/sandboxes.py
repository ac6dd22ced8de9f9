"""What an evaluator relies on in an `evaluation.sandbox.Sandbox`."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from autoexp_tui.evaluation.sandbox import Confinement, Sandbox
from autoexp_tui.testing.promise import promise

_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "GIVEN": "a value\nof two lines"}
_TIMEOUT_S = 30.0


def check_sandbox(sandbox: Sandbox, workspace: Path, *, forbids: bool = True) -> None:
    """Run some commands in the sandbox, in the empty folder `workspace`.

    With `forbids` also what it must not let through. Raises AssertionError where a promise is
    broken.
    """
    promise(bool(sandbox.name) and sandbox.name.isprintable(), "`name` is a word")
    promise(sandbox.probe() == "" or sandbox.probe().isprintable(), "`probe` answers in one line")
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
    if forbids:
        _check_forbidden(sandbox, workspace)


def _check_forbidden(sandbox: Sandbox, workspace: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        hidden, shared, home = (Path(folder, name) for name in ("hidden", "shared", "home"))
        for place in (hidden, shared, home, workspace / "deep"):
            place.mkdir()
        for file in (hidden / "key", shared / "data", home / "settings", hidden / "given"):
            file.write_text("there\n")
        (workspace / "deep/protected").write_text("as it was\n")

        def run(script: str) -> str:
            found = _run(
                sandbox,
                workspace,
                script,
                *(str(hidden), str(shared), str(home)),
                protected=("deep/protected",),
                folders=("deep",),
                hidden=(hidden,),
                readable=(hidden / "given",),
                writable=(shared,),
                home=home,
            )
            return found.stdout

        promise("there" not in run('cat "$1/key"'), "what is hidden can't be read")
        promise(run('cat "$1/given"') == "there\n", "but for what is exempt from it")
        run('echo x > "$1/new"; rm -rf "$1"; echo x > "$1/key"')
        promise((hidden / "key").read_text() == "there\n", "what is hidden stays as it is")
        run('echo more >> "$2/data"')
        promise((shared / "data").read_text() == "there\nmore\n", "what is shared is written to")
        promise(run('cat "$3/settings"') == "there\n", "HOME can be read")
        run('echo x > "$3/new"; echo x > "$3/settings"')
        promise(
            (home / "settings").read_text() == "there\n" and not (home / "new").exists(),
            "what is written into HOME doesn't reach it",
        )
        outside = Path(folder, "outside")
        run(f"echo x > {outside}")
        promise(not outside.exists(), "nothing is written outside")
        promise(run("echo x > $TMPDIR/t && cat $TMPDIR/t") == "x\n", "TMPDIR is writable")
        promise(run("cat $TMPDIR/t") == "", "nothing is left there for the next")
        promise(str(workspace) == run("pwd -P").strip(), "the current folder stays")


def _run(
    sandbox: Sandbox, workspace: Path, script: str, *words: str, **allowed: Any
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as private:
        argv = ["/bin/sh", "-c", script, "sh", *words]
        wrapped = sandbox.wrap(argv, Confinement(workspace, Path(private), **allowed))
        promise(Path(wrapped[0]).is_absolute(), "the first word is an absolute path")
        return subprocess.run(
            wrapped,
            cwd=workspace,
            env=_ENV,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
