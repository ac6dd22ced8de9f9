"""Removes what a harness left behind, and never what a link of it points to; copies for it.

Removal goes by open folders and single names, for a harness can nest folders deeper than any path
is long. Three descriptors are enough: what an inner folder holds is moved up before it goes.
"""

from __future__ import annotations

import os
import shutil
import stat
import uuid
from collections.abc import Callable
from itertools import islice
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_AT_ONCE = 4096
"""Names that are held in memory: a folder may have millions."""


def discard(path: Path) -> None:
    """Remove whatever is at `path`; a symbolic link goes, its target stays. Nothing there is fine.

    Folders that were closed are opened first. Raises OSError for what can't be removed.
    """
    try:
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        found = os.lstat(path.name, dir_fd=parent)
        if not stat.S_ISDIR(found.st_mode):
            _unlink(path.name, parent)
            return
        top = _open(path.name, parent)
        try:
            _empty(top)
        finally:
            os.close(top)
        _rmdir(path.name, parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error
    finally:
        os.close(parent)


def _empty(top: int) -> None:
    while found := _some(top):
        for name, is_folder in found:
            if not is_folder:
                _unlink(name, top)
                continue
            inner = _open(name, top)
            try:
                while further := _some(inner):
                    for each, is_folder_too in further:
                        if is_folder_too:
                            _move_up(each, inner, top)
                        else:
                            _unlink(each, inner)
            finally:
                os.close(inner)
            _rmdir(name, top)


def _some(folder: int) -> list[tuple[str, bool]]:
    """Names in an open folder, and which of them are folders; not all where there are many."""
    with os.scandir(folder) as entries:
        return [
            (each.name, each.is_dir(follow_symlinks=False)) for each in islice(entries, _AT_ONCE)
        ]


def _open(name: str, parent: int) -> int:
    """A folder that can be listed and changed, whatever its mode was."""
    mode = os.lstat(name, dir_fd=parent).st_mode
    _open_up(mode, lambda new: os.chmod(name, new, dir_fd=parent))
    return os.open(name, _FOLDER, dir_fd=parent)


def _move_up(name: str, inner: int, top: int) -> None:
    new = uuid.uuid4().hex
    try:
        os.rename(name, new, src_dir_fd=inner, dst_dir_fd=top)
    except PermissionError:  # it has another parent then, which is written in the folder itself
        os.close(_open(name, inner))
        os.rename(name, new, src_dir_fd=inner, dst_dir_fd=top)


def _unlink(name: str, folder: int) -> None:
    _in_open(folder, lambda: os.unlink(name, dir_fd=folder))


def _rmdir(name: str, folder: int) -> None:
    _in_open(folder, lambda: os.rmdir(name, dir_fd=folder))


def _in_open(folder: int, change: Callable[[], None]) -> None:
    """Change what is in a folder, opened where it was closed."""
    try:
        change()
    except PermissionError:
        _open_up(os.fstat(folder).st_mode, lambda new: os.chmod(folder, new))
        change()


def open_up(folder: str) -> None:
    """Let us list and change a real folder of ours, whatever its mode was."""
    _open_up(os.lstat(folder).st_mode, Path(folder).chmod)


def _open_up(mode: int, change: Callable[[int], None]) -> None:
    # Not through a link: the mode has just said that it is none, and nobody else is at work.
    if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
        change(stat.S_IMODE(mode) | stat.S_IRWXU)


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
