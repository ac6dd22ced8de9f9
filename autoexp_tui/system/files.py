"""Files that a crash can't tear: replaced as one step, names made durable; room for them."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Make a new or renamed name in `path` survive a power loss."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def free_mb(*places: Path) -> int:
    """Megabytes that are free where the least is; of a folder that has gone, where it would be.

    Raises OSError.
    """
    return min(shutil.disk_usage(_nearest(place)).free for place in places) >> 20


def _nearest(place: Path) -> Path:
    return next((each for each in (place, *place.parents) if each.is_dir()), place)


def replace_file(path: Path, content: bytes, by: Path | None = None) -> None:
    """Put `content` at `path` as one step that a crash can't tear.

    `by` is where the new file is made when that is on the same file system: a crash then leaves
    nothing beside `path`. What earlier crashes left of `path` is removed. Raises OSError.
    """
    for folder in {by or path.parent, path.parent}:
        _remove_stale_temporaries(folder, path.name)
    if by is not None and by.stat().st_dev != path.parent.stat().st_dev:
        by = None
    temporary = (by or path.parent) / f".{path.name}.{os.getpid()}.tmp"
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            # Before the rename: after a power loss the new name could else stand for an empty file.
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):  # the first error is the one to tell
            temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _remove_stale_temporaries(folder: Path, name: str) -> None:
    """Remove the unfinished files of processes that have died in `replace_file`."""
    for stale in folder.glob(f".{glob.escape(name)}.*.tmp"):
        pid = stale.name.removeprefix(f".{name}.").removesuffix(".tmp")
        if pid.isdecimal() and not _is_there(int(pid)):
            stale.unlink(missing_ok=True)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return pid != os.getpid()
