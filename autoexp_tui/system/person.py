"""Who is at this terminal, for the journal."""

from __future__ import annotations

import getpass
import os
import sys

from autoexp_tui.text.safe import Safe, clean_line


def whoami() -> Safe:
    """`ada@pts/3`; without a terminal, `ada`."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    try:
        terminal = os.ttyname(sys.stdin.fileno()).removeprefix("/dev/")
    except (OSError, ValueError):
        return clean_line(name)
    return clean_line(f"{name}@{terminal}")
