"""A person's own editor, on one file."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

_USUAL = ("sensible-editor", "editor", "nano", "vim", "vi")


def edit(path: Path) -> str:
    """Let a person edit `path` in $VISUAL or $EDITOR, and wait for it; what went wrong, in words.

    For the main thread, with the terminal given up: an interrupt is the editor's meanwhile.
    """
    wanted = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        words = shlex.split(wanted) or [next(filter(shutil.which, _USUAL), "")]
    except ValueError:
        return f"$EDITOR can't be read: {wanted}"
    if not words[0]:
        return "no editor was found: name one in $EDITOR"
    # A handler, not "ignored", which the editor would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        status = subprocess.run([*words, str(path)], check=False).returncode
    except OSError as error:
        return f"{words[0]} can't be started: {error.strerror or error}; name another in $EDITOR"
    finally:
        signal.signal(signal.SIGINT, before)
    return f"{words[0]} ended with status {status}" if status else ""
