"""How a runner outlives the login that started it, where the system ends what a login left."""

from __future__ import annotations

import getpass
import shutil
from collections.abc import Mapping
from pathlib import Path

_LINGER = Path("/var/lib/systemd/linger")


def scope(environ: Mapping[str, str], linger: Path = _LINGER) -> list[str]:
    """What to put before a command so that logging out doesn't end it; nothing where that can't be.

    With systemd and lingering on (`loginctl enable-linger`), the command gets a scope of its own;
    without, it has a session of its own, which most systems leave alone.
    """
    program = shutil.which("systemd-run", path=environ.get("PATH"))
    runtime = environ.get("XDG_RUNTIME_DIR")
    if program is None or runtime is None or not (Path(runtime) / "systemd" / "private").exists():
        return []
    if not (linger / getpass.getuser()).exists():
        return []
    return [program, "--user", "--scope", "--quiet", "--collect"]
