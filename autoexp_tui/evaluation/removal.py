"""Removes what a harness left behind, and never what a link of it points to; copies for it."""

from __future__ import annotations

import os
import shutil
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


def copy_tree(source: Path, path: Path) -> None:
    """Copy a file or folder to `path`, where nothing is; symbolic links are copied as links.

    Shares the blocks where the file system can. What is neither file, folder nor link is left
    out. Raises OSError.
    """
    if source.is_file():
        _copy(str(source), str(path))
        return

    def others(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if not _is_plain(os.path.join(folder, name))]  # noqa: PTH118

    shutil.copytree(source, path, symlinks=True, copy_function=_copy, ignore=others)


def _is_plain(path: str) -> bool:
    mode = os.lstat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)


def _copy(source: str, path: str) -> None:
    with open(source, "rb") as old, open(path, "xb") as new:  # noqa: PTH123 - as copytree gives them
        if not _shared(old.fileno(), new.fileno()):
            shutil.copyfileobj(old, new, 1 << 20)
    shutil.copystat(source, path)


def _shared(old: int, new: int) -> bool:
    """Copy within the kernel, which copies no block where it need not; False: nothing was."""
    if not hasattr(os, "copy_file_range"):
        return False
    done = 0
    try:
        while part := os.copy_file_range(old, new, 1 << 30):
            done += part
    except OSError:
        if done:
            raise
    return done > 0


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
