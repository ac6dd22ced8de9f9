"""Removes what a harness left behind, and never what a link of it points to."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def discard(path: Path) -> None:
    """Remove whatever is at `path`; a symbolic link goes, its target stays. Nothing there is fine.

    Folders that were made read-only are opened first. Raises OSError for what can't be removed.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode):
        _unlink(str(path))
        return
    emptied = []
    pending = [str(path)]
    while pending:
        folder = pending.pop()
        emptied.append(folder)
        open_up(folder)
        with os.scandir(folder) as entries:
            found_here = list(entries)
        for entry in found_here:
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            else:
                _unlink(entry.path)
    for folder in reversed(emptied):
        _rmdir(folder)


def open_up(folder: str) -> None:
    """Let us list and change a real folder of ours, whatever its mode was."""
    mode = os.lstat(folder).st_mode
    if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
        # Not through a link: `lstat` has just said that it is none, and nobody else is at work.
        os.chmod(folder, stat.S_IMODE(mode) | stat.S_IRWXU)  # noqa: PTH101 - as in scandir's paths


def _unlink(path: str) -> None:
    try:
        os.unlink(path)  # noqa: PTH108 - a str from scandir; making a Path costs more than the call
    except PermissionError:
        open_up(str(Path(path).parent))
        Path(path).unlink()


def _rmdir(path: str) -> None:
    try:
        Path(path).rmdir()
    except PermissionError:
        open_up(str(Path(path).parent))
        Path(path).rmdir()
