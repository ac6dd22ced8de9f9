"""Tries a sandbox for real: a program inside of it attempts what must not be possible."""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from autoexp_tui.evaluation.sandbox.confinement import Confinement
from autoexp_tui.evaluation.sandbox.places import home_of
from autoexp_tui.model.problem import Problem

if TYPE_CHECKING:
    from autoexp_tui.evaluation.sandbox.seam import Sandbox

_TIMEOUT_S = 20.0
_ATTEMPTS = Path(__file__).with_name("attempts.py")


_KEPT = {
    "outside": "writes only in the workspace",
    "protected": "tracked files read-only",
    "hidden": "no secrets",
    "network": "no network",
    "runner": "runner unseen",
}
"""What is said of an attempt that failed."""


@functools.cache
def probe(sandbox: Sandbox) -> str:
    """What it keeps a program from here, in words. Raises Problem where it can't be relied on."""
    found = attempts(sandbox)
    if not (found.get("works") and found.get("tmp")):
        raise Problem(
            f"the sandbox {sandbox.name} can't be used here: a program in it can't be run or write "
            "its own files; `sandbox: auto` takes what works"
        )
    if broken := [name for name in ("outside", "hidden") if found[name]]:
        raise Problem(
            f"the sandbox {sandbox.name} keeps nothing here ({broken[0]}): "
            "`sandbox: auto` takes what works"
        )
    return ", ".join(words for name, words in _KEPT.items() if not found[name])


def attempts(sandbox: Sandbox) -> dict[str, bool]:
    """Which attempts of a program in the sandbox succeeded; empty when it can't even be started.

    `works` and `tmp` should, the others should not: `protected` (writes a protected file),
    `folder` (moves its folder), `outside`, `hidden`, `network` (one of this machine's own), and
    `runner` (reads another process of the user's).
    """
    with (
        tempfile.TemporaryDirectory(prefix="autoexp-probe-") as base,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        folders = [Path(base, name) for name in ("root", "hidden", "private")]
        root, hidden, private = folders
        for folder in folders:
            folder.mkdir()
        (root / "folder").mkdir()
        (root / "folder/protected").touch()
        (hidden / "secret").touch()
        confinement = Confinement(
            root,
            private,
            protected=("folder/protected",),
            folders=("folder",),
            readable=(_ATTEMPTS.parent, *map(Path, (sys.prefix, sys.base_prefix))),
            hidden=(hidden,),
            home=home_of(os.environ),
        )
        words = (str(root), base, str(hidden), str(listener.getsockname()[1]), str(os.getpid()))
        argv = [sys.executable, "-I", "-S", str(_ATTEMPTS), *words]
        try:
            done = subprocess.run(
                sandbox.wrap(argv, confinement),
                cwd=root,
                env={"PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return {}
        if done.returncode != 0:
            return {}
        answers = (line.split() for line in done.stdout.splitlines())
        found = {name: answer == "True" for name, answer in answers}
        # A write into a place of its own, which has gone with it, is none.
        found["outside"] = Path(base, "new").exists()
        return found
